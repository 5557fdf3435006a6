//! What must hold for any bytes at all: one function a part of the language, each panics when its law is broken.
//!
//! Included twice: by the fuzz targets beside it and by `tests/fuzz_corpora.rs`, which runs it over the corpora in every
//! test run. Must not know: libFuzzer.

mod accept;
mod bulk;
mod cursor;
mod filter;
mod members;
mod patch;
mod path;
mod query;
mod search;

use std::sync::LazyLock;

use scim::change::diff;
use scim::etag::Revision;
use scim::message::{Document, Meta};
use scim::query::Projection;
use scim::resource::Resource;
use scim::schema::{AttrType, Attribute, Mutability, ResourceType, Schema, enterprise_user, group, user};
use serde_json::Value;

/// The bytes of one input, judged.
pub type Check = fn(&[u8]);

/// Every part of the language that reads what a stranger sent: its name (also its corpus' folder) and its law.
pub const CHECKS: &[(&str, Check)] = &[
    ("filter", filter::check),
    ("path", path::check),
    ("patch", patch::check),
    ("accept", accept::check),
    ("query", query::check),
    ("cursor", cursor::check),
    ("bulk", bulk::check),
    ("members", members::check),
    ("search", search::check),
];

/// The law of this name.
pub fn named(name: &str) -> Check {
    let found = CHECKS.iter().find(|(known, _)| *known == name);
    found.expect("a target is named in CHECKS").1
}

/// Users with the enterprise extension and one of a customer, holding an attribute of every type and mutability.
fn users() -> &'static ResourceType {
    static USERS: LazyLock<ResourceType> = LazyLock::new(make_users);
    &USERS
}

fn make_users() -> ResourceType {
    let custom = Schema {
        id: "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User".to_owned(),
        name: "Custom".to_owned(),
        description: "A customer's own attributes.".to_owned(),
        attributes: vec![
            Attribute::string("badge", "Badge").case_exact(),
            Attribute::new("tenure", AttrType::Integer, "Tenure"),
            Attribute::new("share", AttrType::Decimal, "Share"),
            Attribute::new("since", AttrType::DateTime, "Since"),
            Attribute::new("key", AttrType::Binary, "Key"),
            Attribute::new("onSite", AttrType::Boolean, "On site"),
            Attribute::new("home", AttrType::Reference, "Home").case_exact(),
            Attribute::string("origin", "Origin").mutability(Mutability::Immutable),
            Attribute::string("pin", "Pin").mutability(Mutability::WriteOnly),
            Attribute::string("tags", "Tags").multi(),
        ],
    };
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core: user(),
        extensions: vec![enterprise_user(), custom],
    }
}

fn groups() -> &'static ResourceType {
    static GROUPS: LazyLock<ResourceType> = LazyLock::new(|| ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Groups.".to_owned(),
        core: group(),
        extensions: vec![],
    });
    &GROUPS
}

/// Documents to change and to filter: a bare one, and one with something everywhere.
fn documents() -> &'static [Value; 2] {
    static DOCUMENTS: LazyLock<[Value; 2]> = LazyLock::new(|| {
        [
            serde_json::json!({"userName": "bob"}),
            serde_json::json!({
                "userName": "bob@contoso.com", "externalId": "7f-1", "active": true, "displayName": "Bob B", "title": "Lead",
                "name": {"givenName": "Bob", "familyName": "B"},
                "emails": [{"type": "work", "value": "bob@contoso.com", "primary": true}, {"type": "home", "value": "b@x.org"}],
                "addresses": [{"type": "work", "formatted": "Building 4", "country": "DK"}],
                "phoneNumbers": [{"type": "mobile", "value": "+45 1"}],
                "roles": [{"value": "admin", "primary": true}],
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
                    {"department": "IT", "manager": {"value": "usr_1"}},
                "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User":
                    {"badge": "A-1", "tenure": 4, "share": 0.5, "since": "2026-01-18T14:21:26Z", "onSite": false,
                     "origin": "hr", "tags": ["a", "b"]},
            }),
        ]
    });
    &DOCUMENTS
}

/// Whether a null, an empty text, list or object is anywhere inside of it: what a canonical document never holds.
fn has_empties(document: &Value) -> bool {
    let members = document.as_object().expect("a document is an object");
    members.values().any(is_empty)
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty() || items.iter().any(is_empty),
        Value::Object(map) => map.is_empty() || map.values().any(is_empty),
        _ => false,
    }
}

/// Whether a list anywhere in it has two elements that are `primary` (RFC 7643 §2.4 allows one).
fn has_two_primaries(value: &Value) -> bool {
    match value {
        Value::Array(items) => {
            let primaries = items.iter().filter(|item| item["primary"] == true).count();
            primaries > 1 || items.iter().any(has_two_primaries)
        }
        Value::Object(map) => map.values().any(has_two_primaries),
        _ => false,
    }
}

/// A PUT of what a GET answers is no change, and nothing of it is unknown: whatever made the resource, it has the one form.
fn put_of_what_is_read(rt: &ResourceType, resource: &Resource) {
    let meta = Meta {
        created: "1970-01-01T00:00:00Z".parse().expect("a time"),
        last_modified: "1970-01-01T00:00:00Z".parse().expect("a time"),
        version: Revision::FIRST,
        location: "https://localhost/scim/Users/usr_1".to_owned(),
    };
    let answer = Document::new(rt, "usr_1", resource, meta).to_json(&Projection::default().resolve(rt));
    let answer: Value = serde_json::from_slice(&answer).expect("an answer is JSON");
    let put = Resource::accept(rt, answer.clone()).expect("what is answered can be sent");
    assert_eq!(put.ignored, Vec::<String>::new(), "{answer}");
    let after = put.resource.replacing(rt, resource);
    assert_eq!(&after, resource, "{answer}");
    assert_eq!(diff(rt, resource, &after), Vec::new(), "{answer}");
}

/// An error is a sentence for people, of bounded length, and does not hold a line break.
fn check_error(error: &scim::Error) {
    assert!(
        error.detail.len() < 4096,
        "{} bytes of detail",
        error.detail.len()
    );
    assert!(error.detail.ends_with(['.', '!', '?']), "{}", error.detail);
}
