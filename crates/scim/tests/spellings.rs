//! Each spelling of a value that is tolerated, at each door of the server: a leniency belongs to an attribute's type, not to
//! the request that carries it (ADR 0037).
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test program: its helpers may stop it"
)]

use scim::bulk::{BulkAction, BulkPlan, BulkRequest, BulkStep, UserOrGroup};
use scim::membership::Membership;
use scim::patch::{PatchRequest, StoredMembers, apply, apply_to_group};
use scim::quirk::rules::{ENTRA, GENERIC};
use scim::resource::Resource;
use scim::schema::{
    AttrType, Attribute, ENTERPRISE_USER, ResourceType, Schema, enterprise_user, group, user,
};
use scim::{Error, exact};
use serde_json::{Map, Value, json};

const OWN: &str = "urn:ietf:params:scim:schemas:extension:Own:2.0:User";

fn users() -> ResourceType {
    let own = Schema {
        id: OWN.to_owned(),
        name: "Own".to_owned(),
        description: "A customer's own attributes.".to_owned(),
        attributes: vec![
            Attribute::string("badge", "Badge"),
            Attribute::new("tenure", AttrType::Integer, "Tenure"),
            Attribute::new("share", AttrType::Decimal, "Share"),
            Attribute::new("onSite", AttrType::Boolean, "On site"),
            Attribute::new("since", AttrType::DateTime, "Since"),
            Attribute::new("key", AttrType::Binary, "Key"),
            Attribute::new("home", AttrType::Reference, "Home"),
            Attribute::string("tags", "Tags").multi(),
            Attribute::new("scores", AttrType::Integer, "Scores").multi(),
            Attribute::new("flags", AttrType::Boolean, "Flags").multi(),
        ],
    };
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core: user(),
        extensions: vec![enterprise_user(), own],
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

/// JSON as it comes in.
fn read(text: &str) -> Value {
    serde_json::from_slice(&exact::quoted(text.as_bytes())).unwrap()
}

/// A place in a resource: its schema (empty for the core), its attribute, its part.
type Place = (&'static str, &'static str, &'static str);

const TITLE: Place = ("", "title", "");
const GIVEN: Place = ("", "name", "givenName");
const EMAILS: Place = ("", "emails", "");
const MANAGER: Place = (ENTERPRISE_USER, "manager", "");
const MANAGER_VALUE: Place = (ENTERPRISE_USER, "manager", "value");

const fn own(attribute: &'static str) -> Place {
    (OWN, attribute, "")
}

/// Every way to write a value at a place in the body of a POST or PUT: nested, with a dotted key, with a URN in the key.
fn bodies((schema, attribute, part): Place, value: &Value) -> Vec<Value> {
    let object = |key: &str, value: Value| Value::Object(Map::from_iter([(key.to_owned(), value)]));
    let mut inner = vec![object(attribute, value.clone())];
    if !part.is_empty() {
        inner = vec![
            object(attribute, object(part, value.clone())),
            object(&format!("{attribute}.{part}"), value.clone()),
        ];
    }
    let urn = if schema.is_empty() {
        scim::schema::USER
    } else {
        schema
    };
    let mut all: Vec<Value> = inner.iter().map(|inner| object(urn, inner.clone())).collect();
    for inner in inner {
        let Value::Object(inner) = inner else { continue };
        for (key, value) in inner {
            if schema.is_empty() {
                all.push(object(&key, value.clone()));
            }
            all.push(object(&format!("{urn}:{key}"), value));
        }
    }
    all
}

/// Every way to write it in a PATCH: by path, by the path of the schema, and in an object without path in each of the ways
/// a body has.
fn operations(place: Place, value: &Value) -> Vec<Value> {
    let (schema, attribute, part) = place;
    let dot = if part.is_empty() { "" } else { "." };
    let urn = if schema.is_empty() {
        scim::schema::USER
    } else {
        schema
    };
    let mut paths = vec![format!("{urn}:{attribute}{dot}{part}")];
    if schema.is_empty() {
        paths.push(format!("{attribute}{dot}{part}"));
    }
    let mut all = Vec::new();
    for verb in ["Add", "add", "replace"] {
        all.extend(
            paths
                .iter()
                .map(|path| json!({"op": verb, "path": path, "value": value})),
        );
        for body in bodies(place, value) {
            if let Some(inner) = body.get(urn) {
                all.push(json!({"op": verb, "path": urn, "value": inner}));
            }
            all.push(json!({"op": verb, "value": body}));
        }
    }
    all
}

/// What Bulk hands on of an operation's data.
fn through_bulk(rt: &ResourceType, method: &str, data: &Value) -> Value {
    let kind = if rt.name == "User" {
        UserOrGroup::User
    } else {
        UserOrGroup::Group
    };
    let path = match method {
        "POST" => rt.endpoint.clone(),
        _ => format!("{}/1", rt.endpoint),
    };
    let body = json!({"Operations": [{"method": method, "path": path, "bulkId": "b", "data": data}]});
    let id = (method != "POST").then(|| "1".to_owned());
    let target = |_: &str| Some((kind, id.clone()));
    let request = BulkRequest::parse(body, &target).unwrap_or_else(|_| panic!("{data} is no bulk"));
    let types = [(kind, rt)];
    let mut plan = BulkPlan::new(request, &types);
    match plan.step() {
        Some(BulkStep::Do(_, work)) => match work.action {
            BulkAction::Create(body) | BulkAction::Replace(_, body) | BulkAction::Patch(_, body) => body,
            BulkAction::Delete(id) => panic!("DELETE of {id}"),
        },
        other => panic!("{other:?}"),
    }
}

fn person() -> Resource {
    Resource::accept(&users(), json!({"userName": "bob"}))
        .unwrap()
        .resource
}

/// The value at a place after each request that writes it there, with the request.
fn everywhere(place: Place, value: &Value) -> Vec<(String, Result<Option<Value>, Error>)> {
    let rt = users();
    let look = |resource: &Resource| {
        let (schema, attribute, part) = place;
        let document = Value::Object(resource.as_map().clone());
        let mut holder = Some(&document);
        for key in [schema, attribute, part]
            .into_iter()
            .filter(|key| !key.is_empty())
        {
            holder = holder.and_then(|holder| holder.get(key));
        }
        holder.cloned()
    };
    let mut seen = Vec::new();
    for mut body in bodies(place, value) {
        let members = body.as_object_mut().unwrap();
        members.insert("userName".to_owned(), "bob".into());
        for method in ["POST", "PUT", "Bulk POST", "Bulk PUT"] {
            let sent = match method.strip_prefix("Bulk ") {
                Some(method) => through_bulk(&rt, method, &body),
                None => body.clone(),
            };
            let accepted = Resource::accept(&rt, sent).map(|accepted| {
                if method.ends_with("PUT") {
                    accepted.resource.replacing(&rt, &person())
                } else {
                    accepted.resource
                }
            });
            seen.push((
                format!("{method} {body}"),
                accepted.map(|resource| look(&resource)),
            ));
        }
    }
    for operation in operations(place, value) {
        let body = json!({"Operations": [operation]});
        for (name, rules, body) in [
            ("PATCH", &ENTRA, body.clone()),
            ("PATCH of a generic client", &GENERIC, body.clone()),
            ("Bulk PATCH", &ENTRA, through_bulk(&rt, "PATCH", &body)),
        ] {
            let request = PatchRequest::parse(body);
            let patched = request.and_then(|request| apply(&rt, &person(), &request, rules));
            let found = patched.map(|patched| {
                assert_eq!(patched.ignored, Vec::<String>::new(), "{name} {operation}");
                look(&patched.resource)
            });
            seen.push((format!("{name} {operation}"), found));
        }
    }
    seen
}

/// A value in every wrapping that is tolerated around a single one.
fn wrapped(value: &str) -> Vec<String> {
    let around = [
        "@",
        "[@]",
        "{\"value\":@}",
        "{\"Value\":@}",
        "[{\"value\":@}]",
        "[{\"$ref\":null,\"value\":@}]",
        "{\"value\":[@]}",
    ];
    around.iter().map(|around| around.replace('@', value)).collect()
}

#[test]
fn each_spelling_means_the_same_at_each_door() {
    let singles = [
        (TITLE, "\"Dr\"", json!("Dr")),
        (TITLE, "5", json!("5")),
        (TITLE, "1.50", json!("1.50")),
        (TITLE, "9007199254740993", json!("9007199254740993")),
        (TITLE, "18446744073709551615", json!("18446744073709551615")),
        (TITLE, "12345678901234567890123", json!("12345678901234567890123")),
        (GIVEN, "\"Bob\"", json!("Bob")),
        (GIVEN, "42", json!("42")),
        (own("badge"), "\"A-1\"", json!("A-1")),
        (own("badge"), "-0", json!("-0")),
        (own("home"), "7", json!("7")),
        (own("home"), "\"https://x.example\"", json!("https://x.example")),
        (("", "active", ""), "true", json!(true)),
        (("", "active", ""), "\"False\"", json!(false)),
        (own("onSite"), "\"TRUE\"", json!(true)),
        (own("tenure"), "42", json!(42)),
        (own("tenure"), "\"42\"", json!(42)),
        (own("share"), "0.5", json!(0.5)),
        (own("share"), "\"0.5\"", json!(0.5)),
        (own("share"), "0.50", json!(0.5)),
        (
            own("since"),
            "\"2026-01-18T14:21:26Z\"",
            json!("2026-01-18T14:21:26Z"),
        ),
        (own("key"), "\"TQ==\"", json!("TQ==")),
        (MANAGER, "\"271\"", json!({"value": "271"})),
        (MANAGER, "271", json!({"value": "271"})),
        (MANAGER_VALUE, "\"271\"", json!("271")),
        (MANAGER_VALUE, "271", json!("271")),
        // A list takes a single value in the place of several.
        (own("tags"), "\"10\"", json!(["10"])),
        (own("tags"), "10", json!(["10"])),
        (own("scores"), "\"3\"", json!([3])),
        (own("flags"), "\"True\"", json!([true])),
        (EMAILS, "\"a@x.example\"", json!([{"value": "a@x.example"}])),
        (EMAILS, "7", json!([{"value": "7"}])),
    ];
    let lists = [
        (own("tags"), r#"["10","20"]"#, json!(["10", "20"])),
        (
            own("tags"),
            r#"[{"value":"10"},{"value":"20"}]"#,
            json!(["10", "20"]),
        ),
        (
            own("tags"),
            r#"[{"$ref":null,"value":"10"},"20",30,null,""]"#,
            json!(["10", "20", "30"]),
        ),
        (own("tags"), r#"{"value":["10","20"]}"#, json!(["10", "20"])),
        (own("tags"), r#"["10",{"value":10},"20"]"#, json!(["10", "20"])),
        (
            own("scores"),
            r#"[1,"2",{"value":"3"},{"value":4}]"#,
            json!([1, 2, 3, 4]),
        ),
        (
            EMAILS,
            r#"["a@x.example",{"value":"b@x.example"}]"#,
            json!([{"value": "a@x.example"}, {"value": "b@x.example"}]),
        ),
        (
            EMAILS,
            r#"[{"Value":["a@x.example"],"PRIMARY":"True","type":[{"value":"work"}],"display":null,"$ref":null}]"#,
            json!([{"value": "a@x.example", "primary": true, "type": "work"}]),
        ),
        (
            EMAILS,
            r#"{"value":"a@x.example","type":"work"}"#,
            json!([{"value": "a@x.example", "type": "work"}]),
        ),
        (
            EMAILS,
            r#"[{"type":"work","value":"a@x.example"},{"type":"work","value":"A@x.example"},{"type":"home","primary":true}]"#,
            json!([{"type": "work", "value": "A@x.example"}]),
        ),
        (
            MANAGER,
            r#"[{"$ref":null,"value":271,"displayName":null}]"#,
            json!({"value": "271"}),
        ),
    ];
    let mut rows: Vec<(Place, String, Value)> = lists
        .map(|(place, sent, kept)| (place, sent.to_owned(), kept))
        .into();
    for (place, sent, kept) in singles {
        rows.extend(wrapped(sent).into_iter().map(|sent| (place, sent, kept.clone())));
    }
    for (place, sent, kept) in rows {
        for (request, found) in everywhere(place, &read(&sent)) {
            let found = found.unwrap_or_else(|error| panic!("{request}: {error}"));
            assert_eq!(found.as_ref(), Some(&kept), "{request}");
        }
    }
}

#[test]
fn nothing_is_nothing_at_each_door() {
    for place in [
        TITLE,
        GIVEN,
        own("badge"),
        own("tenure"),
        own("onSite"),
        own("since"),
        own("tags"),
        own("flags"),
        EMAILS,
        MANAGER,
    ] {
        for nothing in [
            "null",
            "\"\"",
            "[\"\"]",
            "{\"value\":\"\"}",
            "[]",
            "{}",
            "[null]",
            "{\"value\":null}",
            "[{\"$ref\":null,\"value\":null}]",
        ] {
            for (request, found) in everywhere(place, &read(nothing)) {
                let found = found.unwrap_or_else(|error| panic!("{request}: {error}"));
                assert_eq!(found, None, "{request}");
            }
        }
    }
}

#[test]
fn what_is_no_spelling_of_the_type_is_refused_at_each_door_by_name() {
    for (place, sent) in [
        (TITLE, "true"),
        (TITLE, "[\"a\",\"b\"]"),
        (TITLE, "{\"display\":\"x\"}"),
        (("", "active", ""), "\"perhaps\""),
        (("", "active", ""), "1"),
        (own("tenure"), "\"4.5\""),
        (own("tenure"), "4.50"),
        (own("since"), "5"),
        (own("key"), "\"a b\""),
        (own("key"), "\"+_==\""),
        (own("tags"), "[true]"),
        (EMAILS, "[true]"),
        (("", "name", ""), "\"Bob\""),
    ] {
        for (request, found) in everywhere(place, &read(sent)) {
            let error = found.err().unwrap_or_else(|| panic!("{request} is taken"));
            assert_eq!(
                error.scim_type,
                scim::ScimType::InvalidValue,
                "{request}: {error}"
            );
            assert!(error.detail.contains(place.1), "{request}: {error}");
        }
    }
}

#[test]
fn the_parts_of_selected_elements_are_read_alike() {
    let rt = users();
    let body = json!({"userName": "bob", "emails": [{"type": "work", "value": "old@x.example"}]});
    let before = Resource::accept(&rt, body).unwrap().resource;
    let element = |value: &str, primary: Option<bool>| {
        let mut element = json!({"type": "work", "value": value});
        if let Some(primary) = primary {
            element["primary"] = primary.into();
        }
        json!([element])
    };
    let mut rows = Vec::new();
    for sent in wrapped("\"a@x.example\"") {
        rows.push((
            "emails[type eq \"work\"].value",
            sent,
            element("a@x.example", None),
        ));
    }
    for sent in wrapped("7") {
        rows.push(("emails[type eq \"work\"].value", sent, element("7", None)));
    }
    for sent in wrapped("\"True\"") {
        rows.push((
            "emails[type eq \"work\"].primary",
            sent,
            element("old@x.example", Some(true)),
        ));
    }
    for sent in [
        "\"a@x.example\"",
        "{\"value\":\"a@x.example\"}",
        "[{\"value\":[\"a@x.example\"]}]",
        "[\"a@x.example\"]",
    ] {
        rows.push((
            "emails[type eq \"work\"]",
            sent.to_owned(),
            element("a@x.example", None),
        ));
    }
    for (path, sent, kept) in rows {
        let value = read(&sent);
        for verb in ["Add", "replace"] {
            let mut keyed = json!({"op": verb, "value": {}});
            keyed["value"][path] = value.clone();
            for operation in [json!({"op": verb, "path": path, "value": value}), keyed] {
                let body = json!({"Operations": [operation]});
                for body in [body.clone(), through_bulk(&rt, "PATCH", &body)] {
                    let request = PatchRequest::parse(body).unwrap();
                    let patched =
                        apply(&rt, &before, &request, &ENTRA).unwrap_or_else(|e| panic!("{operation}: {e}"));
                    assert_eq!(
                        patched.resource.as_map().get("emails"),
                        Some(&kept),
                        "{operation}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_role_in_json_text_is_read_at_each_door_where_the_provider_writes_it() {
    let rt = users();
    let text = "{\"id\":\"06b0\",\"value\":\"25\",\"displayName\":\"Advisor\"}";
    let written = json!([{"value": text}]);
    for (rules, kept) in [
        (&ENTRA, json!([{"value": "25", "display": "Advisor"}])),
        (&GENERIC, written.clone()),
    ] {
        for key in [
            "roles",
            "Roles",
            "urn:ietf:params:scim:schemas:core:2.0:User:roles",
        ] {
            let mut body = json!({"userName": "bob"});
            body[key] = written.clone();
            for method in ["POST", "PUT"] {
                for sent in [body.clone(), through_bulk(&rt, method, &body)] {
                    let resource = Resource::accept(&rt, sent).unwrap().resource;
                    let resource = resource.with_roles_read(&rt, rules);
                    assert_eq!(resource.as_map().get("roles"), Some(&kept), "{method} {key}");
                    // Added again, it is there already.
                    for operation in operations(("", "roles", ""), &written) {
                        let request = PatchRequest::parse(json!({"Operations": [operation]})).unwrap();
                        let patched = apply(&rt, &resource, &request, rules).unwrap();
                        assert_eq!(patched.resource, resource, "{operation}");
                    }
                }
            }
        }
    }
}

#[test]
fn members_are_named_alike() {
    let rt = groups();
    for (sent, ids) in [
        ("[{\"value\":\"a\"}]", vec!["a"]),
        ("\"a\"", vec!["a"]),
        ("[\"a\",\"b\"]", vec!["a", "b"]),
        ("{\"value\":\"a\"}", vec!["a"]),
        ("[{\"$ref\":null,\"value\":\"a\",\"display\":\"A\"}]", vec!["a"]),
        ("[{\"Value\":[\"a\"]}]", vec!["a"]),
        ("[{\"value\":53},7]", vec!["53", "7"]),
    ] {
        let value = read(sent);
        let wanted: Vec<String> = ids.into_iter().map(str::to_owned).collect();
        for body in [
            json!({"displayName": "x", "members": value}),
            json!({"displayName": "x", "Members": value}),
            json!({"displayName": "x", "urn:ietf:params:scim:schemas:core:2.0:Group:members": value}),
        ] {
            for sent in [
                body.clone(),
                through_bulk(&rt, "POST", &body),
                through_bulk(&rt, "PUT", &body),
            ] {
                let mentioned = Membership::is_mentioned(&rt, &sent).unwrap();
                let accepted = Resource::accept(&rt, sent).unwrap().resource;
                let (_, membership) = Membership::split(accepted, mentioned).unwrap();
                assert_eq!(membership, Some(Membership::Exactly(wanted.clone())), "{body}");
            }
        }
        for operation in [
            json!({"op": "add", "path": "members", "value": value}),
            json!({"op": "Add", "value": {"members": value}}),
        ] {
            let body = json!({"Operations": [operation]});
            for body in [body.clone(), through_bulk(&rt, "PATCH", &body)] {
                let request = PatchRequest::parse(body).unwrap();
                let stored = StoredMembers::new();
                let patched = apply_to_group(&rt, &Resource::default(), &request, &ENTRA, &stored).unwrap();
                let added = Membership::Change {
                    add: wanted.clone(),
                    remove: Vec::new(),
                };
                assert_eq!(patched.membership, added, "{operation}");
            }
        }
    }
}

#[test]
fn the_character_no_database_keeps_is_refused_at_each_door_by_name() {
    for place in [
        TITLE,
        GIVEN,
        own("badge"),
        own("tags"),
        EMAILS,
        MANAGER,
        MANAGER_VALUE,
    ] {
        for sent in wrapped("\"a\\u0000b\"") {
            for (request, found) in everywhere(place, &read(&sent)) {
                let error = found.err().unwrap_or_else(|| panic!("{request} is taken"));
                assert_eq!(
                    error.scim_type,
                    scim::ScimType::InvalidValue,
                    "{request}: {error}"
                );
                assert!(
                    error.detail.contains("U+0000") && error.detail.contains(place.1),
                    "{request}: {error}"
                );
            }
        }
    }
    let key = json!({"userName": "bob", "nick\u{0}name": "x"});
    let error = Resource::accept(&users(), key.clone()).unwrap_err();
    assert!(error.detail.contains("nick\\u0000name holds"), "{error}");
    let error = PatchRequest::parse(json!({"Operations": [{"op": "add", "value": key}]})).unwrap_err();
    assert!(
        error
            .detail
            .starts_with("Operation 1 (add): nick\\u0000name holds"),
        "{error}"
    );
}
