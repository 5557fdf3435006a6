//! What PATCH does beyond Entra's own shapes, what it refuses, and in which words.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test program: its helpers may stop it"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "calls read as the JSON they are about"
)]

use scim::ScimType;
use scim::patch::{MAX_OPERATIONS, PatchRequest, apply};
use scim::path::AttrPath;
use scim::quirk::rules::{ENTRA, GENERIC, JUMPCLOUD, OKTA, ONELOGIN, PING};
use scim::resource::Resource;
use scim::schema::{ResourceType, enterprise_user, group, restrict, user};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn users() -> ResourceType {
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core: user(),
        extensions: vec![enterprise_user()],
    }
}

fn groups() -> ResourceType {
    ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        core: group(),
        extensions: Vec::new(),
        ..users()
    }
}

fn resource(value: Value) -> Resource {
    match value {
        Value::Object(map) => Resource::from_stored(map),
        other => panic!("no object: {other}"),
    }
}

fn patched(before: Value, operations: Value) -> Value {
    let request = PatchRequest::parse(json!({ "Operations": operations })).unwrap();
    let patched = apply(&users(), &resource(before), &request, &ENTRA).unwrap();
    Value::Object(patched.resource.into_map())
}

fn refusal(rt: &ResourceType, before: Value, operations: Value) -> scim::Error {
    let body = json!({ "Operations": operations });
    PatchRequest::parse(body.clone())
        .and_then(|request| {
            apply(rt, &resource(before), &request, &ENTRA).map(|patched| panic!("{body} gave {patched:?}"))
        })
        .unwrap_err()
}

#[test]
fn remove_without_path_is_no_target() {
    let error = refusal(
        &users(),
        json!({}),
        json!([{"op": "replace", "path": "title", "value": "Dr"}, {"op": "Remove"}]),
    );
    assert_eq!(error.scim_type, ScimType::NoTarget);
    assert!(
        error.detail.contains("Operation 2 (remove)") && error.detail.contains("use DELETE"),
        "{error}"
    );
    let error = refusal(
        &users(),
        json!({}),
        json!([{"op": "remove", "value": {"title": "Dr"}}]),
    );
    assert_eq!(error.scim_type, ScimType::NoTarget);
}

#[test]
fn a_body_of_another_shape_is_refused_and_says_what_to_send() {
    let rows = [
        (json!([]), ScimType::InvalidSyntax, "JSON object"),
        (
            json!({"userName": "bob"}),
            ScimType::InvalidSyntax,
            "\"Operations\"",
        ),
        (
            json!({"Operations": {}}),
            ScimType::InvalidSyntax,
            "must be a list",
        ),
        (
            json!({"Operations": [], "operations": []}),
            ScimType::InvalidSyntax,
            "twice",
        ),
        (
            json!({"Operations": ["x"]}),
            ScimType::InvalidSyntax,
            "Operation 1",
        ),
        (
            json!({"Operations": [{"path": "title", "value": "x"}]}),
            ScimType::InvalidSyntax,
            "add, replace or remove",
        ),
        (
            json!({"Operations": [{"op": "move", "path": "title"}]}),
            ScimType::InvalidSyntax,
            "add, replace or remove",
        ),
        (
            json!({"Operations": [{"op": "add", "path": 4, "value": "x"}]}),
            ScimType::InvalidPath,
            "\"path\" must be",
        ),
        (
            json!({"Operations": [{"op": "add", "path": "title"}]}),
            ScimType::InvalidValue,
            "no \"value\"",
        ),
        (
            json!({"Operations": [{"op": "replace", "value": "x"}]}),
            ScimType::InvalidValue,
            "JSON object of attributes",
        ),
    ];
    for (body, scim_type, words) in rows {
        let error = PatchRequest::parse(body.clone()).unwrap_err();
        assert_eq!(error.scim_type, scim_type, "{body}: {error}");
        assert!(error.detail.contains(words), "{body}: {error}");
    }
}

#[test]
fn more_operations_than_allowed_are_refused_at_once() {
    let body = |count: usize| json!({"Operations": vec![json!({"op": "remove", "path": "title"}); count]});
    assert_eq!(
        PatchRequest::parse(body(MAX_OPERATIONS)).unwrap().len(),
        MAX_OPERATIONS
    );
    let error = PatchRequest::parse(body(MAX_OPERATIONS + 1)).unwrap_err();
    assert!(
        error.detail.contains("1001") && error.detail.contains("1000"),
        "{error}"
    );
}

#[test]
fn a_refusal_names_operation_path_rule_and_next_step_and_no_value() {
    let rows = [
        (
            json!({"op": "Replace", "path": "active", "value": "maybe"}),
            ScimType::InvalidValue,
            "(replace active)",
            "true or false",
        ),
        (
            json!({"op": "Replace", "path": "active", "value": ""}),
            ScimType::InvalidValue,
            "(replace active)",
            "True or False",
        ),
        (
            json!({"op": "replace", "path": "active", "value": null}),
            ScimType::InvalidValue,
            "(replace active)",
            "True or False",
        ),
        (
            json!({"op": "replace", "value": {"active": []}}),
            ScimType::InvalidValue,
            "(replace active)",
            "True or False",
        ),
        (
            json!({"op": "add", "path": "title", "value": true}),
            ScimType::InvalidValue,
            "(add title)",
            "text",
        ),
        (
            json!({"op": "add", "value": {"name.givenName": {"a": 1}}}),
            ScimType::InvalidValue,
            "(add name.givenName)",
            "text",
        ),
        (
            json!({"op": "add", "path": "name", "value": "Bob"}),
            ScimType::InvalidValue,
            "(add name)",
            "an object",
        ),
        (
            json!({"op": "add", "path": "emails[type eq \"work\"].value", "value": {"a": 1}}),
            ScimType::InvalidValue,
            "emails[type eq \"work\"].value",
            "text",
        ),
        (
            json!({"op": "add", "path": "emails[value eq \"secret@x\"].type", "value": true}),
            ScimType::InvalidValue,
            "emails[…].type",
            "text",
        ),
        (
            json!({"op": "add", "path": "emails[value co \"secret@x\"].type", "value": "work"}),
            ScimType::NoTarget,
            "emails[…].type",
            "emails[type eq",
        ),
        (
            json!({"op": "add", "path": "emails[type eq \"work\"", "value": "x"}),
            ScimType::InvalidPath,
            "emails[…",
            "\"]\"",
        ),
        (
            json!({"op": "add", "path": "emails[typ eq \"work\"].value", "value": "x"}),
            ScimType::InvalidPath,
            "emails[…].value",
            "\"typ\"",
        ),
        (
            json!({"op": "add", "path": "emails[type eq \"work\"]value", "value": "x"}),
            ScimType::InvalidPath,
            "emails",
            "complete path",
        ),
        (
            json!({"op": "add", "path": "emails.value[type eq \"work\"]", "value": "x"}),
            ScimType::InvalidPath,
            "emails",
            "directly behind",
        ),
        (
            json!({"op": "add", "path": "userName[value eq \"x\"]", "value": "x"}),
            ScimType::InvalidPath,
            "userName",
            "no parts",
        ),
        (
            json!({"op": "add", "path": "userName.value", "value": "x"}),
            ScimType::InvalidPath,
            "userName",
            "no parts",
        ),
        (
            json!({"op": "add", "path": "user name", "value": "x"}),
            ScimType::InvalidPath,
            "user name",
            "not a name",
        ),
        (
            json!({"op": "add", "path": format!("{ENTERPRISE}[x eq 1]"), "value": "x"}),
            ScimType::InvalidPath,
            "enterprise",
            "no elements",
        ),
        (
            json!({"op": "add", "path": ENTERPRISE, "value": "x"}),
            ScimType::InvalidValue,
            "enterprise",
            "JSON object",
        ),
    ];
    for (operation, scim_type, path, rule) in rows {
        let error = refusal(
            &users(),
            json!({}),
            json!([{"op": "remove", "path": "title"}, operation]),
        );
        assert_eq!(error.scim_type, scim_type, "{operation}: {error}");
        assert!(error.detail.starts_with("Operation 2 ("), "{operation}: {error}");
        for word in [path, rule] {
            assert!(
                error.detail.contains(word),
                "{operation}: {word} is not in: {error}"
            );
        }
        assert!(
            !error.detail.contains("secret") && !error.detail.contains("maybe"),
            "{error}"
        );
    }
}

#[test]
fn operations_are_all_done_or_none() {
    let before = resource(json!({"userName": "bob", "title": "Dr"}));
    let request = PatchRequest::parse(json!({"Operations": [
        {"op": "remove", "path": "title"},
        {"op": "replace", "path": "userName", "value": "bob2"},
        {"op": "replace", "path": "emails[type ne \"work\"].value", "value": "x"}
    ]}))
    .unwrap();
    assert_eq!(
        apply(&users(), &before, &request, &ENTRA).unwrap_err().scim_type,
        ScimType::NoTarget
    );
    assert_eq!(before, resource(json!({"userName": "bob", "title": "Dr"})));
}

#[test]
fn each_operation_finds_what_those_before_it_left() {
    let set = json!({"op": "replace", "path": "title", "value": "Dr"});
    let remove = json!({"op": "remove", "path": "title"});
    let add = json!({"op": "add", "path": "emails", "value": [{"value": "a", "type": "work"}]});
    let change = json!({"op": "replace", "path": "emails[value eq \"a\"].value", "value": "b"});
    let take = json!({"op": "remove", "path": "emails[value eq \"b\"]"});
    for (operations, after) in [
        (json!([set, remove]), json!({})),
        (json!([remove, set]), json!({"title": "Dr"})),
        (
            json!([add, change]),
            json!({"emails": [{"value": "b", "type": "work"}]}),
        ),
        (json!([add, change, take]), json!({})),
        (
            json!([add, take, change]),
            json!({"emails": [{"value": "b", "type": "work"}]}),
        ),
        (
            json!([add, change, add]),
            json!({"emails": [{"value": "b", "type": "work"}, {"value": "a", "type": "work"}]}),
        ),
    ] {
        assert_eq!(patched(json!({}), operations.clone()), after, "{operations}");
    }
}

#[test]
fn values_are_kept_as_they_were_sent() {
    let after = patched(
        json!({}),
        json!([
            {"op": "Replace", "path": "DISPLAYNAME", "value": "  Bøb  "},
            {"op": "Add", "path": "PhoneNumbers[Type eq \"Work\"].VALUE", "value": "+45 (1) 23-"}
        ]),
    );
    assert_eq!(
        after,
        json!({"displayName": "  Bøb  ", "phoneNumbers": [{"type": "Work", "value": "+45 (1) 23-"}]})
    );
}

#[test]
fn a_part_of_a_list_without_filter_means_the_only_or_the_primary_element() {
    let set = json!([{"op": "replace", "path": "emails.value", "value": "new"}]);
    assert_eq!(
        patched(json!({}), set.clone()),
        json!({"emails": [{"value": "new"}]})
    );
    assert_eq!(
        patched(json!({"emails": [{"value": "a", "type": "x"}]}), set.clone()),
        json!({"emails": [{"value": "new", "type": "x"}]})
    );
    assert_eq!(
        patched(
            json!({"emails": [{"value": "a"}, {"value": "b", "primary": true}]}),
            set.clone()
        ),
        json!({"emails": [{"value": "a"}, {"value": "new", "primary": true}]})
    );
    let error = refusal(&users(), json!({"emails": [{"value": "a"}, {"value": "b"}]}), set);
    assert_eq!(error.scim_type, ScimType::NoTarget);
    assert!(error.detail.contains("emails[type eq \"work\"]"), "{error}");
}

#[test]
fn a_filter_that_selects_several_elements_changes_all_of_them() {
    let before = json!({"emails": [{"type": "work", "value": "a"}, {"type": "work", "value": "b"}, {"type": "home", "value": "c"}]});
    assert_eq!(
        patched(
            before.clone(),
            json!([{"op": "replace", "path": "emails[type eq \"work\"].display", "value": "W"}])
        ),
        json!({"emails": [{"type": "work", "value": "a", "display": "W"}, {"type": "work", "value": "b", "display": "W"}, {"type": "home", "value": "c"}]})
    );
    assert_eq!(
        patched(
            before.clone(),
            json!([{"op": "remove", "path": "emails[type eq \"work\"]"}])
        ),
        json!({"emails": [{"type": "home", "value": "c"}]})
    );
    assert_eq!(
        patched(before, json!([{"op": "remove", "path": "emails[value pr]"}])),
        json!({})
    );
}

#[test]
fn a_change_of_what_the_filter_asks_for_can_be_repeated() {
    let rename = json!([{"op": "replace", "path": "emails[value eq \"a\"].value", "value": "b"}]);
    let once = patched(
        json!({"emails": [{"type": "work", "value": "a"}]}),
        rename.clone(),
    );
    assert_eq!(once, json!({"emails": [{"type": "work", "value": "b"}]}));
    assert_eq!(patched(once.clone(), rename), once);
}

#[test]
fn at_most_one_element_is_primary_and_the_last_named_wins() {
    let before = json!({"emails": [{"value": "a", "primary": true}]});
    assert_eq!(
        patched(
            before.clone(),
            json!([{"op": "add", "path": "emails", "value": [{"value": "b", "primary": "True"}]}])
        ),
        json!({"emails": [{"value": "a", "primary": false}, {"value": "b", "primary": true}]})
    );
    assert_eq!(
        patched(
            before,
            json!([{"op": "add", "path": "emails[type eq \"work\"]", "value": {"value": "b", "primary": true}}])
        ),
        json!({"emails": [{"value": "a", "primary": false}, {"type": "work", "value": "b", "primary": true}]})
    );
}

#[test]
fn an_element_of_the_same_value_is_merged_and_never_doubled() {
    let before = json!({"emails": [{"value": "A@x.org", "type": "work"}]});
    let add = |element: Value| json!([{"op": "add", "path": "emails", "value": [element]}]);
    assert_eq!(
        patched(before.clone(), add(json!({"value": "a@x.org", "display": "Ann"}))),
        json!({"emails": [{"value": "a@x.org", "type": "work", "display": "Ann"}]})
    );
    assert_eq!(
        patched(before, add(json!({"value": "A@x.org", "type": "home"}))),
        json!({"emails": [{"value": "A@x.org", "type": "work"}, {"value": "A@x.org", "type": "home"}]})
    );
}

#[test]
fn a_whole_extension_can_be_written_and_removed() {
    let before = json!({"userName": "b", ENTERPRISE: {"department": "IT", "manager": {"value": "1"}}});
    assert_eq!(
        patched(
            before.clone(),
            json!([{"op": "add", "path": ENTERPRISE, "value": {"division": "D", "manager": "2"}}])
        ),
        json!({"userName": "b", ENTERPRISE: {"department": "IT", "manager": {"value": "2"}, "division": "D"}})
    );
    assert_eq!(
        patched(before.clone(), json!([{"op": "remove", "path": ENTERPRISE}])),
        json!({"userName": "b"})
    );
    assert_eq!(
        patched(before, json!([{"op": "replace", "value": {ENTERPRISE: null}}])),
        json!({"userName": "b"})
    );
}

#[test]
fn what_a_narrowed_directory_does_not_have_is_reported_and_not_kept() {
    let keep = [
        AttrPath::core("userName"),
        AttrPath {
            sub: Some("formatted".to_owned()),
            ..AttrPath::core("addresses")
        },
    ];
    let rt = ResourceType {
        core: restrict(&user(), &keep),
        extensions: Vec::new(),
        ..users()
    };
    let request = PatchRequest::parse(json!({"Operations": [
        {"op": "Add", "path": "addresses[type eq \"work\"].formatted", "value": "Room 4"},
        {"op": "Add", "path": "addresses[type eq \"work\"].region", "value": "Jutland"},
        {"op": "Add", "path": "nickName", "value": "x"},
        {"op": "Add", "path": "emails[type eq \"work\"].value", "value": "x"},
        {"op": "Add", "path": "nickName", "value": "y"},
        {"op": "replace", "value": {ENTERPRISE: {"department": "IT"}, "@odata.type": "x"}}
    ]}))
    .unwrap();
    let patched = apply(&rt, &resource(json!({"userName": "b"})), &request, &ENTRA).unwrap();
    assert_eq!(
        patched.resource,
        resource(json!({"userName": "b", "addresses": [{"type": "work", "formatted": "Room 4"}]}))
    );
    assert_eq!(
        patched.ignored,
        [
            "addresses.region",
            "nickName",
            "emails.value",
            &format!("{ENTERPRISE}:department"),
            "@odata.type"
        ]
    );
}

#[test]
fn an_unknown_attribute_with_a_malformed_filter_is_still_malformed() {
    let error = refusal(
        &users(),
        json!({}),
        json!([{"op": "add", "path": "shoes[size eq", "value": "x"}]),
    );
    assert_eq!(error.scim_type, ScimType::InvalidPath);
}

#[test]
fn an_immutable_part_is_set_once() {
    let error = refusal(
        &groups(),
        json!({"members": [{"value": "a"}]}),
        json!([{"op": "replace", "path": "members[value eq \"a\"].value", "value": "b"}]),
    );
    assert_eq!(error.scim_type, ScimType::Mutability);
    assert!(error.detail.contains("set once"), "{error}");
}

#[test]
fn a_removal_names_its_elements_by_value_and_type() {
    let before =
        json!({"emails": [{"value": "a", "type": "work"}, {"value": "a", "type": "home"}, {"value": "b"}]});
    let remove = |value: Value| json!([{"op": "Remove", "path": "emails", "value": value}]);
    assert_eq!(
        patched(
            before.clone(),
            remove(json!([{"value": "A", "type": "work", "display": "other"}]))
        ),
        json!({"emails": [{"value": "a", "type": "home"}, {"value": "b"}]})
    );
    assert_eq!(patched(before.clone(), remove(json!(["a", "b"]))), json!({}));
    assert_eq!(patched(before.clone(), remove(json!("nobody"))), before);
}

#[test]
fn a_removal_that_names_nothing_but_a_kind_is_refused_with_what_works() {
    let before = json!({"emails": [{"value": "a", "type": "work"}, {"value": "b"}]});
    for value in [
        json!([{"type": "work"}]),
        json!({"type": "work"}),
        json!([{"value": "a"}, {"type": "work", "primary": true}]),
    ] {
        let operations = json!([{"op": "remove", "path": "emails", "value": value}]);
        let error = refusal(&users(), before.clone(), operations);
        assert_eq!(error.scim_type, ScimType::InvalidValue, "{value}");
        assert_eq!(error.attribute.as_deref(), Some("emails"), "{value}");
        assert!(
            error
                .detail
                .contains("Send its value, or select it by a filter such as emails[type eq \"work\"]"),
            "{value}: {error}"
        );
    }
    assert_eq!(
        patched(
            before,
            json!([{"op": "remove", "path": "emails[type eq \"work\"]"}])
        ),
        json!({"emails": [{"value": "b"}]})
    );
}

#[test]
fn single_quotes_in_a_path_are_refused_and_told_to_be_double_ones() {
    for (rt, path) in [
        (groups(), "members[value eq 'a']"),
        (users(), "emails[type eq 'work'].value"),
        (users(), "emails[type eq 'work']"),
    ] {
        let operations = json!([{"op": "replace", "path": path, "value": "x"}]);
        let error = refusal(&rt, json!({}), operations);
        assert_eq!(error.scim_type, ScimType::InvalidPath, "{path}");
        assert!(error.detail.contains("double quotes"), "{path}: {error}");
    }
}

#[test]
fn long_lists_and_many_operations_end_in_bounded_time() {
    let many: Vec<Value> = (0..20_000).map(|n| json!({"value": format!("r{n}")})).collect();
    let added = patched(json!({}), json!([{"op": "add", "path": "roles", "value": many}]));
    assert_eq!(added["roles"].as_array().unwrap().len(), 20_000);
    let error = refusal(
        &users(),
        added.clone(),
        Value::Array(vec![
            json!({"op": "add", "path": "roles[value eq \"r1\"].display", "value": "x"});
            MAX_OPERATIONS
        ]),
    );
    assert_eq!(error.scim_type, ScimType::TooMany);
    assert_eq!(
        patched(added, json!([{"op": "remove", "path": "roles", "value": many}])),
        json!({})
    );
}

#[test]
fn the_work_of_one_request_is_bounded_whatever_its_filters_cost() {
    let many: Vec<Value> = (0..20_000)
        .map(|n| json!({"type": format!("t{n}"), "value": "x"}))
        .collect();
    let filter: Vec<String> = (0..200).map(|n| format!("type eq \"{n}\"")).collect();
    let path = format!("emails[{}].value", filter.join(" or "));
    let operations = json!([{"op": "replace", "path": path, "value": ""}]);
    let error = refusal(&users(), json!({"userName": "bob", "emails": many}), operations);
    assert_eq!(error.scim_type, ScimType::TooMany);
    assert!(
        error.detail.contains("250,000") && error.detail.contains("several requests"),
        "{}",
        error.detail
    );
}

#[test]
fn a_path_is_shown_shortened() {
    let operations = json!([{"op": "remove", "path": "(".repeat(100_000)}]);
    let error = refusal(&users(), json!({"userName": "bob"}), operations);
    assert_eq!(error.scim_type, ScimType::InvalidPath);
    assert!(error.detail.len() < 1_000, "{}", error.detail.len());
}

#[test]
fn a_replace_behind_a_filter_that_finds_nothing_is_made_for_products_and_no_target_for_the_rfc() {
    let before = resource(json!({"userName": "b", "emails": [{"type": "home", "value": "h@x"}]}));
    for (verb, path, value) in [
        ("replace", "emails[type eq \"work\"].value", json!("w@x")),
        ("replace", "emails[type eq \"work\"]", json!({"value": "w@x"})),
        ("add", "emails[type eq \"work\"].value", json!("w@x")),
    ] {
        let operations = json!([{"op": verb, "path": path, "value": value}]);
        let request = PatchRequest::parse(json!({ "Operations": operations })).unwrap();
        for rules in [ENTRA, OKTA, ONELOGIN, JUMPCLOUD, PING] {
            let made = apply(&users(), &before, &request, &rules).unwrap().resource;
            assert_eq!(
                made.as_map()["emails"][1],
                json!({"type": "work", "value": "w@x"}),
                "{operations}"
            );
        }
        let strict = apply(&users(), &before, &request, &GENERIC);
        if verb == "add" {
            assert!(strict.is_ok(), "what does not exist is added: {operations}");
            continue;
        }
        let refused = strict.unwrap_err();
        assert_eq!(refused.scim_type, ScimType::NoTarget);
        assert!(refused.detail.contains("Send an add to make one"), "{refused}");
    }
}

#[test]
fn a_path_to_what_only_the_server_writes_is_passed_over_for_products_and_refused_for_the_rfc() {
    let before = resource(json!({"userName": "b"}));
    for path in [
        "id",
        "meta.location",
        "groups",
        "urn:ietf:params:scim:schemas:core:2.0:User:id",
    ] {
        let body = json!({"Operations": [
            {"op": "replace", "path": path, "value": "x"},
            {"op": "replace", "path": "title", "value": "Dr"},
        ]});
        let request = PatchRequest::parse(body).unwrap();
        let passed = apply(&users(), &before, &request, &ENTRA).unwrap().resource;
        assert_eq!(
            passed,
            resource(json!({"userName": "b", "title": "Dr"})),
            "{path}"
        );
        let refused = apply(&users(), &before, &request, &GENERIC).unwrap_err();
        assert_eq!(refused.scim_type, ScimType::Mutability, "{path}");
        assert!(
            refused.detail.contains("written by the server alone"),
            "{refused}"
        );
    }
    // Members of a value without a path are a resource, whose read-only parts are ignored (RFC 7644 §3.5.2.3, §3.5.1).
    let whole = json!({"Operations": [{"op": "replace", "value": {"id": "x", "title": "Dr"}}]});
    let request = PatchRequest::parse(whole).unwrap();
    let patched = apply(&users(), &before, &request, &GENERIC).unwrap().resource;
    assert_eq!(patched, resource(json!({"userName": "b", "title": "Dr"})));
}

#[test]
fn json_text_in_a_role_is_read_for_entra_and_kept_for_everybody_else() {
    let text = "{\"id\":\"06b0\",\"value\":\"25\",\"displayName\":\"Role1234\"}";
    let body = json!({"Operations": [{"op": "Add", "path": "roles", "value": [{"value": text}]}]});
    let request = PatchRequest::parse(body).unwrap();
    let before = resource(json!({"userName": "b"}));
    let entra = apply(&users(), &before, &request, &ENTRA).unwrap().resource;
    assert_eq!(
        entra.as_map()["roles"],
        json!([{"value": "25", "display": "Role1234"}])
    );
    for rules in [OKTA, ONELOGIN, JUMPCLOUD, PING, GENERIC] {
        let other = apply(&users(), &before, &request, &rules).unwrap().resource;
        assert_eq!(other.as_map()["roles"], json!([{ "value": text }]));
    }
}

#[test]
fn active_is_never_removed_because_silence_would_switch_a_disabled_account_on() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    for operation in [
        json!({"op": "Remove", "path": "active"}),
        json!({"op": "remove", "path": "active", "value": false}),
        json!({"op": "remove", "path": format!("{core}:Active")}),
        json!({"op": "remove", "path": core}),
    ] {
        let before = json!({"userName": "b", "active": false});
        let error = refusal(&users(), before, json!([operation]));
        assert_eq!(error.scim_type, ScimType::Mutability, "{operation}");
        assert!(
            error.detail.contains("Send a replace with true or false"),
            "{error}"
        );
    }
}
