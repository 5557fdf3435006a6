//! Names, paths and schemas: how an attribute is found, and what of a schema a directory serves.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use scim::path::{AttrPath, ValuePath};
use scim::schema::{
    AttrType, Attribute, ENTERPRISE_USER, GROUP, Mutability, ResourceType, Returned, Schema, USER,
    Uniqueness, enterprise_user, group, restrict, user,
};

const CUSTOM: &str = "urn:ietf:params:scim:schemas:extension:Acme.2:2.0:User";

fn custom() -> Schema {
    Schema {
        id: CUSTOM.to_owned(),
        name: "Acme".to_owned(),
        description: "Acme".to_owned(),
        attributes: vec![
            Attribute::string("badge", "The badge."),
            Attribute::new("floor", AttrType::Integer, "Floor."),
        ],
    }
}

fn users() -> ResourceType {
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "User".to_owned(),
        core: user(),
        extensions: vec![enterprise_user(), custom()],
    }
}

#[test]
fn a_path_is_brought_into_the_spelling_of_the_schema() {
    let rt = users();
    for (text, canonical) in [
        ("userName", "userName".to_owned()),
        ("USERNAME", "userName".to_owned()),
        ("Name.GivenName", "name.givenName".to_owned()),
        ("externalid", "externalId".to_owned()),
        ("META.lastmodified", "meta.lastModified".to_owned()),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:userName",
            "userName".to_owned(),
        ),
        (
            "URN:IETF:params:scim:schemas:core:2.0:user:name.familyname",
            "name.familyName".to_owned(),
        ),
        (
            &format!("{ENTERPRISE_USER}:Department"),
            format!("{ENTERPRISE_USER}:department"),
        ),
        (
            &format!("{ENTERPRISE_USER}:manager.value"),
            format!("{ENTERPRISE_USER}:manager.value"),
        ),
        // the dialect of Entra jobs made before December 2018
        (
            &format!("{ENTERPRISE_USER}.department"),
            format!("{ENTERPRISE_USER}:department"),
        ),
        (&format!("{CUSTOM}:badge"), format!("{CUSTOM}:badge")),
        (&CUSTOM.to_uppercase(), CUSTOM.to_owned()),
        // no URN, or a wrong one: found where it lives
        ("manager", format!("{ENTERPRISE_USER}:manager")),
        ("badge", format!("{CUSTOM}:badge")),
        (&format!("{ENTERPRISE_USER}:roles"), "roles".to_owned()),
        // unknown: kept as written
        ("x-Shoe-Size", "x-Shoe-Size".to_owned()),
        (
            "urn:example:other:2.0:User:Thing.part",
            "urn:example:other:2.0:User:Thing.part".to_owned(),
        ),
    ] {
        assert_eq!(rt.parse_path(text).unwrap().to_string(), canonical, "{text}");
    }
}

#[test]
fn the_longest_known_urn_begins_a_path() {
    let urns = ["urn:a:User", "urn:a:User:extra", "urn:a:Us"];
    let path = AttrPath::parse("urn:a:User:extra:name", &urns).unwrap();
    assert_eq!(
        (path.schema.as_deref(), path.name.as_str()),
        (Some("urn:a:User:extra"), "name")
    );
    let path = AttrPath::parse("urn:a:User:extras", &urns).unwrap();
    assert_eq!(
        (path.schema.as_deref(), path.name.as_str()),
        (Some("urn:a:User"), "extras")
    );
}

#[test]
fn paths_are_equal_without_case() {
    let parse = |text: &str| AttrPath::parse(text, &[ENTERPRISE_USER]).unwrap();
    assert_eq!(parse("name.givenName"), parse("NAME.GIVENNAME"));
    assert_ne!(parse("name"), parse("name.givenName"));
    assert_ne!(
        parse("department"),
        parse(&format!("{ENTERPRISE_USER}:department"))
    );
    let set: std::collections::HashSet<_> = [parse("userName"), parse("USERNAME")].into();
    assert_eq!(set.len(), 1);
}

#[test]
fn a_malformed_path_is_refused_with_its_place_and_what_to_write() {
    for (text, position) in [
        ("", 0),
        (" userName", 0),
        ("user name", 0),
        ("name.", 5),
        (".givenName", 0),
        ("name.given.more", 5),
        ("1st", 0),
        ("emails[type eq", 0),
        ("urn:a:b:name.", 13),
        (":", 0),
        ("é", 0),
    ] {
        let error = AttrPath::parse(text, &[]).unwrap_err();
        assert_eq!(error.scim_type.as_str(), "invalidPath", "{text}");
        assert_eq!(error.position, Some(position), "{text}");
        assert!(
            error.detail.contains("Check the target attribute in the mapping"),
            "{}",
            error.detail
        );
    }
}

#[test]
fn a_mapping_target_is_a_path_with_at_most_one_comparison() {
    let parse = |text: &str| ValuePath::parse(text, &[ENTERPRISE_USER]);
    for (text, printed) in [
        ("displayName", "displayName"),
        (
            r#"addresses[type eq "work"].formatted"#,
            r#"addresses[type eq "work"].formatted"#,
        ),
        (
            r#"roles[ primary EQ "True" ].value"#,
            r#"roles[primary eq "True"].value"#,
        ),
        (r"emails[type eq work]", r#"emails[type eq "work"]"#),
    ] {
        assert_eq!(parse(text).unwrap().to_string(), printed, "{text}");
    }
    for text in [
        "addresses[",
        "addresses[]",
        "addresses[type eq].formatted",
        r#"addresses[type co "w"].formatted"#,
        r#"addresses[type eq "a" and primary eq true].formatted"#,
        r#"[type eq "work"].formatted"#,
        r#"addresses[type eq "work"]formatted"#,
        r#"addresses[type eq "work"]."#,
        r#"addresses[type eq "work"][type eq "home"]"#,
    ] {
        assert_eq!(
            parse(text).unwrap_err().scim_type.as_str(),
            "invalidPath",
            "{text}"
        );
    }
}

#[test]
fn only_what_the_directory_has_is_found() {
    let rt = users();
    let found = |text: &str| {
        rt.find(&rt.parse_path(text).unwrap())
            .map(|attribute| attribute.name.clone())
    };
    for known in [
        "id",
        "externalId",
        "schemas",
        "meta.created",
        "emails.value",
        "groups.display",
        "manager.displayName",
    ] {
        assert!(found(known).is_some(), "{known}");
    }
    for unknown in [
        "shoeSize",
        "name.shoeSize",
        "userName.sub",
        "urn:x:y:userName",
        ENTERPRISE_USER,
    ] {
        assert_eq!(found(unknown), None, "{unknown}");
    }
}

#[test]
fn the_rfc_schemas_are_complete() {
    let names = |schema: &Schema| {
        schema
            .attributes
            .iter()
            .map(|a| a.name.clone())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        names(&user()),
        "userName name displayName nickName profileUrl title userType preferredLanguage locale timezone active password \
         emails phoneNumbers ims photos addresses groups entitlements roles x509Certificates"
    );
    assert_eq!(
        names(&enterprise_user()),
        "employeeNumber costCenter organization division department manager"
    );
    assert_eq!(names(&group()), "displayName members");
    assert_eq!(
        (user().id, group().id, enterprise_user().id),
        (USER.into(), GROUP.into(), ENTERPRISE_USER.into())
    );
}

#[test]
fn attributes_have_the_characteristics_the_rfc_and_entra_need() {
    let user = user();
    let at = |name: &str| user.attribute(name).unwrap();
    assert!(at("userName").required && !at("userName").case_exact);
    assert_eq!(at("userName").uniqueness, Uniqueness::Server);
    assert_eq!(
        (at("password").mutability, at("password").returned),
        (Mutability::WriteOnly, Returned::Never)
    );
    assert_eq!(at("groups").mutability, Mutability::ReadOnly);
    assert_eq!(at("active").attr_type, AttrType::Boolean);
    let canonical = |name: &str| at(name).sub("type").unwrap().canonical_values.join(" ");
    assert_eq!(canonical("emails"), "work home other");
    assert_eq!(canonical("addresses"), "work home other");
    assert_eq!(canonical("phoneNumbers"), "work mobile fax pager home other");
    assert_eq!(
        canonical("roles"),
        "",
        "so that Entra derives roles[primary eq \"True\"]"
    );
}

#[test]
fn an_attribute_of_which_nothing_else_is_said_has_the_rfcs_characteristics() {
    for (attribute, attr_type) in [
        (Attribute::string("badge", "The badge."), AttrType::String),
        (
            Attribute::new("floor", AttrType::Integer, "Floor."),
            AttrType::Integer,
        ),
    ] {
        assert_eq!(attribute.attr_type, attr_type);
        assert!(!attribute.required && !attribute.case_exact && !attribute.multi_valued);
        assert!(attribute.canonical_values.is_empty());
        assert_eq!(
            (attribute.mutability, attribute.returned, attribute.uniqueness),
            (Mutability::ReadWrite, Returned::Default, Uniqueness::None)
        );
    }
}

#[test]
fn a_restricted_schema_has_only_what_is_listed_and_what_tells_elements_apart() {
    let paths: Vec<AttrPath> = [
        "active",
        "userName",
        "name.givenName",
        "addresses.formatted",
        "manager",
        "shoeSize",
    ]
    .iter()
    .map(|text| users().parse_path(text).unwrap())
    .collect();
    let shape = |schema: &Schema| -> Vec<String> {
        schema
            .attributes
            .iter()
            .map(|a| {
                let parts: Vec<&str> = a.sub_attributes.iter().map(|sub| sub.name.as_str()).collect();
                format!("{}({})", a.name, parts.join(" "))
            })
            .collect()
    };
    let core = restrict(&user(), &paths);
    assert_eq!(
        shape(&core),
        [
            "userName()",
            "name(givenName)",
            "active()",
            "addresses(formatted type primary)"
        ]
    );
    assert_eq!(core.id, USER);
    assert_eq!(
        shape(&restrict(&enterprise_user(), &paths)),
        ["manager(value $ref displayName)"]
    );
    assert!(restrict(&custom(), &paths).attributes.is_empty());
    let whole = [
        users().parse_path(ENTERPRISE_USER).unwrap(),
        users().parse_path("emails.value").unwrap(),
    ];
    assert_eq!(
        restrict(&enterprise_user(), &whole),
        enterprise_user(),
        "a URN alone keeps the whole extension"
    );
    assert_eq!(shape(&restrict(&user(), &whole)), ["emails(value type primary)"]);
}
