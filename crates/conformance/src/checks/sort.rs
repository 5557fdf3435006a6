//! Sorting (RFC 7644 §3.4.2.3).

use super::check;
use crate::check::{Check, Miss, Seen, hold, skipped};
use crate::site::Site;
use crate::wire::Answer;

pub const CHECKS: &[Check] = &[
    check!(
        "sort-ascending-is-the-default",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 3",
        "Without sortOrder a sorted list is ascending",
        order,
        "sortBy=userName => AbCdE"
    ),
    check!(
        "sort-descending",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 3",
        "A list can be sorted descending",
        order,
        "sortBy=userName&sortOrder=descending => EdCbA"
    ),
    check!(
        "sort-without-case",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 3",
        "Text whose case does not matter is sorted without looking at it",
        order,
        "sortBy=userName&sortOrder=ascending => AbCdE"
    ),
    check!(
        "sort-missing-last",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 2",
        "Ascending, those without a value come last",
        blocks,
        "sortBy=title => C|Ab|dE"
    ),
    check!(
        "sort-missing-first-descending",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 2",
        "Descending, those without a value come first",
        blocks,
        "sortBy=title&sortOrder=descending => dE|Ab|C"
    ),
    check!(
        "sort-boolean",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 3",
        "Sorted by a boolean, those of one value stand together; which of them is first, no text says",
        either,
        "sortBy=active => b|ACdE"
    ),
    check!(
        "sort-date",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 3",
        "Dates are sorted as dates",
        dates
    ),
    check!(
        "sort-multi-valued-by-primary",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 2",
        "A list attribute sorts by its primary value, or else its first",
        order,
        "sortBy=emails.value&sortOrder=descending => EdCbA"
    ),
    check!(
        "sort-complex-by-sub-attribute",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 2",
        "A complex attribute sorts by the sub-attribute that is named",
        blocks,
        "sortBy=name.familyName => AbCdE"
    ),
    check!(
        "sort-then-page",
        Must,
        Sort,
        "RFC 7644 §3.4.2.3, paragraph 2",
        "The pages of a sorted list follow its order",
        pages
    ),
];

async fn listed(site: &Site, query: &str) -> Result<Answer, Miss> {
    site.people().await?;
    for name in ["title", "active", "emails", "name"] {
        if query.starts_with(&format!("sortBy={name}")) {
            site.needs_attribute(name)?;
        }
    }
    let filter = format!("userName sw \"{}\"", site.people_prefix());
    site.find(&filter, &format!("&{query}")).await?.expect(&[200])
}

async fn list(site: &Site, query: &str) -> Result<String, Miss> {
    site.letters(listed(site, query).await?.resources()?).await
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

/// Whether the letters are those of `C|Ab|dE`, where the order between two bars is free.
fn fits(seen: &str, blocks: &[&str]) -> bool {
    let mut rest = seen;
    for block in blocks {
        let (head, tail) = rest.split_at(block.len().min(rest.len()));
        if head.len() != block.len() || !block.chars().all(|letter| head.contains(letter)) {
            return false;
        }
        rest = tail;
    }
    rest.is_empty()
}

async fn blocks(site: &Site, with: &'static str) -> Seen {
    let Some((query, expected)) = with.split_once(" => ") else {
        return skipped("the table's line is not QUERY => LETTERS");
    };
    let seen = list(site, query).await?;
    let blocks: Vec<_> = expected.split('|').collect();
    hold(
        fits(&seen, &blocks),
        expected,
        format!("{seen} instead of {expected}"),
    )
}

/// As [`blocks`], in this order or its reverse.
async fn either(site: &Site, with: &'static str) -> Seen {
    let Some((query, expected)) = with.split_once(" => ") else {
        return skipped("the table's line is not QUERY => LETTERS");
    };
    let seen = list(site, query).await?;
    let mut blocks: Vec<_> = expected.split('|').collect();
    let forwards = fits(&seen, &blocks);
    blocks.reverse();
    hold(
        forwards || fits(&seen, &blocks),
        &seen,
        format!("{seen}, where {expected} would do in either order"),
    )
}

/// Dates of one format sort as text does; users created within one clock tick may come in any order.
async fn dates(site: &Site) -> Seen {
    let answer = listed(site, "sortBy=meta.created&sortOrder=ascending").await?;
    let dates: Vec<_> = answer
        .resources()?
        .iter()
        .map(|one| one["meta"]["created"].as_str().unwrap_or_default().to_owned())
        .collect();
    hold(
        dates.len() == 5 && dates.is_sorted(),
        "in order",
        dates.join(", "),
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
