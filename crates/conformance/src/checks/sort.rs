//! Sorting (RFC 7644 §3.4.2.3).

use super::check;
use crate::check::{Check, Seen, hold, skipped};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "sort-ascending-is-the-default",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "If a value for \"sortBy\" is provided and no \"sortOrder\" is specified, \"sortOrder\" SHALL default to ascending.",
        order,
        "sortBy=userName => AbCdE"
    ),
    check!(
        "sort-descending",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "Allowed values are \"ascending\" and \"descending\".",
        order,
        "sortBy=userName&sortOrder=descending => EdCbA"
    ),
    check!(
        "sort-without-case",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "for case-insensitive attributes, sort the result using case-insensitive Unicode alphabetic sort order with no specific locale implied",
        order,
        "sortBy=userName&sortOrder=ascending => AbCdE"
    ),
    check!(
        "sort-missing-last",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "For all attribute types, if there is no data for the specified \"sortBy\" value, they are sorted via the \"sortOrder\" parameter, i.e., they are ordered last if ascending and first if descending.",
        missing,
        "sortBy=title => C|Ab|dE"
    ),
    check!(
        "sort-missing-first-descending",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "For all attribute types, if there is no data for the specified \"sortBy\" value, they are sorted via the \"sortOrder\" parameter, i.e., they are ordered last if ascending and first if descending.",
        missing,
        "sortBy=title&sortOrder=descending => dE|Ab|C"
    ),
    check!(
        "sort-boolean",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "\"sortOrder\" MUST sort according to the attribute type",
        missing,
        "sortBy=active => b|ACdE"
    ),
    check!(
        "sort-date",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "\"sortOrder\" MUST sort according to the attribute type",
        order,
        "sortBy=meta.created&sortOrder=ascending => AbCdE"
    ),
    check!(
        "sort-multi-valued-by-primary",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "If it's a multi-valued attribute, resources are sorted by the value of the primary attribute (see Section 2.4 of [RFC7643]), if any, or else the first value in the list, if any.",
        order,
        "sortBy=emails.value&sortOrder=descending => EdCbA"
    ),
    check!(
        "sort-complex-by-sub-attribute",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3",
        "If the attribute is complex, the attribute name must be a path to a sub-attribute in standard attribute notation (Section 3.10), e.g., \"sortBy=name.givenName\".",
        missing,
        "sortBy=name.familyName => AbCdE"
    ),
    check!(
        "sort-then-page",
        Must,
        Sort,
        "RFC 7644 §3.4.2.4",
        "The query parameters \"startIndex\" and \"count\" […] can be used together [with sorting] to 'page' results",
        pages
    ),
];

async fn list(site: &Site, query: &str) -> Result<String, crate::check::Miss> {
    site.people().await?;
    for name in ["title", "active", "emails", "name"] {
        if query.starts_with(&format!("sortBy={name}")) {
            site.needs_attribute(name)?;
        }
    }
    let filter = format!("userName sw \"{}\"", site.people_prefix());
    let answer = site.find(&filter, &format!("&{query}")).await?.expect(&[200])?;
    site.letters(answer.resources()?)
}

async fn order(site: &Site, with: &'static str) -> Seen {
    let Some((query, expected)) = with.split_once(" => ") else {
        return skipped("the table's line is not QUERY => LETTERS");
    };
    let seen = list(site, query).await?;
    hold(
        seen == expected,
        expected,
        format!("{seen} instead of {expected}"),
    )
}

/// `C|Ab|dE`: within the bars any order will do.
async fn missing(site: &Site, with: &'static str) -> Seen {
    let Some((query, expected)) = with.split_once(" => ") else {
        return skipped("the table's line is not QUERY => LETTERS");
    };
    let seen = list(site, query).await?;
    let mut rest = seen.as_str();
    let mut right = true;
    for block in expected.split('|') {
        let (head, tail) = rest.split_at(block.len().min(rest.len()));
        right &= head.len() == block.len() && block.chars().all(|letter| head.contains(letter));
        rest = tail;
    }
    hold(
        right && rest.is_empty(),
        expected,
        format!("{seen} instead of {expected}"),
    )
}

async fn pages(site: &Site) -> Seen {
    let mut seen = String::new();
    for start in [1, 3, 5] {
        seen += &list(
            site,
            &format!("sortBy=userName&sortOrder=descending&startIndex={start}&count=2"),
        )
        .await?;
    }
    hold(
        seen == "EdCbA",
        "pages add up in order",
        format!("{seen} instead of EdCbA"),
    )
}
