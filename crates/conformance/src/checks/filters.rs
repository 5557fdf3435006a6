//! Filters of several expressions, of elements, and those that must be refused (RFC 7644 §3.4.2.2). The
//! syntax of a line's text is in [`super::filter`].

use super::check;
use super::filter::finds;
use crate::check::{Check, Seen, broken, hold, skipped};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "filter-and",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 4",
        "`and` wants both of its sides",
        finds,
        "title eq \"Lead\" and active eq true => A"
    ),
    check!(
        "filter-or",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 4",
        "`or` wants one of its sides",
        finds,
        "title eq \"Clerk\" or active eq false => bC"
    ),
    check!(
        "filter-not",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 4",
        "`not` turns an expression round",
        finds,
        "not (title eq \"Lead\") => CdE"
    ),
    check!(
        "filter-and-before-or",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 7",
        "`and` binds more tightly than or",
        finds,
        "title eq \"Clerk\" or title eq \"Lead\" and active eq false => bC"
    ),
    check!(
        "filter-grouping",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 5",
        "Parentheses change the order of and and or",
        finds,
        "(title eq \"Clerk\" or title eq \"Lead\") and active eq false => b"
    ),
    check!(
        "filter-not-group",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 4",
        "`not` turns a whole group round",
        finds,
        "not (title pr and active eq true) => bdE"
    ),
    check!(
        "filter-elements",
        May,
        Filter,
        "RFC 7644 §3.4.2.2, Table 5",
        "A filter in brackets looks at the elements of a list",
        finds,
        "emails[type eq \"home\"] => A"
    ),
    check!(
        "filter-elements-same-value",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 5",
        "Where brackets are served, one and the same element has to match all that they say",
        elements,
        "emails[type eq \"work\" and value co \"@home\"] => "
    ),
    check!(
        "filter-elements-not",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 5",
        "Where brackets are served, they hold a whole filter, not included",
        elements,
        "emails[not (type eq \"work\")] => A"
    ),
    check!(
        "filter-elements-and-more",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 5",
        "Where brackets are served, they can be part of a larger filter",
        elements,
        "emails[type eq \"work\"] and title pr => AbC"
    ),
    check!(
        "filter-unknown-operator-is-400",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 13",
        "An operator that the server does not know is 400 with the keyword invalidFilter",
        refused_as_invalid,
        "userName like \"x\""
    ),
    check!(
        "filter-broken-grammar-is-400",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 5",
        "A filter that ends too early is refused with 400",
        refused,
        "userName eq \"x\" and"
    ),
    check!(
        "filter-unclosed-group-is-400",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 5",
        "A filter with an open parenthesis is refused with 400",
        refused,
        "(userName eq \"x\""
    ),
    check!(
        "filter-broken-grammar-says-invalid-filter",
        May,
        Filter,
        "RFC 7644 §3.12, Table 9",
        "The refusal of a malformed filter carries the keyword invalidFilter",
        refused_as_invalid,
        "(userName eq \"x\" and"
    ),
    check!(
        "filter-empty-is-400",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, paragraph 3",
        "A filter without any expression is refused with 400",
        refused,
        " "
    ),
    check!(
        "filter-boolean-has-no-order",
        Must,
        Filter,
        "RFC 7644 §3.4.2.2, Table 3",
        "An order of booleans is 400 with the keyword invalidFilter",
        refused_as_invalid,
        "active gt true"
    ),
    check!(
        "filter-long-is-answered",
        May,
        Filter,
        "RFC 7644 §3.4.2.1, paragraph 3",
        "A filter of 40 comparisons is answered, or refused as too much",
        long
    ),
];

/// As [`finds`], if the server supports filters in brackets, which is optional.
async fn elements(site: &Site, with: &'static str) -> Seen {
    site.needs_attribute("emails")?;
    let plain = site.find("emails[type eq \"work\"]", "&count=1").await?;
    if !plain.is_success() {
        return skipped(format!(
            "the server takes no filters in brackets: {}",
            plain.brief()
        ));
    }
    finds(site, with).await
}

async fn refused(site: &Site, filter: &'static str) -> Seen {
    site.find(filter, "").await?.expect(&[400])?;
    Ok("400".to_owned())
}

async fn refused_as_invalid(site: &Site, filter: &'static str) -> Seen {
    let answer = site.find(filter, "").await?.expect(&[400])?;
    hold(
        answer.body["scimType"] == "invalidFilter",
        "400 invalidFilter",
        answer.brief(),
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
