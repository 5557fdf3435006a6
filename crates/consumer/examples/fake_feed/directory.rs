//! What the fake feed's directories hold after some events, as the events of a snapshot.
#![expect(clippy::indexing_slicing, reason = "of JSON: what is absent is null")]

use serde_json::{Value, json};
use std::collections::BTreeMap;
use usher_consumer::Memberships;

/// The most members that one event names.
const MEMBERS: usize = 500;

/// The snapshot's events: identities by id, then each group, followed by its members.
pub fn synced<'a>(events: impl Iterator<Item = &'a Value>) -> Vec<Value> {
    let (mut identities, mut groups) = (BTreeMap::new(), BTreeMap::new());
    // A change of members raises a group's revision too.
    let mut revisions: BTreeMap<&str, &str> = BTreeMap::new();
    let mut memberships = Memberships::default();
    for event in events {
        let kind = event["type"].as_str().unwrap_or_default();
        let revision = revisions.entry(text(event, "subject")).or_default();
        *revision = (*revision).max(text(event, "sequence"));
        let newest = match kind.rsplit_once('.').map(|(kind, _)| kind).unwrap_or_default() {
            "usher.group.members_changed" => {
                memberships.apply(event).ok();
                continue;
            }
            "usher.group.created"
            | "usher.group.updated"
            | "usher.group.deleted"
            | "usher.group.added"
            | "usher.group.removed" => &mut groups,
            "usher.identity.created"
            | "usher.identity.updated"
            | "usher.identity.deactivated"
            | "usher.identity.reactivated"
            | "usher.identity.deleted"
            | "usher.identity.added"
            | "usher.identity.removed" => &mut identities,
            _ => continue,
        };
        memberships.apply(event).ok();
        let id = event["subject"].as_str().unwrap_or_default();
        let id = id.rsplit('/').next().unwrap_or_default();
        let known = newest.entry(id.to_owned()).or_insert(event);
        if order(known) < order(event) {
            *known = event;
        }
    }
    let alive = |event: &&Value| event.pointer("/data/tombstone").is_none();
    let people = identities.values().copied().filter(alive);
    let mut out: Vec<Value> = people
        .filter(|event| event.pointer("/data/record/id").is_some_and(Value::is_string))
        .map(|event| as_synced(event, "identity.synced", text(event, "sequence")))
        .collect();
    for (id, event) in groups.iter().filter(|(_, event)| alive(event)) {
        let revision = revisions.get(text(event, "subject")).copied().unwrap_or_default();
        out.push(as_synced(event, "group.synced", revision));
        let members: Vec<Value> = memberships
            .of(id)
            .into_iter()
            .map(|id| json!({"id": id, "externalId": null}))
            .collect();
        for members in members.chunks(MEMBERS) {
            let mut event = as_synced(event, "group.members_synced", revision);
            event["data"]["group"] = json!({"id": id});
            event["data"]["members"] = json!(members);
            out.push(event);
        }
    }
    out
}

fn as_synced(event: &Value, kind: &str, revision: &str) -> Value {
    let mut event = event.clone();
    event["sequence"] = json!(revision);
    if let Some(members) = event.as_object_mut() {
        members.remove("release");
    }
    let key = text(&event, "idempotencykey")
        .rsplit_once('/')
        .map(|(key, _)| format!("{key}/synced"));
    event["type"] = json!(format!("usher.{kind}.v1"));
    event["id"] = json!(format!("{}-synced", text(&event, "id")));
    event["dataschema"] = json!(format!("urn:usher:schema:{kind}:1"));
    event["idempotencykey"] = json!(key);
    event["data"]["changes"] = json!([]);
    event["data"]["cause"] = json!({"actor": "system", "operation": "SNAPSHOT", "requestId": null, "clientRequestId": null, "tokenId": null});
    event
}

/// Of two events of one thing the one with the greater order is newer.
fn order(event: &Value) -> (&str, u64) {
    let release = event["release"].as_u64().unwrap_or_default();
    (text(event, "sequence"), release)
}

fn text<'a>(event: &'a Value, member: &str) -> &'a str {
    event[member].as_str().unwrap_or_default()
}
