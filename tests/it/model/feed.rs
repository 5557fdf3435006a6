//! Replays the events as an app would: the result must be the model, without an event too many.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Talk;
use super::state::Person;

/// The state of one resource in an app.
#[derive(Debug, Default)]
struct Row {
    sequence: String,
    /// The number of different sequences seen: one for each change.
    changes: u64,
    deleted: bool,
    person: Option<Person>,
    name: Option<String>,
    members: BTreeSet<String>,
}

/// Compares the state after all events with the model.
pub fn replay(talk: &Talk, events: &[(u64, Value)]) {
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    for (position, event) in events {
        let source = event["source"].as_str().expect("source");
        let id = source.rsplit(':').next().expect("an id").to_owned();
        if !(id.starts_with("idn_") || id.starts_with("grp_")) {
            continue;
        }
        let row = rows.entry(id.clone()).or_default();
        let sequence = event["sequence"].as_str().expect("sequence");
        assert!(sequence >= row.sequence.as_str(), "{id} goes back at {position}");
        let another = sequence != row.sequence;
        assert!(
            another || id.starts_with("grp_"),
            "two events of one change of {id} at {position}"
        );
        row.changes += u64::from(another);
        sequence.clone_into(&mut row.sequence);
        tell(row, event);
    }
    let deleted: BTreeSet<String> = rows
        .iter()
        .filter(|(_, row)| row.deleted)
        .map(|(id, _)| id.clone())
        .collect();
    for (id, person) in &talk.world.people {
        let row = &rows[id];
        let told = row.person.as_ref().expect("a state");
        assert!(
            told.says_the_same(person) && !row.deleted,
            "{id} was told as {told:?} and is {person:?}"
        );
        assert_eq!(row.changes, person.changes, "{id}: one event a change");
    }
    for (id, team) in &talk.world.teams {
        let row = &rows[id];
        let members: BTreeSet<String> = row.members.difference(&deleted).cloned().collect();
        assert_eq!(row.name.as_deref(), Some(team.name.as_str()), "{id}");
        assert_eq!(members, team.members, "members of {id}");
        assert_eq!(
            row.changes, team.changes,
            "{id}: the events of a change share its sequence"
        );
    }
    for (id, changes) in &talk.world.gone {
        assert!(rows[id].deleted, "{id} is gone and was not told so");
        assert_eq!(rows[id].changes, *changes, "{id}");
    }
    assert_eq!(
        rows.len(),
        talk.world.people.len() + talk.world.teams.len() + talk.world.gone.len()
    );
}

fn tell(row: &mut Row, event: &Value) {
    let data = &event["data"];
    let ids = |list: &Value| -> Vec<String> {
        let list = list.as_array().into_iter().flatten();
        list.map(|member| member["id"].as_str().expect("a member's id").to_owned())
            .collect()
    };
    let kind = event["type"].as_str().expect("type");
    match kind.rsplit_once('.').map_or(kind, |(kind, _)| kind) {
        "usher.identity.deleted" | "usher.group.deleted" => row.deleted = true,
        "usher.group.members_changed" => {
            if data["cleared"] == true {
                row.members.clear();
            }
            row.members.extend(ids(&data["added"]));
            for id in ids(&data["removed"]) {
                row.members.remove(&id);
            }
        }
        "usher.group.created" | "usher.group.updated" => {
            row.name = data["group"]["displayName"].as_str().map(str::to_owned);
        }
        _ => row.person = Some(Person::of(&data["identity"])),
    }
}
