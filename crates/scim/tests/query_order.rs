//! The order of lists and the places in it (RFC 7644 §3.4.2.3, RFC 9865).

use std::cmp::Ordering;

use proptest::prelude::*;
use scim::ScimType;
use scim::query::{Cursor, Fingerprint, KEY_CHARS, Sort, SortKey, SortOrder, SortPosition};
use scim::schema::{self, AttrType, Attribute, ResourceType, Schema};
use serde_json::{Value, json};

/// Users with the enterprise extension and one of an application's own, with every type.
fn users() -> ResourceType {
    let extensions = vec![
        schema::enterprise_user(),
        Schema {
            id: "urn:example:2.0:User".to_owned(),
            name: "Own".to_owned(),
            description: "Own attributes.".to_owned(),
            attributes: vec![
                Attribute::new("tenure", AttrType::Integer, "Years."),
                Attribute::new("score", AttrType::Decimal, "A number."),
                Attribute::new("hired", AttrType::DateTime, "A date."),
                Attribute::new("remote", AttrType::Boolean, "Whether."),
                Attribute::string("badge", "Compared with case.").case_exact(),
                Attribute::string("secret", "Never shown.").returned(schema::Returned::Never),
            ],
        },
    ];
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core: schema::user(),
        extensions,
    }
}

fn groups() -> ResourceType {
    ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Groups.".to_owned(),
        core: schema::group(),
        extensions: Vec::new(),
    }
}

fn own(attribute: &str, value: &Value) -> Value {
    json!({"id": "1", "urn:example:2.0:User": {attribute: value}})
}

#[test]
fn each_type_is_ordered_by_its_own_rule() {
    let rt = users();
    for (by, values) in [
        (
            "userName",
            vec![json!("Adam"), json!("bob"), json!("Carl"), json!("Ωmega")],
        ),
        ("badge", vec![json!("B"), json!("Z"), json!("a")]),
        (
            "tenure",
            vec![json!(-3), json!(2), json!(10), json!(9_007_199_254_740_993_i64)],
        ),
        (
            "score",
            vec![json!(-1.5), json!(0), json!(0.25), json!(3), json!(1e300)],
        ),
        (
            "hired",
            vec![
                json!("2020-01-01T00:30:00+01:00"),
                json!("2020-01-01T00:00:00Z"),
                json!("2020-01-01T00:00:00.5Z"),
            ],
        ),
        ("remote", vec![json!(false), json!(true)]),
    ] {
        let sort = Sort::parse(&rt, by, None).expect(by);
        let document = |value: &Value| match by {
            "userName" => json!({"userName": value}),
            _ => own(by, value),
        };
        let keys: Vec<SortKey> = values
            .iter()
            .map(|value| sort.key(&rt, &document(value)))
            .collect();
        assert!(keys.windows(2).all(|pair| pair[0] < pair[1]), "{by}: {keys:?}");
        assert!(keys.iter().all(|key| *key < SortKey::Missing), "{by}");
    }
}

#[test]
fn those_without_a_value_are_last_ascending_and_first_descending() {
    let rt = users();
    let mark = |key: SortKey| SortPosition {
        key: Some(key),
        at: 0,
        id: 0,
    };
    for (word, expected) in [("ascending", Ordering::Less), ("Descending", Ordering::Greater)] {
        let sort = Sort::parse(&rt, "title", Some(word)).expect(word);
        let some = mark(sort.key(&rt, &json!({"title": "Dr"})));
        for without in [json!({}), json!({"title": ""}), json!({"title": null})] {
            let none = mark(sort.key(&rt, &without));
            assert_eq!(sort.compare(&some, &none), expected, "{word} {without}");
        }
    }
}

#[test]
fn equal_texts_are_equal_in_any_case_unless_the_schema_says_otherwise() {
    let rt = users();
    let key = |by: &str, document: Value| Sort::parse(&rt, by, None).expect(by).key(&rt, &document);
    assert_eq!(
        key("userName", json!({"userName": "BJensen"})),
        key("USERNAME", json!({"userName": "bjensen"}))
    );
    assert_ne!(
        key("externalId", json!({"externalId": "A"})),
        key("externalId", json!({"externalId": "a"}))
    );
}

#[test]
fn of_several_values_the_primary_one_counts_or_else_the_first() {
    let rt = users();
    for (by, emails, expected) in [
        (
            "emails.value",
            json!([{"value": "a"}, {"value": "b", "primary": true}]),
            "b",
        ),
        (
            "emails",
            json!([{"value": "a"}, {"value": "b", "primary": true}]),
            "b",
        ),
        ("emails", json!([{"value": "a"}, {"value": "b"}]), "a"),
        ("emails.type", json!([{"value": "a", "type": "work"}]), "work"),
    ] {
        let key = Sort::parse(&rt, by, None)
            .expect(by)
            .key(&rt, &json!({"emails": emails}));
        assert_eq!(key, SortKey::Text(expected.to_owned()), "{by}");
    }
}

#[test]
fn paths_are_read_in_every_spelling() {
    let rt = users();
    for (by, canonical) in [
        ("username", "userName ascending"),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:userName",
            "userName ascending",
        ),
        ("NAME.GIVENNAME", "name.givenName ascending"),
        ("meta.lastmodified", "meta.lastModified ascending"),
        (
            "department",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department ascending",
        ),
        (
            "manager",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value ascending",
        ),
        (
            "urn:example:2.0:User:tenure",
            "urn:example:2.0:User:tenure ascending",
        ),
    ] {
        assert_eq!(Sort::parse(&rt, by, Some("")).expect(by).to_string(), canonical);
    }
}

#[test]
fn what_cannot_be_sorted_by_is_refused_by_name() {
    let rt = users();
    for (by, words) in [
        ("shoeSize", "which this directory does not have"),
        ("userName.first", "which this directory does not have"),
        ("name", "name one of them, as in name.familyName"),
        ("urn:example:2.0:User", "which this directory does not have"),
        ("secret", "which this directory does not have"),
        ("groups", "memberships are no part of the resource"),
        (
            "emails[type eq \"work\"].value",
            "is not the name of an attribute",
        ),
        ("a b", "is not the name of an attribute"),
    ] {
        let error = Sort::parse(&rt, by, None).expect_err(by);
        assert_eq!(error.scim_type, ScimType::InvalidValue, "{by}");
        assert_eq!(error.attribute.as_deref(), Some("sortBy"));
        assert!(error.detail.contains(words), "{}", error.detail);
        assert!(
            error.detail.contains("Sort by another attribute"),
            "{}",
            error.detail
        );
    }
    assert!(Sort::parse(&groups(), "members", None).is_err());
    let error = Sort::parse(&rt, "userName", Some("up")).expect_err("no such order");
    assert!(error.detail.contains("either ascending or descending"));
}

#[test]
fn a_key_is_bounded_however_long_the_value_is() {
    let rt = users();
    let sort = Sort::parse(&rt, "title", None).expect("title");
    for title in ["x".repeat(100_000), "İ".repeat(100_000)] {
        let SortKey::Text(text) = sort.key(&rt, &json!({"title": title})) else {
            panic!("a text");
        };
        assert_eq!(text.chars().count(), KEY_CHARS);
    }
}

#[test]
fn another_type_that_has_no_such_attribute_has_no_value() {
    let sort = Sort::parse(&users(), "userName", None).expect("userName");
    assert_eq!(
        sort.key(&groups(), &json!({"displayName": "Sales"})),
        SortKey::Missing
    );
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
        (0_i64..4_000_000_000, 0_u32..1_000_000_000).prop_map(|(seconds, nanos)| {
            chrono::DateTime::from_timestamp(seconds, nanos)
                .map(|time| time.to_rfc3339())
                .into()
        }),
    ]
}

fn mark() -> impl Strategy<Value = SortPosition> {
    let attributes = [AttrType::String, AttrType::DateTime, AttrType::Binary];
    let key = (value(), proptest::sample::select(attributes.to_vec()))
        .prop_map(|(value, kind)| SortKey::of(&Attribute::new("a", kind, "An attribute."), &value));
    (proptest::option::of(key), any::<i64>(), any::<u128>()).prop_map(|(key, at, id)| SortPosition {
        key,
        at,
        id,
    })
}

proptest! {
    #[test]
    fn a_cursor_gives_back_the_place_it_was_made_of(mark in mark(), list in "\\PC{0,20}") {
        let fingerprint = Fingerprint::of(&[&list]);
        let text = Cursor::encode(fingerprint, &mark);
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'));
        prop_assert_eq!(Cursor::decode(&text, fingerprint), Ok(mark));
    }

    #[test]
    fn no_text_is_more_than_refused(text in "[A-Za-z0-9_-]{0,90}|\\PC{0,40}") {
        prop_assert!(Cursor::decode(&text, Fingerprint::of(&[])).is_err());
    }

    #[test]
    fn places_have_a_total_order(a in mark(), b in mark(), c in mark()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        if a <= b && b <= c {
            prop_assert!(a <= c);
        }
        let sort = |order| Sort { path: scim::path::AttrPath::core("a"), order };
        prop_assert_eq!(
            sort(SortOrder::Ascending).compare(&a, &b),
            sort(SortOrder::Descending).compare(&b, &a)
        );
    }

    #[test]
    fn whole_numbers_keep_their_order(a in any::<i64>(), b in any::<i64>()) {
        let attribute = Attribute::new("n", AttrType::Integer, "A number.");
        prop_assert_eq!(SortKey::of(&attribute, &a.into()).cmp(&SortKey::of(&attribute, &b.into())), a.cmp(&b));
    }
}
