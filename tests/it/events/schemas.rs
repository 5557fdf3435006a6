//! The published schemas describe what the gateway sends: real events of every type are valid, and broken
//! ones are not.

use std::path::PathBuf;
use std::process::Command;

use super::world::{Backend, PATIENCE, rename, settings, until_head};
use jsonschema::{Registry, Resource};
use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::{Feed, Scim};
use support::wait::until;

use crate::snapshot;

const TYPES: [&str; 16] = [
    "identity.created",
    "identity.updated",
    "identity.deactivated",
    "identity.reactivated",
    "identity.deleted",
    "group.created",
    "group.updated",
    "group.deleted",
    "group.members_changed",
    "identity.synced",
    "group.synced",
    "group.members_synced",
    "identity.added",
    "identity.removed",
    "group.added",
    "group.removed",
];

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/reference")
}

fn schema(name: &str) -> Value {
    let path = folder().join(format!("events/{name}.schema.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Where a schema is, for references from file to file.
fn address(name: &str) -> String {
    format!("file:///events/{name}.schema.json")
}

fn registry() -> Registry<'static> {
    let names = TYPES
        .iter()
        .map(|name| (*name).to_owned())
        .chain(["identity".to_owned(), "group".to_owned()]);
    let mut registry = Registry::new();
    for name in names {
        let schema = schema(&name);
        registry = registry
            .add(address(&name), Resource::from_contents(schema))
            .expect("a schema");
    }
    registry.prepare().expect("all references lead somewhere")
}

/// Events, and the entries of a snapshot, of a user: created, renamed, blocked, unblocked with a new name, blocked, deleted; of a room; and
/// of a group.
async fn events() -> Vec<Value> {
    let gateway = Gateway::start(settings(Backend::Sqlite, None).await).await;
    let advisors = Scim::new(&gateway.directory("contoso", "advisors"));
    let rooms = Scim::new(&gateway.directory("contoso", "rooms"));
    let app = gateway.app("booking");
    let feed = Feed::new(&app);
    let more = json!({"name": {"givenName": "Mette", "familyName": "Holm"},
                      "addresses": [{"type": "work", "formatted": "Aarhus 3"}]});
    let id = advisors
        .create("object-1", "mette@contoso.dk", more)
        .await
        .expect(201)
        .id();
    rename(&advisors, &id, "Mette Bach").await;
    let active = |value: &str| json!([{"op": "Replace", "path": "active", "value": value}]);
    advisors.patch_ops(&id, active("False")).await.expect(200);
    advisors.patch_ops(&id, active("True")).await.expect(200);
    advisors.delete(&format!("/Users/{id}")).await.expect(204);
    rooms
        .create("object-2", "room1@contoso.dk", json!({}))
        .await
        .expect(201);
    group(&Scim::new(&gateway.directory("contoso", "people"))).await;
    until_head(&feed, 14).await;
    // The app sees people no longer, and then again.
    for words in [&["--profile", "rooms"][..], &[]] {
        gateway.cli(&[&["app", "policy", "set", "booking"][..], words].concat());
        until("the app to be told", PATIENCE, || async {
            let policy = gateway.cli(&["app", "policy", "show", "booking"]);
            (policy["telling"] == false).then_some(())
        })
        .await;
    }
    feed.settled_head().await;
    let mut events: Vec<Value> = feed.all().await.into_iter().map(|(_, event)| event).collect();
    events.extend(super::snapshot::entries(
        &super::snapshot::pages(&app, 500, None).await,
    ));
    events
}

/// Created with a member, which leaves with all others; renamed and deleted.
async fn group(people: &Scim) {
    let person = people
        .create("object-3", "anna@contoso.dk", json!({}))
        .await
        .expect(201)
        .id();
    let body = json!({"displayName": "Staff", "externalId": "object-4", "members": [{"value": person}]});
    let path = format!("/Groups/{}", people.post("/Groups", &body).await.expect(201).id());
    for operation in [
        json!({"op": "remove", "path": "members"}),
        json!({"op": "replace", "path": "displayName", "value": "Crew"}),
    ] {
        let body = json!({ "Operations": [operation] });
        people.patch(&path, &body).await.expect(204);
    }
    people.delete(&path).await.expect(204);
    let staff = json!({"displayName": "Team", "members": [{"value": person}]});
    people.post("/Groups", &staff).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_of_every_type_fit_the_published_schemas() {
    let registry = registry();
    let envelope = schema("envelope");
    let validator = jsonschema::options()
        .with_registry(&registry)
        .with_base_uri(address("envelope"))
        .build(&envelope)
        .expect("a schema");
    let events = events().await;
    for event in &events {
        let faults: Vec<String> = validator
            .iter_errors(event)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(faults, Vec::<String>::new(), "{event}");
    }
    for name in [
        "identity.created",
        "identity.deactivated",
        "identity.deleted",
        "group.created",
        "group.members_changed",
        "identity.synced",
        "group.synced",
        "group.members_synced",
    ] {
        let of_type = |event: &&Value| event["type"] == format!("usher.{name}.v1");
        let event = events.iter().find(of_type).expect(name);
        snapshot::json_matches(&format!("event_{name}"), event);
    }
    let sent: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    for word in TYPES {
        assert!(
            sent.contains(&format!("usher.{word}.v1").as_str()),
            "no {word} in {sent:?}"
        );
    }
    for (broken, why) in broken(&events[0]) {
        assert!(!validator.is_valid(&broken), "{why}");
    }
    // What later versions may add is valid for whoever checks by this version's schemas.
    for (pointer, value) in [
        ("/data/cause/actor", "workday"),
        ("/data/directory/thing", "vehicle"),
    ] {
        let mut event = events[0].clone();
        *event.pointer_mut(pointer).expect(pointer) = json!(value);
        assert!(validator.is_valid(&event), "{pointer}");
    }
    let mut unknown = events[0].clone();
    unknown["type"] = json!("usher.identity.merged.v1");
    unknown["dataschema"] = json!("urn:usher:schema:identity.merged:1");
    unknown["data"] = json!({});
    unknown["data"]["cause"] = events[0]["data"]["cause"].clone();
    assert!(validator.is_valid(&unknown), "a type that is not known yet");
}

/// Whoever tries a consumer with the fake feed gets what a gateway sends.
#[test]
fn the_recorded_events_of_the_fake_feed_fit_the_published_schemas() {
    let registry = registry();
    let envelope = schema("envelope");
    let validator = jsonschema::options()
        .with_registry(&registry)
        .with_base_uri(address("envelope"))
        .build(&envelope)
        .expect("a schema");
    let recorded = include_str!("../../../crates/consumer/examples/fake_feed/recorded.jsonl");
    for line in recorded.lines() {
        let mut event: Value = serde_json::from_str(line).expect("JSON");
        // Told with the feed's epoch.
        event["epoch"] = json!("1-005f0c9a72b3");
        let faults: Vec<String> = validator
            .iter_errors(&event)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert_eq!(faults, Vec::<String>::new(), "{event}");
    }
    // All of them: the others are a snapshot's, which the fake feed makes of these.
    for word in TYPES.iter().filter(|word| !word.ends_with("synced")) {
        let member = format!("\"type\":\"usher.{word}.v1\"");
        assert!(recorded.contains(&member), "no {word} is recorded");
    }
}

/// Variants of the event, each with one fault.
fn broken(event: &Value) -> Vec<(Value, &'static str)> {
    let with = |pointer: &str, value: Value| {
        let mut event = event.clone();
        *event
            .pointer_mut(pointer)
            .unwrap_or_else(|| panic!("no {pointer}")) = value;
        event
    };
    vec![
        (with("/sequence", json!(1)), "a sequence is a text of 20 digits"),
        (with("/type", json!("renamed")), "no type"),
        (
            with("/data/cause/operation", json!("SNAPSHOT")),
            "a change has a request",
        ),
        (
            with("/dataschema", json!("urn:usher:schema:identity.deleted:1")),
            "the schema of another type",
        ),
        (
            with("/data/identity", Value::Null),
            "a created identity has a state",
        ),
        (
            with("/data/previousRevision", json!(4)),
            "a created identity had no revision",
        ),
        (with("/data/changes", json!([])), "a creation changes something"),
        (with("/tenantid", json!("1")), "a tenant's id"),
    ]
}

#[test]
fn the_asyncapi_document_passes_the_parser_of_asyncapi() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(&root).output();
        let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{program}: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        text
    };
    run("deploy/need.sh", &["asyncapi"]);
    let parser = run("deploy/need.sh", &["--where", "asyncapi"]);
    let check = "tests/it/events/asyncapi.mjs";
    run("node", &[check, parser.trim(), "docs/reference/asyncapi.yaml"]);
}

#[test]
fn every_type_stands_in_the_reference_and_in_asyncapi() {
    let read = |name: &str| std::fs::read_to_string(folder().join(name)).expect(name);
    let (reference, asyncapi) = (read("events.md"), read("asyncapi.yaml"));
    for word in TYPES {
        let name = format!("usher.{word}.v1");
        assert!(reference.contains(&name) && asyncapi.contains(&name), "{name}");
        assert_eq!(schema(word)["title"], format!("`data` of {name}"));
    }
}
