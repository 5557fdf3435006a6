//! Laws every filter obeys, and a second opinion on the grammar from the `scim_v2` crate.

use std::str::FromStr;

use proptest::prelude::*;
use scim::filter::{CompareOp, Filter, Literal};
use scim::path::AttrPath;
use scim::schema::{ENTERPRISE_USER, ResourceType, enterprise_user, user};
use serde_json::{Number, Value, json};

fn users() -> ResourceType {
    ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: "People.".to_owned(),
        core: user(),
        extensions: vec![enterprise_user()],
    }
}

fn path(schema: Option<&str>, name: &str, sub: Option<&str>) -> AttrPath {
    AttrPath {
        schema: schema.map(str::to_owned),
        name: name.to_owned(),
        sub: sub.map(str::to_owned),
    }
}

fn op() -> impl Strategy<Value = CompareOp> {
    prop::sample::select(CompareOp::ALL.to_vec())
}

/// Text, mostly made of what breaks lexers.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,12}",
        "[\"\\\\()\\[\\] æøå.:]{0,8}",
        any::<String>(),
        Just("null".to_owned()),
        Just("a".to_owned())
    ]
}

fn comparison() -> impl Strategy<Value = Filter> {
    let texts = prop::sample::select(vec![
        path(None, "userName", None),
        path(None, "id", None),
        path(None, "externalId", None),
        path(None, "name", Some("givenName")),
        path(None, "emails", Some("value")),
        path(Some(ENTERPRISE_USER), "department", None),
        path(Some(ENTERPRISE_USER), "manager", Some("value")),
    ]);
    let dates = prop::sample::select(vec!["2026-01-18T14:21:26Z", "2015-10-10T14:38:21.8617979-07:00"]);
    prop_oneof![
        (texts, op(), text()).prop_map(|(path, op, value)| Filter::Compare {
            path,
            op,
            value: Literal::String(value)
        }),
        any::<bool>().prop_map(|flag| Filter::Compare {
            path: path(None, "active", None),
            op: CompareOp::Eq,
            value: Literal::Bool(flag)
        }),
        dates.prop_map(|date| Filter::Compare {
            path: path(None, "meta", Some("created")),
            op: CompareOp::Ge,
            value: Literal::String(date.to_owned())
        }),
        Just(Filter::Compare {
            path: path(None, "title", None),
            op: CompareOp::Ne,
            value: Literal::Null
        }),
        Just(Filter::Present(path(None, "displayName", None))),
    ]
}

fn boolean(leaf: BoxedStrategy<Filter>) -> BoxedStrategy<Filter> {
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::And),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::Or),
            inner.prop_map(|inner| Filter::Not(Box::new(inner))),
        ]
    })
    .boxed()
}

fn elements(then: BoxedStrategy<Option<(String, CompareOp, Literal)>>) -> impl Strategy<Value = Filter> {
    let part = prop::sample::select(vec!["type", "value", "display"]);
    let leaf = prop_oneof![
        (part.clone(), op(), text()).prop_map(|(part, op, value)| Filter::Compare {
            path: path(None, part, None),
            op,
            value: Literal::String(value)
        }),
        part.prop_map(|part| Filter::Present(path(None, part, None))),
    ];
    (boolean(leaf.boxed()), then).prop_map(|(filter, then)| Filter::ValuePath {
        path: path(None, "emails", None),
        filter: Box::new(filter),
        then,
    })
}

/// Any filter of the RFC's grammar.
fn strict() -> BoxedStrategy<Filter> {
    boolean(prop_oneof![4 => comparison(), 1 => elements(Just(None).boxed())].boxed())
}

/// Any filter there is: also Entra's comparison behind a bracket.
fn any_filter() -> BoxedStrategy<Filter> {
    let then = (op(), text()).prop_map(|(op, text)| Some(("value".to_owned(), op, Literal::String(text))));
    boolean(
        prop_oneof![4 => comparison(), 1 => elements(Just(None).boxed()), 1 => elements(then.boxed())]
            .boxed(),
    )
}

fn document() -> impl Strategy<Value = Value> {
    (
        prop::option::of(text()),
        prop::option::of(any::<bool>()),
        prop::collection::vec((text(), text()), 0..3),
    )
        .prop_map(|(name, active, emails)| {
            let emails: Vec<Value> = emails
                .iter()
                .map(|(kind, value)| json!({"type": kind, "value": value}))
                .collect();
            json!({"id": "1", "userName": "a", "displayName": name, "active": active, "emails": emails,
                   "meta": {"created": "2026-01-18T14:21:26Z"}, ENTERPRISE_USER: {"department": name}})
        })
}

/// Words and signs of filters in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = vec![
        "userName",
        "emails",
        "emails.value",
        "title",
        "active",
        "eq",
        "ne",
        "co",
        "pr",
        "and",
        "or",
        "not",
        "not (",
        "(",
        ")",
        "[",
        "]",
        "emails[",
        "].value",
        "\"a\"",
        "\"",
        "\\",
        "true",
        "null",
        "4",
        "2026-01-18T14:21:26Z",
        "é",
        "\u{0}",
        ENTERPRISE_USER,
        ":",
        "type",
        ".",
    ];
    prop::collection::vec(prop::sample::select(words), 0..20).prop_map(|words| words.join(" "))
}

/// Members of `and`s within `and`s, and `or`s within `or`s, side by side: the oracle keeps no such nesting.
fn flat(filter: Filter) -> Filter {
    let spread = |members: Vec<Filter>, inner: fn(Filter) -> Vec<Filter>| {
        members.into_iter().map(flat).flat_map(inner).collect::<Vec<_>>()
    };
    match filter {
        Filter::And(members) => Filter::And(spread(members, |member| match member {
            Filter::And(inner) => inner,
            other => vec![other],
        })),
        Filter::Or(members) => Filter::Or(spread(members, |member| match member {
            Filter::Or(inner) => inner,
            other => vec![other],
        })),
        Filter::Not(inner) => Filter::Not(Box::new(flat(*inner))),
        Filter::ValuePath { path, filter, then } => Filter::ValuePath {
            path,
            filter: Box::new(flat(*filter)),
            then,
        },
        other => other,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn parsing_the_canonical_text_gives_the_same_filter(filter in any_filter()) {
        let text = filter.to_string();
        prop_assume!(text.len() <= scim::filter::MAX_LENGTH);
        prop_assert_eq!(Filter::parse(&text, &users()).unwrap(), filter, "{}", text);
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in prop_oneof![soup(), any::<String>()]) {
        if let Ok(filter) = Filter::parse(&text, &users()) {
            prop_assert_eq!(Filter::parse(&filter.to_string(), &users()).unwrap(), filter);
        }
    }

    #[test]
    fn an_error_points_into_the_text(text in soup()) {
        if let Err(error) = Filter::parse(&text, &users()) {
            prop_assert!(error.position.is_some_and(|at| at <= text.len() && text.is_char_boundary(at)), "{}", error);
        }
    }

    #[test]
    fn not_and_or_mean_what_they_say(a in any_filter(), b in any_filter(), document in document()) {
        let rt = users();
        let (is_a, is_b) = (a.matches(&rt, &document), b.matches(&rt, &document));
        prop_assert_eq!(Filter::Not(Box::new(a.clone())).matches(&rt, &document), !is_a);
        prop_assert_eq!(Filter::And(vec![a.clone(), b.clone()]).matches(&rt, &document), is_a && is_b);
        prop_assert_eq!(Filter::Or(vec![a.clone(), b]).matches(&rt, &document), is_a || is_b);
        prop_assert_eq!(a.conjuncts().iter().all(|part| part.matches(&rt, &document)), is_a);
    }

    #[test]
    fn the_oracle_reads_our_canonical_text_as_the_same_filter(filter in strict()) {
        let text = filter.to_string();
        prop_assume!(text.len() <= scim::filter::MAX_LENGTH);
        let theirs = scim_v2::filter::Filter::from_str(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let ours = Filter::parse(&theirs.to_string(), &users()).unwrap();
        prop_assert_eq!(flat(ours), flat(filter), "{} / {}", text, theirs);
    }

    #[test]
    fn what_the_oracle_takes_of_known_attributes_we_take_too(text in soup()) {
        if let (Ok(_), Err(error)) = (scim_v2::filter::Filter::from_str(&text), Filter::parse(&text, &users())) {
            let ours = ["no attribute", "cannot be compared", "is compared with", "no parts", "eq or ne"];
            prop_assert!(ours.iter().any(|words| error.detail.contains(words)), "{}: {}", text, error);
        }
    }
}

/// Where the oracle is known to be stricter or weaker than we must be (the changelog of its first release).
#[test]
fn the_oracles_faults_are_not_ours() {
    let rt = users();
    for text in [
        "not(userName pr)",
        "active eq True",
        "externalId eq jyoung",
        "emails[type eq \"work\"].value eq \"x\"",
    ] {
        assert!(
            scim_v2::filter::Filter::from_str(text).is_err(),
            "{text}: the oracle has learnt it"
        );
        assert!(Filter::parse(text, &rt).is_ok(), "{text}");
    }
    let chain = vec!["userName eq \"x\""; 200].join(" or ");
    assert!(
        Filter::parse(&chain, &rt).is_ok(),
        "a long flat chain is not deep"
    );
    let not = format!("{}userName pr{} )", "not (".repeat(500), ")".repeat(500));
    assert!(
        Filter::parse(&not, &rt).is_err(),
        "a deep chain with one token too many ends"
    );
    let doubled = Filter::parse("USERNAME eq \"x\" and userName eq \"x\"", &rt).unwrap();
    assert_eq!(doubled.to_string(), "userName eq \"x\" and userName eq \"x\"");
}

#[test]
fn numbers_keep_their_value_through_text() {
    let tenure = scim::schema::Attribute::new("tenure", scim::schema::AttrType::Decimal, "Years.");
    let mut rt = users();
    rt.extensions[0].attributes.push(tenure);
    for number in [
        "0",
        "-1",
        "12.5",
        "1e3",
        "9007199254740993",
        "18446744073709551615",
    ] {
        let filter = Filter::parse(&format!("tenure eq {number}"), &rt).unwrap();
        let wanted: Number = number.parse().unwrap();
        assert!(
            matches!(&filter, Filter::Compare { value: Literal::Number(read), .. } if *read == wanted),
            "{number}"
        );
        assert_eq!(Filter::parse(&filter.to_string(), &rt).unwrap(), filter);
    }
}
