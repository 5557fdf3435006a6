//! A client that records what was answered. Each worker has its own people, so that the last answered state
//! of a person is exactly known; a request without an answer is repeated until it gets one, as Entra does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::{Value, json};
use support::http::{Answer, Scim, try_send};

/// A person's last answered state.
#[derive(Clone, Debug)]
pub struct Person {
    pub id: String,
    pub user_name: String,
    pub display_name: String,
    pub active: bool,
    pub deleted: bool,
}

pub struct Recorder {
    scim: Scim,
    seed: u64,
    stop: AtomicBool,
    answered: AtomicU64,
    unanswered: AtomicU64,
    refused: AtomicU64,
    people: Mutex<Vec<Person>>,
}

impl Recorder {
    pub fn new(scim: Scim, seed: u64) -> Self {
        Self {
            scim,
            seed,
            stop: AtomicBool::new(false),
            answered: AtomicU64::new(0),
            unanswered: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            people: Mutex::new(Vec::new()),
        }
    }

    /// Starts the workers; the task ends after all of them.
    pub fn start(self: std::sync::Arc<Self>, workers: u64) -> tokio::task::JoinHandle<()> {
        tokio::spawn(async move {
            let mut tasks = tokio::task::JoinSet::new();
            for worker in 0..workers {
                let recorder = self.clone();
                tasks.spawn(async move { recorder.work(worker).await });
            }
            while let Some(ended) = tasks.join_next().await {
                ended.expect("a worker");
            }
        })
    }

    /// Asks the workers to end after their present request has been answered.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    pub fn unanswered(&self) -> u64 {
        self.unanswered.load(Ordering::Relaxed)
    }

    /// The number of 503 answers.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    pub fn people(&self) -> Vec<Person> {
        self.people.lock().expect("no panic").clone()
    }

    async fn work(&self, worker: u64) {
        let mut random = StdRng::seed_from_u64(self.seed ^ worker);
        let mut mine: Vec<Person> = Vec::new();
        let mut step = 0_u64;
        while !self.stop.load(Ordering::Relaxed) {
            step += 1;
            let living: Vec<usize> = (0..mine.len()).filter(|index| !mine[*index].deleted).collect();
            if living.len() < 8 || random.random_range(0..10) == 0 {
                mine.push(self.create(worker, step).await);
                continue;
            }
            let person = &mut mine[living[random.random_range(0..living.len())]];
            match random.random_range(0..20) {
                0 => self.delete(person).await,
                1..5 => self.switch(person).await,
                _ => self.rename(person, format!("Name {worker}.{step}")).await,
            }
        }
        self.people.lock().expect("no panic").extend(mine);
    }

    async fn create(&self, worker: u64, step: u64) -> Person {
        let user_name = format!("p{worker}-{step}@contoso.example");
        let body = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
            "externalId": format!("object-{worker}-{step}"),
            "userName": user_name, "displayName": "New", "active": true,
            "name": {"givenName": "P", "familyName": "Q"},
        });
        let (answer, _) = self.insist(Method::POST, "/Users", Some(&body), &[201]).await;
        let display_name = "New".to_owned();
        Person {
            id: answer.id(),
            user_name,
            display_name,
            active: true,
            deleted: false,
        }
    }

    async fn rename(&self, person: &mut Person, display_name: String) {
        self.patch(
            person,
            json!({"op": "Replace", "path": "displayName", "value": display_name}),
        )
        .await;
        person.display_name = display_name;
    }

    async fn switch(&self, person: &mut Person) {
        let active = !person.active;
        let word = if active { "True" } else { "False" };
        self.patch(person, json!({"op": "Replace", "path": "active", "value": word}))
            .await;
        person.active = active;
    }

    async fn patch(&self, person: &Person, operation: Value) {
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
        self.insist(
            Method::PATCH,
            &format!("/Users/{}", person.id),
            Some(&body),
            &[200],
        )
        .await;
    }

    async fn delete(&self, person: &mut Person) {
        // A repeat of a delete whose answer was lost gets a 404; the first one must not.
        let path = format!("/Users/{}", person.id);
        let (answer, tries) = self.insist(Method::DELETE, &path, None, &[204, 404]).await;
        assert!(
            answer.status == 204 || tries > 1,
            "a living person was not found: {}",
            answer.text
        );
        person.deleted = true;
    }

    /// Repeats a request until it is answered; another status than these is a failure. 503 is the gateway's
    /// own fault and is repeated, too.
    async fn insist(&self, method: Method, path: &str, body: Option<&Value>, good: &[u16]) -> (Answer, u32) {
        for tries in 1_u32.. {
            let mut request = self
                .scim
                .request(method.clone(), path)
                .timeout(Duration::from_secs(10));
            if let Some(body) = body {
                request = request
                    .header("content-type", "application/scim+json; charset=utf-8")
                    .body(body.to_string());
            }
            match try_send(request).await {
                Ok(answer) if good.contains(&answer.status) => {
                    self.answered.fetch_add(1, Ordering::Relaxed);
                    return (answer, tries);
                }
                Ok(answer) if answer.status == 503 => {
                    self.refused.fetch_add(1, Ordering::Relaxed);
                }
                Ok(answer) => panic!("{method} {path} answered {}: {}", answer.status, answer.text),
                Err(_) => {
                    self.unanswered.fetch_add(1, Ordering::Relaxed);
                }
            }
            assert!(tries < 3_000, "{method} {path} was never answered");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        unreachable!("the loop returns or panics")
    }
}
