//! What is released, and what is not.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::profile::{Profiles, SHIPPED};

const TENANT: &str = "tn_00000000000000000000000000000001";
const OTHER: &str = "tn_00000000000000000000000000000002";

#[expect(clippy::unnecessary_wraps, reason = "a policy has an option of a set")]
fn set(all: &[&str]) -> Option<BTreeSet<String>> {
    Some(all.iter().map(|one| (*one).to_owned()).collect())
}

fn profiles() -> Vec<Arc<Profile>> {
    let profiles = Profiles::load(SHIPPED.iter().copied()).expect("what ships loads");
    profiles.iter().cloned().collect()
}

fn policy(
    attributes: Option<BTreeSet<String>>,
    fields: Option<BTreeSet<String>>,
) -> Result<ReleasePolicy, UnknownName> {
    let policy = ReleasePolicy {
        attributes,
        fields,
        ..ReleasePolicy::default()
    };
    policy.resolved(profiles().iter().map(AsRef::as_ref))
}

fn release(policy: ReleasePolicy) -> Release {
    Release {
        revision: 3,
        policy: Some(policy),
        before: Vec::new(),
    }
}

/// An event about an advisor, with values that must not be seen where only `office` is released.
#[expect(clippy::needless_pass_by_value, reason = "callers write the changes in place")]
fn event(word: &str, changes: Value) -> Value {
    json!({
        "type": format!("usher.identity.{word}.v1"),
        "source": format!("urn:usher:test:{TENANT}:advisors:idn_7"),
        "subject": "/Users/idn_7", "tenantid": TENANT, "profile": "advisors", "sequence": "00000000000000000007",
        "txn": "req_1", "traceparent": "canary-trace",
        "data": {
            "tenant": {"id": TENANT, "name": "contoso", "externalTenantId": null},
            "directory": {"id": "dir_1", "profile": "advisors", "thing": "person"},
            "identity": {
                "id": "idn_7", "active": true, "userName": "canary@contoso.dk", "displayName": "canary",
                "addresses": [{"type": "work", "formatted": "Aarhus 3", "streetAddress": "canary"}, {"type": "home", "formatted": "canary"}],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "canary"},
            },
            "record": {"id": "idn_7", "active": true, "userName": "canary@contoso.dk", "office": "Aarhus 3"},
            "changes": changes, "changedAttributes": ["displayName"], "managedAttributes": ["displayName", "active", "addresses[type eq \"work\"].formatted"],
            "revision": 7, "previousRevision": 6, "etag": "W/\"7\"", "cause": {"tokenId": "tka_1"}, "surprise": "canary",
        },
    })
}

fn change(path: &str) -> Value {
    json!({"path": path, "op": "replace", "old": "canary", "new": "canary"})
}

fn tells(release: &Release, event: &Value) -> bool {
    let text = |name: &str| event[name].as_str().expect("text");
    release.tells(text("type"), text("source"), &event.to_string())
}

#[test]
fn a_directory_is_seen_when_both_its_tenant_and_its_profile_are() {
    let one = |tenants, profiles| Scope { tenants, profiles };
    let table = [
        (one(None, None), [true, true, true]),
        (one(set(&[TENANT]), None), [true, true, false]),
        (one(None, set(&["rooms"])), [false, true, false]),
        (one(set(&[TENANT]), set(&["advisors"])), [true, false, false]),
        (one(set(&[]), None), [false; 3]),
    ];
    for (scope, expected) in table {
        let seen = [(TENANT, "advisors"), (TENANT, "rooms"), (OTHER, "advisors")];
        assert_eq!(
            seen.map(|(tenant, profile)| scope.sees(tenant, profile)),
            expected,
            "{scope:?}"
        );
    }
}

#[test]
fn a_field_brings_the_attribute_behind_it_and_nothing_else() {
    let policy = policy(None, set(&["office"])).expect("a field of advisors");
    let advisors = &policy.released.as_ref().expect("resolved")["advisors"];
    assert_eq!(
        Some(advisors.paths.clone()),
        set(&["addresses[type eq \"work\"].formatted"])
    );
    assert_eq!(Some(advisors.fields.clone()), set(&["active", "office"]));

    let (text, event_type) = release(policy).cut(event("created", json!([])).to_string());
    assert_eq!(event_type, None);
    assert!(!text.replace("canary-trace", "").contains("canary"), "{text}");
    let cut: Value = serde_json::from_str(&text).expect("JSON");
    let data = &cut["data"];
    assert_eq!(
        data["identity"],
        json!({"id": "idn_7", "active": true, "addresses": [{"type": "work", "formatted": "Aarhus 3"}]})
    );
    assert_eq!(
        data["record"],
        json!({"id": "idn_7", "active": true, "office": "Aarhus 3"})
    );
    assert_eq!(
        data["managedAttributes"],
        json!(["active", "addresses[type eq \"work\"].formatted"])
    );
    assert_eq!(
        (&data["revision"], &data["tenant"]["name"]),
        (&json!(7), &json!("contoso"))
    );
}

#[test]
fn an_attribute_brings_the_fields_that_it_covers() {
    let policy = policy(set(&["username", "addresses"]), None).expect("attributes");
    let advisors = &policy.released.expect("resolved")["advisors"];
    assert_eq!(
        Some(advisors.paths.clone()),
        set(&["addresses", "userName"]),
        "in the schemas' spelling"
    );
    assert!(
        advisors.fields.contains("office") && advisors.fields.contains("userName"),
        "{advisors:?}"
    );
    assert!(!advisors.fields.contains("displayName"));
}

#[test]
fn what_no_profile_has_is_refused_by_its_name() {
    assert_eq!(
        policy(None, set(&["shoe"])),
        Err(UnknownName::Field("shoe".to_owned()))
    );
    assert_eq!(
        policy(set(&["shoeSize"]), None),
        Err(UnknownName::Attribute("shoeSize".to_owned()))
    );
}

#[test]
fn a_change_of_nothing_that_is_released_has_no_position_and_a_life_event_always_has() {
    let release = release(policy(None, set(&["office"])).expect("a field"));
    let work = "addresses[type eq \"work\"]";
    let table = [
        ("updated", json!([change("displayName")]), false),
        (
            "updated",
            json!([change("displayName"), {"path": format!("{work}.formatted"), "op": "replace", "old": "A", "new": "B"}]),
            true,
        ),
        (
            "updated",
            json!([change(&format!("{work}.streetAddress"))]),
            false,
        ),
        (
            "updated",
            json!([change("addresses[type eq \"home\"].formatted")]),
            false,
        ),
        (
            "updated",
            json!([{"path": "active", "op": "replace", "old": true, "new": false}]),
            true,
        ),
        // A list as a whole: told when its released part differs.
        (
            "updated",
            json!([{"path": "addresses", "op": "replace", "old": [{"type": "work", "formatted": "A"}], "new": [{"type": "work", "formatted": "B"}]}]),
            true,
        ),
        (
            "updated",
            json!([{"path": "addresses", "op": "replace", "old": [{"type": "home", "formatted": "A"}], "new": [{"type": "home", "formatted": "B"}]}]),
            false,
        ),
        // Elements named by a value: which one it is cannot be said, that something is new can.
        (
            "updated",
            json!([change("addresses[value eq \"canary\"].formatted")]),
            true,
        ),
        ("created", json!([]), true),
        (
            "deactivated",
            json!([{"path": "active", "op": "replace", "old": true, "new": false}]),
            true,
        ),
        ("deleted", json!([]), true),
    ];
    for (word, changes, expected) in table {
        let event = event(word, changes);
        assert_eq!(tells(&release, &event), expected, "{event}");
        let (text, _) = release.cut(event.to_string());
        assert!(!text.replace("canary-trace", "").contains("canary"), "{text}");
    }
}

#[test]
fn the_changes_of_an_event_are_those_of_released_attributes() {
    let release = release(policy(None, set(&["office"])).expect("a field"));
    let whole = json!([
        change("displayName"),
        {"path": "addresses", "op": "replace", "old": null, "new": [{"type": "work", "formatted": "B", "streetAddress": "canary"}]},
    ]);
    let (text, _) = release.cut(event("updated", whole).to_string());
    let cut: Value = serde_json::from_str(&text).expect("JSON");
    let expected =
        json!([{"path": "addresses", "op": "add", "old": null, "new": [{"type": "work", "formatted": "B"}]}]);
    assert_eq!(cut["data"]["changes"], expected);
    assert_eq!(cut["data"]["changedAttributes"], json!(["addresses"]));
}

#[test]
fn what_is_not_seen_has_no_position_and_is_read_as_removed_with_ids_only() {
    let mut hidden = release(ReleasePolicy {
        scope: Scope {
            tenants: set(&[OTHER]),
            profiles: None,
        },
        ..ReleasePolicy::default()
    });
    let events = ["created", "updated", "deleted"].map(|word| event(word, json!([change("active")])));
    assert_eq!(events.each_ref().map(|event| tells(&hidden, event)), [false; 3]);
    // While the app may still have it, nothing else would tell that it is gone.
    hidden.before = vec![Scope::default()];
    assert_eq!(
        events.each_ref().map(|event| tells(&hidden, event)),
        [false, false, true]
    );

    let (text, event_type) = hidden.cut(events[1].to_string());
    assert_eq!(event_type.as_deref(), Some("usher.identity.removed.v1"));
    assert!(
        !text.contains("canary") && !text.contains("tka_1") && !text.contains("req_1"),
        "{text}"
    );
    let cut: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(cut["release"], 3);
    assert_eq!(cut["idempotencykey"], format!("{TENANT}/idn_7/7/release3"));
    assert_eq!(
        cut["data"]["tombstone"],
        json!({"id": "idn_7", "externalId": null, "userName": null})
    );
    assert_eq!(hidden.cut(text.clone()), (text, None), "again");
}

#[test]
fn a_group_keeps_its_name_and_its_members_have_only_ids() {
    let release = release(policy(None, set(&["office"])).expect("a field"));
    let mut event = event("updated", json!([change("displayName")]));
    event["type"] = "usher.group.members_changed.v1".into();
    event["data"] = json!({
        "group": {"id": "grp_1", "externalId": "canary", "displayName": "Staff"},
        "added": [{"id": "idn_7", "externalId": "canary"}], "removed": [], "cleared": false, "memberCount": 1,
    });
    let (text, _) = release.cut(event.to_string());
    let cut: Value = serde_json::from_str(&text).expect("JSON");
    let expected = json!({
        "group": {"id": "grp_1", "externalId": null, "displayName": "Staff"},
        "added": [{"id": "idn_7", "externalId": null}], "removed": [], "cleared": false, "memberCount": 1,
    });
    assert_eq!(cut["data"], expected);
}

#[test]
fn after_several_changes_everything_that_may_have_been_told_is_told_again() {
    let (all, none) = (
        Scope::default(),
        Scope {
            tenants: set(&[]),
            profiles: None,
        },
    );
    let table = [
        (vec![], [None, None]),
        (vec![all.clone()], [None, Some(Move::Removed)]),
        (vec![none.clone()], [Some(Move::Added), None]),
        (
            vec![all.clone(), none.clone()],
            [Some(Move::Added), Some(Move::Removed)],
        ),
    ];
    for (before, expected) in table {
        let after = [all.clone(), none.clone()].map(|scope| Release {
            before: before.clone(),
            ..release(ReleasePolicy {
                scope,
                ..ReleasePolicy::default()
            })
        });
        assert_eq!(
            after.each_ref().map(|after| after.moved(TENANT, "advisors")),
            expected,
            "{before:?}"
        );
    }
}

#[test]
fn without_a_policy_every_text_stays_as_it_is() {
    let text = "not even JSON".to_owned();
    assert_eq!(Release::default().cut(text.clone()), (text, None));
    assert!(Release::default().tells("x", "y", "z"));
}
