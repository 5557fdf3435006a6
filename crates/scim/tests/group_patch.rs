//! A group's PATCH parted into document and membership: every shape of Entra, their order, and what is refused.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test program: its helpers may stop it"
)]

use std::collections::BTreeSet;
use std::path::Path;

use proptest::prelude::*;
use scim::membership::{MAX_MEMBERS, Membership};
use scim::patch::{
    MAX_OPERATIONS, PatchRequest, PatchedGroup, StoredMembers, apply_to_group, described_members,
};
use scim::quirk::rules::ENTRA;
use scim::resource::Resource;
use scim::schema::{ResourceType, group};
use scim::{Error, ScimType};
use serde_json::{Value, json};

fn groups() -> ResourceType {
    ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Groups.".to_owned(),
        core: group(),
        extensions: Vec::new(),
    }
}

fn patched(document: &Resource, body: Value) -> Result<PatchedGroup, Error> {
    patched_knowing(&StoredMembers::new(), document, body)
}

fn patched_knowing(stored: &StoredMembers, document: &Resource, body: Value) -> Result<PatchedGroup, Error> {
    let request = PatchRequest::parse(body)?;
    apply_to_group(&groups(), document, &request, &ENTRA, stored)
}

fn asks(operations: &Value) -> Membership {
    patched(&Resource::default(), json!({ "Operations": operations }))
        .unwrap()
        .membership
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn change(add: &[&str], remove: &[&str]) -> Membership {
    Membership::Change {
        add: ids(add),
        remove: ids(remove),
    }
}

/// What a server does with the plan.
fn after(members: &BTreeSet<String>, membership: &Membership) -> BTreeSet<String> {
    match membership {
        Membership::Exactly(ids) => ids.iter().cloned().collect(),
        Membership::Change { add, remove } => {
            let kept = members.iter().filter(|id| !remove.contains(id));
            kept.chain(add).cloned().collect()
        }
    }
}

/// A fixture's document and the members in it.
fn parted(document: &Value) -> (Resource, BTreeSet<String>) {
    let resource = Resource::from_stored(document.as_object().unwrap().clone());
    let (resource, membership) = Membership::split(resource, true).unwrap();
    let Some(Membership::Exactly(ids)) = membership else {
        panic!("not a list of members: {membership:?}");
    };
    (resource, ids.into_iter().collect())
}

#[test]
fn every_shape_of_entra_for_groups_has_its_effect_and_twice_is_as_once() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/entra");
    let mut shapes = BTreeSet::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let fixture: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        if fixture["resource"] != "Group" || fixture.get("request").is_none() {
            continue;
        }
        shapes.insert(fixture["shape"].as_str().unwrap().to_owned());
        let (document, members) = parted(&fixture["before"]);
        let (wanted, wanted_members) = parted(&fixture["after"]);
        let once = patched(&document, fixture["request"].clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(once.resource, wanted, "{name}");
        let once_members = after(&members, &once.membership);
        assert_eq!(once_members, wanted_members, "{name}");
        let ignored = fixture.get("ignored").cloned().unwrap_or_else(|| json!([]));
        assert_eq!(json!(once.ignored), ignored, "{name}");
        let twice = patched(&once.resource, fixture["request"].clone()).unwrap();
        assert_eq!(twice.resource, once.resource, "{name}, twice");
        assert_eq!(
            after(&once_members, &twice.membership),
            wanted_members,
            "{name}, twice"
        );
    }
    let counted = [("GP", 4), ("GM", 7), ("GR", 4)];
    let all = counted
        .iter()
        .flat_map(|(letters, last)| (1..=*last).map(move |n| format!("{letters}{n}")));
    let missing: Vec<String> = all.filter(|shape| !shapes.contains(shape)).collect();
    assert!(missing.is_empty(), "shapes without a fixture: {missing:?}");
}

#[test]
fn a_thousand_operations_of_one_member_each_are_one_change() {
    let operations: Vec<Value> = (0..MAX_OPERATIONS)
        .map(|n| json!({"op": "Add", "path": "members", "value": [{"$ref": null, "value": format!("m{n}")}]}))
        .collect();
    let Membership::Change { add, remove } = asks(&Value::from(operations)) else {
        panic!("not a change");
    };
    assert_eq!((add.len(), remove.len()), (MAX_OPERATIONS, 0));
    assert_eq!((add[0].as_str(), add[999].as_str()), ("m0", "m999"));
}

#[test]
fn operations_on_members_are_done_in_the_order_sent() {
    let cases = [
        (json!([]), Membership::SAME),
        (
            json!([{"op": "add", "path": "members", "value": []}]),
            Membership::SAME,
        ),
        (
            json!([{"op": "remove", "path": "members", "value": []}]),
            Membership::SAME,
        ),
        (
            json!([{"op": "remove", "path": "members"}]),
            Membership::Exactly(Vec::new()),
        ),
        (
            json!([{"op": "remove", "path": "members", "value": null}]),
            Membership::Exactly(Vec::new()),
        ),
        (
            json!([{"op": "add", "path": "members", "value": ["a", "b", "a"]}]),
            change(&["a", "b"], &[]),
        ),
        (
            json!([{"op": "add", "path": "members", "value": "a"}, {"op": "remove", "path": "members"}]),
            Membership::Exactly(Vec::new()),
        ),
        (
            json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": "a"},
                   {"op": "remove", "path": "members[value eq \"b\"]"}]),
            Membership::Exactly(ids(&["a"])),
        ),
        (
            json!([{"op": "add", "path": "members", "value": ["a", "b"]}, {"op": "remove", "path": "members", "value": "a"}]),
            change(&["b"], &["a"]),
        ),
        (
            json!([{"op": "add", "path": "members[value eq \"a\"]", "value": {"display": "A", "type": "User"}}]),
            change(&["a"], &[]),
        ),
        (
            json!([{"op": "replace", "path": "members[value eq \"a\"].value", "value": "a"}]),
            change(&["a"], &[]),
        ),
        (
            json!([{"op": "remove", "path": "members[value eq \"a\"].type"},
                   {"op": "replace", "path": "members[value eq \"a\"].display", "value": "x"}]),
            Membership::SAME,
        ),
        (
            json!([{"op": "add", "path": "members.value", "value": "a"}]),
            change(&["a"], &[]),
        ),
    ];
    for (operations, expected) in cases {
        assert_eq!(asks(&operations), expected, "{operations}");
    }
}

#[test]
fn what_names_no_member_is_refused_with_the_next_step() {
    let many: Vec<String> = (0..=MAX_MEMBERS).map(|n| format!("m{n}")).collect();
    let cases = [
        (
            json!({"op": "remove", "path": "members[type eq \"User\"]"}),
            ScimType::InvalidFilter,
            "members[value eq \"…\" and type eq \"User\"], and several are joined by \"or\"",
        ),
        (
            json!({"op": "remove", "path": "members[value eq 'a']"}),
            ScimType::InvalidPath,
            "put the value in double quotes",
        ),
        (
            json!({"op": "remove", "path": "members[value sw \"a\"]"}),
            ScimType::InvalidFilter,
            "must name each member by its id",
        ),
        (
            json!({"op": "replace", "path": "members", "value": [{"display": "A"}]}),
            ScimType::InvalidValue,
            "has no \"value\". Send the id of each member",
        ),
        (
            json!({"op": "replace", "value": {"members": [{"$ref": "https://x/Users/a", "value": null}]}}),
            ScimType::InvalidValue,
            "has no \"value\". Send the id of each member",
        ),
        (
            json!({"op": "replace", "path": "members[value eq \"a\"]", "value": {"value": "b"}}),
            ScimType::Mutability,
            "Remove the one and add the other",
        ),
        (
            json!({"op": "remove", "path": "members.value"}),
            ScimType::Mutability,
            "the ids of all members, which cannot change. Name a member as in members[value eq \"…\"]",
        ),
        (
            json!({"op": "replace", "path": "members.value", "value": null}),
            ScimType::Mutability,
            "use the path members to replace or remove all of them",
        ),
        (
            json!({"op": "replace", "path": "members.value", "value": "a"}),
            ScimType::Mutability,
            "the ids of all members",
        ),
        (
            json!({"op": "add", "path": "members", "value": many}),
            ScimType::TooMany,
            "more than 20000 members. Send them in several requests",
        ),
    ];
    for (operation, scim_type, says) in cases {
        let error = patched(&Resource::default(), json!({"Operations": [operation]})).unwrap_err();
        assert_eq!(error.scim_type, scim_type, "{error}");
        assert!(
            error.detail.starts_with("Operation 1") && error.detail.contains(says),
            "{error}"
        );
    }
}

#[test]
fn a_filter_that_names_a_member_and_says_more_of_it_selects_that_member() {
    let known = json!({"value": "a", "type": "User", "$ref": "Users/a", "display": "Amy"});
    let stored = StoredMembers::from_iter([("a".to_owned(), known)]);
    let a = r#"value eq "a""#;
    let (selects, contradicts) = (Some(true), Some(false));
    for (said, expected) in [
        (format!(r#"type eq "User" and {a}"#), selects),
        (format!(r#"{a} and type eq "User""#), selects),
        (format!(r#"{a} and type eq "user" and display eq "amy""#), selects),
        (
            format!(r#"{a} and $ref eq "https://host/people/scim/v2/Users/a""#),
            selects,
        ),
        (
            format!(r#"{a} and ($ref eq "../Users/a" or display sw "B")"#),
            selects,
        ),
        (
            format!(r#"{a} and display pr and not (type eq "Group")"#),
            selects,
        ),
        (format!(r#"(value eq "b" and type eq "User") or {a}"#), selects),
        (format!(r#"{a} and type eq "Group""#), contradicts),
        (format!(r#"display eq "Bea" and {a}"#), contradicts),
        (
            format!(r#"{a} and $ref eq "https://host/people/scim/Groups/a""#),
            contradicts,
        ),
        (format!(r#"{a} and not (display eq "Amy")"#), contradicts),
        (format!(r#"{a} and value eq "b""#), contradicts),
        (format!(r#"{a} or type eq "User""#), None),
        (format!(r"not ({a})"), None),
        (r#"value ne "a""#.to_owned(), None),
        (format!(r#"{a} and $ref sw "https""#), None),
        ("value pr".to_owned(), None),
        (r#"display eq "Amy""#.to_owned(), None),
    ] {
        for (verb, value) in [
            ("remove", Value::Null),
            ("add", json!({"value": "a"})),
            ("Replace", json!({"value": "a"})),
        ] {
            let path = format!("members[{said}]");
            let mut operation = json!({"op": verb, "path": path});
            if verb != "remove" {
                operation["value"] = value;
            }
            let body = json!({"Operations": [operation]});
            if expected.is_some() {
                let asked = described_members(&groups(), &PatchRequest::parse(body.clone()).unwrap());
                assert!(asked.iter().any(|id| id == "a"), "{path}: {asked:?}");
            }
            let changes = |membership: Membership, id: &str| {
                let Membership::Change { add, remove } = membership else {
                    panic!("{path} means all of them: {membership:?}");
                };
                let list = if verb == "remove" { remove } else { add };
                list.iter().any(|one| one == id)
            };
            let error = match (expected, patched_knowing(&stored, &Resource::default(), body)) {
                (Some(selects), Ok(patched)) if selects || verb == "remove" => {
                    assert_eq!(changes(patched.membership, "a"), selects, "{verb} {path}");
                    continue;
                }
                (_, Ok(patched)) => panic!("{verb} {path} gave {patched:?}"),
                (_, Err(error)) => error,
            };
            let (scim_type, words) = match expected {
                None => (ScimType::InvalidFilter, "must name each member by its id"),
                Some(_) => (ScimType::NoTarget, "says of it what is not so"),
            };
            assert_eq!(error.scim_type, scim_type, "{verb} {path}: {error}");
            assert!(error.detail.contains(words), "{verb} {path}: {error}");
            assert!(!error.detail.contains("leave the filter"), "{error}");
        }
    }
}

#[test]
fn members_that_are_named_alone_are_asked_about_by_nobody() {
    let body = json!({"Operations": [
        {"op": "remove", "path": "members[value eq \"a\" or value eq \"b\"]"},
        {"op": "remove", "path": "members[type eq \"User\"]"},
        {"op": "add", "path": "members", "value": [{"value": "c", "type": "User"}]},
        {"op": "add", "value": {"members[value eq \"d\" and type eq \"User\"]": {"value": "d"}}}
    ]});
    let asked = described_members(&groups(), &PatchRequest::parse(body).unwrap());
    assert_eq!(asked, ["d"]);
}

#[test]
fn a_document_that_says_nothing_of_members_is_told_from_one_without_any() {
    let rt = groups();
    let read = |body: Value| {
        let mentioned = Membership::is_mentioned(&rt, &body).unwrap();
        let accepted = Resource::accept(&rt, body).unwrap();
        Membership::split(accepted.resource, mentioned).unwrap()
    };
    for body in [
        json!({"displayName": "x", "members": []}),
        json!({"displayName": "x", "Members": null}),
        json!({"displayName": "x", "urn:ietf:params:scim:schemas:core:2.0:Group": {"members": []}}),
    ] {
        assert_eq!(
            read(body.clone()).1,
            Some(Membership::Exactly(Vec::new())),
            "{body}"
        );
    }
    let (document, membership) = read(json!({"displayName": "x"}));
    assert_eq!((document.display_name(), membership), (Some("x"), None));
    let (document, membership) = read(
        json!({"displayName": "x", "members": [{"value": "a", "display": "A"}, {"value": "b"}, {"value": "a"}]}),
    );
    assert_eq!(membership, Some(Membership::Exactly(ids(&["a", "b"]))));
    assert!(document.as_map().get("members").is_none());
}

#[test]
fn a_document_whose_member_names_nobody_is_refused() {
    let body = json!({"displayName": "x", "members": [{"value": "a"}, {"display": "B"}]});
    let error = Membership::is_mentioned(&groups(), &body).unwrap_err();
    assert_eq!(error.scim_type, ScimType::InvalidValue, "{error}");
    for nameless in [
        json!([null]),
        json!([{}]),
        json!([{"value": ""}]),
        json!([{"$ref": null, "value": null}]),
        json!(""),
        json!({}),
    ] {
        let error = Membership::is_mentioned(&groups(), &json!({ "members": nameless })).unwrap_err();
        assert_eq!(error.scim_type, ScimType::InvalidValue, "{nameless}");
    }
    for said in [json!([]), json!(null), json!("a")] {
        assert!(Membership::is_mentioned(&groups(), &json!({ "members": said })).unwrap());
    }
}

/// One operation on members of a small world, and what it does to a set.
#[derive(Debug, Clone)]
enum Op {
    Add(Vec<u8>),
    Remove(Vec<u8>),
    Replace(Vec<u8>),
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    let some = || proptest::collection::vec(0_u8..6, 1..4);
    prop_oneof![
        some().prop_map(Op::Add),
        some().prop_map(Op::Remove),
        some().prop_map(Op::Replace),
        Just(Op::Clear),
    ]
}

proptest! {
    #[test]
    fn operations_put_together_do_what_they_do_one_by_one(
        before in proptest::collection::btree_set("[0-5]", 0..6),
        operations in proptest::collection::vec(op(), 0..12),
    ) {
        let texts = |ids: &[u8]| ids.iter().map(u8::to_string).collect::<Vec<_>>();
        let body: Vec<Value> = operations.iter().map(|op| match op {
            Op::Add(ids) => json!({"op": "add", "path": "members", "value": texts(ids)}),
            Op::Remove(ids) => json!({"op": "remove", "path": "members", "value": texts(ids)}),
            Op::Replace(ids) => json!({"op": "replace", "path": "members", "value": texts(ids)}),
            Op::Clear => json!({"op": "remove", "path": "members"}),
        }).collect();
        let mut expected = before.clone();
        for op in &operations {
            match op {
                Op::Add(ids) => expected.extend(texts(ids)),
                Op::Remove(ids) => expected.retain(|id| !texts(ids).contains(id)),
                Op::Replace(ids) => expected = texts(ids).into_iter().collect(),
                Op::Clear => expected.clear(),
            }
        }
        prop_assert_eq!(after(&before, &asks(&Value::from(body))), expected);
    }
}
