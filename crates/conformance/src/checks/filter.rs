//! Filters (RFC 7644 §3.4.2.2): every operator and every type. How they are combined, and what must be
//! refused, is in [`super::filters`].
//!
//! A line's text is `FILTER => LETTERS`: which of the five users of [`Site::people`] it finds. `{A}` stands
//! for A's user name, `{id:A}` for A's id, `{made:A}` for A's time of creation.

use super::check;
use crate::check::{Check, Miss, Seen, hold, skipped};
use crate::site::{LETTERS, Site};

pub const CHECKS: &[Check] = &[
    check!(
        "filter-eq",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`eq` finds an equal text",
        finds,
        "userName eq \"{A}\" => A"
    ),
    check!(
        "filter-eq-id",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`eq` finds a resource by its id",
        finds,
        "id eq \"{id:C}\" => C"
    ),
    check!(
        "filter-ne",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`ne` finds those whose text is another",
        finds,
        "userName ne \"{A}\" => bCdE"
    ),
    check!(
        "filter-co",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`co` finds text within a value",
        finds,
        "displayName co \"son C\" => C"
    ),
    check!(
        "filter-sw",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`sw` finds values that begin with a text",
        finds,
        "displayName sw \"Person\" => AbCdE"
    ),
    check!(
        "filter-ew",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`ew` finds values that end in a text",
        finds,
        "userName ew \"-d\" => d"
    ),
    check!(
        "filter-pr",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`pr` finds those who have a value",
        finds,
        "title pr => AbC"
    ),
    check!(
        "filter-gt",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`gt` compares text in its order",
        finds,
        "displayName gt \"Person B\" => CdE"
    ),
    check!(
        "filter-ge",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`ge` finds what `gt` finds, and what is equal",
        finds,
        "displayName ge \"Person B\" => bCdE"
    ),
    check!(
        "filter-lt",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`lt` compares text in its order",
        finds,
        "displayName lt \"Person B\" => A"
    ),
    check!(
        "filter-le",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`le` finds what `lt` finds, and what is equal",
        finds,
        "displayName le \"Person B\" => Ab"
    ),
    check!(
        "filter-boolean-true",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`eq` compares with true",
        finds,
        "active eq true => ACdE"
    ),
    check!(
        "filter-boolean-false",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`eq` compares with false",
        finds,
        "active eq false => b"
    ),
    check!(
        "filter-boolean-ne",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`ne` compares with true",
        finds,
        "active ne true => b"
    ),
    check!(
        "filter-datetime-ge",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`ge` compares dates in time",
        finds,
        "meta.created ge \"{made:A}\" => AbCdE"
    ),
    check!(
        "filter-datetime-lt",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`lt` compares dates in time",
        finds,
        "meta.created lt \"{made:A}\" => "
    ),
    check!(
        "filter-datetime-gt",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`gt` compares dates in time",
        finds,
        "meta.lastModified gt \"2001-01-01T00:00:00Z\" => AbCdE"
    ),
    check!(
        "filter-datetime-le",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "`le` compares dates in time",
        finds,
        "meta.created le \"2001-01-01T00:00:00Z\" => "
    ),
    check!(
        "filter-datetime-offset",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "Dates are compared as moments, whatever their offset",
        finds,
        "meta.created gt \"2001-01-01T00:00:00+05:00\" => AbCdE"
    ),
    check!(
        "filter-sub-attribute",
        Must,
        Filter,
        "RFC 7644 §3.10, paragraph 1",
        "A sub-attribute is named behind a dot",
        finds,
        "name.familyName eq \"Family\" => AbCdE"
    ),
    check!(
        "filter-multi-valued",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 11",
        "A list matches if one of its values does",
        finds,
        "emails.value eq \"{A}@home.example\" => A"
    ),
    check!(
        "filter-multi-valued-implied-value",
        May,
        Filter,
        "RFC 7644 §3.4.2.2, Figure 2",
        "A list named without a sub-attribute is compared by its values, as in the examples",
        finds,
        "emails eq \"{A}@home.example\" => A"
    ),
    check!(
        "filter-multi-valued-co",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 11",
        "A list matches if one of its values does, for co too",
        finds,
        "emails.value co \"@home.ex\" => A"
    ),
    check!(
        "filter-multi-valued-pr",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "A list with a value is present",
        finds,
        "emails pr => AbCdE"
    ),
    check!(
        "filter-names-have-no-case",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 2",
        "Attribute names in filters are understood in any case",
        finds,
        "USERNAME eq \"{A}\" => A"
    ),
    check!(
        "filter-operators-have-no-case",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 2",
        "Operators are understood in any case",
        finds,
        "userName EQ \"{A}\" => A"
    ),
    check!(
        "filter-username-without-case",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 14",
        "User names are compared without case",
        username_without_case
    ),
    check!(
        "filter-id-with-case",
        Must,
        Filter,
        "RFC 7643 §3.1, paragraph 3",
        "Ids are compared with case",
        id_with_case
    ),
    check!(
        "filter-urn",
        Must,
        Filter,
        "RFC 7644 §3.10, paragraph 1",
        "An attribute can be named with the URN of its schema",
        finds,
        "urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"{A}\" => A"
    ),
];

fn resolved(site: &Site, people: &[serde_json::Value], filter: &str) -> String {
    let mut text = filter.to_owned();
    for (person, letter) in people.iter().zip(LETTERS) {
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

/// The users of [`Site::people`] that a filter finds, in alphabetical order without case. The filter is sent
/// unchanged, and other users that it finds are ignored: wrapping it in a second filter would test nesting.
async fn found(site: &Site, filter: &str) -> Result<String, Miss> {
    let people = site.people().await?;
    let all = site.find_all(&resolved(site, people, filter)).await?;
    let mut letters: Vec<char> = site.letters(&all).await?.chars().collect();
    letters.retain(|letter| *letter != '?');
    letters.sort_by_key(char::to_ascii_lowercase);
    letters.dedup();
    Ok(letters.into_iter().collect())
}

pub(super) async fn finds(site: &Site, with: &'static str) -> Seen {
    let Some((filter, expected)) = with.split_once(" =>") else {
        return skipped("the table's line is not FILTER => LETTERS");
    };
    for name in ["title", "displayName", "name", "active", "emails"] {
        let mut words = filter.split(['.', ' ', '(', '[']);
        if words.any(|word| word.eq_ignore_ascii_case(name)) {
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

async fn username_without_case(site: &Site) -> Seen {
    let found = found(
        site,
        &format!("userName eq \"{}A\"", site.people_prefix().to_uppercase()),
    )
    .await?;
    hold(found == "A", "found in upper case", "not found in upper case")
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
