//! Known requests of identity providers, as files: one folder a provider, one file an exchange, in order,
//! against the real program. A new provider needs files only (`tests/fixtures/idp/README.md`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reqwest::Method;
use serde_json::Value;
use support::gateway::Gateway;
use support::http::{Answer, Scim, send};

use super::on_both;

/// The members of a file; any other one is a typing error.
const WORDS: [&str; 7] = [
    "about",
    "connection",
    "request",
    "status",
    "response",
    "save",
    "again",
];
/// The members of its request.
const REQUEST_WORDS: [&str; 4] = ["method", "path", "headers", "body"];

#[tokio::test]
async fn every_recorded_exchange_of_every_provider_is_answered_as_it_expects() {
    on_both(async |gateway| {
        let folders = entries(&fixtures());
        assert!(folders.len() >= 5, "{folders:?}");
        for folder in folders {
            walk(&gateway, &folder).await;
        }
    })
    .await;
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/idp")
}

/// Folders of a folder, or JSON files of one; sorted.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir() || path.extension().is_some_and(|kind| kind == "json"))
        .collect();
    found.sort();
    found
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

/// One provider: a tenant and directory of its own, its files in order.
async fn walk(gateway: &Gateway, folder: &Path) {
    let player = name(folder);
    let provider = player.split('-').next().unwrap();
    gateway.cli(&["tenant", "create", &player]);
    gateway.cli(&[
        "directory",
        "create",
        "--tenant",
        &player,
        "--profile",
        "people",
        "--provider",
        provider,
    ]);
    let scim = Scim::new(&gateway.token(&player, "people"));
    let mut names = BTreeMap::from([("base".to_owned(), scim.base.clone())]);
    for file in entries(folder) {
        let text = std::fs::read_to_string(&file).unwrap();
        let place = format!("{player}/{}", name(&file));
        let exchange: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{place}: {error}"));
        spelled(&exchange, &WORDS, &place);
        spelled(&exchange["request"], &REQUEST_WORDS, &place);
        let about = exchange["about"].as_str().unwrap();
        step(&scim, &exchange, &format!("{place}: {about}"), &mut names).await;
    }
}

fn spelled(object: &Value, words: &[&str], place: &str) {
    for key in object.as_object().unwrap().keys() {
        assert!(
            words.contains(&key.as_str()),
            "{place}: {key:?} is none of {words:?}"
        );
    }
}

async fn step(scim: &Scim, exchange: &Value, place: &str, names: &mut BTreeMap<String, String>) {
    let request = &exchange["request"];
    let status = exchange["status"].as_u64().unwrap();
    let caller = || match exchange["connection"].as_str() {
        Some("new") => scim.reconnected(),
        None => scim.clone(),
        Some(other) => panic!("{place}: a connection is \"new\" or the one before, not {other:?}"),
    };
    let answer = ask(&caller(), request, names).await;
    assert_eq!(u64::from(answer.status), status, "{place}: {}", answer.text);
    for (name, pointer) in members(&exchange["save"]) {
        let value = answer
            .body
            .pointer(pointer.as_str().unwrap())
            .and_then(Value::as_str);
        let value = value.unwrap_or_else(|| panic!("{place}: no {pointer} in {}", answer.text));
        names.insert(name.clone(), value.to_owned());
    }
    if let Some(expected) = exchange.get("response") {
        holds(&filled(expected, names), &answer.body, "", place);
    }
    if let Some(again) = exchange["again"].as_u64() {
        let repeat = ask(&caller(), request, names).await;
        assert_eq!(u64::from(repeat.status), again, "{place}, again: {}", repeat.text);
        // An error contains its own request's id.
        if again == status && status < 400 {
            assert_eq!(
                repeat.body, answer.body,
                "{place}: sent again, it must change nothing"
            );
        }
    }
}

async fn ask(scim: &Scim, request: &Value, names: &BTreeMap<String, String>) -> Answer {
    let method: Method = request["method"].as_str().unwrap().parse().unwrap();
    let mut sent = scim.request(method, &fill(request["path"].as_str().unwrap(), names));
    for (header, value) in members(&request["headers"]) {
        sent = sent.header(header, value.as_str().unwrap());
    }
    if let Some(body) = request.get("body") {
        sent = sent.body(filled(body, names).to_string());
    }
    send(sent).await
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

/// Replaces `{{name}}` by the value saved under it.
fn fill(text: &str, names: &BTreeMap<String, String>) -> String {
    names.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("{{{{{name}}}}}"), value)
    })
}

fn filled(value: &Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::String(text) => Value::String(fill(text, names)),
        Value::Array(items) => items.iter().map(|item| filled(item, names)).collect(),
        Value::Object(members) => {
            let members = members.iter();
            Value::Object(
                members
                    .map(|(key, value)| (key.clone(), filled(value, names)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

/// Checks that all expected values are there: members of objects, elements of lists one by one; null means
/// absent, `{{any}}` any value.
fn holds(expected: &Value, found: &Value, path: &str, place: &str) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, expected) in expected {
                let found = found.get(key).unwrap_or(&Value::Null);
                holds(expected, found, &format!("{path}/{key}"), place);
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            assert_eq!(expected.len(), found.len(), "{place}: {path}: {found:?}");
            for (index, (expected, found)) in expected.iter().zip(found).enumerate() {
                holds(expected, found, &format!("{path}/{index}"), place);
            }
        }
        (Value::String(any), found) if any == "{{any}}" => {
            assert!(!found.is_null(), "{place}: nothing at {path}");
        }
        (expected, found) => assert_eq!(expected, found, "{place}: {path}"),
    }
}
