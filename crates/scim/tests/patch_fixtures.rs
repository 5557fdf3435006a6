//! Every request shape Entra is known to send, as a file: resource before, request, resource after.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test program: its helpers may stop it"
)]

use std::collections::BTreeSet;
use std::path::Path;

use scim::filter::Filter;
use scim::patch::{PatchRequest, apply};
use scim::quirk::entra::decoded_once_more;
use scim::quirk::rules::ENTRA;
use scim::resource::Resource;
use scim::schema::{AttrType, Attribute, ResourceType, Schema, enterprise_user, group, user};
use serde_json::{Map, Value};

/// One file.
struct Fixture {
    name: String,
    content: Value,
}

impl Fixture {
    fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/entra");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort();
        files
            .into_iter()
            .map(|path| Self {
                name: path.file_stem().unwrap().to_string_lossy().into_owned(),
                content: serde_json::from_str(&std::fs::read_to_string(&path).unwrap())
                    .unwrap_or_else(|error| panic!("{}: {error}", path.display())),
            })
            .collect()
    }

    fn texts(&self, key: &str) -> Vec<String> {
        let items = self
            .content
            .get(key)
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        items
            .iter()
            .map(|item| item.as_str().unwrap().to_owned())
            .collect()
    }

    fn resource_type(&self) -> ResourceType {
        if self.content.get("resource") == Some(&Value::from("Group")) {
            groups()
        } else {
            users()
        }
    }

    fn resource(&self, key: &str) -> Resource {
        Resource::from_stored(self.object(key))
    }

    fn object(&self, key: &str) -> Map<String, Value> {
        self.content
            .get(key)
            .and_then(Value::as_object)
            .unwrap_or_else(|| panic!("{}: no {key}", self.name))
            .clone()
    }
}

fn users() -> ResourceType {
    let custom = Schema {
        id: "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User".to_owned(),
        name: "Custom".to_owned(),
        description: "A customer's own attributes.".to_owned(),
        attributes: vec![
            Attribute::string("CustomAttribute", "Text."),
            Attribute::new("tenure", AttrType::Integer, "Years."),
            Attribute::new("remote", AttrType::Boolean, "Works from home."),
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

fn groups() -> ResourceType {
    ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Groups.".to_owned(),
        core: group(),
        extensions: Vec::new(),
    }
}

#[test]
fn every_shape_of_entra_has_its_effect_and_twice_is_as_once() {
    for fixture in Fixture::all()
        .iter()
        .filter(|fixture| fixture.content.get("request").is_some())
    {
        let (rt, name) = (fixture.resource_type(), &fixture.name);
        let request = PatchRequest::parse(fixture.content["request"].clone())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let once = apply(&rt, &fixture.resource("before"), &request, &ENTRA)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(once.resource, fixture.resource("after"), "{name}");
        assert_eq!(once.ignored, fixture.texts("ignored"), "{name}: ignored");
        let twice = apply(&rt, &once.resource, &request, &ENTRA)
            .unwrap_or_else(|error| panic!("{name}, twice: {error}"));
        assert_eq!(twice.resource, once.resource, "{name}: done twice");
        let order = |resource: &Resource| serde_json::to_string(resource.as_map()).unwrap();
        assert_eq!(
            order(&twice.resource),
            order(&once.resource),
            "{name}: the order of names is kept"
        );
    }
}

#[test]
fn every_lenient_filter_of_entra_finds_what_it_means() {
    for fixture in Fixture::all()
        .iter()
        .filter(|fixture| fixture.content.get("filter").is_some())
    {
        let rt = users();
        if let Some(sent) = fixture.content.get("sent") {
            let decoded = decoded_once_more(sent.as_str().unwrap());
            assert_eq!(
                decoded.as_deref(),
                fixture.content["filter"].as_str(),
                "{}",
                fixture.name
            );
        }
        let filter = Filter::parse(fixture.content["filter"].as_str().unwrap(), &rt)
            .unwrap_or_else(|error| panic!("{}: {error}", fixture.name));
        let found = filter.matches(&rt, &fixture.content["document"]);
        assert_eq!(
            Value::Bool(found),
            fixture.content["matches"],
            "{}: {filter}",
            fixture.name
        );
    }
}

#[test]
fn decoding_once_more_never_asks_something_else() {
    for filter in [
        "userName eq \"a@b.com\"",
        "userName eq \"100%\"",
        "userName eq \"x%22 or active eq %22true\"",
        "userName eq \"x%5C\"",
        "userName eq \"%ff\"",
    ] {
        assert_eq!(decoded_once_more(filter), None, "{filter}");
    }
}

#[test]
fn no_shape_and_no_quirk_is_without_a_fixture() {
    let fixtures = Fixture::all();
    let shapes: BTreeSet<&str> = fixtures
        .iter()
        .filter_map(|fixture| fixture.content["shape"].as_str())
        .collect();
    let counted = [("P", 11), ("F", 6), ("M", 9), ("R", 5), ("N", 9)];
    let wanted = counted
        .iter()
        .flat_map(|(letter, last)| (1..=*last).map(move |n| format!("{letter}{n}")));
    let missing: Vec<String> = wanted.filter(|shape| !shapes.contains(shape.as_str())).collect();
    assert!(missing.is_empty(), "shapes without a fixture: {missing:?}");

    let source =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/quirk/entra.rs")).unwrap();
    let functions: BTreeSet<&str> = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub fn "))
        .filter_map(|line| line.split(['(', '<']).next())
        .collect();
    let named: BTreeSet<String> = fixtures
        .iter()
        .flat_map(|fixture| fixture.texts("quirks"))
        .collect();
    let named: BTreeSet<&str> = named.iter().map(String::as_str).collect();
    assert_eq!(
        functions, named,
        "functions of quirk::entra and the quirks named by fixtures"
    );
}
