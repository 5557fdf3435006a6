//! Laws of PATCH: it never panics, changes all or nothing, can be repeated, both dialects mean the same, and what it makes is
//! what a PUT of it makes.
#![expect(clippy::unwrap_used, reason = "a test program: its helpers may stop it")]

use chrono::DateTime;
use proptest::prelude::*;
use scim::change::diff;
use scim::etag::Revision;
use scim::message::{Document, Meta};
use scim::patch::{PatchRequest, apply};
use scim::query::Projection;
use scim::quirk::rules::{ENTRA, GENERIC, Rules};
use scim::resource::Resource;
use scim::schema::{ENTERPRISE_USER, ResourceType, enterprise_user, user};
use serde_json::{Map, Value, json};

fn users() -> ResourceType {
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core: user(),
        extensions: vec![enterprise_user()],
    }
}

fn paths() -> Vec<String> {
    let plain = [
        "userName",
        "title",
        "displayName",
        "externalId",
        "active",
        "name",
        "name.givenName",
        "name.familyName",
        "emails",
        "emails.value",
        "emails[type eq \"work\"]",
        "emails[type eq \"work\"].value",
        "emails[type eq \"home\"].display",
        "emails[primary eq \"True\"].value",
        "emails[value eq \"a\"].value",
        "emails[type eq \"work\"].primary",
        "addresses[type eq \"work\"].formatted",
        "roles",
        "roles[primary eq \"True\"].display",
        "id",
        "meta",
        "groups",
        "shoeSize",
        "manager",
    ];
    let extended = [
        "",
        ":department",
        ".department",
        ":manager",
        ":manager.value",
        ":roles[value eq \"a\"]",
    ];
    let extended = extended.iter().map(|rest| format!("{ENTERPRISE_USER}{rest}"));
    plain
        .iter()
        .map(|path| (*path).to_owned())
        .chain(extended)
        .collect()
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(paths()),
        1 => "[a-zA-Z.:\\[\\]\" ]{0,20}",
        1 => any::<String>(),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec!["", "a", "b", "True", "false", "work"]).prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        (0..9).prop_map(Value::from),
        Just(Value::Null),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(2, 8, 3, |inner| {
        let key = prop::sample::select(vec![
            "value",
            "type",
            "primary",
            "display",
            "givenName",
            "department",
            "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..3)
                .prop_map(|pairs| Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec!["add", "Replace", "remove", "ADD", "replace"]);
    let pathless = (word.clone(), prop::collection::vec((path(), value()), 0..4))
        .prop_map(|(op, members)| json!({"op": op, "value": Value::Object(members.into_iter().collect())}));
    let pathful =
        (word, path(), value()).prop_map(|(op, path, value)| json!({"op": op, "path": path, "value": value}));
    prop_oneof![3 => pathful, 1 => pathless]
}

fn resource() -> impl Strategy<Value = Resource> {
    let element = (
        prop::sample::select(vec!["a", "b", "c"]),
        prop::sample::select(vec!["work", "home"]),
        prop::bool::ANY,
    )
        .prop_map(|(value, kind, primary)| json!({"type": kind, "value": value, "primary": primary}));
    (prop::collection::vec(element, 0..3), prop::option::of("[a-c]"), any::<bool>()).prop_map(|(emails, title, active)| {
        let mut body = json!({"userName": "bob", "active": active, "name": {"givenName": "B"}, "emails": emails,
            ENTERPRISE_USER: {"department": "IT", "manager": {"value": "1"}}});
        if let (Some(title), Some(body)) = (title, body.as_object_mut()) {
            body.insert("title".to_owned(), title.into());
        }
        Resource::accept(&users(), body).unwrap().resource
    })
}

fn try_apply(current: &Resource, operations: &Value) -> Result<Resource, scim::Error> {
    patch(current, operations, &ENTRA)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as `apply` takes it")]
fn patch(current: &Resource, operations: &Value, rules: &Rules) -> Result<Resource, scim::Error> {
    let request = PatchRequest::parse(json!({ "Operations": operations }))?;
    apply(&users(), current, &request, rules).map(|patched| patched.resource)
}

/// One request in the life of a resource.
#[derive(Debug, Clone)]
enum Move {
    Put(Value),
    Patch(Value, &'static Rules),
}

fn moved() -> impl Strategy<Value = Move> {
    let key = prop::sample::select(vec![
        "emails",
        "addresses",
        "roles",
        "title",
        "name",
        "active",
        "manager",
    ]);
    let body = prop::collection::btree_map(key, value(), 0..4);
    let rules = prop::sample::select(vec![&ENTRA, &GENERIC]);
    prop_oneof![
        1 => body.prop_map(|body| Move::Put(json!(body))),
        2 => (prop::collection::vec(operation(), 1..4), rules)
            .prop_map(|(operations, rules)| Move::Patch(Value::Array(operations), rules)),
    ]
}

/// What a GET answers.
fn answer(resource: &Resource) -> Value {
    let meta = Meta {
        created: DateTime::default(),
        last_modified: DateTime::default(),
        version: Revision::FIRST,
        location: "https://localhost/scim/Users/usr_1".to_owned(),
    };
    let everything = Projection::default().resolve(&users());
    let answer = Document::new(&users(), "usr_1", resource, meta).to_json(&everything);
    serde_json::from_slice(&answer).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, ..ProptestConfig::default() })]

    #[test]
    fn all_operations_are_done_or_none(current in resource(), operations in prop::collection::vec(operation(), 0..5)) {
        let before = current.clone();
        let operations = Value::Array(operations);
        match try_apply(&current, &operations) {
            Err(error) => prop_assert!(error.detail.starts_with("Operation ") && error.detail.ends_with('.'), "{}", error),
            Ok(after) => {
                let again = Resource::accept(&users(), Value::Object(after.as_map().clone())).unwrap();
                prop_assert!(again.ignored.is_empty());
                for key in ["id", "meta", "schemas", "groups"] {
                    prop_assert!(!after.as_map().contains_key(key), "{} was written", key);
                }
                prop_assert!(!has_empties(&Value::Object(after.as_map().clone())), "{:?}", after);
            }
        }
        prop_assert_eq!(current, before);
    }

    #[test]
    fn a_put_of_what_is_read_changes_nothing_whatever_came_before(
        current in resource(),
        history in prop::collection::vec(moved(), 1..8),
    ) {
        let mut now = current;
        for step in history {
            let after = match step {
                Move::Put(body) => Resource::accept(&users(), body).map(|put| put.resource.replacing(&users(), &now)),
                Move::Patch(operations, rules) => patch(&now, &operations, rules),
            };
            now = after.unwrap_or(now);
            let read = answer(&now);
            let put = Resource::accept(&users(), read.clone()).unwrap();
            prop_assert!(put.ignored.is_empty(), "{:?} of {}", put.ignored, read);
            let again = put.resource.replacing(&users(), &now);
            prop_assert_eq!(diff(&users(), &now, &again), vec![], "{}", read);
            prop_assert_eq!(&again, &now, "{}", read);
            prop_assert_eq!(now.clone().canonical(&users()), now.clone());
        }
    }

    #[test]
    fn any_json_is_patched_or_refused(body in value(), current in resource()) {
        let _ = PatchRequest::parse(body.clone());
        let _ = try_apply(&current, &body);
        let _ = try_apply(&current, &Value::Array(vec![body]));
    }

    #[test]
    fn a_replace_done_twice_is_done_once(current in resource(), path in prop::sample::select(paths()), value in value()) {
        prop_assume!(value != false && value != "false");
        let operation = json!([{"op": "replace", "path": path, "value": value}]);
        if let Ok(once) = try_apply(&current, &operation) {
            prop_assert_eq!(try_apply(&once, &operation).unwrap(), once);
        }
    }

    #[test]
    fn an_add_done_twice_is_done_once(current in resource(), path in prop::sample::select(paths()), value in value()) {
        prop_assume!(value != false && value != "false");
        let operation = json!([{"op": "Add", "path": path, "value": value}]);
        if let Ok(once) = try_apply(&current, &operation) {
            prop_assert_eq!(try_apply(&once, &operation).unwrap(), once);
        }
    }

    #[test]
    fn both_dialects_mean_the_same(
        current in resource(),
        changes in prop::collection::btree_map(prop::sample::select(paths()), scalar(), 1..5),
    ) {
        let verbose: Vec<Value> =
            changes.iter().map(|(path, value)| json!({"op": "Replace", "path": path, "value": value})).collect();
        let members: Map<String, Value> = changes.into_iter().collect();
        let compact = json!([{"op": "replace", "value": members}]);
        match (try_apply(&current, &Value::Array(verbose)), try_apply(&current, &compact)) {
            (Ok(verbose), Ok(compact)) => prop_assert_eq!(verbose, compact),
            (Err(verbose), Err(compact)) => prop_assert_eq!(verbose.scim_type, compact.scim_type),
            (verbose, compact) => prop_assert!(false, "{:?} / {:?}", verbose, compact),
        }
    }
}

fn has_empties(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty() || items.iter().any(has_empties),
        Value::Object(map) => map.is_empty() || map.values().any(has_empties),
        _ => false,
    }
}
