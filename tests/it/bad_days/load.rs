//! Changes that go on while things fail: people and groups come, change and go. Requests may fail, and what was answered may be lost
//! with the database: only the directories say at the end what is so.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};
use support::http::{Answer, Scim, try_send};
use support::wait::until;
use tokio::task::JoinSet;

use super::day::{Directories, PATIENCE};

/// The pause between two changes of a worker, in milliseconds.
const PAUSE: std::ops::Range<u64> = 20..80;

/// A running load.
pub struct Load {
    shared: Arc<Shared>,
    workers: JoinSet<()>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    answered: AtomicU64,
}

impl Load {
    /// Starts the workers; `seed` makes names that no other load has.
    pub fn start(directories: &Directories, seed: u64) -> Self {
        let shared = Arc::new(Shared::default());
        let mut workers = JoinSet::new();
        for number in 0..3 {
            let worker = Worker {
                directories: directories.reconnected(),
                shared: Arc::clone(&shared),
                random: StdRng::seed_from_u64(seed * 8 + number),
                name: format!("{seed}-{number}"),
                made: 0,
                advisors: Vec::new(),
                people: Vec::new(),
                groups: Vec::new(),
            };
            workers.spawn(worker.work());
        }
        Self { shared, workers }
    }

    /// Waits until so many more changes were answered.
    pub async fn more(&self, changes: u64) {
        let enough = self.shared.answered.load(Ordering::Relaxed) + changes;
        until("changes to be answered", PATIENCE, || async {
            (self.shared.answered.load(Ordering::Relaxed) >= enough).then_some(())
        })
        .await;
    }

    /// Ends the workers, after some more changes were answered.
    pub async fn stop(mut self) {
        self.more(20).await;
        self.shared.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.workers.join_next().await {
            ended.expect("a worker");
        }
    }
}

struct Worker {
    directories: Directories,
    shared: Arc<Shared>,
    random: StdRng,
    name: String,
    made: u64,
    advisors: Vec<String>,
    people: Vec<String>,
    groups: Vec<String>,
}

impl Worker {
    async fn work(mut self) {
        while !self.shared.stop.load(Ordering::Relaxed) {
            match self.random.random_range(0..12) {
                0 | 1 => self.create_advisor().await,
                2 => self.create_person().await,
                3 => self.create_group().await,
                4..7 => self.rename_advisor().await,
                7 => self.switch_advisor().await,
                8 => self.delete().await,
                _ => self.change_members().await,
            }
            let pause = self.random.random_range(PAUSE);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }

    fn next(&mut self) -> u64 {
        self.made += 1;
        self.made
    }

    /// A name that nothing else has.
    fn new_name(&mut self, kind: &str) -> String {
        let number = self.next();
        format!("{kind}{}-{number}", self.name)
    }

    /// Sends a change; `None` unless it was answered with success.
    async fn send(&self, scim: &Scim, method: Method, path: &str, body: Option<Value>) -> Option<Answer> {
        let mut request = scim.request(method, path).timeout(Duration::from_secs(10));
        if let Some(body) = body {
            request = request
                .header("content-type", "application/scim+json; charset=utf-8")
                .body(body.to_string());
        }
        let answer = try_send(request)
            .await
            .ok()
            .filter(|answer| answer.status < 300)?;
        self.shared.answered.fetch_add(1, Ordering::Relaxed);
        Some(answer)
    }

    async fn create_advisor(&mut self) {
        let name = self.new_name("a");
        let body = user(&name);
        if let Some(answer) = self
            .send(&self.directories.advisors, Method::POST, "/Users", Some(body))
            .await
        {
            self.advisors.push(answer.id());
        }
        let room = user(&format!("room-{name}"));
        self.send(&self.directories.rooms, Method::POST, "/Users", Some(room))
            .await;
    }

    async fn create_person(&mut self) {
        let name = self.new_name("p");
        let body = user(&name);
        if let Some(answer) = self
            .send(&self.directories.people, Method::POST, "/Users", Some(body))
            .await
        {
            self.people.push(answer.id());
        }
    }

    async fn create_group(&mut self) {
        let name = self.new_name("g");
        let members: Vec<Value> = self.people.iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": name, "externalId": name,
                          "members": members});
        if let Some(answer) = self
            .send(&self.directories.people, Method::POST, "/Groups", Some(body))
            .await
        {
            self.groups.push(answer.id());
        }
    }

    async fn rename_advisor(&mut self) {
        let Some(id) = pick(&mut self.random, &self.advisors) else {
            return;
        };
        let name = format!("Name {}", self.next());
        let body = patch(json!({"op": "Replace", "path": "displayName", "value": name}));
        self.send(
            &self.directories.advisors,
            Method::PATCH,
            &format!("/Users/{id}"),
            Some(body),
        )
        .await;
    }

    async fn switch_advisor(&mut self) {
        let Some(id) = pick(&mut self.random, &self.advisors) else {
            return;
        };
        let active = self.random.random_range(0..2) == 0;
        let body = patch(json!({"op": "Replace", "path": "active", "value": active}));
        self.send(
            &self.directories.advisors,
            Method::PATCH,
            &format!("/Users/{id}"),
            Some(body),
        )
        .await;
    }

    /// Deletes an advisor, and a person who may be a member; seldom a group.
    async fn delete(&mut self) {
        if self.advisors.len() > 4 {
            let path = format!("/Users/{}", self.advisors.remove(0));
            self.send(&self.directories.advisors, Method::DELETE, &path, None)
                .await;
        }
        if self.people.len() > 4 {
            let path = format!("/Users/{}", self.people.remove(0));
            self.send(&self.directories.people, Method::DELETE, &path, None)
                .await;
        }
        if self.groups.len() > 3 {
            let path = format!("/Groups/{}", self.groups.remove(0));
            self.send(&self.directories.people, Method::DELETE, &path, None)
                .await;
        }
    }

    /// One joins, one leaves, or all leave.
    async fn change_members(&mut self) {
        let Some(group) = pick(&mut self.random, &self.groups) else {
            return;
        };
        let Some(person) = pick(&mut self.random, &self.people) else {
            return;
        };
        let operation = match self.random.random_range(0..8) {
            0..4 => json!({"op": "Add", "path": "members", "value": [{"value": person}]}),
            4..7 => json!({"op": "Remove", "path": format!("members[value eq \"{person}\"]")}),
            _ => json!({"op": "Replace", "path": "members", "value": []}),
        };
        let path = format!("/Groups/{group}");
        self.send(
            &self.directories.people,
            Method::PATCH,
            &path,
            Some(patch(operation)),
        )
        .await;
    }
}

fn pick(random: &mut StdRng, ids: &[String]) -> Option<String> {
    (!ids.is_empty()).then(|| ids[random.random_range(0..ids.len())].clone())
}

fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": format!("object-{name}"), "userName": format!("{name}@contoso.example"), "displayName": name, "active": true,
        "name": {"givenName": "G", "familyName": name},
    })
}

fn patch(operation: Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]})
}
