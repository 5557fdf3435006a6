//! Pages by index (RFC 7644 §3.4.2.4) and by cursor (RFC 9865).

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold};
use crate::site::Site;
use crate::wire::{Answer, encoded};

pub const CHECKS: &[Check] = &[
    check!(
        "page-is-no-longer-than-count",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4",
        "When specified, the service provider MUST NOT return more results than specified, although it MAY return fewer results.",
        no_longer
    ),
    check!(
        "page-total-is-of-all",
        Must,
        Filter,
        "RFC 7644 §3.4.2",
        "totalResults The total number of results returned by the list or query operation. The value may be larger than the number of resources returned, such as when returning a single page (see Section 3.4.2.4) of results where multiple pages are available. REQUIRED.",
        total
    ),
    check!(
        "page-says-where-it-starts",
        Must,
        Filter,
        "RFC 7644 §3.4.2",
        "startIndex The 1-based index of the first result in the current set of list results. REQUIRED when partial results are returned due to pagination.",
        says_where
    ),
    check!(
        "page-says-how-many",
        Must,
        Filter,
        "RFC 7644 §3.4.2",
        "itemsPerPage The number of resources returned in a list response page. REQUIRED when partial results are returned due to pagination.",
        says_how_many
    ),
    check!(
        "page-start-below-1-is-1",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4",
        "A value less than 1 SHALL be interpreted as 1.",
        below_one
    ),
    check!(
        "page-negative-count-is-0",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4",
        "A negative value SHALL be interpreted as \"0\".",
        none,
        "-3"
    ),
    check!(
        "page-count-0-is-the-total-alone",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4",
        "A value of \"0\" indicates that no resource results are to be returned except for \"totalResults\".",
        none,
        "0"
    ),
    check!(
        "page-all-pages-are-all",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4",
        "Pagination parameters can be used together to \"page through\" large numbers of resources so as not to overwhelm the client or service provider.",
        all_pages
    ),
    check!(
        "page-behind-the-end-is-empty",
        Must,
        Filter,
        "RFC 7644 §3.4.2",
        "Resources A multi-valued list of complex objects containing the requested resources. […] REQUIRED if \"totalResults\" is non-zero.",
        behind
    ),
    check!(
        "cursor-first-page-and-next",
        Must,
        Cursor,
        "RFC 9865 §2",
        "Service providers supporting cursor-based pagination MUST include nextCursor in all paged query responses except when returning the last page.",
        first_page
    ),
    check!(
        "cursor-pages-are-all",
        Must,
        Cursor,
        "RFC 9865 §2",
        "nextCursor is omitted from a response only to indicate that there are no more result pages.",
        all_cursors
    ),
    check!(
        "cursor-is-unreserved-text",
        Must,
        Cursor,
        "RFC 9865 §2",
        "This value may only contain characters from the unreserved characters set defined in Section 2.3 of [RFC3986].",
        unreserved
    ),
    check!(
        "cursor-page-is-no-longer-than-count",
        Must,
        Cursor,
        "RFC 9865 §2",
        "When specified, the service provider MUST NOT return more results than specified, although it MAY return fewer results.",
        cursor_count
    ),
    check!(
        "cursor-unknown-is-refused",
        Should,
        Cursor,
        "RFC 9865 §2.1",
        "If a service provider encounters invalid pagination query parameters (invalid cursor value, count value, etc.) or other error conditions, the service provider SHOULD return the appropriate HTTP response status code and detailed JSON error response",
        unknown_cursor
    ),
    check!(
        "cursor-by-post",
        Must,
        Cursor,
        "RFC 9865 §3",
        "When posting to /.search, the client would pass the parameters defined in Section 2 in the body of the POST request.",
        by_post
    ),
    check!(
        "cursor-pages-are-sorted",
        Should,
        Cursor,
        "RFC 9865 §2.2",
        "If sorting is implemented as described Section 3.4.2.3 of [RFC7644], then cursor-paged results SHOULD be sorted.",
        sorted
    ),
    check!(
        "cursor-no-method-named-is-no-error",
        Must,
        Cursor,
        "RFC 9865 §2.3",
        "Service providers MUST NOT return an error due to the pagination method being unspecified when pagination is required to complete the response.",
        unnamed
    ),
];

async fn list(site: &Site, query: &str) -> Result<Answer, Miss> {
    site.people().await?;
    let filter = format!("userName sw \"{}\"", site.people_prefix());
    site.find(&filter, query).await?.expect(&[200])
}

async fn no_longer(site: &Site) -> Seen {
    let many = list(site, "&startIndex=1&count=2").await?.resources()?.len();
    hold(many <= 2, "2 at most", format!("{many}"))
}

async fn total(site: &Site) -> Seen {
    let answer = list(site, "&startIndex=2&count=1").await?;
    hold(
        answer.body["totalResults"] == 5,
        "5 on a page of 1",
        format!("{}", answer.body["totalResults"]),
    )
}

async fn says_where(site: &Site) -> Seen {
    let answer = list(site, "&startIndex=3&count=2").await?;
    hold(
        answer.body["startIndex"] == 3,
        "startIndex 3",
        format!("{}", answer.body["startIndex"]),
    )
}

async fn says_how_many(site: &Site) -> Seen {
    let answer = list(site, "&startIndex=1&count=2").await?;
    let many = answer.resources()?.len();
    hold(
        answer.body["itemsPerPage"] == many,
        "as many as there are",
        format!("{} with {many}", answer.body["itemsPerPage"]),
    )
}

async fn below_one(site: &Site) -> Seen {
    let (below, one) = (
        list(site, "&startIndex=-4&count=2").await?,
        list(site, "&startIndex=1&count=2").await?,
    );
    hold(
        below.resources()? == one.resources()?,
        "the same as 1",
        "another page",
    )
}

async fn none(site: &Site, count: &'static str) -> Seen {
    let answer = list(site, &format!("&count={count}")).await?;
    let empty = answer.resources()?.is_empty() && answer.body["totalResults"] == 5;
    hold(empty, "no resources, totalResults 5", answer.brief())
}

async fn all_pages(site: &Site) -> Seen {
    let mut seen = String::new();
    for start in [1, 3, 5] {
        seen += &site.letters(
            list(site, &format!("&startIndex={start}&count=2"))
                .await?
                .resources()?,
        )?;
    }
    everybody(&seen)
}

fn everybody(seen: &str) -> Seen {
    let mut letters: Vec<_> = seen.chars().collect();
    letters.sort_unstable();
    let sorted: String = letters.into_iter().collect();
    hold(sorted == "ACEbd", "each once", format!("saw {seen}"))
}

async fn behind(site: &Site) -> Seen {
    let answer = list(site, "&startIndex=99").await?;
    hold(answer.resources()?.is_empty(), "200, empty", answer.brief())
}

fn next(answer: &Answer) -> Option<&str> {
    answer.body["nextCursor"].as_str()
}

async fn first_page(site: &Site) -> Seen {
    let answer = list(site, "&cursor&count=2").await?;
    hold(
        next(&answer).is_some(),
        "nextCursor",
        "no nextCursor on the first of several pages",
    )
}

/// Every page of a query by its cursors.
async fn walk(site: &Site, query: &str) -> Result<String, Miss> {
    let (mut seen, mut cursor) = (String::new(), String::new());
    for _ in 0..50 {
        let answer = list(site, &format!("{query}&cursor={}", encoded(&cursor))).await?;
        seen += &site.letters(answer.resources()?)?;
        match next(&answer) {
            Some(next) => next.clone_into(&mut cursor),
            None => return Ok(seen),
        }
    }
    broken("50 pages and no end")
}

async fn all_cursors(site: &Site) -> Seen {
    everybody(&walk(site, "&count=2").await?)
}

async fn unreserved(site: &Site) -> Seen {
    let answer = list(site, "&cursor=&count=2").await?;
    let text = next(&answer).unwrap_or_default();
    let fine = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    hold(!text.is_empty() && fine, "unreserved characters only", text)
}

async fn cursor_count(site: &Site) -> Seen {
    let many = list(site, "&cursor=&count=2").await?.resources()?.len();
    hold(many <= 2, "2 at most", format!("{many}"))
}

async fn unknown_cursor(site: &Site) -> Seen {
    let answer = site
        .wire
        .get("/Users?cursor=scimconf-no-such-cursor&count=2")
        .await?
        .expect(&[400])?;
    hold(
        answer.body["scimType"] == "invalidCursor",
        "400 invalidCursor",
        answer.brief(),
    )
}

async fn by_post(site: &Site) -> Seen {
    site.people().await?;
    let body = serde_json::json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": format!("userName sw \"{}\"", site.people_prefix()), "cursor": "", "count": 2,
    });
    let answer = site
        .wire
        .send(reqwest::Method::POST, "/Users/.search", &body)
        .await?
        .expect(&[200])?;
    hold(next(&answer).is_some(), "nextCursor", answer.brief())
}

async fn sorted(site: &Site) -> Seen {
    let seen = walk(site, "&count=2&sortBy=userName&sortOrder=descending").await?;
    hold(
        seen == "EdCbA",
        "in order across pages",
        format!("{seen} instead of EdCbA"),
    )
}

async fn unnamed(site: &Site) -> Seen {
    site.wire.get("/Users").await?.expect(&[200])?;
    Ok("200".to_owned())
}
