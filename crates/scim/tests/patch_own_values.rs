//! How PATCH tells the values of a directory's own lists apart: by the rule of their type, not by their spelling.
#![expect(clippy::unwrap_used, reason = "a test program: its helpers may stop it")]

use scim::patch::{PatchRequest, apply};
use scim::quirk::rules::ENTRA;
use scim::resource::Resource;
use scim::schema::{AttrType, Attribute, ResourceType, Schema, user};
use serde_json::{Map, Value, json};

const OWN: &str = "urn:example:2.0:User";

fn users() -> ResourceType {
    let own = Schema {
        id: OWN.to_owned(),
        name: "Own".to_owned(),
        description: "A customer's own attributes.".to_owned(),
        attributes: vec![
            Attribute::new("visits", AttrType::DateTime, "When.").multi(),
            Attribute::new("rates", AttrType::Decimal, "How much.").multi(),
            Attribute::new("badges", AttrType::Integer, "Which.").multi(),
        ],
    };
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core: user(),
        extensions: vec![own],
    }
}

/// What is in `list` after these values were added or removed, one operation each.
fn after(list: &str, operations: &[(&str, Value)]) -> Value {
    let operations: Vec<Value> = operations
        .iter()
        .map(|(op, value)| json!({"op": op, "path": format!("{OWN}:{list}"), "value": [value]}))
        .collect();
    let request = PatchRequest::parse(json!({ "Operations": operations })).unwrap();
    let patched = apply(&users(), &Resource::from_stored(Map::new()), &request, &ENTRA).unwrap();
    let document = patched.resource.into_map();
    let own = document.get(OWN).and_then(|own| own.get(list));
    own.cloned().unwrap_or_default()
}

#[test]
fn the_same_instant_in_two_spellings_is_one_element() {
    let (utc, local) = ("2026-01-31T08:00:00Z", "2026-01-31T09:00:00.000+01:00");
    let added = [("add", json!(utc)), ("add", json!(local))];
    assert_eq!(after("visits", &added), json!([utc]), "kept as it was sent first");
    assert_eq!(
        after("visits", &[("add", json!(utc)), ("remove", json!(local))]),
        json!(null)
    );
    let other = "2026-01-31T09:00:00.001+01:00";
    let added = [("add", json!(utc)), ("add", json!(other))];
    assert_eq!(after("visits", &added), json!([utc, other]));
}

#[test]
fn the_same_number_in_two_spellings_is_one_element() {
    assert_eq!(
        after(
            "rates",
            &[("add", json!(1)), ("add", json!(1.0)), ("add", json!("1.0"))]
        ),
        json!([1])
    );
    assert_eq!(
        after("rates", &[("add", json!(1.0)), ("remove", json!(1))]),
        json!(null)
    );
    assert_eq!(
        after(
            "rates",
            &[("add", json!(1.5)), ("add", json!(1)), ("remove", json!("1.50"))]
        ),
        json!([1])
    );
}

#[test]
fn numbers_that_differ_in_their_last_digit_are_two_elements() {
    let (last, before) = (18_446_744_073_709_551_615_u64, 18_446_744_073_709_551_614_u64);
    let added = [
        ("add", json!(last)),
        ("add", json!(before)),
        ("add", json!(last.to_string())),
    ];
    assert_eq!(after("badges", &added), json!([last, before]));
}
