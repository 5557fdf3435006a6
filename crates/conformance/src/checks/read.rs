//! Reading one resource and lists of them (RFC 7644 §3.4.1, §3.4.2), and searching by POST (§3.4.3).

use serde_json::json;

use super::check;
use crate::check::{Check, Seen, broken, hold};
use crate::site::{LIST, Site};

pub const CHECKS: &[Check] = &[
    check!(
        "read-answers-200",
        Must,
        Users,
        "RFC 7644 §3.4.1",
        "If the resource exists, the server responds with HTTP status code 200 (OK) and includes the result in the body of the response.",
        one
    ),
    check!(
        "read-unknown-is-404",
        Must,
        Users,
        "RFC 7644 §3.12",
        "404 (Not Found) […] Specified resource (e.g., User) or endpoint does not exist.",
        unknown
    ),
    check!(
        "read-id-is-stable",
        Must,
        Users,
        "RFC 7643 §3.1",
        "It MUST be a stable, non-reassignable identifier that does not change when the same resource is returned in subsequent requests.",
        stable
    ),
    check!(
        "list-is-a-list-response",
        Must,
        Users,
        "RFC 7644 §3.4.2",
        "Responses MUST be identified using the following URI: \"urn:ietf:params:scim:api:messages:2.0:ListResponse\".",
        list
    ),
    check!(
        "list-without-match-is-200",
        Must,
        Filter,
        "RFC 7644 §3.4.2",
        "A query that does not return any matches SHALL return success (HTTP status code 200) with \"totalResults\" set to a value of 0.",
        nobody
    ),
    check!(
        "search-by-post",
        Must,
        Filter,
        "RFC 7644 §3.4.3",
        "Clients MAY execute queries without passing parameters on the URL by using the HTTP POST verb combined with the \"/.search\" path extension.",
        search
    ),
    check!(
        "search-by-post-answers-like-get",
        Must,
        Filter,
        "RFC 7644 §3.4.3",
        "After receiving an HTTP POST request, a response is returned as specified in Section 3.4.2.",
        search_like_get
    ),
    check!(
        "search-at-the-root",
        Should,
        Filter,
        "RFC 7644 §3.4.2.1",
        "A query MAY be performed against a SCIM resource object, a resource type endpoint, or a SCIM server root.",
        search_root
    ),
    check!(
        "search-without-schema-is-refused-or-read",
        Must,
        Filter,
        "RFC 7644 §3.4.3",
        "Query requests MUST be identified using the following URI: 'urn:ietf:params:scim:api:messages:2.0:SearchRequest'.",
        search_page
    ),
];

async fn one(site: &Site) -> Seen {
    let id = site.user(json!({})).await?.id()?;
    let read = site.wire.get(&format!("/Users/{id}")).await?.expect(&[200])?;
    hold(read.body["id"] == id.as_str(), "200", read.brief())
}

async fn unknown(site: &Site) -> Seen {
    site.wire
        .get("/Users/scimconf-nobody-has-this-id")
        .await?
        .expect(&[404])?;
    Ok("404".to_owned())
}

async fn stable(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let id = made.id()?;
    let name = made.body["userName"].as_str().unwrap_or_default();
    let found = site
        .find(&format!("userName eq \"{name}\""), "")
        .await?
        .expect(&[200])?;
    let found = found.resources()?;
    hold(
        found.len() == 1 && found[0]["id"] == id.as_str(),
        "the same in a list",
        format!("{} found", found.len()),
    )
}

async fn list(site: &Site) -> Seen {
    let answer = site.wire.get("/Users?count=1").await?.expect(&[200])?;
    answer.resources()?;
    hold(
        answer.body["schemas"][0] == LIST && answer.body["totalResults"].is_u64(),
        "with totalResults",
        answer.brief(),
    )
}

async fn nobody(site: &Site) -> Seen {
    let answer = site
        .find("userName eq \"scimconf-nobody\"", "")
        .await?
        .expect(&[200])?;
    hold(
        answer.body["totalResults"] == 0 && answer.resources()?.is_empty(),
        "200, nothing",
        answer.brief(),
    )
}

const SEARCH: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

async fn search(site: &Site) -> Seen {
    site.people().await?;
    let body = json!({"schemas": [SEARCH], "filter": format!("userName sw \"{}\"", site.people_prefix())});
    let answer = site
        .wire
        .send(reqwest::Method::POST, "/Users/.search", &body)
        .await?
        .expect(&[200])?;
    hold(answer.resources()?.len() == 5, "5 found", answer.brief())
}

async fn search_like_get(site: &Site) -> Seen {
    site.people().await?;
    let filter = format!("userName sw \"{}\"", site.people_prefix());
    let body = json!({"schemas": [SEARCH], "filter": filter, "attributes": ["userName"], "startIndex": 2, "count": 2});
    let posted = site
        .wire
        .send(reqwest::Method::POST, "/Users/.search", &body)
        .await?
        .expect(&[200])?;
    let got = site
        .find(&filter, "&attributes=userName&startIndex=2&count=2")
        .await?
        .expect(&[200])?;
    hold(posted.body == got.body, "the same", "GET answers something else")
}

async fn search_root(site: &Site) -> Seen {
    site.people().await?;
    let body = json!({"schemas": [SEARCH], "filter": format!("userName sw \"{}\"", site.people_prefix())});
    let answer = site
        .wire
        .send(reqwest::Method::POST, "/.search", &body)
        .await?
        .expect(&[200])?;
    hold(answer.resources()?.len() == 5, "5 found", answer.brief())
}

async fn search_page(site: &Site) -> Seen {
    site.people().await?;
    let body = json!({"schemas": [SEARCH], "filter": format!("userName sw \"{}\"", site.people_prefix()), "count": 0});
    let answer = site
        .wire
        .send(reqwest::Method::POST, "/Users/.search", &body)
        .await?
        .expect(&[200])?;
    if !answer.resources()?.is_empty() {
        return broken("count 0 answered resources");
    }
    hold(
        answer.body["totalResults"] == 5,
        "count 0 gives the total alone",
        answer.brief(),
    )
}
