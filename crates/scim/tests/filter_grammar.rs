//! What filters are read, what their canonical text is, and how a filter that is not understood is refused.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test program: its helpers may stop it"
)]

use scim::ScimType;
use scim::filter::{CompareOp, Filter, Literal, MAX_DEPTH, MAX_LENGTH, MAX_TERMS};
use scim::schema::{AttrType, Attribute, ResourceType, Schema, enterprise_user, group, user};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn users() -> ResourceType {
    let custom = Schema {
        id: "urn:ietf:params:scim:schemas:extension:advisors.v1:2.0:User".to_owned(),
        name: "Custom".to_owned(),
        description: "A customer's own attributes.".to_owned(),
        attributes: vec![
            Attribute::new("tenure", AttrType::Integer, "Years."),
            Attribute::string("x-dashed", "A name with a dash."),
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

fn canonical(text: &str, rt: &ResourceType) -> String {
    let filter = Filter::parse(text, rt).unwrap_or_else(|error| panic!("{text}: {error}"));
    let shown = filter.to_string();
    assert_eq!(Filter::parse(&shown, rt).unwrap(), filter, "{text} -> {shown}");
    shown
}

#[test]
fn every_query_entra_sends_is_read_as_its_canonical_text() {
    let department = format!("{ENTERPRISE}:department");
    let rows: Vec<(String, String)> = [
        (r#"userName eq "bjensen@contoso.com""#, r#"userName eq "bjensen@contoso.com""#),
        (r#"USERNAME EQ "b""#, r#"userName eq "b""#),
        ("externalId eq jyoung", r#"externalId eq "jyoung""#),
        (r#"emails[type eq "work"].value eq "a@b.com""#, r#"emails[type eq "work"].value eq "a@b.com""#),
        (r"emails[Type EQ work].Value pr", r#"emails[type eq "work" and value pr]"#),
        (r#"emails[type eq "work"]"#, r#"emails[type eq "work"]"#),
        (r#"emails co "example.com""#, r#"emails.value co "example.com""#),
        (r#"roles[primary eq "True"].value eq 25"#, r#"roles[primary eq true].value eq "25""#),
        ("active eq True", "active eq true"),
        (r#"active eq "FALSE""#, "active eq false"),
        ("not(userName pr)", "not (userName pr)"),
        ("NOT ( not(userName pr))", "not (not (userName pr))"),
        ("(userName pr)", "userName pr"),
        ("title pr and nickName pr or active eq true", "title pr and nickName pr or active eq true"),
        ("title pr and (nickName pr or active eq true)", "title pr and (nickName pr or active eq true)"),
        ("(title pr and nickName pr) and active eq true", "(title pr and nickName pr) and active eq true"),
        ("title eq null", "title eq null"),
        (r#"title eq "null""#, r#"title eq "null""#),
        (r#"userName eq "a\"b\\c\u00e6""#, r#"userName eq "a\"b\\cæ""#),
        (r#"userName eq "x_gmail.com#EXT#@tenant.onmicrosoft.com""#, r#"userName eq "x_gmail.com#EXT#@tenant.onmicrosoft.com""#),
        ("userName eq O'Brien+1@contoso.com", r#"userName eq "O'Brien+1@contoso.com""#),
        ("meta.Created gt 2015-10-10T14:38:21.8617979-07:00", r#"meta.created gt "2015-10-10T14:38:21.8617979-07:00""#),
        (
            "name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)",
            r#"name.familyName eq "Employee" and (emails.value co "example.com" or emails.value co "example.org")"#,
        ),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName sw O", r#"userName sw "O""#),
        ("urn:ietf:params:scim:schemas:extension:advisors.v1:2.0:User:tenure ge 3", "urn:ietf:params:scim:schemas:extension:advisors.v1:2.0:User:tenure ge 3"),
        (r#"tenure ge "3""#, "urn:ietf:params:scim:schemas:extension:advisors.v1:2.0:User:tenure ge 3"),
        ("X-Dashed eq a", r#"urn:ietf:params:scim:schemas:extension:advisors.v1:2.0:User:x-dashed eq "a""#),
        ("  userName   pr  ", "userName pr"),
    ]
    .into_iter()
    .map(|(text, shown)| (text.to_owned(), shown.to_owned()))
    .chain([
        (format!("{} eq IT", department.to_uppercase()), format!(r#"{department} eq "IT""#)),
        (r#"id eq "1" and manager eq "2""#.to_owned(), format!(r#"id eq "1" and {ENTERPRISE}:manager.value eq "2""#)),
        (format!(r#"{ENTERPRISE}:manager[value eq "2"]"#), format!(r#"{ENTERPRISE}:manager[value eq "2"]"#)),
    ])
    .collect();
    for (text, shown) in rows {
        assert_eq!(canonical(&text, &users()), shown, "{text}");
    }
    assert_eq!(
        canonical(r#"members eq "2" and id eq "4""#, &groups()),
        r#"members.value eq "2" and id eq "4""#
    );
    assert_eq!(
        canonical(r#"members[value eq "2"]"#, &groups()),
        r#"members[value eq "2"]"#
    );
}

#[test]
fn an_escaped_text_is_the_text_it_means() {
    let filter = Filter::parse(r#"userName eq "a\"\\\u00e6""#, &users()).unwrap();
    let Filter::Compare { op, value, path } = filter else {
        panic!("a comparison")
    };
    assert_eq!(
        (op, value, path.to_string().as_str()),
        (CompareOp::Eq, Literal::String("a\"\\æ".to_owned()), "userName")
    );
}

#[test]
fn a_filter_that_is_not_understood_names_position_rule_and_what_is_allowed() {
    let rows: &[(&str, usize, &[&str])] = &[
        ("", 0, &["attribute name", "the end"]),
        (
            "shoeSize eq 46",
            0,
            &["\"shoeSize\"", "userName", "emails", "externalId"],
        ),
        (
            r#"userName eq "a" and emails.valu eq "b""#,
            20,
            &["\"emails.valu\""],
        ),
        (
            r#"emails[typ eq "work"].value eq "b""#,
            7,
            &["\"typ\"", "type", "primary"],
        ),
        (
            "userName like \"a\"",
            9,
            &["\"like\"", "eq, ne, co, sw, ew, gt, ge, lt, le, pr"],
        ),
        ("userName", 8, &["operator", "the end"]),
        ("userName eq", 11, &["value", "eq"]),
        ("userName eq \"abc", 12, &["never closed"]),
        (r#"userName eq "DOM\user""#, 12, &["backslash"]),
        ("displayName eq Bob Lee", 19, &["double quotes"]),
        ("(userName pr", 12, &["\")\"", "the end"]),
        ("userName pr)", 11, &["\")\""]),
        ("not userName pr", 4, &["not is followed by"]),
        ("name eq \"x\"", 0, &["name.givenName"]),
        ("userName[value eq \"x\"]", 0, &["userName eq"]),
        ("active gt true", 10, &["active", "eq, ne or pr"]),
        ("active eq maybe", 10, &["true or false"]),
        ("tenure co 4", 10, &["tenure", "gt"]),
        ("tenure eq four", 10, &["number"]),
        ("meta.created gt yesterday", 16, &["2026-01-31T08:00:00Z"]),
        ("title gt null", 9, &["eq or ne"]),
        ("password eq \"x\"", 0, &["\"password\""]),
        ("userName eq \u{1}", 12, &["control character"]),
        ("é eq 1", 0, &["attribute name"]),
    ];
    for (text, position, words) in rows {
        let error = Filter::parse(text, &users()).expect_err(text);
        assert_eq!(error.scim_type, ScimType::InvalidFilter, "{text}");
        assert_eq!(error.position, Some(*position), "{text}: {error}");
        for word in *words {
            assert!(error.detail.contains(word), "{text}: {word} is not in: {error}");
        }
        assert!(error.detail.ends_with('.'), "{error}");
    }
    let unknown = Filter::parse("shoeSize eq 46", &users()).unwrap_err();
    assert_eq!(unknown.attribute.as_deref(), Some("shoeSize"));
    assert!(
        !unknown.detail.contains("46") && !unknown.detail.contains("password"),
        "{unknown}"
    );
}

#[test]
fn a_value_in_single_quotes_is_refused_and_told_to_use_double_ones() {
    for (text, position) in [
        ("userName eq 'x'", 12),
        ("userName eq 'Bob Lee'", 12),
        ("emails[type eq 'work'].value eq \"a\"", 15),
        ("active eq 'true'", 10),
        ("userName eq '", 12),
    ] {
        let error = Filter::parse(text, &users()).expect_err(text);
        assert_eq!(
            (error.scim_type, error.position),
            (ScimType::InvalidFilter, Some(position)),
            "{text}: {error}"
        );
        assert!(
            error.detail.contains("single quote") && error.detail.contains("double quotes"),
            "{text}: {error}"
        );
    }
}

#[test]
fn the_address_of_a_group_of_a_user_is_no_value_to_search_by() {
    for (text, name) in [
        (r#"groups.$ref eq "x""#, "groups.$ref"),
        ("groups.$REF pr", "groups.$REF"),
        ("groups[$ref pr]", "$ref"),
        (r#"groups[value eq "1" and $ref co "x"]"#, "$ref"),
    ] {
        let error = Filter::parse(text, &users()).expect_err(text);
        assert_eq!(error.scim_type, ScimType::InvalidFilter, "{text}");
        assert!(error.detail.contains(name), "{text}: {error}");
    }
    assert!(Filter::parse(r#"groups.value eq "1" and groups[display eq "x"]"#, &users()).is_ok());
}

#[test]
fn depth_length_and_terms_have_limits() {
    let nested = |depth: usize| format!("{}title pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Filter::parse(&nested(MAX_DEPTH), &users()).is_ok());
    let error = Filter::parse(&nested(MAX_DEPTH + 1), &users()).unwrap_err();
    assert!(error.detail.contains("32 deep"), "{error}");
    assert_eq!(error.position, Some(MAX_DEPTH));

    let flat = |terms: usize| vec!["title pr"; terms].join(" or ");
    assert!(
        Filter::parse(&flat(MAX_TERMS), &users()).is_ok(),
        "a flat chain is not deep"
    );
    assert!(
        Filter::parse(&flat(MAX_TERMS + 1), &users())
            .unwrap_err()
            .detail
            .contains("256 comparisons")
    );

    let long = format!("title eq \"{}\"", "x".repeat(MAX_LENGTH));
    assert!(
        Filter::parse(&long, &users())
            .unwrap_err()
            .detail
            .contains("8192")
    );
}

/// Runs on 256 kB of stack, as a hostile caller would like it.
fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn hostile_nesting_fails_on_a_small_stack() {
    on_a_small_stack(|| {
        for open in [
            "(",
            "not(",
            "emails[",
            "not (emails[(",
            "[",
            "\"",
            "((userName pr) or ",
        ] {
            for count in [100_000, MAX_LENGTH / open.len()] {
                let error = Filter::parse(&open.repeat(count), &users()).unwrap_err();
                assert_eq!(error.scim_type, ScimType::InvalidFilter);
            }
        }
        let not = format!("{}title pr{} x", "not (".repeat(1000), ")".repeat(1000));
        assert!(Filter::parse(&not, &users()).is_err());
    });
}

#[test]
fn the_deepest_filter_allowed_lives_and_dies_on_a_small_stack() {
    on_a_small_stack(|| {
        let rt = users();
        for open in [
            "not (title pr or ",
            "(title pr or title pr and (",
            "emails pr or not (active pr and ",
        ] {
            let brackets = open.matches('(').count();
            let times = MAX_DEPTH / brackets;
            let deep = format!("{}title pr{}", open.repeat(times), ")".repeat(times * brackets));
            let filter = Filter::parse(&deep, &rt).unwrap();
            assert_eq!(Filter::parse(&filter.to_string(), &rt).unwrap(), filter);
            assert!(
                filter.matches(&rt, &serde_json::json!({"title": "x", "active": true}))
                    || open.contains("not")
            );
            drop(filter.clone());
        }
    });
}

#[test]
fn conjuncts_are_the_members_of_the_outermost_ands() {
    let parts = |text: &str| {
        let filter = Filter::parse(text, &users()).unwrap();
        filter
            .conjuncts()
            .into_iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    assert_eq!(parts("title pr"), ["title pr"]);
    assert_eq!(
        parts("title pr and (nickName pr and active eq true)"),
        ["title pr", "nickName pr", "active eq true"]
    );
    assert_eq!(
        parts("title pr or nickName pr and active eq true"),
        ["title pr or nickName pr and active eq true"]
    );
}

#[test]
fn a_value_that_decodes_to_a_control_character_says_how_to_write_a_backslash() {
    for text in [
        r#"userName eq "CORP\bob""#,
        r#"userName eq "CORP\nancy""#,
        r#"userName eq "CORP\tom""#,
        r#"name.familyName sw "a\u0007""#,
        r#"emails[value eq "a\fb"]"#,
        r#"userName eq "a\u0000b""#,
        r#"userName eq "a\u0085b""#,
    ] {
        let error = Filter::parse(text, &users()).expect_err(text);
        assert_eq!(error.scim_type, ScimType::InvalidFilter, "{text}");
        assert!(
            error
                .detail
                .contains(r#"write a backslash as \\, as in "CORP\\bob""#)
                && error.attribute.is_some(),
            "{error}"
        );
    }
    assert!(Filter::parse(r#"userName eq "CORP\\bob""#, &users()).is_ok());
}
