//! Profiles: the two that ship, and every way a file can be wrong.

use scim::path::AttrPath;
use scim::schema::{Mutability, Returned, Uniqueness};
use serde_json::json;

use super::*;

const NOBODY: IdentityId = IdentityId::from_uuid(uuid::Uuid::nil());

fn record(profile: &Profile, resource: &Resource) -> Value {
    json!(profile.record(NOBODY, resource))
}

fn shipped(name: &str) -> Arc<Profile> {
    Profiles::load(SHIPPED.iter().copied())
        .expect("what ships loads")
        .get(name)
        .expect(name)
        .clone()
}

#[test]
fn advisors_and_rooms_are_the_tables_of_the_guide() {
    let table = |name: &str| {
        let profile = shipped(name);
        profile
            .attributes
            .iter()
            .map(|a| (a.path.clone(), a.entra.clone()))
            .collect::<Vec<_>>()
    };
    let line = |path: &str, entra: &str| (path.to_owned(), entra.to_owned());
    let advisors = vec![
        line(
            "active",
            "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")",
        ),
        line("userName", "userPrincipalName"),
        line("displayName", "displayName"),
        line("name.givenName", "givenName"),
        line("name.familyName", "surname"),
        line(
            "addresses[type eq \"work\"].formatted",
            "physicalDeliveryOfficeName",
        ),
        line("externalId", "objectId"),
    ];
    let rooms: Vec<_> = advisors
        .iter()
        .filter(|(path, _)| !path.starts_with("name."))
        .cloned()
        .collect();
    assert_eq!(table("advisors"), advisors);
    assert_eq!(table("rooms"), rooms);
}

#[test]
fn every_customer_has_a_profile_with_what_its_guide_demands() {
    let enterprise = |name: &str| format!("{}:{name}", scim::schema::ENTERPRISE_USER);
    let email = "emails[type eq \"work\"].value".to_owned();
    let word = |text: &str| text.to_owned();
    for (name, key, groups, unknown, required) in [
        (
            "people",
            "userName",
            true,
            UnknownAttributes::Drop,
            vec![word("userName")],
        ),
        (
            "members",
            "userName",
            true,
            UnknownAttributes::Drop,
            vec![
                word("userName"),
                word("displayName"),
                word("title"),
                email.clone(),
                enterprise("department"),
            ],
        ),
        (
            "employees",
            "userName",
            true,
            UnknownAttributes::Reject,
            vec![word("userName"), email.clone()],
        ),
        (
            "agents",
            "userName",
            true,
            UnknownAttributes::Drop,
            vec![word("userName")],
        ),
        (
            "learners",
            "userName",
            true,
            UnknownAttributes::Drop,
            vec![word("userName"), email],
        ),
    ] {
        let profile = shipped(name);
        assert_eq!(profile.key, key, "{name}");
        assert_eq!(profile.group_type.is_some(), groups, "{name}");
        assert_eq!(profile.unknown_attributes, unknown, "{name}");
        let found: Vec<_> = profile
            .attributes
            .iter()
            .filter(|a| a.required)
            .map(|a| a.path.clone())
            .collect();
        assert_eq!(found, required, "{name}");
    }
    assert_eq!(
        shipped("members").managed_attributes(),
        ["displayName", "title", &enterprise("department")],
        "what the guide says is locked, and nothing else"
    );
}

#[test]
fn what_a_line_requires_the_schema_says_too() {
    let rt = shipped("members").resource_type.clone();
    for (path, required) in [
        ("userName", true),
        ("title", true),
        ("emails", true),
        ("emails.value", true),
        ("emails.type", false),
        ("department", true),
        ("name", false),
        ("externalId", false),
    ] {
        let path = rt.parse_path(path).expect("a path");
        assert_eq!(rt.find(&path).expect("known").required, required, "{path}");
    }
}

#[test]
fn a_manager_is_its_id_in_the_record() {
    let profile = shipped("people");
    let body = json!({"userName": "a", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"manager": "7"}});
    let resource = Resource::accept(&profile.resource_type, body)
        .expect("fits")
        .resource;
    assert_eq!(record(&profile, &resource)["manager"], json!("7"));
}

#[test]
fn a_directory_may_carry_an_extension_of_its_own() {
    let profile = shipped("agents");
    let urn = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";
    let text = format!(
        "urn = '{urn}'\n[[attribute]]\nname = 'tenure'\ntype = 'integer'\nrecord = 'tenure'\n\
         [[attribute]]\nname = 'skills'\ntype = 'string'\nmulti_valued = true\ncase_exact = true\ncanonical_values = ['a', 'b']\n\
         [[attribute]]\nname = 'start'\ntype = 'dateTime'\nrequired = true\nentra = 'employeeHireDate'\n"
    );
    let extended = profile.with_extension(&text).expect("fits");
    let rt = &extended.resource_type;
    assert_eq!(rt.extensions.len(), profile.resource_type.extensions.len() + 1);
    let skills = rt.find(&rt.parse_path("skills").expect("a path")).expect("known");
    assert!(skills.multi_valued && skills.case_exact && skills.canonical_values == ["a", "b"]);
    let body = json!({"userName": "a", urn: {"tenure": "7", "skills": "a"}});
    let resource = Resource::accept(rt, body).expect("fits").resource;
    assert_eq!(resource.as_map()[urn], json!({"tenure": 7, "skills": ["a"]}));
    assert_eq!(record(&extended, &resource)["tenure"], json!(7));
    let refused = crate::policy::check_required(crate::tenant::Provider::Entra, &extended, None, &resource)
        .expect_err("no start");
    assert!(
        refused
            .detail
            .contains(&format!("map employeeHireDate to {urn}:start")),
        "{refused}"
    );
}

#[test]
fn an_extension_that_cannot_be_used_says_what_to_do() {
    let profile = shipped("agents");
    let text = |urn: &str, rest: &str| format!("urn = '{urn}'\n{rest}");
    let good = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";
    let attribute = |more: &str| {
        text(
            good,
            &format!("[[attribute]]\nname = 'a'\ntype = 'string'\n{more}"),
        )
    };
    let long = "x".repeat(70_000);
    for (text, says) in [
        (text(good, ""), "add [[attribute]] with name and type"),
        (text("urn:x", ""), "the only form Entra's attribute list handles"),
        (
            text("urn:ietf:params:scim:schemas:extension:a:b:2.0:User", ""),
            "the only form",
        ),
        (
            text(scim::schema::ENTERPRISE_USER, ""),
            "is the enterprise extension",
        ),
        (attribute("colour = 1"), "unknown field `colour`"),
        (attribute("record = 'title'"), "record name \"title\" is taken"),
        (attribute("record = 'id'"), "record name \"id\" is taken"),
        (
            attribute("[[attribute]]\nname = 'A'\ntype = 'string'"),
            "listed twice",
        ),
        (
            text(good, "[[attribute]]\nname = 'a b'\ntype = 'string'"),
            "is no SCIM attribute name",
        ),
        (
            text(good, "[[attribute]]\nname = 'a'\ntype = 'date'"),
            "use string, boolean, integer, decimal, dateTime, reference, binary",
        ),
        (
            text(
                good,
                "[[attribute]]\nname = 'a'\ntype = 'integer'\ncanonical_values = ['1']",
            ),
            "canonical_values are for type string",
        ),
        (
            attribute(&format!("description = '{long}'")),
            "more than the 65536 an extension may have",
        ),
    ] {
        let error = profile.with_extension(&text).expect_err(says).to_string();
        assert!(
            error.contains(says)
                || says.starts_with("use string") && error.contains("is unknown; use string"),
            "{says}: {error}"
        );
    }
}

#[test]
fn a_room_has_no_name_and_an_advisor_has() {
    let has_name = |name: &str| shipped(name).resource_type.core.attribute("name").is_some();
    assert!(has_name("advisors"));
    assert!(!has_name("rooms"));
}

#[test]
fn the_record_is_flat_and_says_null_for_what_is_absent() {
    let profile = shipped("advisors");
    let body = json!({"userName": "a@b.dk", "displayName": "A", "externalId": "7",
        "addresses": [{"type": "home", "formatted": "no"}, {"type": "work", "formatted": "Aarhus 3"}]});
    let resource = Resource::accept(&profile.resource_type, body)
        .expect("fits")
        .resource;
    assert_eq!(
        record(&profile, &resource),
        json!({"id": NOBODY, "active": true, "userName": "a@b.dk", "displayName": "A", "givenName": null,
               "familyName": null, "office": "Aarhus 3", "externalId": "7"})
    );
}

#[test]
fn only_a_profile_that_serves_groups_has_a_type_of_them() {
    let text = |groups: bool| {
        format!(
            "name = 'x'\ntitle = 'T'\nthing = 'person'\nkey = 'userName'\ngroups = {groups}\n\
             unknown_attributes = 'drop'\n[[attribute]]\npath = 'userName'\nentra = 'x'\n"
        )
    };
    let none = Profile::parse("x.toml", &text(false)).expect("fits");
    assert!(none.group_type.is_none());
    let some = Profile::parse("x.toml", &text(true)).expect("fits");
    let group_type = some.group_type.expect("a type");
    assert_eq!(
        (group_type.name.as_str(), group_type.endpoint.as_str()),
        ("Group", "/Groups")
    );
    assert_eq!(group_type.urns(), [scim::schema::GROUP]);
}

#[test]
fn a_file_that_cannot_be_used_says_what_to_do() {
    let head = |name: &str, key: &str| {
        format!(
            "name = \"{name}\"\ntitle = \"T\"\nthing = \"person\"\nkey = \"{key}\"\ngroups = false\nunknown_attributes = \"drop\"\n"
        )
    };
    let line = |path: &str, record: &str| {
        format!("[[attribute]]\npath = '{path}'\nentra = 'x'\nrecord = '{record}'\n")
    };
    let good = line("userName", "userName");
    let cases = [
        (head("Advisors", "userName") + &good, "is not a usable name"),
        (
            head("scim", "userName") + &good,
            "is a path Usher itself answers; choose another",
        ),
        (head("x", "userName"), "\"userName\" has no [[attribute]] line"),
        (
            head("x", "externalId") + &good,
            "\"externalId\" has no [[attribute]] line",
        ),
        (
            head("x", "userName") + &good + &line("emial", "e"),
            "attribute 2 (emial): neither the User schema",
        ),
        (
            head("x", "userName") + &good + &line("addresses[x", "e"),
            "exactly one comparison is allowed",
        ),
        (head("x", "userName") + &good + &good, "listed twice"),
        (
            head("x", "userName") + &good + &line("title", "userName"),
            "record name \"userName\" is taken",
        ),
        (
            head("x", "userName") + &good + &line("title", "id"),
            "record name \"id\" is taken",
        ),
        (
            head("x", "userName") + "colour = 1\n" + &good,
            "unknown field `colour`",
        ),
        (
            head("x", "userName") + &good + "[extension]\nurn = 'urn:foo:Bar'\n",
            "does not look like urn:ietf:params:scim:schemas:extension:<Name>:2.0:User",
        ),
    ];
    for (text, says) in cases {
        let error = Profile::parse("x.toml", &text).expect_err(says).to_string();
        assert!(
            error.starts_with("profile x.toml: ") && error.contains(says),
            "{error}"
        );
    }
}

#[test]
fn a_custom_extension_is_part_of_the_type() {
    let text = "name = 'x'\ntitle = 'T'\nthing = 'person'\nkey = 'userName'\ngroups = false\nunknown_attributes = 'drop'\n\
        [[attribute]]\npath = 'userName'\nentra = 'x'\n\
        [[attribute]]\npath = 'urn:ietf:params:scim:schemas:extension:Acme:2.0:User:tenure'\nentra = 'x'\nrecord = 'tenure'\n\
        [extension]\nurn = 'urn:ietf:params:scim:schemas:extension:Acme:2.0:User'\n\
        [[extension.attribute]]\nname = 'tenure'\ntype = 'integer'\n";
    let profile = Profile::parse("x.toml", text).expect("fits");
    let urn = "urn:ietf:params:scim:schemas:extension:Acme:2.0:User";
    let body = json!({"userName": "a", urn: {"tenure": "7"}});
    let resource = Resource::accept(&profile.resource_type, body)
        .expect("fits")
        .resource;
    assert_eq!(record(&profile, &resource)["tenure"], json!(7));
}

#[test]
fn what_an_extension_does_not_say_of_an_attribute_is_the_rfcs_default() {
    let urn = "urn:ietf:params:scim:schemas:extension:contoso:2.0:User";
    let text = format!("urn = '{urn}'\n[[attribute]]\nname = 'team'\ntype = 'string'\n");
    let extended = shipped("agents").with_extension(&text).expect("fits");
    let path = AttrPath::parse(&format!("{urn}:team"), &[urn]).expect("a path");
    let team = extended.resource_type.find(&path).expect("known");
    assert!(!team.required && !team.multi_valued && !team.case_exact && team.canonical_values.is_empty());
    assert_eq!(
        (team.mutability, team.returned, team.uniqueness),
        (Mutability::ReadWrite, Returned::Default, Uniqueness::None)
    );
}

/// What Entra's onboarding check makes of `/Schemas` (its flattening rule): the target attributes it knows afterwards.
fn flattened(schema: &Value) -> Vec<String> {
    let urn = schema["id"].as_str().expect("an id");
    let prefix = if urn.contains(":extension:") {
        format!("{urn}:")
    } else {
        String::new()
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut paths = Vec::new();
    for attribute in list(&schema["attributes"]) {
        let name = format!("{prefix}{}", attribute["name"].as_str().expect("a name"));
        let parts = list(&attribute["subAttributes"]);
        let kinds = parts.iter().find(|part| part["name"] == "type");
        let kinds = kinds
            .map(|part| list(&part["canonicalValues"]))
            .unwrap_or_default();
        match (
            attribute["type"].as_str(),
            attribute["multiValued"].as_bool(),
            kinds.is_empty(),
        ) {
            (Some("reference"), ..) => {}
            (Some("complex"), ..) if name.ends_with("manager") => paths.push(name),
            (Some("complex"), Some(true), false) => paths.extend(kinds.iter().flat_map(|kind| {
                let name = &name;
                let kind = kind.as_str().expect("text");
                parts.iter().map(move |part| {
                    format!(
                        "{name}[type eq \"{kind}\"].{}",
                        part["name"].as_str().expect("text")
                    )
                })
            })),
            (Some("complex"), Some(true), true) => {
                paths.extend(parts.iter().map(|part| {
                    format!(
                        "{name}[primary eq \"True\"].{}",
                        part["name"].as_str().expect("text")
                    )
                }));
            }
            (Some("complex"), ..) => paths.extend(
                parts
                    .iter()
                    .map(|part| format!("{name}.{}", part["name"].as_str().expect("text"))),
            ),
            _ => paths.push(name),
        }
    }
    paths.iter().map(|path| path.to_lowercase()).collect()
}

#[test]
fn entras_schema_reader_finds_every_mapped_target_of_every_profile() {
    for profile in Profiles::load(SHIPPED.iter().copied())
        .expect("what ships loads")
        .iter()
    {
        let rt = &profile.resource_type;
        let mut known = vec!["externalid".to_owned()];
        for schema in std::iter::once(&rt.core).chain(&rt.extensions) {
            known.extend(flattened(&scim::message::schema_document(
                schema,
                "https://host/x/scim",
            )));
        }
        for line in profile.attributes.iter().filter(|line| line.managed) {
            assert!(
                known.contains(&line.path.to_lowercase()),
                "{}: {} is not in {known:?}",
                profile.name,
                line.path
            );
        }
    }
}

#[test]
fn active_is_part_of_every_profile() {
    let text = r#"
name = "desks"
title = "Desks"
thing = "room"
key = "userName"
groups = false
unknown_attributes = "reject"
[[attribute]]
path = "userName"
entra = "userPrincipalName"
required = true
"#;
    let profile = Profile::parse("desks.toml", text).expect("usable");
    let body = json!({"userName": "d", "active": "False"});
    let accepted = Resource::accept(&profile.resource_type, body).expect("fits");
    assert_eq!(accepted.ignored, Vec::<String>::new());
    assert!(!accepted.resource.active());
}
