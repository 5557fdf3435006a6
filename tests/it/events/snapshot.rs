//! A snapshot of a feed (ADR 0039): what a reader has who applies it and then the feed from its position.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use support::gateway::{App, Gateway, Settings};
use support::http::{Answer, Feed, Scim, send};
use support::python::PythonConsumer;
use support::wait::until;

use super::world::{Backend, PATIENCE, World, person, settings};
use crate::snapshot;

const BOTH: [Backend; 2] = [Backend::Sqlite, Backend::Postgres];

/// A page of a snapshot.
pub async fn page(app: &App, query: &str) -> Answer {
    let url = app.feed_url.replace("/events", "/snapshot");
    let request = support::http_client().get(format!("{url}?{query}"));
    send(request.bearer_auth(&app.credential)).await
}

/// The pages of a snapshot from a cursor on, or from its beginning.
pub async fn pages(app: &App, limit: usize, mut cursor: Option<String>) -> Vec<Value> {
    let mut pages = Vec::new();
    loop {
        let from = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let page = page(app, &format!("limit={limit}{from}")).await.expect(200).body;
        cursor = page["next"].as_str().map(ToOwned::to_owned);
        pages.push(page);
        if cursor.is_none() {
            return pages;
        }
    }
}

pub fn entries(pages: &[Value]) -> Vec<Value> {
    let lists = pages
        .iter()
        .map(|page| page["events"].as_array().expect("events"));
    lists.flatten().cloned().collect()
}

/// What an app keeps: of each thing its sequence and, while it is there, its name.
#[derive(Default)]
struct Table {
    things: BTreeMap<String, (u64, Option<Value>)>,
    /// Group and member: the sequence, and whether it is one.
    members: BTreeMap<(String, String), (u64, bool)>,
}

impl Table {
    /// Applies an event or an entry: only what is newer counts.
    fn apply(&mut self, event: &Value) {
        let (kind, data) = (event["type"].as_str().expect("type"), &event["data"]);
        let sequence: u64 = event["sequence"].as_str().expect("text").parse().expect("digits");
        let subject = event["subject"].as_str().and_then(|path| path.rsplit('/').next());
        let subject = subject.expect("an id").to_owned();
        match kind {
            "usher.group.members_synced.v1" => self.join(&subject, &data["members"], sequence, true),
            "usher.group.members_changed.v1" => {
                if data["cleared"] == true {
                    let all = self
                        .members
                        .iter_mut()
                        .filter(|((group, _), _)| *group == subject);
                    for (_, state) in all.filter(|(_, state)| state.0 < sequence) {
                        *state = (sequence, false);
                    }
                }
                self.join(&subject, &data["removed"], sequence, false);
                self.join(&subject, &data["added"], sequence, true);
            }
            _ => {
                let thing = [&data["identity"], &data["group"]]
                    .into_iter()
                    .find(|thing| !thing.is_null());
                let known = self.things.entry(subject).or_default();
                if sequence > known.0 {
                    *known = (sequence, thing.map(|thing| thing["displayName"].clone()));
                }
            }
        }
    }

    fn join(&mut self, group: &str, members: &Value, sequence: u64, joins: bool) {
        for member in members.as_array().expect("members") {
            let id = member["id"].as_str().expect("an id").to_owned();
            let known = self.members.entry((group.to_owned(), id)).or_default();
            if sequence > known.0 {
                *known = (sequence, joins);
            }
        }
    }

    /// What is there: names by id, and members by group.
    fn present(&self) -> Directory {
        let there = |id: &String| self.things.get(id).is_some_and(|(_, name)| name.is_some());
        let things = self.things.iter();
        let names = things.filter_map(|(id, (_, name))| Some((id.clone(), name.clone()?)));
        let members = self
            .members
            .iter()
            .filter(|((group, member), (_, joins))| *joins && there(group) && there(member));
        Directory {
            names: names.collect(),
            members: members.map(|(pair, _)| pair.clone()).collect(),
        }
    }
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Directory {
    names: BTreeMap<String, Value>,
    members: Vec<(String, String)>,
}

/// What the customers' directories hold, as SCIM tells it.
async fn directory(customers: &[Scim]) -> Directory {
    let mut found = Directory::default();
    for scim in customers {
        for path in ["/Users", "/Groups"] {
            let mut start = 1;
            loop {
                let list = scim
                    .get(&format!("{path}?startIndex={start}&count=100"))
                    .await
                    .expect(200);
                let resources = list.body["Resources"].as_array().cloned().unwrap_or_default();
                for resource in &resources {
                    let id = resource["id"].as_str().expect("an id").to_owned();
                    for member in resource["members"].as_array().into_iter().flatten() {
                        let member = member["value"].as_str().expect("a value").to_owned();
                        found.members.push((id.clone(), member));
                    }
                    found.names.insert(id, resource["displayName"].clone());
                }
                start += resources.len();
                if resources.is_empty() {
                    break;
                }
            }
        }
    }
    found.members.sort();
    found
}

async fn people(scim: &Scim, range: std::ops::Range<u32>) -> Vec<String> {
    let making = range.map(|number| async move { person(scim, number).await });
    stream::iter(making).buffered(8).collect().await
}

async fn group(scim: &Scim, name: &str, members: &[String]) -> String {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id})).collect();
    let body = json!({"displayName": name, "externalId": format!("of-{name}"), "members": members});
    scim.post("/Groups", &body).await.expect(201).id()
}

/// Changes everything that can be changed, in some order, until told to stop, but never less than one round.
async fn disturb(scim: &Scim, people: &[String], groups: &[String], stop: &AtomicBool) {
    let operation = |op: &str, path: &str, value: Value| json!({"Operations": [{"op": op, "path": path, "value": value}]});
    for round in 0..people.len() / 3 {
        // From both ends: what the snapshot has told already, and what it will tell.
        let (early, late, leaving) = (
            &people[round],
            &people[people.len() - 1 - round],
            &people[people.len() / 2 + round],
        );
        let joins = json!([{"value": early}, {"value": late}]);
        let target = format!("/Groups/{}", groups[round % (groups.len() - 2)]);
        let name = json!(format!("name {round}"));
        for id in [early, late] {
            let rename = operation("replace", "displayName", name.clone());
            scim.patch(&format!("/Users/{id}"), &rename).await.expect(200);
        }
        scim.patch(&target, &operation("add", "members", joins))
            .await
            .expect(204);
        scim.delete(&format!("/Users/{leaving}")).await.expect(204);
        let number = 10_000 + u32::try_from(round).expect("small");
        let new = person(scim, number).await;
        scim.patch(&target, &operation("add", "members", json!([{"value": new}])))
            .await
            .expect(204);
        match round % 4 {
            0 => scim.patch(&target, &operation("replace", "displayName", json!(format!("group {round}")))).await,
            1 => scim.patch(&target, &json!({"Operations": [{"op": "remove", "path": "members"}]})).await,
            2 => scim.patch(&target, &json!({"Operations": [{"op": "remove", "path": format!("members[value eq \"{early}\"]")}]})).await,
            _ => scim.patch(&target, &operation("add", "members", json!([{"value": groups[groups.len() - 1]}]))).await,
        }
        .expect(204);
        if round == 1 {
            scim.delete(&format!("/Groups/{}", groups[groups.len() - 2]))
                .await
                .expect(204);
        }
        if stop.load(Ordering::Relaxed) && round >= 5 {
            return;
        }
    }
}

/// Two customers with people, and groups that have many and few of them.
async fn customers(gateway: &Gateway, count: u32) -> Vec<(Scim, Vec<String>, Vec<String>)> {
    let mut customers = Vec::new();
    for tenant in ["contoso", "fabrikam"] {
        let scim = Scim::new(&gateway.directory(tenant, "people"));
        let people = people(&scim, 0..count).await;
        let mut groups = Vec::new();
        for number in 0..24 {
            let members = people
                .iter()
                .skip(number * 3)
                .take(if number == 7 { 60 } else { number });
            let members: Vec<String> = members.cloned().collect();
            groups.push(group(&scim, &format!("G{number}"), &members).await);
        }
        customers.push((scim, people, groups));
    }
    customers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_read_while_everything_changes_and_the_feed_after_it_are_the_directory() {
    for backend in BOTH {
        let gateway = Gateway::start(settings(backend, None).await).await;
        let app = gateway.app("booking");
        let customers = customers(&gateway, 100).await;
        let stop = AtomicBool::new(false);
        let changing = stream::iter(&customers)
            .for_each_concurrent(2, |(scim, people, groups)| disturb(scim, people, groups, &stop));
        let (pages, ()) = tokio::join!(
            async {
                let pages = pages(&app, 7, None).await;
                stop.store(true, Ordering::Relaxed);
                pages
            },
            changing
        );
        assert!(pages.len() > 30, "{} pages", pages.len());
        assert!(
            pages
                .iter()
                .all(|page| page["events"].as_array().expect("events").len() <= 7)
        );
        let same = |member: &str| pages.iter().all(|page| page[member] == pages[0][member]);
        assert!(same("position") && same("epoch"), "of the first page");

        let feed = Feed::new(&app);
        let head = feed.settled_head().await;
        let mut table = Table::default();
        for entry in entries(&pages) {
            table.apply(&entry);
        }
        let mut after = pages[0]["position"].as_u64().expect("a position");
        assert!(head > after + 30, "changes meanwhile: {after} to {head}");
        while after < head {
            let page = feed.page(after, 500, 0).await.expect(200).body;
            for event in page["events"].as_array().expect("events") {
                table.apply(&event["event"]);
            }
            after = page["next"].as_u64().expect("next");
        }
        let scims: Vec<Scim> = customers.into_iter().map(|(scim, ..)| scim).collect();
        assert_eq!(table.present(), directory(&scims).await, "{backend:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_goes_on_from_each_cursor_and_cuts_large_groups() {
    for backend in BOTH {
        let gateway = Gateway::start(settings(backend, None).await).await;
        let app = gateway.app("booking");
        let scim = Scim::new(&gateway.directory("contoso", "people"));
        gateway.directory("fabrikam", "people");
        let people = people(&scim, 0..520).await;
        group(&scim, "All", &people).await;
        group(&scim, "Nobody", &[]).await;
        let whole = entries(&pages(&app, 500, None).await);
        let subjects = |entries: &[Value]| -> Vec<(Value, Value)> {
            entries
                .iter()
                .map(|entry| (entry["subject"].clone(), entry["idempotencykey"].clone()))
                .collect()
        };
        let kinds = |word: &str| {
            whole
                .iter()
                .filter(|entry| entry["type"] == format!("usher.{word}.v1"))
                .count()
        };
        assert_eq!(
            [
                kinds("identity.synced"),
                kinds("group.synced"),
                kinds("group.members_synced")
            ],
            [520, 2, 2],
            "{backend:?}"
        );
        let keys: std::collections::BTreeSet<String> = whole
            .iter()
            .map(|entry| entry["idempotencykey"].to_string())
            .collect();
        assert_eq!(keys.len(), whole.len(), "each entry has its own key");
        // One by one near the end: each place between two entries is a cursor once.
        let begun = page(&app, "limit=500").await.expect(200).body;
        let mut told = begun["events"].as_array().expect("events").clone();
        let cursor = begun["next"].as_str().map(ToOwned::to_owned);
        told.extend(entries(&pages(&app, 1, cursor).await));
        assert_eq!(subjects(&told), subjects(&whole));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_that_cannot_be_used_says_what_to_do() {
    let gateway = Gateway::start(settings(Backend::Sqlite, None).await).await;
    let app = gateway.app("booking");
    let scim = Scim::new(&gateway.directory("contoso", "people"));
    people(&scim, 0..3).await;
    let feed = Feed::new(&app);
    feed.settled_head().await;
    let begun = page(&app, "limit=1").await.expect(200).body;
    let cursor = begun["next"].as_str().expect("a cursor").to_owned();
    let epoch = begun["epoch"].as_str().expect("an epoch");
    let table = [
        ("cursor=x".to_owned(), "cursor"),
        (format!("cursor={cursor}0"), "cursor"),
        (format!("cursor={}", cursor.replacen(".3.", ".99.", 1)), "cursor"),
        ("offset=1".to_owned(), "query"),
        ("limit=501".to_owned(), "limit"),
    ];
    for (query, name) in table {
        snapshot::answer_matches(
            &format!("feed_snapshot_{name}"),
            &page(&app, &query).await.expect(400),
        );
    }
    // A reader of this epoch who is ahead has read a newer database: the feed begins another epoch.
    let ahead = format!("{}?after=99&epoch={epoch}", app.feed_url);
    send(support::http_client().get(ahead).bearer_auth(&app.credential))
        .await
        .expect(409);
    let refused = page(&app, &format!("cursor={cursor}")).await.expect(409);
    assert_eq!(refused.body["code"], "epochChanged");
    let again = page(&app, "").await.expect(200).body;
    assert!(
        again["epoch"] != epoch && again["events"].as_array().expect("events").len() == 3,
        "{again}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_takes_one_snapshot_and_waits_for_a_stream_that_cannot_follow() {
    let world = World::start(Backend::Sqlite).await;
    world.create(0..5).await;
    assert_eq!(world.mirrored().await.len(), 5);
    let writes = async |replicas: &str| {
        let words = ["CONFIG", "SET", "min-replicas-to-write", replicas];
        assert_eq!(world.redis.command(&words).await, "ok");
    };
    writes("1").await;
    let renewed = world.gateway.try_cli(&["feed", "renew", "booking"]);
    assert!(renewed.status.success(), "{renewed:?}");
    let consumer = PythonConsumer::over_redis(&world.app, &world.redis.url());
    let snapshots = |dump: &Value| {
        let applied = dump["applied"].as_array().expect("applied").iter();
        applied.filter(|applied| applied["type"] == "snapshot").count()
    };
    until(
        "the consumer to meet the old epoch five times",
        PATIENCE,
        || async { (consumer.log().matches("waiting for the stream").count() >= 5).then_some(()) },
    )
    .await;
    assert_eq!(
        snapshots(&consumer.dump().expect("tables")),
        1,
        "{}",
        consumer.log()
    );
    writes("0").await;
    world.create(5..8).await;
    let dump = until("the consumer to have all eight", PATIENCE, || async {
        let dump = consumer.dump().filter(|dump| dump["position"] == 8);
        dump.filter(|dump| dump["people"].as_array().is_some_and(|people| people.len() == 8))
    })
    .await;
    assert_eq!(snapshots(&dump), 1, "{}", consumer.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_whose_profile_is_gone_is_named_and_never_left_out() {
    let mut gateway = Gateway::prepared(Settings {
        more: vec![("profiles_dir".to_owned(), "\"profiles\"".to_owned())],
        ..Settings::default()
    });
    let file = gateway.folder().join("profiles/staff.toml");
    std::fs::create_dir(gateway.folder().join("profiles")).expect("a folder");
    let people_profile = include_str!("../../../crates/domain/profiles/people.toml");
    let staff = people_profile.replacen("\"people\"", "\"staff\"", 1);
    std::fs::write(&file, &staff).expect("a profile");
    gateway.restart().await;
    let app = gateway.app("booking");
    people(&Scim::new(&gateway.directory("contoso", "people")), 0..2).await;
    people(&Scim::new(&gateway.directory("fabrikam", "staff")), 2..4).await;
    let whole = entries(&pages(&app, 500, None).await);
    let directory = whole[3]["data"]["directory"]["id"].as_str().expect("an id");
    let begun = page(&app, "limit=2").await.expect(200).body;
    let cursor = begun["next"].as_str().expect("a cursor").to_owned();

    std::fs::remove_file(&file).expect("a file");
    gateway.restart().await;
    let refused = page(&app, &format!("cursor={cursor}")).await.expect(503);
    assert_eq!(refused.body["code"], "profileUnusable");
    assert!(!refused.header("retry-after").is_empty());
    let detail = refused.body["detail"].as_str().expect("detail");
    for said in [directory, "\"staff\"", "profiles_dir", "ask for this page again"] {
        assert!(detail.contains(said), "{said}: {detail}");
    }
    let degraded =
        async |gateway: &Gateway| gateway.readiness().await.expect(200).body["degraded"].to_string();
    let told_to_the_operator = degraded(&gateway).await;
    assert!(
        told_to_the_operator.contains("snapshots: the directory ")
            && told_to_the_operator.contains(directory),
        "{told_to_the_operator}"
    );

    std::fs::write(&file, &staff).expect("a profile");
    gateway.restart().await;
    let mut told = begun["events"].as_array().expect("events").clone();
    told.extend(entries(&pages(&app, 500, Some(cursor)).await));
    let subjects =
        |entries: &[Value]| -> Vec<Value> { entries.iter().map(|entry| entry["subject"].clone()).collect() };
    assert_eq!(subjects(&told), subjects(&whole));
    assert_eq!(degraded(&gateway).await, "[]");
}
