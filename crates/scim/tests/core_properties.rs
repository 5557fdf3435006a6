//! What must hold for any body, not only for those Entra is known to send.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use chrono::DateTime;
use proptest::prelude::*;
use scim::change::diff;
use scim::etag::Revision;
use scim::filter::Filter;
use scim::message::{Document, Meta};
use scim::path::{AttrPath, ValuePath};
use scim::query::{Projection, Sort, parse_query};
use scim::resource::Resource;
use scim::schema::{ENTERPRISE_USER, ResourceType, enterprise_user, user};
use serde_json::{Map, Value, json};

fn users() -> ResourceType {
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "User Account".to_owned(),
        core: user(),
        extensions: vec![enterprise_user()],
    }
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => prop::sample::select(vec![
            "userName", "USERNAME", "active", "name", "Name", "givenName", "familyName", "name.givenName", "emails", "type",
            "value", "Value", "primary", "roles", "addresses", "formatted", "manager", "department", "id", "meta", "schemas",
            "groups", "password", ENTERPRISE_USER, "externalId", "shoeSize",
        ]).prop_map(str::to_owned),
        1 => "\\PC{0,8}",
    ]
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(vec!["", "a", "A", "True", "false", "work", "home", "a\"b"])
            .prop_map(Value::from),
        "\\PC{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names(), inner), 0..5)
                .prop_map(|pairs| Value::Object(Map::from_iter(pairs))),
        ]
    })
}

fn bodies() -> impl Strategy<Value = Value> {
    prop::collection::vec((names(), json_values()), 0..5)
        .prop_map(|pairs| Value::Object(Map::from_iter(pairs)))
}

/// A body of the right types, so that acceptance is the rule and not the exception.
fn good_bodies() -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec!["", "a", "A", "b", " c ", "ÆØ"]);
    let kind = prop::sample::select(vec!["work", "home", "WORK", ""]);
    let flag = prop::sample::select(vec![json!(true), json!("False"), json!(null), json!("true")]);
    let email =
        (kind, text.clone(), flag.clone()).prop_map(|(t, v, p)| json!({"type": t, "value": v, "primary": p}));
    (text.clone(), text.clone(), text.clone(), flag, prop::collection::vec(email, 0..4), text).prop_map(
        |(user_name, given, family, active, emails, department)| {
            json!({"userName": user_name, "name": {"givenName": given, "FamilyName": family}, "active": active,
                "emails": emails, ENTERPRISE_USER: {"department": department, "manager": given}})
        },
    )
}

fn holds_null_or_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty() || items.iter().any(holds_null_or_nothing),
        Value::Object(map) => map.is_empty() || map.values().any(holds_null_or_nothing),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// What remains of a document.
fn applied(projection: &Projection, rt: &ResourceType, document: &Value) -> Value {
    let wanted = projection.resolve(rt);
    let members = document.as_object().unwrap().iter();
    let kept =
        members.filter_map(|(name, value)| Some((name.clone(), wanted.pick(rt, name, value)?.into_owned())));
    Value::Object(kept.collect())
}

const FILTERS: [&str; 9] = [
    r#"userName eq "a""#,
    "active eq true",
    r#"emails[type eq "work"].value pr"#,
    r#"emails.value co "a""#,
    r#"meta.version eq "W/\"3\"""#,
    r#"meta.lastModified gt "2024-01-01T00:00:00Z""#,
    r#"id eq "7" and groups.value eq "8""#,
    r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
    r#"department eq "A""#,
];

fn meta() -> Meta {
    Meta {
        created: DateTime::default(),
        last_modified: "2024-05-14T04:42:34.567Z".parse().unwrap(),
        version: Revision::FIRST
            .next(chrono::DateTime::default())
            .next(chrono::DateTime::default()),
        location: "https://host/advisors/scim/Users/7".to_owned(),
    }
}

proptest! {
    #[test]
    fn accepting_never_panics_and_what_is_kept_is_canonical(body in bodies()) {
        if let Ok(accepted) = Resource::accept(&users(), body) {
            let map = accepted.resource.as_map().clone();
            prop_assert!(map.values().all(|value| !holds_null_or_nothing(value)), "{map:?}");
            for gone in ["id", "meta", "schemas", "groups", "password"] {
                prop_assert!(!map.contains_key(gone));
            }
            let again = Resource::accept(&users(), Value::Object(map)).unwrap();
            prop_assert_eq!(again.resource, accepted.resource);
            prop_assert_eq!(again.ignored, Vec::<String>::new());
        }
    }

    #[test]
    fn there_are_changes_exactly_when_two_resources_differ(old in good_bodies(), new in good_bodies()) {
        let rt = users();
        let (old, new) = (Resource::accept(&rt, old).unwrap().resource, Resource::accept(&rt, new).unwrap().resource);
        prop_assert_eq!(diff(&rt, &old, &new).is_empty(), old == new);
        prop_assert!(diff(&rt, &new, &new).is_empty());
        prop_assert_eq!(diff(&rt, &old, &new).len(), diff(&rt, &new, &old).len(), "back is as long as forth");
        for change in diff(&rt, &old, &new) {
            prop_assert_eq!(change.op == "add", change.old.is_null());
            prop_assert_eq!(change.op == "remove", change.new.is_null());
        }
    }

    #[test]
    fn what_is_shown_or_hidden_adds_up(body in good_bodies(), name in "(userName|name|emails|active|name\\.givenName|emails\\.value)") {
        let rt = users();
        let whole = Value::Object(Resource::accept(&rt, body).unwrap().resource.into_map());
        let only = applied(&Projection::parse(Some(&name), None).unwrap(), &rt, &whole);
        let except = applied(&Projection::parse(None, Some(&name)).unwrap(), &rt, &whole);
        let nothing = applied(&Projection::parse(Some(&name), Some(&name)).unwrap(), &rt, &whole);
        prop_assert_eq!(nothing, json!({}));
        if !name.contains('.') {
            let mut sum = only.as_object().unwrap().clone();
            sum.extend(except.as_object().unwrap().clone());
            prop_assert_eq!(Value::Object(sum), whole);
        }
    }

    // What is read from a database is answered, filtered and sorted by as what was just accepted, and as its answer.
    #[test]
    fn a_document_is_its_answer_whether_it_was_stored_or_not(
        body in good_bodies(),
        name in "(|userName|name|active|meta|meta\\.version|emails\\.value|id)",
        filter in prop::sample::select(FILTERS.to_vec()),
        secrets in any::<bool>(),
    ) {
        let mut rt = users();
        // With an attribute that is never returned each document is projected.
        rt.core.attributes.retain(|attribute| secrets || attribute.name != "password");
        let accepted = Resource::accept(&rt, body).unwrap().resource;
        let stored = Resource::from_text(json!(accepted.as_map()).to_string()).unwrap();
        let groups = json!([{"value": "8"}]);
        let document = |resource| Document::new(&rt, "7", resource, meta()).with_computed("groups", &groups);
        let whole = document(&stored).to_json(&Projection::default().resolve(&rt));
        let whole: Value = serde_json::from_slice(&whole).unwrap();
        for projection in [Projection::parse(Some(&name), None), Projection::parse(None, Some(&name))] {
            let projection = projection.unwrap();
            let wanted = projection.resolve(&rt);
            let answer = String::from_utf8(document(&stored).to_json(&wanted)).unwrap();
            prop_assert_eq!(&answer, &applied(&projection, &rt, &whole).to_string());
            prop_assert_eq!(answer.into_bytes(), document(&accepted).to_json(&wanted));
        }
        let filter = Filter::parse(filter, &rt).unwrap();
        prop_assert_eq!(filter.matches(&rt, &document(&stored)), filter.matches(&rt, &whole));
        for path in ["userName", "emails", "meta.lastModified", "id", &format!("{ENTERPRISE_USER}:department")] {
            let sort = Sort::parse(&rt, path, None).unwrap();
            prop_assert_eq!(sort.key(&rt, &document(&stored)), sort.key(&rt, &whole), "{}", path);
        }
        prop_assert_eq!(stored.with_defaults(), accepted.with_defaults());
    }

    #[test]
    fn reading_paths_and_queries_never_panics(text in "\\PC{0,40}") {
        let rt = users();
        let _ = ValuePath::parse(&text, &rt.urns());
        let _ = parse_query(&text);
        if let Ok(path) = rt.parse_path(&text) {
            prop_assert_eq!(rt.parse_path(&path.to_string()).unwrap(), path);
        }
    }

    #[test]
    fn a_path_survives_being_written_and_read(name in "[a-zA-Z][a-zA-Z0-9_-]{0,8}", sub in prop::option::of("[a-zA-Z]{1,5}"), urn in any::<bool>()) {
        let path = AttrPath { schema: urn.then(|| ENTERPRISE_USER.to_owned()), name, sub };
        prop_assert_eq!(AttrPath::parse(&path.to_string(), &users().urns()).unwrap(), path);
    }

    // A cut-short conversion would answer another number than was sent, and tell a change that nobody made.
    #[test]
    fn a_decimal_survives_being_written_and_read(number in prop::num::f64::NORMAL) {
        let sent = json!(number).to_string();
        let read: Value = serde_json::from_str(&sent).unwrap();
        prop_assert_eq!(read.to_string(), sent);
    }
}
