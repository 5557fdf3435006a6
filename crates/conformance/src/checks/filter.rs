//! Filters (RFC 7644 §3.4.2.2): every operator, every type, and what must be refused.
//!
//! A line's text is `FILTER => LETTERS`: which of the five people of [`Site::people`] it finds. `{A}` stands for A's user
//! name, `{id:A}` for her id, `{made:A}` for when she was made.

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold, skipped};
use crate::site::Site;

const OPERATORS: &str = "The operators supported in the expression are listed in Table 3.";
const LOGIC: &str = "Boolean expressions MAY be grouped using parentheses to change the standard order of operations, i.e., to evaluate logical \"or\" operators before logical \"and\" operators.";
const ELEMENTS: &str = "Service providers MAY support complex filters where expressions MUST be applied to the same value of a parent multi-valued attribute";

/// A line of the table whose quote is shared.
macro_rules! finds {
    ($id:literal, $quote:ident, $with:literal) => {
        Check {
            quote: $quote,
            ..check!($id, Must, Filter, "RFC 7644 §3.4.2.2", "", finds, $with)
        }
    };
}

pub const CHECKS: &[Check] = &[
    finds!("filter-eq", OPERATORS, "userName eq \"{A}\" => A"),
    finds!("filter-eq-id", OPERATORS, "id eq \"{id:C}\" => C"),
    finds!("filter-ne", OPERATORS, "userName ne \"{A}\" => bCdE"),
    finds!("filter-co", OPERATORS, "displayName co \"son C\" => C"),
    finds!("filter-sw", OPERATORS, "displayName sw \"Person\" => AbCdE"),
    finds!("filter-ew", OPERATORS, "userName ew \"-d\" => d"),
    finds!("filter-pr", OPERATORS, "title pr => AbC"),
    finds!("filter-gt", OPERATORS, "userName gt \"{b}\" => CdE"),
    finds!("filter-ge", OPERATORS, "userName ge \"{b}\" => bCdE"),
    finds!("filter-lt", OPERATORS, "userName lt \"{b}\" => A"),
    finds!("filter-le", OPERATORS, "userName le \"{b}\" => Ab"),
    finds!("filter-boolean-true", OPERATORS, "active eq true => ACdE"),
    finds!("filter-boolean-false", OPERATORS, "active eq false => b"),
    finds!("filter-boolean-ne", OPERATORS, "active ne true => b"),
    finds!(
        "filter-datetime-ge",
        OPERATORS,
        "meta.created ge \"{made:A}\" => AbCdE"
    ),
    finds!(
        "filter-datetime-lt",
        OPERATORS,
        "meta.created lt \"{made:A}\" => "
    ),
    finds!(
        "filter-datetime-gt",
        OPERATORS,
        "meta.lastModified gt \"2001-01-01T00:00:00Z\" => AbCdE"
    ),
    finds!(
        "filter-datetime-le",
        OPERATORS,
        "meta.created le \"2001-01-01T00:00:00Z\" => "
    ),
    finds!(
        "filter-datetime-offset",
        OPERATORS,
        "meta.created gt \"2001-01-01T00:00:00+05:00\" => AbCdE"
    ),
    finds!(
        "filter-sub-attribute",
        OPERATORS,
        "name.familyName eq \"Family\" => AbCdE"
    ),
    finds!(
        "filter-multi-valued",
        OPERATORS,
        "emails.value eq \"{A}@home.example\" => A"
    ),
    finds!(
        "filter-multi-valued-implied-value",
        OPERATORS,
        "emails eq \"{A}@home.example\" => A"
    ),
    finds!(
        "filter-multi-valued-co",
        OPERATORS,
        "emails.value co \"@home.ex\" => A"
    ),
    finds!("filter-multi-valued-pr", OPERATORS, "emails pr => AbCdE"),
    finds!("filter-and", LOGIC, "title eq \"Lead\" and active eq true => A"),
    finds!("filter-or", LOGIC, "title eq \"Clerk\" or active eq false => bC"),
    finds!("filter-not", LOGIC, "not (title eq \"Lead\") => CdE"),
    finds!(
        "filter-and-before-or",
        LOGIC,
        "title eq \"Clerk\" or title eq \"Lead\" and active eq false => bC"
    ),
    finds!(
        "filter-grouping",
        LOGIC,
        "(title eq \"Clerk\" or title eq \"Lead\") and active eq false => b"
    ),
    finds!(
        "filter-not-group",
        LOGIC,
        "not (title pr and active eq true) => bdE"
    ),
    finds!("filter-elements", ELEMENTS, "emails[type eq \"home\"] => A"),
    finds!(
        "filter-elements-same-value",
        ELEMENTS,
        "emails[type eq \"work\" and value co \"@home\"] => "
    ),
    finds!(
        "filter-elements-not",
        ELEMENTS,
        "emails[not (type eq \"work\")] => A"
    ),
    finds!(
        "filter-elements-and-more",
        ELEMENTS,
        "emails[type eq \"work\"] and title pr => AbC"
    ),
    check!(
        "filter-names-have-no-case",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2",
        "Attribute names and attribute operators used in filters are case insensitive.",
        finds,
        "USERNAME Eq \"{A}\" AND Title PR => A"
    ),
    check!(
        "filter-username-without-case",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2",
        "Comparison of String-type attributes […] SHALL be made according to the attribute's \"caseExact\" characteristic",
        username_without_case
    ),
    check!(
        "filter-id-with-case",
        Must,
        Filter,
        "RFC 7643 §3.1",
        "id A unique identifier for a SCIM resource as defined by the service provider. […] It has the characteristics \"caseExact\" as \"true\"",
        id_with_case
    ),
    check!(
        "filter-urn",
        Must,
        Filter,
        "RFC 7644 §3.10",
        "All operations share a common scheme for referencing simple and complex attributes. In general, attributes are uniquely identified by prefixing the attribute name with its schema URN separated by a colon (\":\") character",
        finds,
        "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"{A}\" => A"
    ),
    check!(
        "filter-unknown-operator-is-400",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2",
        "Providers MUST decline to filter results if the specified filter operation is not recognized and return an HTTP 400 error with a \"scimType\" error of \"invalidFilter\"",
        refused,
        "userName like \"x\""
    ),
    check!(
        "filter-broken-grammar-is-400",
        Must,
        Filter,
        "RFC 7644 §3.12",
        "invalidFilter […] The specified filter syntax was invalid […], or the specified attribute and filter comparison combination is not supported.",
        refused,
        "userName eq \"x\" and"
    ),
    check!(
        "filter-unclosed-group-is-400",
        Must,
        Filter,
        "RFC 7644 §3.12",
        "invalidFilter […] The specified filter syntax was invalid […], or the specified attribute and filter comparison combination is not supported.",
        refused,
        "(userName eq \"x\""
    ),
    check!(
        "filter-empty-is-400",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2",
        "The filter parameter MUST contain at least one valid expression (see Table 3).",
        refused,
        " "
    ),
    check!(
        "filter-boolean-has-no-order",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2",
        "Boolean and Binary attributes SHALL cause a failed response (HTTP status code 400) with \"scimType\" of \"invalidFilter\".",
        refused,
        "active gt true"
    ),
    check!(
        "filter-long-is-answered",
        Must,
        Filter,
        "RFC 7644 §3.12",
        "tooMany […] The specified filter yields many more results than the server is willing to calculate or process.",
        long
    ),
];

fn resolved(site: &Site, people: &[serde_json::Value], filter: &str) -> String {
    let mut text = filter.to_owned();
    for (person, letter) in people.iter().zip(["A", "b", "C", "d", "E"]) {
        let part = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        text = text.replace(
            &format!("{{{letter}}}"),
            &format!("{}{letter}", site.people_prefix()),
        );
        text = text.replace(&format!("{{id:{letter}}}"), &part(&person["id"]));
        text = text.replace(&format!("{{made:{letter}}}"), &part(&person["meta"]["created"]));
    }
    text
}

/// Which people a filter finds, in alphabetical order without case.
pub(super) async fn found(site: &Site, filter: &str) -> Result<String, Miss> {
    let people = site.people().await?;
    let filter = resolved(site, people, filter);
    let only = format!("({filter}) and userName sw \"{}\"", site.people_prefix());
    let answer = site.find(&only, "&count=100").await?.expect(&[200])?;
    let mut letters: Vec<char> = site.letters(answer.resources()?)?.chars().collect();
    letters.sort_by_key(char::to_ascii_lowercase);
    Ok(letters.into_iter().collect())
}

async fn finds(site: &Site, with: &'static str) -> Seen {
    let Some((filter, expected)) = with.split_once(" =>") else {
        return skipped("the table's line is not FILTER => LETTERS");
    };
    for name in ["title", "displayName", "name", "active", "emails"] {
        if filter.split(['.', ' ', '(', '[']).any(|word| word == name) {
            site.needs_attribute(name)?;
        }
    }
    let found = found(site, filter).await?;
    let expected = expected.trim();
    hold(
        found == expected,
        "found who it should",
        format!("found \"{found}\" instead of \"{expected}\""),
    )
}

async fn refused(site: &Site, filter: &'static str) -> Seen {
    let answer = site.find(filter, "").await?.expect(&[400])?;
    hold(
        answer.body["scimType"] == "invalidFilter",
        "400 invalidFilter",
        answer.brief(),
    )
}

async fn username_without_case(site: &Site) -> Seen {
    let name = site.people().await?[0]["userName"]
        .as_str()
        .unwrap_or_default()
        .to_uppercase();
    let answer = site
        .find(&format!("userName eq \"{name}\""), "")
        .await?
        .expect(&[200])?;
    hold(
        answer.resources()?.len() == 1,
        "found in upper case",
        answer.brief(),
    )
}

async fn id_with_case(site: &Site) -> Seen {
    let id = site.people().await?[0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let other = if id.to_uppercase() == id {
        id.to_lowercase()
    } else {
        id.to_uppercase()
    };
    if other == id {
        return skipped("ids here have no letters");
    }
    let answer = site
        .find(&format!("id eq \"{other}\""), "")
        .await?
        .expect(&[200])?;
    hold(
        answer.resources()?.is_empty(),
        "another case is another id",
        "found by another case",
    )
}

async fn long(site: &Site) -> Seen {
    let filter = vec!["userName eq \"scimconf-nobody\""; 40].join(" or ");
    let answer = site.find(&filter, "").await?;
    match answer.status {
        200 | 400 | 413 | 414 => Ok(format!("{} to 40 terms", answer.status)),
        _ => broken(answer.brief()),
    }
}
