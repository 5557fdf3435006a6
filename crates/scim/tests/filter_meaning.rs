//! Which documents a filter selects.
#![expect(clippy::panic, reason = "a test program: its helpers may stop it")]

use scim::filter::Filter;
use scim::schema::{AttrType, Attribute, ResourceType, Schema, enterprise_user, user};
use serde_json::{Value, json};

fn users() -> ResourceType {
    let custom = Schema {
        id: "urn:example:2.0:User".to_owned(),
        name: "Custom".to_owned(),
        description: "A customer's own attributes.".to_owned(),
        attributes: vec![
            Attribute::new("tenure", AttrType::Integer, "Years."),
            Attribute::new("rate", AttrType::Decimal, "Per hour."),
            Attribute::new("since", AttrType::DateTime, "First day."),
            Attribute::new("badge", AttrType::Binary, "A picture."),
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

fn bob() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "2819C223",
        "externalId": "Ext-1",
        "userName": "Bjørn@Contoso.com",
        "active": false,
        "displayName": "Bob",
        "title": "",
        "profileUrl": "https://Example.com/Bob",
        "name": {"givenName": "Bob", "familyName": "Jensen"},
        "emails": [
            {"type": "work", "value": "bob@contoso.com", "primary": true},
            {"type": "home", "value": "bob@home.example"}
        ],
        "phoneNumbers": [],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "IT", "manager": {"value": "26118915"}},
        "urn:example:2.0:User": {"tenure": 7, "rate": 12.5, "since": "2019-05-01T00:00:00Z", "badge": "QUJD"},
        "meta": {
            "resourceType": "User",
            "created": "2026-01-18T14:21:26Z",
            "lastModified": "2026-01-18T14:21:26.8617979Z"
        }
    })
}

fn check(rows: &[(&str, bool)]) {
    let rt = users();
    for (text, expected) in rows {
        let filter = Filter::parse(text, &rt).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&rt, &bob()), *expected, "{text}");
    }
}

#[test]
fn text_is_caseless_unless_the_schema_says_exact() {
    check(&[
        (r#"userName eq "BJØRN@contoso.COM""#, true),
        (r#"userName sw "bjø""#, true),
        (r#"userName ew "CONTOSO.com""#, true),
        (r#"userName co "@""#, true),
        (r#"userName ne "bjørn@contoso.com""#, false),
        (r#"id eq "2819C223""#, true),
        (r#"id eq "2819c223""#, false),
        (r#"externalId eq "ext-1""#, false),
        (r#"externalId eq "Ext-1""#, true),
        (r#"profileUrl eq "https://example.com/bob""#, false),
        (r#"displayName gt "alice""#, true),
        (r#"displayName lt "alice""#, false),
        (r#"displayName ge "BOB" and displayName le "bob""#, true),
        (r#"schemas eq "urn:ietf:params:scim:schemas:core:2.0:User""#, true),
    ]);
}

#[test]
fn booleans_numbers_and_dates_compare_as_what_they_are() {
    check(&[
        ("active eq false", true),
        (r#"active eq "False""#, true),
        ("active ne false", false),
        ("tenure eq 7", true),
        ("tenure eq 7.0", true),
        ("tenure gt 10", false),
        ("rate gt 9", true),
        ("rate le 12.5", true),
        ("since lt 2020-01-01T00:00:00+02:00", true),
        ("since eq 2019-04-30T22:00:00.0000000-02:00", true),
        ("since sw 2019", true),
        ("meta.created gt 2015-10-10T14:38:21.8617979-07:00", true),
        ("meta.lastModified gt 2026-01-18T14:21:26.8617978Z", true),
        ("meta.lastModified gt 2026-01-18T14:21:26.8617979Z", false),
        (r#"meta.lastModified ge "0001-01-03T00:00:00.0000000Z""#, true),
        ("meta.created eq 2026-01-18T14:21:26", true),
        (r#"badge eq "qujd""#, false),
        (r#"badge eq "QUJD""#, true),
    ]);
}

#[test]
fn whole_numbers_beyond_those_with_a_sign_are_compared_to_the_last_digit() {
    let rt = users();
    let person = json!({"urn:example:2.0:User": {"tenure": 18_446_744_073_709_551_615_u64}});
    for (text, expected) in [
        ("tenure eq 18446744073709551615", true),
        ("tenure eq \"18446744073709551615\"", true),
        ("tenure eq 18446744073709551614", false),
        ("tenure gt 18446744073709551614", true),
        ("tenure le 18446744073709551614", false),
        ("tenure gt 9223372036854775807", true),
        ("tenure gt -1", true),
    ] {
        let filter = Filter::parse(text, &rt).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(filter.matches(&rt, &person), expected, "{text}");
    }
}

#[test]
fn a_missing_attribute_satisfies_ne_and_eq_null_only() {
    check(&[
        (r#"nickName eq "x""#, false),
        (r#"nickName ne "x""#, true),
        (r#"nickName co """#, false),
        (r#"nickName lt "x""#, false),
        ("nickName eq null", true),
        ("nickName ne null", false),
        ("nickName pr", false),
        ("not (nickName pr)", true),
        ("title pr", false),
        ("title eq null", true),
        ("phoneNumbers pr", false),
        ("name pr", true),
        ("name.middleName pr", false),
        ("displayName ne null", true),
        ("tenure ne 8", true),
    ]);
}

#[test]
fn a_multi_valued_attribute_holds_when_any_of_its_values_does() {
    check(&[
        (r#"emails eq "bob@home.example""#, true),
        (r#"emails.value co "contoso""#, true),
        (r#"emails.type eq "other""#, false),
        (r#"emails.type ne "work""#, true),
        (r#"emails[type eq "work"].value eq "BOB@contoso.com""#, true),
        (r#"emails[type eq "work"].value eq "bob@home.example""#, false),
        (r#"emails[type eq "work" and value co "home"]"#, false),
        (r#"emails[type eq "work"] and emails[value co "home"]"#, true),
        (r#"emails[primary eq "True"].value pr"#, true),
        (r#"emails[not (primary eq true)].value ew ".example""#, true),
        (r#"phoneNumbers[type eq "work"]"#, false),
    ]);
}

#[test]
fn extensions_are_found_by_urn_and_without_it() {
    check(&[
        (
            r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "it""#,
            true,
        ),
        ("department eq IT", true),
        (r#"id eq "2819C223" and manager eq "26118915""#, true),
        (r#"manager eq "26118915" and id eq "other""#, false),
        (
            "urn:ietf:params:scim:schemas:core:2.0:User:name.familyName eq jensen",
            true,
        ),
    ]);
}

#[test]
fn and_binds_tighter_than_or() {
    check(&[
        ("title pr and title pr or active eq false", true),
        ("title pr and (title pr or active eq false)", false),
        ("active eq false or title pr and title pr", true),
        ("not (title pr) and not (nickName pr)", true),
    ]);
}

#[test]
fn an_attribute_of_another_type_only_has_no_value_in_a_list_of_several_types() {
    let groups = ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Groups.".to_owned(),
        core: scim::schema::group(),
        extensions: Vec::new(),
    };
    let users = users();
    let staff = json!({"id": "1", "displayName": "Staff", "members": [{"value": "2819C223"}]});
    for (text, user, group) in [
        (r#"displayName eq "bob""#, true, false),
        (r#"displayName eq "staff""#, false, true),
        (r#"displayName eq "staff" or userName sw "bj""#, true, true),
        (r#"userName ne "x""#, true, true),
        ("userName pr", true, false),
        ("not (userName pr)", false, true),
        ("userName eq null", false, true),
        (r#"members[value eq "2819C223"]"#, false, true),
        (
            "urn:ietf:params:scim:schemas:core:2.0:Group:displayName pr",
            false,
            true,
        ),
        (
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName ne "x""#,
            true,
            true,
        ),
        (r#"emails[type eq "work"].value co "@""#, true, false),
        ("tenure gt 3", true, false),
    ] {
        let of_users = Filter::parse_among(text, &users, &[&groups]).expect(text);
        let of_groups = Filter::parse_among(text, &groups, &[&users]).expect(text);
        assert_eq!(of_users.matches(&users, &bob()), user, "{text} on a user");
        assert_eq!(of_groups.matches(&groups, &staff), group, "{text} on a group");
    }
    // What would need the list of members is refused where there are any.
    for text in ["members pr", r#"members.value ne "2819C223""#] {
        assert!(Filter::parse_among(text, &groups, &[&users]).is_err(), "{text}");
    }
    let error = Filter::parse_among("shoeSize pr", &users, &[&groups]).expect_err("nobody has it");
    assert!(error.detail.contains("shoeSize"));
}
