//! What becomes of the bodies Entra and others send: the variations C1–C16 of a create and the tolerance rules T1–T7
//! (`docs/background/entra-shapes.md`).
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use scim::path::AttrPath;
use scim::resource::{Accepted, Resource, check_immutable, fold};
use scim::schema::{
    AttrType, Attribute, ENTERPRISE_USER, GROUP, Mutability, ResourceType, Schema, USER, enterprise_user,
    group, restrict, user,
};
use serde_json::{Map, Value, json};

const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:CustomExtensionName:2.0:User";

fn users() -> ResourceType {
    let custom = Schema {
        id: CUSTOM.to_owned(),
        name: "Custom".to_owned(),
        description: "Custom".to_owned(),
        attributes: vec![
            Attribute::string("CustomAttribute", "Text."),
            Attribute::new("vip", AttrType::Boolean, "Flag."),
            Attribute::new("floor", AttrType::Integer, "Whole number."),
            Attribute::new("quota", AttrType::Decimal, "Number."),
            Attribute::new("since", AttrType::DateTime, "Date."),
            Attribute::new("photo", AttrType::Binary, "Picture."),
            Attribute::new("home", AttrType::Reference, "Page."),
            Attribute::new("lucky", AttrType::Integer, "Numbers.").multi(),
        ],
    };
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "User".to_owned(),
        core: user(),
        extensions: vec![enterprise_user(), custom],
    }
}

fn rooms() -> ResourceType {
    let keep: Vec<AttrPath> = ["active", "userName", "displayName", "addresses.formatted"]
        .iter()
        .map(|text| AttrPath::parse(text, &[]).unwrap())
        .collect();
    ResourceType {
        core: restrict(&user(), &keep),
        extensions: vec![],
        ..users()
    }
}

fn accept(body: Value) -> Accepted {
    Resource::accept(&users(), body).unwrap()
}

fn kept(body: Value) -> Value {
    Value::Object(accept(body).resource.into_map())
}

#[test]
fn every_variation_of_a_create_is_understood() {
    let table: Vec<(&str, Value, Value)> = vec![
        (
            "C1 meta and empty lists are left out",
            json!({"userName": "a", "meta": {"resourceType": "User"}, "roles": []}),
            json!({"userName": "a"}),
        ),
        (
            "C2 nulls are left out",
            json!({"userName": "a", "addresses": null, "phoneNumbers": null, "title": null, "manager": null,
                   "department": null}),
            json!({"userName": "a"}),
        ),
        (
            "C2 nulls inside elements; an element of nothing but its type goes",
            json!({"addresses": [{"type": "work", "formatted": null, "locality": "Oslo"}, {"type": "home", "region": null}]}),
            json!({"addresses": [{"type": "work", "locality": "Oslo"}]}),
        ),
        (
            "C3 active as text",
            json!({"active": "True"}),
            json!({"active": true}),
        ),
        (
            "C3 active as text, lower case",
            json!({"active": "false"}),
            json!({"active": false}),
        ),
        (
            "C4 active where nobody mapped it",
            json!({"active": true}),
            json!({"active": true}),
        ),
        (
            "C5 an extension listed but not there",
            json!({"schemas": [USER, ENTERPRISE_USER], "userName": "a"}),
            json!({"userName": "a"}),
        ),
        (
            "C5 C15 an extension there but not listed",
            json!({"schemas": [USER], ENTERPRISE_USER: {"department": "Sales"}}),
            json!({ENTERPRISE_USER: {"department": "Sales"}}),
        ),
        (
            "C6 C14 a custom extension that is not listed",
            json!({"schemas": [USER], CUSTOM: {"CustomAttribute": "x"}}),
            json!({CUSTOM: {"CustomAttribute": "x"}}),
        ),
        (
            "C7 other capitalisation",
            json!({"UserName": "a", "Emails": [{"Primary": true, "TYPE": "work", "Value": "a@b"}],
                   ENTERPRISE_USER.to_uppercase(): {"Department": "Sales", "Manager": {"Value": "7"}}}),
            json!({"userName": "a", "emails": [{"primary": true, "type": "work", "value": "a@b"}],
                   ENTERPRISE_USER: {"department": "Sales", "manager": {"value": "7"}}}),
        ),
        (
            "C7 a manager without its URN",
            json!({"Manager": {"Value": "7"}}),
            json!({ENTERPRISE_USER: {"manager": {"value": "7"}}}),
        ),
        (
            "C8 several e-mails of one type",
            json!({"emails": [{"type": "work", "value": "b"}, {"type": "work", "value": "a"}]}),
            json!({"emails": [{"type": "work", "value": "b"}, {"type": "work", "value": "a"}]}),
        ),
        (
            "C9 primary as text",
            json!({"roles": [{"primary": "True", "display": "D", "value": "V", "type": "T"}]}),
            json!({"roles": [{"primary": true, "display": "D", "value": "V", "type": "T"}]}),
        ),
        (
            "C10 app roles",
            json!({"roles": [{"primary": false, "type": "WindowsAzureActiveDirectoryRole", "display": "Admin", "value": "Admin"}]}),
            json!({"roles": [{"primary": false, "type": "WindowsAzureActiveDirectoryRole", "display": "Admin", "value": "Admin"}]}),
        ),
        (
            "C11 a manager nobody knows",
            json!({ENTERPRISE_USER: {"manager": {"value": "no-such", "displayName": "x", "$ref": "y"}}}),
            json!({ENTERPRISE_USER: {"manager": {"value": "no-such"}}}),
        ),
        (
            "C11 a manager as text",
            json!({ENTERPRISE_USER: {"manager": "271"}}),
            json!({ENTERPRISE_USER: {"manager": {"value": "271"}}}),
        ),
        (
            "C12 no e-mails",
            json!({"userName": "a", "emails": null}),
            json!({"userName": "a"}),
        ),
        (
            "C13 a guest",
            json!({"userName": "x_gmail.com#EXT#@tenant.onmicrosoft.com"}),
            json!({"userName": "x_gmail.com#EXT#@tenant.onmicrosoft.com"}),
        ),
        (
            "C13 not an address",
            json!({"userName": "004711"}),
            json!({"userName": "004711"}),
        ),
        (
            "C16 an id is ours",
            json!({"id": "mine", "userName": "a"}),
            json!({"userName": "a"}),
        ),
    ];
    for (what, body, expected) in table {
        let accepted = Resource::accept(&users(), body).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(Value::Object(accepted.resource.into_map()), expected, "{what}");
        assert_eq!(accepted.ignored, Vec::<String>::new(), "{what}");
    }
}

#[test]
fn the_tolerance_rules_hold_for_bodies() {
    for (what, body, expected) in [
        (
            "T3 text for a boolean of an extension",
            json!({CUSTOM: {"VIP": "FALSE"}}),
            json!({CUSTOM: {"vip": false}}),
        ),
        (
            "T3 text for a whole number",
            json!({CUSTOM: {"floor": "-12"}}),
            json!({CUSTOM: {"floor": -12}}),
        ),
        (
            "T3 text for a number",
            json!({CUSTOM: {"quota": "1.5"}}),
            json!({CUSTOM: {"quota": 1.5}}),
        ),
        (
            "T5 unknown schemas",
            json!({"schemas": ["urn:what:ever", USER], "userName": "a"}),
            json!({"userName": "a"}),
        ),
        (
            "T5 schemas missing",
            json!({"userName": "a"}),
            json!({"userName": "a"}),
        ),
        (
            "T6 groups are read-only",
            json!({"groups": [{"value": "g"}], "id": "x", "meta": "y"}),
            json!({}),
        ),
        (
            "T7 empty text is no value",
            json!({"title": "", ENTERPRISE_USER: {"manager": {"value": ""}}}),
            json!({}),
        ),
        (
            "T7 an empty object is no value",
            json!({"name": {}, ENTERPRISE_USER: {"manager": ""}}),
            json!({}),
        ),
        (
            "one object for a list of one",
            json!({"emails": {"value": "a"}}),
            json!({"emails": [{"value": "a"}]}),
        ),
        (
            "one list for a single object",
            json!({ENTERPRISE_USER: {"manager": [{"value": "1", "$ref": "u"}]}}),
            json!({ENTERPRISE_USER: {"manager": {"value": "1"}}}),
        ),
        (
            "dotted names",
            json!({"name.givenName": "A", "name": {"familyName": "B"}}),
            json!({"name": {"givenName": "A", "familyName": "B"}}),
        ),
        (
            "flattened extension",
            json!({format!("{ENTERPRISE_USER}:department"): "S", ENTERPRISE_USER: {"division": "D"}}),
            json!({ENTERPRISE_USER: {"department": "S", "division": "D"}}),
        ),
        (
            "the core URN as an object",
            json!({USER: {"userName": "a"}}),
            json!({"userName": "a"}),
        ),
        (
            "one name in two spellings saying the same",
            json!({"active": "True", "Active": true}),
            json!({"active": true}),
        ),
        (
            "T12 the last primary wins",
            json!({"emails": [{"value": "a", "primary": true}, {"value": "b", "primary": "true"}]}),
            json!({"emails": [{"value": "a", "primary": false}, {"value": "b", "primary": true}]}),
        ),
    ] {
        assert_eq!(kept(body), expected, "{what}");
    }
}

#[test]
fn values_are_kept_byte_for_byte_and_in_order() {
    let body = json!({
        "userName": "  Bob@Contoso.COM ",
        "externalId": "0A21-ABC",
        "displayName": "O'Brien\u{a0}\u{301}\t<b>",
        "name": {"familyName": "Ærø", "givenName": " "},
        "phoneNumbers": [{"value": "+45 (1) 2", "type": "MOBILE"}, {"type": "work", "value": "0"}],
        "profileUrl": "not a uri",
        CUSTOM: {"since": "2024-05-13T04:42:34.00Z", "CustomAttribute": "null"},
    });
    let resource = accept(body.clone()).resource;
    assert_eq!(
        serde_json::to_string(resource.as_map()).unwrap(),
        serde_json::to_string(&body).unwrap()
    );
    let again = Resource::accept(&users(), Value::Object(resource.as_map().clone())).unwrap();
    assert_eq!(again.resource, resource, "accepting is idempotent");
}

#[test]
fn what_the_directory_does_not_have_is_left_out_and_named() {
    let body = json!({
        "userName": "a", "shoeSize": 46, "emptyOne": null, "pets": [{"name": "Rex"}],
        "name": {"givenName": "A", "maidenName": "B", "nothing": ""},
        "emails": [{"value": "x", "label": "1"}, {"value": "y", "label": "2"}],
        "car": {"make": "Volvo", "model": null},
        "urn:what:ever:2.0:User": {"badge": "7"},
        ENTERPRISE_USER: {"department": "S", "parking": "P1"},
        "bad name": 1,
        "password": "hunter2",
    });
    let accepted = accept(body);
    assert_eq!(
        accepted.ignored,
        [
            "shoeSize",
            "pets",
            "name.maidenName",
            "emails.label",
            "car.make",
            "urn:what:ever:2.0:User:badge",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:parking",
            "bad name",
            "password",
        ]
    );
    let text = serde_json::to_string(accepted.resource.as_map()).unwrap();
    assert!(!text.contains("hunter2"), "a password is never kept");
    assert!(!text.contains("maidenName"));
}

#[test]
fn a_room_has_no_name_and_is_told_so() {
    let body = json!({"schemas": [USER, ENTERPRISE_USER], "userName": "room@x", "displayName": "Room", "active": "True",
        "name": {"givenName": "G", "familyName": "F"}, "addresses": [{"type": "work", "formatted": "B4", "primary": true}],
        ENTERPRISE_USER: {"department": "S"}});
    let accepted = Resource::accept(&rooms(), body).unwrap();
    assert_eq!(
        accepted.ignored,
        [
            "name.givenName",
            "name.familyName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
        ]
    );
    assert_eq!(
        Value::Object(accepted.resource.into_map()),
        json!({"userName": "room@x", "displayName": "Room", "active": true,
            "addresses": [{"type": "work", "formatted": "B4", "primary": true}]})
    );
}

#[test]
fn a_wrong_type_is_refused_naming_attribute_expectation_finding_and_next_step_but_never_the_value() {
    for (body, attribute, says) in [
        (
            json!({"userName": true}),
            "userName",
            "must be text, but a boolean was sent",
        ),
        (
            json!({"userName": ["s3cret", "s3cret2"]}),
            "userName",
            "must be text, but a list was sent",
        ),
        (
            json!({"active": "s3cret"}),
            "active",
            "must be a boolean (true or false), but text that does not read as one",
        ),
        (
            json!({"active": 1}),
            "active",
            "must be a boolean (true or false), but a number was sent",
        ),
        (json!({"name": "s3cret"}), "name", "must be an object, but text"),
        (
            json!({"name": {"givenName": {"s3cret": 1}}}),
            "name.givenName",
            "must be text, but an object was sent",
        ),
        (
            json!({"emails": [{"value": true}]}),
            "emails.value",
            "must be text, but a boolean was sent",
        ),
        (json!({"addresses": ["s3cret"]}), "addresses", "must be an object"),
        (
            json!({CUSTOM: {"floor": "s3cret"}}),
            &format!("{CUSTOM}:floor"),
            "must be a whole number",
        ),
        (
            json!({CUSTOM: {"floor": 1.5}}),
            &format!("{CUSTOM}:floor"),
            "must be a whole number, but a number",
        ),
        (
            json!({CUSTOM: {"quota": "s3cret"}}),
            &format!("{CUSTOM}:quota"),
            "must be a number",
        ),
        (
            json!({CUSTOM: {"since": 5}}),
            &format!("{CUSTOM}:since"),
            "date and time",
        ),
        (
            json!({CUSTOM: {"since": "s3cret"}}),
            &format!("{CUSTOM}:since"),
            "date and time",
        ),
        (
            json!({CUSTOM: {"since": "2024-13-01T00:00:00Z"}}),
            &format!("{CUSTOM}:since"),
            "such as \"2024-05-13T04:42:34Z\"",
        ),
        (
            json!({CUSTOM: {"photo": "s3cret!"}}),
            &format!("{CUSTOM}:photo"),
            "must be text in base64",
        ),
        (
            json!({CUSTOM: {"home": true}}),
            &format!("{CUSTOM}:home"),
            "must be text holding a URI or an id, but a boolean",
        ),
        (
            json!({CUSTOM: {"lucky": ["7", "s3cret"]}}),
            &format!("{CUSTOM}:lucky"),
            "must be a whole number",
        ),
        (
            json!({ENTERPRISE_USER: "s3cret"}),
            ENTERPRISE_USER,
            "must be an object",
        ),
        (
            json!({ENTERPRISE_USER: {"manager": [{"value": "1"}, {"value": "2"}]}}),
            &format!("{ENTERPRISE_USER}:manager"),
            "a list was sent",
        ),
        (
            json!({"schemas": {"s3cret": 1}}),
            "schemas",
            "must be a list of URNs",
        ),
    ] {
        let error = Resource::accept(&users(), body.clone()).unwrap_err();
        assert_eq!(error.scim_type.as_str(), "invalidValue", "{body}");
        assert_eq!(error.attribute.as_deref(), Some(attribute), "{body}");
        assert!(
            error.detail.contains(&format!("'{attribute}'")),
            "{}",
            error.detail
        );
        assert!(error.detail.contains(says), "{}", error.detail);
        assert!(error.detail.contains("attribute mapping"), "{}", error.detail);
        assert!(!error.detail.contains("s3cret"), "{}", error.detail);
    }
}

#[test]
fn one_name_in_two_spellings_with_two_values_is_refused() {
    for body in [
        json!({"title": "a", "Title": "b"}),
        json!({"name": {"givenName": "a", "GIVENNAME": "b"}}),
        json!({"name": {"givenName": "a"}, "name.givenName": "b"}),
        json!({ENTERPRISE_USER: {"department": "a"}, "department": "b"}),
    ] {
        let error = Resource::accept(&users(), body).unwrap_err();
        assert_eq!(error.scim_type.as_str(), "invalidValue");
        assert!(error.detail.contains("was sent twice"), "{}", error.detail);
    }
}

#[test]
fn a_body_that_is_no_object_is_refused() {
    for (body, found) in [
        (json!([]), "a list"),
        (json!("x"), "text"),
        (json!(null), "null"),
        (json!(1), "a number"),
    ] {
        let error = Resource::accept(&users(), body).unwrap_err();
        assert_eq!(error.scim_type.as_str(), "invalidSyntax");
        assert!(
            error.detail.contains("must be a JSON object") && error.detail.contains(found),
            "{}",
            error.detail
        );
    }
}

#[test]
fn a_group_keeps_its_members_in_order() {
    let groups = ResourceType {
        name: "Group".into(),
        core: group(),
        extensions: vec![],
        ..users()
    };
    let body = json!({"schemas": [GROUP], "displayName": "G", "members": [
        {"value": "2", "display": "x", "$ref": "u"}, {"value": "1", "type": "User"}, null]});
    let accepted = Resource::accept(&groups, body).unwrap();
    assert_eq!(
        Value::Object(accepted.resource.into_map()),
        json!({"displayName": "G", "members": [{"value": "2"}, {"value": "1", "type": "User"}]})
    );
}

#[test]
fn values_are_found_by_the_paths_of_mappings() {
    let rt = users();
    let resource = accept(json!({
        "userName": "u", "active": false, "externalId": "E", "displayName": "D",
        "emails": [{"type": "home", "value": "h"}, {"type": "Work", "value": "w", "primary": true}, {"value": "n"}],
        "addresses": [{"type": "work", "formatted": "B4"}],
        "name": {"givenName": "  "},
        ENTERPRISE_USER: {"department": "S", "manager": {"value": "7"}},
    }))
    .resource;
    for (path, expected) in [
        ("userName", json!(["u"])),
        ("USERNAME", json!(["u"])),
        ("externalId", json!(["E"])),
        ("emails.value", json!(["h", "w", "n"])),
        (r#"emails[type eq "work"].value"#, json!(["w"])),
        (r#"emails[primary eq "True"].value"#, json!(["w"])),
        (r#"emails[type eq "other"].value"#, json!([])),
        (r#"addresses[type eq "work"].formatted"#, json!(["B4"])),
        (&format!("{ENTERPRISE_USER}:department"), json!(["S"])),
        (&format!("{ENTERPRISE_USER}:manager.value"), json!(["7"])),
        ("title", json!([])),
        ("shoeSize", json!([])),
    ] {
        let path = rt.parse_value_path(path).unwrap();
        assert_eq!(json!(resource.values_at(&path)), expected, "{path}");
        assert_eq!(resource.is_missing(&path), expected == json!([]), "{path}");
    }
    assert!(rt.parse_value_path("not a path").is_err(), "no mapping has it");
    let given_name = rt.parse_value_path("name.givenName").unwrap();
    assert!(resource.is_missing(&given_name), "blank is missing");
    assert_eq!(
        (
            resource.user_name(),
            resource.external_id(),
            resource.display_name()
        ),
        (Some("u"), Some("E"), Some("D"))
    );
    assert_eq!(
        (resource.email("WORK"), resource.email("other"), resource.active()),
        (Some("w"), None, false)
    );
    assert!(
        Resource::from_stored(Map::new()).active(),
        "who does not say is active"
    );
}

#[test]
fn the_key_without_case_does_not_depend_on_neighbours() {
    assert_eq!(fold("BJensen@Contoso.com"), "bjensen@contoso.com");
    assert_eq!(fold("ÅSE ÆRØ"), "åse ærø");
    assert_eq!(
        fold("ΟΔΟΣ"),
        format!("{}{}", fold("ΟΔΟ"), fold("Σ")),
        "a prefix's key is a prefix of the key"
    );
}

#[test]
fn every_type_of_a_custom_attribute_is_taken_as_text_or_native_and_kept_in_one_form() {
    for (name, sent, kept) in [
        ("vip", json!("True"), json!(true)),
        ("vip", json!(false), json!(false)),
        ("floor", json!("-3"), json!(-3)),
        ("floor", json!(3), json!(3)),
        (
            "floor",
            json!("18446744073709551615"),
            json!(18_446_744_073_709_551_615_u64),
        ),
        ("quota", json!("1.5"), json!(1.5)),
        (
            "quota",
            json!("0.1234567890123456"),
            json!(0.123_456_789_012_345_6),
        ),
        ("quota", json!(2), json!(2)),
        (
            "since",
            json!("2024-05-13T04:42:34Z"),
            json!("2024-05-13T04:42:34Z"),
        ),
        (
            "since",
            json!("2024-05-13T04:42:34.1234567+02:00"),
            json!("2024-05-13T04:42:34.1234567+02:00"),
        ),
        (
            "since",
            json!("2024-05-13T04:42:34"),
            json!("2024-05-13T04:42:34"),
        ),
        ("photo", json!("aGVsbG8="), json!("aGVsbG8=")),
        ("photo", json!("aGVsbG8"), json!("aGVsbG8")),
        ("photo", json!("_-8"), json!("_-8")),
        ("home", json!("not a URI at all"), json!("not a URI at all")),
        ("lucky", json!("7"), json!([7])),
        ("lucky", json!(["7", 8]), json!([7, 8])),
        ("CustomAttribute", json!("00123"), json!("00123")),
    ] {
        let found = self::kept(json!({CUSTOM: {name: sent}}));
        assert_eq!(found, json!({CUSTOM: {name: kept}}), "{name}");
    }
}

#[test]
fn an_integer_has_no_fraction_and_no_exponent() {
    for sent in [
        "1.5",
        "1.0",
        "1e2",
        "1E2",
        "10e-1",
        "18446744073709551616",
        "\"1.5\"",
        "\"1.0\"",
        "\"1e2\"",
        "\"18446744073709551616\"",
    ] {
        let number: Value = serde_json::from_str(sent).unwrap();
        let error = Resource::accept(&users(), json!({CUSTOM: {"floor": number}})).expect_err(sent);
        assert_eq!(error.scim_type.as_str(), "invalidValue", "{sent}");
        assert!(
            error
                .detail
                .contains(&format!("'{CUSTOM}:floor' must be a whole number")),
            "{sent}: {error}"
        );
    }
}

#[test]
fn the_name_of_a_manager_is_the_servers_to_say() {
    let manager = |manager: Value| json!({"userName": "u", ENTERPRISE_USER: {"manager": manager}});
    assert_eq!(
        kept(manager(json!({"value": "7", "displayName": "Somebody else"}))),
        manager(json!({"value": "7"}))
    );
}

#[test]
fn a_put_leaves_active_and_what_is_set_once_as_they_are_when_it_does_not_name_them() {
    let mut rt = users();
    rt.extensions[1].attributes[0].mutability = Mutability::Immutable;
    let resource = |body: Value| Resource::accept(&rt, body).unwrap().resource;
    let before = resource(
        json!({"userName": "a", "title": "Dr", "active": false, CUSTOM: {"CustomAttribute": "x", "floor": 1}}),
    );
    let silent = resource(json!({"userName": "b"})).replacing(&rt, &before);
    assert_eq!(
        silent,
        resource(json!({"userName": "b", "active": false, CUSTOM: {"CustomAttribute": "x"}}))
    );
    assert_eq!(check_immutable(&rt, &before, &silent), Ok(()));
    let saying = resource(json!({"userName": "b", "active": true, CUSTOM: {"CustomAttribute": "y"}}));
    let saying = saying.replacing(&rt, &before);
    assert!(saying.active());
    let refused = check_immutable(&rt, &before, &saying).unwrap_err();
    assert_eq!(refused.scim_type.as_str(), "mutability");
    assert!(
        refused
            .detail
            .contains(&format!("{CUSTOM}:CustomAttribute can be set once")),
        "{refused}"
    );
    let removed = resource(json!({"userName": "b"}));
    assert!(check_immutable(&rt, &before, &removed).is_err());
    let first = resource(json!({"userName": "a"}));
    assert_eq!(check_immutable(&rt, &first, &saying), Ok(()));
}
