//! One change of a group: its events, their parts and every field of them.

use std::sync::atomic::{AtomicU64, Ordering};

use scim::etag::Revision;
use scim::resource::Resource;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::environment::Environment;
use crate::event::Origin;
use crate::event::tests::envelope;
use crate::group::Member;
use crate::id::{DirectoryId, GroupId, IdentityId, RequestId, TenantId};
use crate::profile::Profile;
use crate::tenant::{Directory, Provider, Slug, Switch};

#[derive(Default)]
struct CountingIds(AtomicU64);

impl Ids for CountingIds {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

struct World {
    directory: Directory,
    tenant: Slug,
    profile: Profile,
}

fn world() -> World {
    let text = "name = 'x'\ntitle = 'T'\nthing = 'person'\nkey = 'userName'\ngroups = true\nunknown_attributes = 'drop'\n\
        [[attribute]]\npath = 'userName'\nentra = 'x'\n";
    World {
        directory: Directory {
            id: DirectoryId::from_uuid(Uuid::from_u128(2)),
            tenant: TenantId::from_uuid(Uuid::from_u128(1)),
            profile: "x".parse().expect("a name"),
            provider: Provider::Entra,
            switch: Switch::On,
            extension: None,
            created_at: DateTime::UNIX_EPOCH,
            frozen_at: None,
        },
        tenant: "contoso".parse().expect("a slug"),
        profile: Profile::parse("x.toml", text).expect("fits"),
    }
}

impl World {
    fn group(&self, revision: i64, name: &str, member_count: i64) -> Group {
        let document = json!({"displayName": name, "externalId": "g-7"});
        Group {
            id: GroupId::from_uuid(Uuid::from_u128(3)),
            directory: self.directory.id,
            revision: Revision::new(revision).expect("1 or more"),
            resource: Resource::from_stored(document.as_object().expect("an object").clone()),
            member_count,
            created_at: DateTime::UNIX_EPOCH,
            modified_at: DateTime::UNIX_EPOCH,
        }
    }

    fn events(&self, before: Option<&Group>, after: Option<&Group>, members: &MembersChanged) -> Vec<Event> {
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
        let change = GroupChange {
            before,
            after,
            members,
        };
        from_group_change(
            origin,
            &cause,
            &CountingIds::default(),
            DateTime::UNIX_EPOCH,
            change,
        )
    }
}

fn members(count: u128) -> Vec<Member> {
    let member = |n: u128| Member {
        id: IdentityId::from_uuid(Uuid::from_u128(n)).into(),
        external_id: Some(format!("object-{n}")),
        display: None,
    };
    (0..count).map(member).collect()
}

fn kinds(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.event_type.as_str()).collect()
}

#[test]
fn each_pair_of_states_makes_the_event_of_its_kind() {
    let world = world();
    let none = MembersChanged::default();
    let (one, renamed) = (world.group(1, "A", 0), world.group(2, "B", 0));
    assert_eq!(
        kinds(&world.events(None, Some(&one), &none)),
        ["usher.group.created.v1"]
    );
    assert_eq!(
        kinds(&world.events(Some(&one), Some(&renamed), &none)),
        ["usher.group.updated.v1"]
    );
    assert_eq!(
        kinds(&world.events(Some(&one), None, &none)),
        ["usher.group.deleted.v1"]
    );
    assert!(world.events(Some(&one), Some(&one), &none).is_empty());
    assert!(world.events(None, None, &none).is_empty());
}

#[test]
fn a_change_of_members_alone_is_told_without_the_group() {
    let world = world();
    let change = MembersChanged {
        added: members(1),
        ..MembersChanged::default()
    };
    let (before, after) = (world.group(6, "A", 2), world.group(7, "A", 3));
    let events = world.events(Some(&before), Some(&after), &change);
    assert_eq!(kinds(&events), ["usher.group.members_changed.v1"]);
    assert_eq!(events[0].changed, ["members"]);
    let (tn, grp) = (world.directory.tenant, after.id);
    let envelope = envelope(&events[0]);
    assert_eq!(envelope["source"], format!("urn:usher:test:{tn}:x:{grp}"));
    assert_eq!(envelope["subject"], format!("/Groups/{grp}"));
    assert_eq!(envelope["idempotencykey"], format!("{tn}/{grp}/7/1"));
    assert_eq!(
        (&envelope["sequence"], &envelope["part"]),
        (&json!("00000000000000000007"), &json!("1/1"))
    );
    let data = &envelope["data"];
    assert_eq!(
        data["group"],
        json!({"id": grp, "externalId": "g-7", "displayName": "A"})
    );
    assert_eq!(
        data["added"],
        json!([{"id": change.added[0].id, "externalId": "object-0"}])
    );
    assert_eq!(
        (&data["removed"], &data["cleared"], &data["memberCount"]),
        (&json!([]), &json!(false), &json!(3))
    );
    assert_eq!(
        (&data["revision"], &data["previousRevision"]),
        (&json!(7), &json!(6))
    );
}

#[test]
fn a_large_change_comes_in_parts_of_one_sequence_with_keys_of_their_own() {
    let world = world();
    let change = MembersChanged {
        added: members(1_203),
        removed: members(2),
        cleared: false,
    };
    let (before, after) = (world.group(1, "A", 2), world.group(2, "B", 1_203));
    let events = world.events(Some(&before), Some(&after), &change);
    assert_eq!(
        kinds(&events),
        [
            "usher.group.updated.v1",
            "usher.group.members_changed.v1",
            "usher.group.members_changed.v1",
            "usher.group.members_changed.v1"
        ]
    );
    let of = |name: &str| {
        events
            .iter()
            .map(|event| envelope(event)[name].clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("part"), ["1/4", "2/4", "3/4", "4/4"]);
    let keys = of("idempotencykey");
    assert!(keys.iter().enumerate().all(|(n, key)| !keys[..n].contains(key)));
    assert!(events.iter().all(|event| event.sequence.number() == 2));
    let named = |event: &Event, side: &str| envelope(event)["data"][side].as_array().map_or(0, Vec::len);
    let sizes: Vec<_> = events[1..]
        .iter()
        .map(|event| (named(event, "removed"), named(event, "added")))
        .collect();
    assert_eq!(sizes, [(2, 498), (0, 500), (0, 205)]);
    assert!(events.iter().all(|event| event.body.len() < 64 * 1024));
    assert_eq!(events[0].changed, ["displayName", "members"]);
    assert!(events[1..].iter().all(|event| event.changed.is_empty()));
}

#[test]
fn an_emptied_group_names_nobody() {
    let world = world();
    let change = MembersChanged {
        cleared: true,
        ..MembersChanged::default()
    };
    let (before, after) = (world.group(1, "A", 100_000), world.group(2, "A", 0));
    let events = world.events(Some(&before), Some(&after), &change);
    assert_eq!(events.len(), 1);
    let data = &envelope(&events[0])["data"];
    assert_eq!(
        (&data["cleared"], &data["memberCount"]),
        (&json!(true), &json!(0))
    );
    assert_eq!((&data["added"], &data["removed"]), (&json!([]), &json!([])));
}

#[test]
fn long_external_ids_make_more_parts_not_larger_ones() {
    let world = world();
    let mut added = members(500);
    for member in &mut added {
        member.external_id = Some("x".repeat(1_000));
    }
    let change = MembersChanged {
        added,
        ..MembersChanged::default()
    };
    let (before, after) = (world.group(1, "A", 0), world.group(2, "A", 500));
    let events = world.events(Some(&before), Some(&after), &change);
    assert!(events.len() >= 10);
    assert!(events.iter().all(|event| event.body.len() < 64 * 1024));
}

#[test]
fn a_group_is_told_with_its_count_and_never_its_members_and_leaves_a_tombstone() {
    let world = world();
    let change = MembersChanged {
        added: members(1),
        ..MembersChanged::default()
    };
    let group = world.group(1, "A", 1);
    let created = world.events(None, Some(&group), &change);
    assert_eq!(
        kinds(&created),
        ["usher.group.created.v1", "usher.group.members_changed.v1"]
    );
    let data = &envelope(&created[0])["data"];
    assert_eq!(
        data["group"],
        json!({"id": group.id, "displayName": "A", "externalId": "g-7", "memberCount": 1})
    );
    assert_eq!(
        data["managedAttributes"],
        json!(["displayName", "externalId", "members"])
    );
    let deleted = world.events(Some(&group), None, &MembersChanged::default());
    let data = &envelope(&deleted[0])["data"];
    assert_eq!((deleted[0].sequence.number(), &data["group"]), (2, &Value::Null));
    assert_eq!(
        data["tombstone"],
        json!({"id": group.id, "externalId": "g-7", "displayName": "A"})
    );
}
