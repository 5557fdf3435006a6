//! The members of groups: the rule for memberships (`docs/reference/events.md`), in memory, to copy or to
//! port to tables.
//!
//! Pure. A membership is a row of (group, member) with the sequence of its last event, so that events may
//! come in any order and twice. "Sequence" here is the pair of `sequence` and `release`, compared in this order. Must not know: how events arrive. It needs a snapshot and every event after it; each
//! snapshot begins with an empty [`Memberships`], because who it does not name is no member.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The memberships according to the events so far.
#[derive(Clone, Debug, Default)]
pub struct Memberships {
    /// Group → member → state by the latest event.
    rows: BTreeMap<String, BTreeMap<String, Word>>,
    /// Group → the highest sequence at which all members were removed.
    cleared: BTreeMap<String, Sequence>,
    /// Groups and identities that are deleted, or that the app sees no longer: they have and are no members, whatever event
    /// comes late; until one with a greater sequence says that they are there.
    gone: BTreeMap<String, (Sequence, bool)>,
}

/// `sequence` and `release`.
type Sequence = (u64, u64);

/// The state of one membership by its latest event.
#[derive(Clone, Copy, Debug, Default)]
struct Word {
    sequence: Sequence,
    is_member: bool,
}

impl Memberships {
    /// Applies one event of the feed; an event without memberships changes nothing.
    ///
    /// # Errors
    /// The name of the field that is missing or of the wrong type: such an event is the gateway's fault.
    pub fn apply(&mut self, event: &Value) -> Result<(), String> {
        let event_type = event.get("type").and_then(Value::as_str).unwrap_or_default();
        match event_type {
            "usher.group.members_changed.v1" => self.change(event),
            "usher.group.members_synced.v1" => self.sync(event),
            _ => match event_type.rsplit('.').nth(1) {
                Some("deleted" | "removed") => self.note(event, event_type, true),
                Some("created" | "updated" | "deactivated" | "reactivated" | "added") => {
                    self.note(event, event_type, false)
                }
                _ => Ok(()),
            },
        }
    }

    /// Whether a group or an identity is there.
    fn note(&mut self, event: &Value, event_type: &str, is_gone: bool) -> Result<(), String> {
        if event_type.rsplit('.').next() != Some("v1") {
            return Ok(());
        }
        let noun = if event_type.starts_with("usher.group.") {
            "group"
        } else {
            "identity"
        };
        let id = if is_gone {
            text(event, "/data/tombstone/id")?
        } else {
            text(event, &format!("/data/{noun}/id"))?
        };
        let sequence = sequence(event)?;
        let known = self.gone.entry(id.to_owned()).or_default();
        if known.0 < sequence {
            *known = (sequence, is_gone);
        }
        Ok(())
    }

    fn is_gone(&self, id: &str) -> bool {
        self.gone.get(id).is_some_and(|(_, is_gone)| *is_gone)
    }

    /// Some members of a group in a snapshot; a large group has several such events.
    fn sync(&mut self, event: &Value) -> Result<(), String> {
        let (group, sequence) = (text(event, "/data/group/id")?, sequence(event)?);
        let members = ids(event, "/data/members")?;
        let rows = self.rows.entry(group.to_owned()).or_default();
        for member in members {
            let word = Word {
                sequence,
                is_member: true,
            };
            rows.insert(member.to_owned(), word);
        }
        Ok(())
    }

    fn change(&mut self, event: &Value) -> Result<(), String> {
        let (group, sequence) = (text(event, "/data/group/id")?.to_owned(), sequence(event)?);
        let (added, removed) = (ids(event, "/data/added")?, ids(event, "/data/removed")?);
        let rows = self.rows.entry(group.clone()).or_default();
        let cleared = self.cleared.entry(group).or_default();
        if event.pointer("/data/cleared") == Some(&Value::Bool(true)) && *cleared < sequence {
            *cleared = sequence;
            let earlier = rows.values_mut().filter(|word| word.sequence < sequence);
            earlier.for_each(|word| word.is_member = false);
        }
        // A late part of a change from before the removal of all members adds none of them again.
        let joins = added.into_iter().map(|id| (id, *cleared <= sequence));
        for (member, is_member) in joins.chain(removed.into_iter().map(|id| (id, false))) {
            let word = rows.entry(member.to_owned()).or_default();
            if word.sequence < sequence {
                *word = Word { sequence, is_member };
            }
        }
        Ok(())
    }

    /// The direct members of a group, by id.
    pub fn of(&self, group: &str) -> BTreeSet<&str> {
        let rows = self.rows.get(group).filter(|_| !self.is_gone(group));
        let members = rows.into_iter().flatten();
        members
            .filter(|(member, word)| word.is_member && !self.is_gone(member))
            .map(|(member, _)| member.as_str())
            .collect()
    }
}

fn sequence(event: &Value) -> Result<Sequence, String> {
    let sequence = text(event, "/sequence")?;
    let number = sequence.parse();
    let release = event.get("release").and_then(Value::as_u64).unwrap_or_default();
    let number = number.map_err(|_| format!("\"/sequence\" is no number: {sequence:?}"))?;
    Ok((number, release))
}

fn text<'a>(event: &'a Value, pointer: &str) -> Result<&'a str, String> {
    let found = event.pointer(pointer).and_then(Value::as_str);
    found.ok_or_else(|| format!("the event has no text {pointer:?}"))
}

fn ids<'a>(event: &'a Value, pointer: &str) -> Result<Vec<&'a str>, String> {
    let entries = event.pointer(pointer).and_then(Value::as_array);
    let entries = entries.ok_or_else(|| format!("the event has no list {pointer:?}"))?;
    entries.iter().map(|entry| text(entry, "/id")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn changed(sequence: u64, added: &[&str], removed: &[&str], cleared: bool) -> Value {
        let entries = |ids: &[&str]| -> Value {
            ids.iter()
                .map(|id| json!({"id": id, "externalId": null}))
                .collect()
        };
        json!({"type": "usher.group.members_changed.v1", "sequence": format!("{sequence:020}"),
               "data": {"group": {"id": "g"}, "added": entries(added), "removed": entries(removed), "cleared": cleared}})
    }

    fn after(events: &[Value]) -> Vec<String> {
        let mut memberships = Memberships::default();
        for event in events {
            memberships.apply(event).unwrap();
        }
        memberships.of("g").into_iter().map(str::to_owned).collect()
    }

    /// All permutations of a few events.
    fn orders(events: &[Value]) -> Vec<Vec<Value>> {
        if events.len() <= 1 {
            return vec![events.to_vec()];
        }
        let first = (0..events.len()).flat_map(|index| {
            let mut rest = events.to_vec();
            let one = rest.remove(index);
            orders(&rest).into_iter().map(move |mut order| {
                order.insert(0, one.clone());
                order
            })
        });
        first.collect()
    }

    #[test]
    fn events_in_any_order_and_twice_end_with_the_same_members() {
        let told = [
            changed(1, &["a", "b"], &[], false),
            changed(2, &["c"], &["a"], false),
            changed(3, &[], &[], true),
            changed(3, &["d", "b"], &[], false),
            changed(4, &["a"], &["d"], false),
        ];
        for mut order in orders(&told) {
            assert_eq!(after(&order), ["a", "b"]);
            order.extend(told.clone());
            assert_eq!(after(&order), ["a", "b"]);
        }
    }

    #[test]
    fn a_snapshot_is_where_later_changes_begin() {
        let synced = |members: &[&str]| {
            let members: Value = members.iter().map(|id| json!({"id": id})).collect();
            json!({"type": "usher.group.members_synced.v1", "sequence": format!("{:020}", 5),
                   "data": {"group": {"id": "g"}, "members": members}})
        };
        let parts = [synced(&["a", "b"]), synced(&["c"])];
        let known = changed(5, &["c"], &["x"], false);
        let later = changed(6, &["d"], &["b"], false);
        let mut told = parts.to_vec();
        told.push(known);
        assert_eq!(after(&told), ["a", "b", "c"]);
        told.push(later);
        assert_eq!(after(&told), ["a", "c", "d"]);
        told.push(changed(5, &["b"], &[], false));
        assert_eq!(after(&told), ["a", "c", "d"], "told again");
        told.push(changed(7, &[], &[], true));
        assert!(after(&told).is_empty());
    }

    #[test]
    fn a_deleted_identity_is_no_member_and_a_deleted_group_has_none() {
        let deleted = |of: &str, id: &str| json!({"type": format!("usher.{of}.deleted.v1"), "sequence": format!("{:020}", 9), "data": {"tombstone": {"id": id}}});
        let joined = changed(1, &["a", "b"], &[], false);
        let late = changed(2, &["a"], &[], false);
        assert_eq!(after(&[deleted("identity", "a"), joined.clone(), late]), ["b"]);
        assert!(after(&[joined, deleted("group", "g")]).is_empty());
    }

    #[test]
    fn a_group_that_the_app_sees_again_has_the_members_of_then() {
        let told = |word: &str, release: u64| {
            json!({"type": format!("usher.group.{word}.v1"), "sequence": format!("{:020}", 5), "release": release,
                   "data": {"group": {"id": "g"}, "tombstone": {"id": "g"}}})
        };
        let mut cleared = changed(5, &[], &[], true);
        let mut there = changed(5, &["b"], &[], false);
        for event in [&mut cleared, &mut there] {
            event["release"] = json!(2);
        }
        let events = [
            changed(5, &["a"], &[], false),
            told("removed", 1),
            told("added", 2),
            cleared,
            there,
        ];
        assert!(after(&events[..2]).is_empty());
        for order in orders(&events) {
            assert_eq!(after(&order), ["b"]);
        }
    }

    #[test]
    fn a_broken_event_is_refused_by_the_name_of_the_field_and_others_are_passed_over() {
        let mut broken = changed(1, &["a"], &[], false);
        broken["data"]["added"] = Value::Null;
        let mut memberships = Memberships::default();
        assert_eq!(
            memberships.apply(&broken),
            Err("the event has no list \"/data/added\"".to_owned())
        );
        assert_eq!(
            memberships.apply(&json!({"type": "usher.group.praised.v1"})),
            Ok(())
        );
        assert_eq!(memberships.apply(&json!("no JSON")), Ok(()));
    }
}
