//! PATCH of what no schema of the directory has: refused by name where the provider follows the RFC, passed over and reported
//! where the provider is a product.
#![expect(clippy::unwrap_used, reason = "a test program: its helpers may stop it")]

use scim::patch::{PatchRequest, Patched, StoredMembers, apply, apply_to_group};
use scim::quirk::rules::{ENTRA, GENERIC, JUMPCLOUD, OKTA, ONELOGIN, PING, Rules};
use scim::resource::Resource;
use scim::schema::{ENTERPRISE_USER, ResourceType, USER, enterprise_user, group, user};
use scim::{Error, ScimType};
use serde_json::{Value, json};

fn users() -> ResourceType {
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core: user(),
        extensions: vec![enterprise_user()],
    }
}

fn person() -> Resource {
    let body = json!({"userName": "bob", "emails": [{"type": "work", "value": "a"}], ENTERPRISE_USER: {"department": "IT"}});
    Resource::accept(&users(), body).unwrap().resource
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as `apply` takes it")]
fn patched(operation: &Value, rules: &Rules) -> Result<Patched, Error> {
    let request = PatchRequest::parse(json!({"Operations": [operation]}))?;
    apply(&users(), &person(), &request, rules)
}

const PRODUCTS: [&Rules; 5] = [&ENTRA, &OKTA, &ONELOGIN, &JUMPCLOUD, &PING];

#[test]
fn what_no_schema_has_is_refused_by_name_or_passed_over_and_reported() {
    for (path, name) in [
        ("nosuch", "nosuch"),
        ("nosuch.part", "nosuch.part"),
        ("nosuch[type eq \"work\"].value", "nosuch.value"),
        ("name.nosuch", "name.nosuch"),
        ("emails.nosuch", "emails.nosuch"),
        ("emails[type eq \"work\"].nosuch", "emails.nosuch"),
        ("urn:x:y:z", "urn:x:y:z"),
        ("urn:x:y:2.0:User:part", "urn:x:y:2.0:User:part"),
    ] {
        let keyed = |verb: &str| {
            let mut operation = json!({"op": verb, "value": {}});
            operation["value"][path] = json!("x");
            operation
        };
        let operations = [
            json!({"op": "add", "path": path, "value": "x"}),
            json!({"op": "replace", "path": path, "value": "x"}),
            json!({"op": "remove", "path": path}),
            keyed("add"),
            keyed("replace"),
        ];
        for operation in operations {
            check(&operation, name);
        }
    }
    for (operation, name) in [
        (
            json!({"op": "add", "value": {"name": {"nosuch": "x"}}}),
            "name.nosuch",
        ),
        (
            json!({"op": "replace", "path": "name", "value": {"nosuch": "x", "givenName": "B"}}),
            "name.nosuch",
        ),
        (
            json!({"op": "add", "path": "emails", "value": [{"value": "b", "nosuch": "x"}]}),
            "emails.nosuch",
        ),
        (
            json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "b", "nosuch": 1}}),
            "emails.nosuch",
        ),
        (
            json!({"op": "add", "value": {ENTERPRISE_USER: {"nosuch": "x"}}}),
            "enterprise:2.0:User:nosuch",
        ),
        (
            json!({"op": "add", "path": ENTERPRISE_USER, "value": {"nosuch": "x"}}),
            "enterprise:2.0:User:nosuch",
        ),
        (
            json!({"op": "add", "value": {"urn:x:y:2.0:User": {"part": "x"}}}),
            "urn:x:y:2.0:User:part",
        ),
        (json!({"op": "add", "value": {"no such": "x"}}), "no such"),
    ] {
        check(&operation, name);
    }
}

fn check(operation: &Value, name: &str) {
    let error = patched(operation, &GENERIC).unwrap_err();
    assert_eq!(error.scim_type, ScimType::InvalidPath, "{operation}: {error}");
    let words = format!("{name}, so nothing would become of the operation. Read /Schemas");
    assert!(
        error.detail.starts_with("Operation 1 (") && error.detail.contains(&words),
        "{operation}: {error}"
    );
    for rules in PRODUCTS {
        let ignored = patched(operation, rules).unwrap().ignored;
        assert!(
            matches!(ignored.as_slice(), [one] if one.ends_with(name)),
            "{operation}: {ignored:?}"
        );
    }
}

#[test]
fn what_a_schema_has_and_nobody_may_read_is_no_unknown_path() {
    for operation in [
        json!({"op": "replace", "path": "password", "value": "x"}),
        json!({"op": "add", "value": {"password": "x"}}),
        json!({"op": "replace", "value": {"id": "usr_1", "meta": {"version": "x"}, "groups": []}}),
        json!({"op": "replace", "value": {"name": {"nosuch": null}}}),
    ] {
        assert_eq!(
            patched(&operation, &GENERIC).unwrap().resource,
            person(),
            "{operation}"
        );
    }
}

#[test]
fn a_part_of_members_that_no_schema_has_is_one_too() {
    let rt = ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        core: group(),
        extensions: Vec::new(),
        ..users()
    };
    let body = json!({"Operations": [{"op": "add", "path": "members", "value": [{"value": "a", "nosuch": 1, "display": "A"}]}]});
    let request = PatchRequest::parse(body).unwrap();
    let done = |rules| apply_to_group(&rt, &Resource::default(), &request, rules, &StoredMembers::new());
    assert_eq!(done(&GENERIC).unwrap_err().scim_type, ScimType::InvalidPath);
    assert_eq!(done(&ENTRA).unwrap().ignored, ["members.nosuch"]);
}

#[test]
fn of_schemas_may_be_said_what_is_true_and_nothing_else() {
    let both = json!([USER, ENTERPRISE_USER]);
    for (operation, refused) in [
        (
            json!({"op": "add", "path": "schemas", "value": [ENTERPRISE_USER]}),
            None,
        ),
        (
            json!({"op": "add", "path": "schemas", "value": ENTERPRISE_USER}),
            None,
        ),
        (json!({"op": "replace", "path": "schemas", "value": both}), None),
        (
            json!({"op": "replace", "value": {"schemas": both, "title": "Dr"}}),
            None,
        ),
        (
            json!({"op": "remove", "path": "schemas", "value": ["urn:x"]}),
            None,
        ),
        (
            json!({"op": "add", "path": "schemas", "value": ["urn:x"]}),
            Some(ScimType::InvalidValue),
        ),
        (
            json!({"op": "add", "path": "schemas", "value": [4]}),
            Some(ScimType::InvalidValue),
        ),
        (
            json!({"op": "replace", "path": "schemas", "value": [USER]}),
            Some(ScimType::Mutability),
        ),
        (
            json!({"op": "replace", "path": "schemas", "value": []}),
            Some(ScimType::Mutability),
        ),
        (
            json!({"op": "remove", "path": "schemas"}),
            Some(ScimType::Mutability),
        ),
        (
            json!({"op": "remove", "path": "schemas", "value": [ENTERPRISE_USER]}),
            Some(ScimType::Mutability),
        ),
    ] {
        let strict = patched(&operation, &GENERIC);
        assert_eq!(
            strict.as_ref().err().map(|error| error.scim_type),
            refused,
            "{operation}: {strict:?}"
        );
        if let Err(error) = strict {
            assert!(
                error.detail.starts_with("Operation 1 (") && error.detail.contains("schema"),
                "{error}"
            );
        }
        for rules in PRODUCTS {
            assert!(patched(&operation, rules).is_ok(), "{operation}");
        }
    }
}

#[test]
fn a_value_that_holds_a_control_character_is_a_fault_of_the_filter() {
    for filter in [
        r#"value eq "CORP\bob""#,
        r#"type eq "work" and value sw "a\nb""#,
        r#"value eq "a\u0000""#,
    ] {
        for operation in [
            json!({"op": "replace", "path": format!("emails[{filter}].type"), "value": "home"}),
            json!({"op": "remove", "path": format!("emails[{filter}]")}),
        ] {
            for rules in PRODUCTS.into_iter().chain([&GENERIC]) {
                let error = patched(&operation, rules).unwrap_err();
                assert_eq!(error.scim_type, ScimType::InvalidFilter, "{operation}: {error}");
                assert!(
                    error
                        .detail
                        .contains(r#"write a backslash as \\, as in "CORP\\bob""#),
                    "{error}"
                );
            }
        }
    }
}
