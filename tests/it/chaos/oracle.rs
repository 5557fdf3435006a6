//! The invariants after any faults: record, directory, feed, stream and booking agree.

use std::collections::BTreeMap;

use serde_json::Value;
use support::http::Scim;
use support::redis::Redis;

use super::recorder::Person;

/// All resources of a directory by id, read page by page.
pub async fn list(scim: &Scim) -> BTreeMap<String, Value> {
    let mut resources = BTreeMap::new();
    loop {
        let start = resources.len() + 1;
        let page = scim
            .get(&format!("/Users?startIndex={start}&count=500"))
            .await
            .expect(200);
        let listed = page.body["Resources"].as_array().cloned().unwrap_or_default();
        let ended = listed.is_empty();
        resources.extend(
            listed
                .into_iter()
                .map(|resource| (text(&resource, "id"), resource)),
        );
        if ended || resources.len() as u64 >= page.total() {
            assert_eq!(
                resources.len() as u64,
                page.total(),
                "paging lost or repeated a resource"
            );
            return resources;
        }
    }
}

fn text(value: &Value, member: &str) -> String {
    value[member]
        .as_str()
        .unwrap_or_else(|| panic!("no {member} in {value}"))
        .to_owned()
}

/// I1: every answered change is in the directory, and no other one.
pub async fn directory_is_what_was_answered(scim: &Scim, people: &[Person]) {
    let directory = list(scim).await;
    for person in people {
        match directory.get(&person.id) {
            None => assert!(person.deleted, "{person:?} was answered and is gone"),
            Some(kept) => {
                assert!(!person.deleted, "{person:?} was deleted and is back");
                assert_eq!(text(kept, "userName"), person.user_name);
                assert_eq!(text(kept, "displayName"), person.display_name, "{person:?}");
                assert_eq!(kept["active"], person.active, "{person:?}");
            }
        }
    }
    let living = people.iter().filter(|person| !person.deleted).count();
    assert_eq!(
        directory.len(),
        living,
        "the directory holds people nobody was answered about"
    );
}

/// After its last cycle the simulator's source and the directory agree.
pub async fn directory_is_the_source(scim: &Scim, source: &Value) {
    let directory = list(scim).await;
    let by_external_id: BTreeMap<String, &Value> = directory
        .values()
        .map(|resource| (text(resource, "externalId"), resource))
        .collect();
    assert_eq!(
        by_external_id.len(),
        directory.len(),
        "two resources of one source object"
    );
    let mut compared = 0;
    for object in source.as_array().expect("a list of source objects") {
        let Some(kept) = by_external_id.get(&text(object, "objectId")) else {
            continue;
        };
        let gone = object["isSoftDeleted"] == true || object["accountEnabled"] == false;
        assert_eq!(kept["active"], !gone, "{object}");
        if !gone {
            assert_eq!(text(kept, "userName"), text(object, "userPrincipalName"));
            assert_eq!(text(kept, "displayName"), text(object, "displayName"));
            compared += 1;
        }
    }
    assert!(compared > 10, "only {compared} objects were compared");
}

/// I3: positions are 1, 2, 3, …, head.
pub fn positions_are_contiguous(events: &[(u64, Value)], head: u64) {
    let positions: Vec<u64> = events.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (1..=head).collect::<Vec<_>>());
}

/// I2, I4: each identity has one event for each revision, in order, without a gap.
pub fn each_revision_has_one_event(events: &[(u64, Value)]) {
    let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
    for (position, event) in events {
        let sequence: u64 = text(event, "sequence").parse().expect("a number");
        let last = revisions.entry(text(event, "source")).or_default();
        let what = format!("position {position}: {} after {last}", text(event, "source"));
        assert!(sequence > *last, "{what}");
        assert_eq!(event["data"]["previousRevision"], *last, "{what}");
        *last = sequence;
    }
}

/// I5: a consumer that knows only the feed knows the directory.
pub fn feed_equals_the_directory(
    events: &[(u64, Value)],
    profile: &str,
    directory: &BTreeMap<String, Value>,
) {
    let mut told: BTreeMap<String, Value> = BTreeMap::new();
    for (_, event) in events.iter().filter(|(_, event)| event["profile"] == profile) {
        let id = text(event, "subject").trim_start_matches("/Users/").to_owned();
        match &event["data"]["identity"] {
            Value::Null => drop(told.remove(&id)),
            state => drop(told.insert(id, state.clone())),
        }
    }
    assert_eq!(
        told.keys().collect::<Vec<_>>(),
        directory.keys().collect::<Vec<_>>(),
        "{profile}"
    );
    for (id, state) in &told {
        for member in ["userName", "displayName", "externalId", "active"] {
            assert_eq!(state[member], directory[id][member], "{profile} {id} {member}");
        }
    }
}

/// The downstream tables equal the directory.
pub fn booking_has_the_directory(tables: &Value, profile: &str, directory: &BTreeMap<String, Value>) {
    let rows = tables[profile]
        .as_array()
        .unwrap_or_else(|| panic!("no {profile} in {tables}"));
    let living: BTreeMap<String, &Value> = rows
        .iter()
        .filter(|row| row["deleted"] != true)
        .map(|row| (text(row, "id"), row))
        .collect();
    assert_eq!(
        living.keys().collect::<Vec<_>>(),
        directory.keys().collect::<Vec<_>>(),
        "{profile}"
    );
    for (id, row) in living {
        assert_eq!(
            row["displayName"], directory[&id]["displayName"],
            "{profile} {id}"
        );
        assert_eq!(row["active"], directory[&id]["active"], "{profile} {id}");
    }
}

/// The Redis stream, refilled after every loss, ends at the feed's head and has its events in order.
pub async fn stream_is_the_feed(redis: &Redis, stream: &str, events: &[(u64, Value)]) {
    let mut connection = redis.connection().await;
    let entries: redis::streams::StreamRangeReply = redis::cmd("XRANGE")
        .arg(stream)
        .arg("-")
        .arg("+")
        .query_async(&mut connection)
        .await
        .expect("XRANGE");
    assert!(!entries.ids.is_empty(), "the stream is empty");
    let first: u64 = position(&entries.ids[0].id);
    for (offset, entry) in entries.ids.iter().enumerate() {
        assert_eq!(position(&entry.id), first + offset as u64, "a hole in the stream");
        let ce: String = entry.get("ce").expect("the field ce");
        let told: Value = serde_json::from_str(&ce).expect("JSON");
        let (_, event) = &events[usize::try_from(first).expect("small") - 1 + offset];
        assert_eq!(told["id"], event["id"], "position {}", entry.id);
    }
    assert_eq!(
        position(&entries.ids[entries.ids.len() - 1].id),
        events.len() as u64,
        "the stream ends before the feed"
    );
}

fn position(id: &str) -> u64 {
    id.strip_suffix("-0")
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| panic!("{id} is no position"))
}
