//! One delivered event, and the parts of it that a consumer of identities needs.
//!
//! Pure. The envelope is CloudEvents 1.0 JSON (`docs/reference/events.md`); unknown fields and unknown types
//! are ignored, because adding them is no new version.

use serde_json::{Map, Value};

/// An event with its position in the feed.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Position in this feed: contiguous, from 1; reused only in another epoch.
    pub position: u64,
    /// The epoch that came with it; `None` in a stream that was written before there were epochs.
    pub epoch: Option<String>,
    /// The CloudEvents envelope. If the entry was not JSON, a string with its text.
    pub event: Value,
}

impl Kind {
    /// Whether the app has nothing of the identity afterwards but its id and sequence.
    pub const fn is_gone(self) -> bool {
        matches!(self, Self::Deleted | Self::Removed)
    }
}

/// The change of an identity; the last word of `usher.identity.{word}.v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The identity is new.
    Created,
    /// The identity's data changed.
    Updated,
    /// The identity is no longer active, but still exists.
    Deactivated,
    /// It is active again.
    Reactivated,
    /// The identity was deleted; the event has no record but a tombstone.
    Deleted,
    /// No change: the event repeats the present state.
    Synced,
    /// No change: the app sees the identity from now on.
    Added,
    /// No change: the app sees the identity no longer; the event has no record but a tombstone with the id.
    Removed,
}

/// The parts of an event about one identity that a consumer needs.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentityEvent {
    /// The change. A consumer that stores state needs only to know whether it [is gone](Kind::is_gone).
    pub kind: Kind,
    /// The identity's revision: of two events about one `source`, the higher one is newer.
    pub sequence: u64,
    /// The number of the app's release policy, in events that tell of nothing else; 0 in all others. Of two events of one sequence the
    /// one with the greater number is newer.
    pub release: u64,
    /// The identity's globally unique name: `urn:usher:{environment}:{tenant}:{profile}:{identity}`.
    pub source: String,
    /// The tenant's id, which never changes.
    pub tenant_id: String,
    /// The tenant's name if the event has it, else its id.
    pub tenant: String,
    /// The id of the directory that the identity belongs to.
    pub directory: String,
    /// The profile: `advisors`, `rooms`.
    pub profile: String,
    /// The profile's flat fields by plain name, `id` among them; after a deletion the fields of its
    /// tombstone.
    pub record: Map<String, Value>,
}

impl IdentityEvent {
    /// Parses a delivered event. `Ok(None)` is an event of a type that this crate does not use.
    ///
    /// # Errors
    /// The name of the field that is missing or of the wrong type: such an event is the gateway's fault and
    /// goes to the app's dead letters.
    pub fn read(event: &Value) -> Result<Option<Self>, String> {
        let event_type = text(event, "type")?;
        let Some(kind) = kind(event_type) else {
            return Ok(None);
        };
        let data = event.get("data").ok_or("the event has no \"data\"")?;
        let part = if kind.is_gone() { "tombstone" } else { "record" };
        let record = data.get(part).and_then(Value::as_object);
        let record = record.ok_or_else(|| format!("{event_type} has no object \"data.{part}\""))?;
        let id = record.get("id").and_then(Value::as_str).unwrap_or_default();
        if id.is_empty() {
            return Err(format!("\"data.{part}.id\" is missing or empty"));
        }
        let sequence = text(event, "sequence")?;
        let tenant_id = text(event, "tenantid")?.to_owned();
        let tenant = data
            .pointer("/tenant/name")
            .and_then(Value::as_str)
            .unwrap_or(&tenant_id)
            .to_owned();
        Ok(Some(Self {
            kind,
            sequence: sequence
                .parse()
                .map_err(|_| format!("\"sequence\" is no number: {sequence:?}"))?,
            release: event.get("release").and_then(Value::as_u64).unwrap_or_default(),
            source: text(event, "source")?.to_owned(),
            tenant,
            directory: text(event, "directoryid")?.to_owned(),
            profile: text(event, "profile")?.to_owned(),
            record: record.clone(),
            tenant_id,
        }))
    }

    /// A text field of the record; `None` if it is absent, null, or not text.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.record.get(field).and_then(Value::as_str)
    }

    /// Whether the identity is active: never when it is gone, otherwise as the record says (true without
    /// that field).
    pub fn active(&self) -> bool {
        !self.kind.is_gone() && self.record.get("active").and_then(Value::as_bool).unwrap_or(true)
    }
}

fn kind(event_type: &str) -> Option<Kind> {
    match event_type.strip_prefix("usher.identity.")? {
        "created.v1" => Some(Kind::Created),
        "updated.v1" => Some(Kind::Updated),
        "deactivated.v1" => Some(Kind::Deactivated),
        "reactivated.v1" => Some(Kind::Reactivated),
        "deleted.v1" => Some(Kind::Deleted),
        "synced.v1" => Some(Kind::Synced),
        "added.v1" => Some(Kind::Added),
        "removed.v1" => Some(Kind::Removed),
        _ => None,
    }
}

fn text<'a>(event: &'a Value, field: &str) -> Result<&'a str, String> {
    event
        .get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("the event has no text \"{field}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn event() -> Value {
        json!({"type": "usher.identity.updated.v1", "source": "urn:usher:test:t1:advisors:i1", "tenantid": "t1",
               "directoryid": "d1", "profile": "advisors", "sequence": "00000000000000000007", "extra": 1,
               "data": {"tenant": {"name": "contoso"},
                        "record": {"id": "i1", "userName": "mette@contoso.dk", "active": false}}})
    }

    #[test]
    fn an_update_is_read_whole() {
        let read = IdentityEvent::read(&event()).unwrap().unwrap();
        assert_eq!(
            (read.kind, read.sequence, read.active()),
            (Kind::Updated, 7, false)
        );
        assert_eq!((read.tenant.as_str(), read.tenant_id.as_str()), ("contoso", "t1"));
        assert_eq!(read.text("userName"), Some("mette@contoso.dk"));
        assert_eq!(read.text("office"), None);
    }

    #[test]
    fn a_deletion_is_read_from_its_tombstone_and_is_never_active() {
        let mut event = event();
        event["type"] = json!("usher.identity.deleted.v1");
        event["data"] = json!({"identity": null, "record": null, "tombstone": {"id": "i1", "active": true}});
        let read = IdentityEvent::read(&event).unwrap().unwrap();
        assert_eq!(
            (read.kind, read.active(), read.tenant.as_str()),
            (Kind::Deleted, false, "t1")
        );
    }

    #[test]
    fn what_the_app_sees_no_longer_is_read_from_its_tombstone_with_the_number_of_the_policy() {
        let mut event = event();
        event["type"] = json!("usher.identity.removed.v1");
        event["release"] = json!(3);
        event["data"] =
            json!({"identity": null, "record": null, "tombstone": {"id": "i1", "userName": null}});
        let read = IdentityEvent::read(&event).unwrap().unwrap();
        assert_eq!(
            (read.kind, read.active(), read.sequence, read.release),
            (Kind::Removed, false, 7, 3)
        );
        assert_eq!(read.text("userName"), None);
    }

    #[test]
    fn types_of_other_things_and_later_versions_are_ignored() {
        for other in [
            "usher.group.created.v1",
            "usher.group.updated.v1",
            "usher.group.deleted.v1",
            "usher.group.members_changed.v1",
            "usher.identity.created.v2",
            "usher.identity.praised.v1",
            "x",
        ] {
            let mut event = event();
            event["type"] = json!(other);
            assert_eq!(IdentityEvent::read(&event), Ok(None), "{other}");
        }
    }

    #[test]
    fn a_broken_event_is_refused_by_the_name_of_the_field() {
        for (pointer, named) in [
            ("/type", "type"),
            ("/sequence", "sequence"),
            ("/data/record", "data.record"),
            ("/source", "source"),
        ] {
            let mut event = event();
            *event.pointer_mut(pointer).unwrap() = Value::Null;
            let problem = IdentityEvent::read(&event).unwrap_err();
            assert!(problem.contains(named), "{problem}");
        }
        assert!(IdentityEvent::read(&json!("no JSON")).is_err());
    }
}
