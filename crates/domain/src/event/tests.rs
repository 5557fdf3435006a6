//! One change, at most one event, and every field of it.

use std::sync::Arc;

use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::id::{DirectoryId, IdentityId, TenantId};
use crate::profile::{Profiles, SHIPPED};
use crate::tenant::{Provider, Switch};
use scim::resource::Resource;

struct World {
    directory: Directory,
    tenant: Slug,
    profile: Arc<Profile>,
}

fn world() -> World {
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    let profiles = Profiles::load(SHIPPED.iter().copied()).expect("what ships loads");
    World {
        directory: Directory {
            id: DirectoryId::from_uuid(Uuid::from_u128(2)),
            tenant,
            profile: "advisors".parse().expect("a name"),
            provider: Provider::Entra,
            switch: Switch::On,
            extension: None,
            created_at: DateTime::UNIX_EPOCH,
            frozen_at: None,
        },
        tenant: "contoso".parse().expect("a slug"),
        profile: profiles.get("advisors").expect("ships").clone(),
    }
}

impl World {
    fn identity(&self, revision: i64, body: Value) -> Identity {
        Identity {
            id: IdentityId::from_uuid(Uuid::from_u128(3)),
            directory: self.directory.id,
            revision: Revision::new(revision).expect("1 or more"),
            resource: Resource::accept(&self.profile.resource_type, body)
                .expect("fits")
                .resource,
            created_at: DateTime::UNIX_EPOCH,
            modified_at: DateTime::UNIX_EPOCH,
            groups: None,
        }
    }

    fn event(&self, before: Option<&Identity>, after: Option<&Identity>) -> Option<Event> {
        let origin = Origin {
            environment: Environment::Test,
            directory: &self.directory,
            tenant_name: &self.tenant,
            external_tenant_id: None,
            profile: &self.profile,
        };
        let cause = Cause {
            request: RequestId::from_uuid(Uuid::from_u128(4)),
            client_request_id: None,
            operation: "PATCH",
            token_alias: "tka_0f6f0d1c2b3a4e5d6c7b8a990a1b2c3d".to_owned(),
            traceparent: None,
        };
        from_change(
            origin,
            &cause,
            EventId::from_uuid(Uuid::from_u128(5)),
            DateTime::UNIX_EPOCH,
            before,
            after,
        )
    }
}

/// The text of an event, read.
pub(super) fn envelope(event: &Event) -> Value {
    serde_json::from_str(&event.body).expect("JSON")
}

fn body(active: bool, name: &str) -> Value {
    json!({"userName": "m@contoso.dk", "displayName": name, "active": active, "externalId": "7"})
}

#[test]
fn each_pair_of_states_makes_the_event_of_its_kind() {
    let world = world();
    let on = world.identity(1, body(true, "A"));
    let same = on.clone();
    let off = world.identity(2, body(false, "B"));
    let renamed = world.identity(2, body(true, "B"));
    let kind = |before, after| world.event(before, after).map(|event| event.event_type);
    assert_eq!(
        kind(None, Some(&on)),
        Some("usher.identity.created.v1".to_owned())
    );
    assert_eq!(
        kind(None, Some(&off)),
        Some("usher.identity.created.v1".to_owned())
    );
    assert_eq!(
        kind(Some(&on), Some(&renamed)),
        Some("usher.identity.updated.v1".to_owned())
    );
    assert_eq!(
        kind(Some(&on), Some(&off)),
        Some("usher.identity.deactivated.v1".to_owned())
    );
    assert_eq!(
        kind(Some(&off), Some(&on)),
        Some("usher.identity.reactivated.v1".to_owned())
    );
    assert_eq!(
        kind(Some(&on), None),
        Some("usher.identity.deleted.v1".to_owned())
    );

    assert_eq!(kind(Some(&on), Some(&same)), None);
    assert_eq!(kind(None, None), None);
}

#[test]
fn a_deactivation_that_also_renames_says_both() {
    let world = world();
    let before = world.identity(1, body(true, "A"));
    let after = world.identity(2, body(false, "B"));
    let event = world.event(Some(&before), Some(&after)).expect("a change");
    let mut changed = event.changed.clone();
    changed.sort();
    assert_eq!(changed, ["active", "displayName"]);
    assert_eq!(envelope(&event)["type"], "usher.identity.deactivated.v1");
    let changes = envelope(&event)["data"]["changes"]
        .as_array()
        .expect("an array")
        .clone();
    assert!(changes.contains(&json!({"path": "displayName", "op": "replace", "old": "A", "new": "B"})));
}

#[test]
fn the_envelope_carries_what_routes_orders_and_recognises_it() {
    let world = world();
    let after = world.identity(7, body(true, "A"));
    let before = world.identity(6, body(true, "B"));
    let event = world.event(Some(&before), Some(&after)).expect("a change");
    let envelope = envelope(&event);
    let (tn, idn) = (world.directory.tenant, after.id);
    assert_eq!(envelope["specversion"], "1.0");
    assert_eq!(envelope["source"], format!("urn:usher:test:{tn}:advisors:{idn}"));
    assert_eq!(envelope["sequence"], "00000000000000000007");
    assert_eq!(envelope["idempotencykey"], format!("{tn}/{idn}/7/1"));
    assert_eq!(envelope["data"]["revision"], 7);
    assert_eq!(envelope["data"]["previousRevision"], 6);
    assert_eq!(envelope["data"]["record"]["displayName"], "A");
    assert_eq!(envelope["data"]["identity"]["userName"], "m@contoso.dk");
}

#[test]
fn the_text_of_an_event_has_these_members_in_this_order() {
    let world = world();
    let identity = world.identity(
        1,
        json!({"active": false, "userName": "m@contoso.dk", "title": "x"}),
    );
    let event = world.event(None, Some(&identity)).expect("a creation");
    let (tn, dir, idn) = (world.directory.tenant, world.directory.id, identity.id);
    let added = |path: &str, new: Value| json!({"path": path, "op": "add", "old": null, "new": new});
    let expected = json!({
        "specversion": "1.0",
        "id": event.id,
        "source": event.source,
        "type": "usher.identity.created.v1",
        "subject": format!("/Users/{idn}"),
        "time": "1970-01-01T00:00:00.000000Z",
        "datacontenttype": "application/json",
        "dataschema": "urn:usher:schema:identity.created:1",
        "sequence": "00000000000000000001",
        "part": "1/1",
        "tenantid": tn,
        "directoryid": dir,
        "profile": "advisors",
        "environment": "test",
        "partitionkey": tn,
        "txn": RequestId::from_uuid(Uuid::from_u128(4)),
        "idempotencykey": format!("{tn}/{idn}/1/1"),
        "data": {
            "tenant": {"id": tn, "name": "contoso", "externalTenantId": null},
            "directory": {"id": dir, "profile": "advisors", "thing": "person"},
            "identity": {"id": idn, "active": false, "userName": "m@contoso.dk"},
            "record": world.profile.record(idn, &identity.resource),
            "changes": [added("active", json!(false)), added("userName", json!("m@contoso.dk"))],
            "changedAttributes": ["active", "userName"],
            "managedAttributes": world.profile.managed_attributes(),
            "revision": 1,
            "previousRevision": 0,
            "etag": "W/\"1\"",
            "cause": {
                "actor": "entra",
                "operation": "PATCH",
                "requestId": RequestId::from_uuid(Uuid::from_u128(4)),
                "clientRequestId": null,
                "tokenId": "tka_0f6f0d1c2b3a4e5d6c7b8a990a1b2c3d",
            },
        },
    });
    assert_eq!(event.body, expected.to_string());
}

#[test]
fn a_deletion_leaves_a_tombstone_with_the_next_sequence() {
    let world = world();
    let before = world.identity(8, body(true, "A"));
    let event = world.event(Some(&before), None).expect("a change");
    assert_eq!(event.sequence.number(), 9);
    assert_eq!(envelope(&event)["data"]["identity"], Value::Null);
    assert_eq!(envelope(&event)["data"]["record"], Value::Null);
    assert_eq!(
        envelope(&event)["data"]["tombstone"],
        json!({"id": before.id, "externalId": "7", "userName": "m@contoso.dk"})
    );
}
