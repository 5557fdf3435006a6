//! Pages by index (RFC 7644 §3.4.2.4) and by cursor (RFC 9865).

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold, skipped};
use crate::site::Site;
use crate::wire::{Answer, encoded};

pub const CHECKS: &[Check] = &[
    check!(
        "page-is-no-longer-than-count",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4, Table 6",
        "A page has no more resources than count",
        no_longer
    ),
    check!(
        "page-total-is-of-all",
        Must,
        Filter,
        "RFC 7644 §3.4.2, paragraph 3",
        "The total counts all that match, not those of the page",
        total
    ),
    check!(
        "page-says-where-it-starts",
        Must,
        Filter,
        "RFC 7644 §3.4.2, paragraph 5",
        "A part of a list says the index of its first resource",
        says_where
    ),
    check!(
        "page-says-how-many",
        Must,
        Filter,
        "RFC 7644 §3.4.2, paragraph 6",
        "A part of a list says how many resources it holds",
        says_how_many
    ),
    check!(
        "page-start-below-1-is-1",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4, Table 6",
        "A startIndex below 1 is read as 1",
        below_one
    ),
    check!(
        "page-negative-count-is-0",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4, Table 6",
        "A negative count is read as 0",
        none,
        "-3"
    ),
    check!(
        "page-count-0-is-the-total-alone",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4, Table 6",
        "A count of 0 gives the total and no resources",
        none,
        "0"
    ),
    check!(
        "page-all-pages-are-all",
        May,
        Filter,
        "RFC 7644 §3.4.2.4, paragraph 1",
        "The pages of a list that nobody changes hold every resource once",
        all_pages
    ),
    check!(
        "page-behind-the-end-is-empty",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4, Table 6",
        "A page that begins after the last resource holds none",
        behind
    ),
    check!(
        "cursor-first-page-and-next",
        Must,
        Cursor,
        "RFC 9865 §2, Table 2",
        "Every page but the last has a nextCursor",
        first_page
    ),
    check!(
        "cursor-pages-are-all",
        Must,
        Cursor,
        "RFC 9865 §2, Table 2",
        "Only the last page has no nextCursor, so following them reads everything",
        all_cursors
    ),
    check!(
        "cursor-is-unreserved-text",
        May,
        Cursor,
        "RFC 9865 §2, Table 1",
        "A cursor can stand in a URL as it is: letters, digits, hyphen, dot, underscore and tilde",
        unreserved
    ),
    check!(
        "cursor-page-is-no-longer-than-count",
        Must,
        Cursor,
        "RFC 9865 §2, Table 1",
        "A page by cursor has no more resources than count",
        cursor_count
    ),
    check!(
        "cursor-count-0-is-the-total-alone",
        Must,
        Cursor,
        "RFC 9865 §2, Table 1",
        "A count of 0 with a cursor gives no resources",
        cursor_none,
        "0"
    ),
    check!(
        "cursor-negative-count-is-0",
        Must,
        Cursor,
        "RFC 9865 §2, Table 1",
        "A negative count with a cursor is read as 0",
        cursor_none,
        "-3"
    ),
    check!(
        "cursor-unknown-is-refused",
        Should,
        Cursor,
        "RFC 9865 §2.1, paragraph 1",
        "A cursor that the server never gave out is refused with 400 and an error",
        unknown_cursor
    ),
    check!(
        "cursor-unknown-says-invalid-cursor",
        May,
        Cursor,
        "RFC 9865 §2.1, Table 3",
        "The refusal of an unknown cursor carries the keyword invalidCursor",
        unknown_cursor_says
    ),
    check!(
        "cursor-by-post",
        May,
        Cursor,
        "RFC 9865 §3, paragraph 1",
        "A search by POST pages by cursor too",
        by_post
    ),
    check!(
        "cursor-pages-are-sorted",
        May,
        Cursor,
        "RFC 9865 §2.2, paragraph 1",
        "Pages by cursor follow the order that was asked for",
        sorted
    ),
    check!(
        "cursor-no-method-named-is-no-error",
        Must,
        Cursor,
        "RFC 9865 §2.4, paragraph 1",
        "A server with both ways of paging uses one of them when a query names none",
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
        let page = list(site, &format!("&startIndex={start}&count=2")).await?;
        seen += &site.letters(page.resources()?).await?;
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

/// Reads every page of a query by its cursors.
async fn walk(site: &Site, query: &str) -> Result<String, Miss> {
    let (mut seen, mut cursor) = (String::new(), String::new());
    for _ in 0..50 {
        let answer = list(site, &format!("{query}&cursor={}", encoded(&cursor))).await?;
        seen += &site.letters(answer.resources()?).await?;
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

async fn answer_to_unknown_cursor(site: &Site) -> Result<Answer, Miss> {
    let answer = site.wire.get("/Users?cursor=scimconf-no-such-cursor&count=2");
    answer.await?.expect(&[400])
}

async fn unknown_cursor(site: &Site) -> Seen {
    let answer = answer_to_unknown_cursor(site).await?;
    hold(
        answer.body["status"] == "400",
        "400, with an error",
        answer.brief(),
    )
}

async fn unknown_cursor_says(site: &Site) -> Seen {
    let answer = answer_to_unknown_cursor(site).await?;
    hold(
        answer.body["scimType"] == "invalidCursor",
        "invalidCursor",
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
    if site.config["pagination"]["index"] != true {
        return skipped("the server pages by cursor only");
    }
    site.wire.get("/Users").await?.expect(&[200])?;
    Ok("200".to_owned())
}

async fn cursor_none(site: &Site, count: &'static str) -> Seen {
    let answer = list(site, &format!("&cursor=&count={count}")).await?;
    let many = answer.resources()?.len();
    // A server that does not know the total may omit it.
    let total = &answer.body["totalResults"];
    hold(
        many == 0 && (total.is_null() || *total == 5),
        &format!("no resources, totalResults {total}"),
        format!("{many} resources, totalResults {total}"),
    )
}
