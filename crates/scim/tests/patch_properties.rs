//! Laws of PATCH: it never panics, changes all or nothing, can be repeated, and both dialects mean the same.
#![expect(clippy::unwrap_used, reason = "a test program: its helpers may stop it")]

use proptest::prelude::*;
use scim::patch::{PatchRequest, apply};
use scim::quirk::rules::ENTRA;
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
    let element = (0..3usize, prop::sample::select(vec!["work", "home"]), prop::bool::ANY)
        .prop_map(|(value, kind, primary)| json!({"type": kind, "value": (["a", "b", "c"][value]), "primary": primary}));
    (prop::collection::vec(element, 0..3), prop::option::of("[a-c]"), any::<bool>()).prop_map(|(emails, title, active)| {
        let mut body = json!({"userName": "bob", "active": active, "name": {"givenName": "B"}, "emails": emails,
            ENTERPRISE_USER: {"department": "IT", "manager": {"value": "1"}}});
        if let Some(title) = title {
            body["title"] = title.into();
        }
        Resource::accept(&users(), body).unwrap().resource
    })
}

fn try_apply(current: &Resource, operations: &Value) -> Result<Resource, scim::Error> {
    let request = PatchRequest::parse(json!({ "Operations": operations }))?;
    apply(&users(), current, &request, &ENTRA).map(|patched| patched.resource)
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
