//! What must be so at the end of every bad day.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::python::PythonConsumer;

use super::directory::sorted;

/// The members of a consumer's dump that [`super::directory::Directories::tables`] has too, in the same form.
pub fn of_python(dump: &Value) -> Value {
    let rows = |table: &str, members: &[&str]| {
        let rows = dump[table].as_array().expect(table).iter();
        sorted(
            rows.map(|row| {
                let mut kept = serde_json::Map::new();
                for &member in members {
                    let is_number = member == "active";
                    let value = if is_number {
                        json!(row[member] == 1)
                    } else {
                        row[member].clone()
                    };
                    kept.insert(member.to_owned(), value);
                }
                Value::Object(kept)
            })
            .collect(),
        )
    };
    let identity = ["id", "externalId", "userName", "displayName", "active"];
    json!({
        "people": rows("people", &identity),
        "rooms": rows("rooms", &identity),
        "groups": rows("groups", &["id", "externalId", "displayName"]),
        "members": rows("members", &["group", "member"]),
    })
}

/// The first rows that only one of two sets of tables has; empty if they are equal.
pub fn differences(directory: &Value, tables: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (table, rows) in directory.as_object().expect("tables") {
        let (expected, has) = (
            rows.as_array().expect("rows"),
            tables[table].as_array().expect("rows"),
        );
        let missing = expected.iter().filter(|row| !has.contains(row));
        found.extend(missing.take(3).map(|row| format!("{table}: not there: {row}")));
        let surplus = has.iter().filter(|row| !expected.contains(row));
        found.extend(surplus.take(3).map(|row| format!("{table}: too much: {row}")));
        if found.is_empty() && has.len() != expected.len() {
            found.push(format!(
                "{table}: {} rows, {} expected",
                has.len(),
                expected.len()
            ));
        }
    }
    found
}

/// As [`differences`], for the advisors and rooms that booking keeps.
pub fn differences_of_booking(advisors: &Value, rooms: &Value, booking: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (table, directory) in [("advisors", advisors), ("rooms", rooms)] {
        let short = |row: &Value| json!({"id": row["id"], "displayName": row["displayName"], "active": row["active"]});
        let expected = directory.as_array().expect("rows").iter().map(short).collect();
        let has = booking[table].as_array().expect("rows").iter();
        let has = has.filter(|row| row["deleted"] != true).map(short).collect();
        let wrap = |rows: Vec<Value>| json!({ table: sorted(rows) });
        found.extend(differences(&wrap(expected), &wrap(has)));
    }
    found
}

/// I3: what a consumer applied within an epoch has no gap between two snapshots, and comes once.
pub fn positions_have_no_gaps(consumer: &PythonConsumer, dump: &Value) {
    let mut last: Option<(&str, u64)> = None;
    for row in dump["applied"].as_array().expect("rows") {
        let (epoch, position) = (
            row["epoch"].as_str().expect("epoch"),
            row["position"].as_u64().expect("position"),
        );
        if row["type"] != "snapshot" {
            let (last_epoch, last_position) =
                last.unwrap_or_else(|| panic!("{row} before the first snapshot"));
            assert_eq!(
                (epoch, position),
                (last_epoch, last_position + 1),
                "{}: {row}\n{}",
                consumer.app().name,
                consumer.log()
            );
        }
        last = Some((epoch, position));
    }
    assert!(last.is_some(), "{}: it applied nothing", consumer.app().name);
}

/// I2, I4: one revision is one event (or the numbered parts of one), and revisions rise, over all epochs. An event may be told again.
pub fn revisions_rise(consumer: &PythonConsumer, dump: &Value) {
    let mut keys: BTreeMap<String, Value> = BTreeMap::new();
    let mut revisions: BTreeMap<String, (String, String)> = BTreeMap::new();
    let rows = dump["applied"].as_array().expect("rows").iter();
    for row in rows.filter(|row| row["type"] != "snapshot") {
        let text = |member: &str| {
            row[member]
                .as_str()
                .unwrap_or_else(|| panic!("no {member} in {row}"))
                .to_owned()
        };
        let (source, sequence, part) = (text("source"), text("sequence"), text("part"));
        let revision = format!("{source} {sequence} {part}");
        if let Some(known) = keys.insert(revision, row["key"].clone()) {
            assert_eq!(
                known,
                row["key"],
                "{}: two events of one revision: {row}",
                consumer.app().name
            );
            continue;
        }
        let before = revisions.insert(source, (sequence.clone(), part.clone()));
        if let Some(before) = before {
            assert!(
                before.0 < sequence || (before.0 == sequence && before.1 != part),
                "{}: {row} after {before:?}",
                consumer.app().name
            );
        }
    }
}
