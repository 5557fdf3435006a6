//! Reading one resource and lists of them (RFC 7644 §3.4.1, §3.4.2), and searching by POST (§3.4.3).

use serde_json::json;

use super::check;
use crate::check::{Check, Miss, Needs, Seen, broken, hold};
use crate::site::{GROUP, LIST, Site};
use crate::wire::Answer;

pub const CHECKS: &[Check] = &[
    check!(
        "read-answers-200",
        Must,
        Users,
        "RFC 7644 §3.4.1, paragraph 2",
        "A resource that exists is answered 200 with its representation",
        one
    ),
    check!(
        "read-unknown-is-404",
        Should,
        Users,
        "RFC 7644 §3.12, Table 8",
        "A resource that does not exist is answered 404",
        unknown
    ),
    check!(
        "read-id-is-stable",
        Must,
        Users,
        "RFC 7643 §3.1, paragraph 3",
        "The id of a resource is the same in every answer",
        stable
    ),
    check!(
        "read-location-answers-the-resource",
        Must,
        Users,
        "RFC 7643 §2.3.7, paragraph 3",
        "A GET of meta.location answers the resource that it belongs to",
        location
    ),
    check!(
        "read-accepts-json",
        Should,
        Users,
        "RFC 7644 §3.8, paragraph 3",
        "A client that accepts application/json is served",
        accepts_json
    ),
    check!(
        "read-passes-over-unknown-parameters",
        Should,
        Users,
        "RFC 7644 §3.4.2, paragraph 1",
        "Query parameters that the server does not know are passed over",
        unknown_parameters
    ),
    check!(
        "list-is-a-list-response",
        Must,
        Users,
        "RFC 7644 §3.4.2, paragraph 2",
        "A list carries the schema of list responses and its total",
        list
    ),
    check!(
        "list-without-match-is-200",
        Must,
        Filter,
        "RFC 7644 §3.4.2, paragraph 7",
        "A query that finds nothing is answered 200 with a total of 0",
        nobody
    ),
    check!(
        "search-by-post",
        Must,
        Filter,
        "RFC 7644 §3.4.3, paragraph 1",
        "A POST to /.search below an endpoint is a query",
        search
    ),
    check!(
        "search-by-post-answers-like-get",
        Must,
        Filter,
        "RFC 7644 §3.4.3, paragraph 11",
        "A search by POST finds what the same query by GET finds",
        search_like_get
    ),
    check!(
        "search-groups-by-post",
        Must,
        GroupFilter,
        "RFC 7644 §3.4.3, paragraph 1",
        "A POST to /Groups/.search is a query for groups",
        search_groups
    ),
    check!(
        "search-at-the-root",
        May,
        Filter,
        "RFC 7644 §3.4.2.1, paragraph 1",
        "All types can be searched at once at the root",
        search_root
    ),
    check!(
        "search-count-0-is-the-total-alone",
        Must,
        Filter,
        "RFC 7644 §3.4.2.4, Table 6",
        "A count of 0 in a search by POST gives the total and no resources",
        search_count_0
    ),
    check!(
        "search-without-schema-is-refused-or-read",
        May,
        Filter,
        "RFC 7644 §3.4.3, paragraph 3",
        "A search whose body lacks the schema of search requests is read all the same, or refused with 400",
        search_without_schema
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
    for _ in 0..2 {
        let read = site.wire.get(&format!("/Users/{id}")).await?.expect(&[200])?;
        if read.id()? != id {
            return broken(format!("{id} became {}", read.id()?));
        }
    }
    if site.offers(Needs::Filter) {
        let name = made.body["userName"].as_str().unwrap_or_default();
        let found = site.find(&format!("userName eq \"{name}\""), "").await?;
        // Whether it is found is a rule of filters.
        if let Some(found) = found.resources().ok().and_then(|list| list.first())
            && found["id"] != id.as_str()
        {
            return broken(format!("{id} became {} in a list", found["id"]));
        }
    }
    Ok("the same in every answer".to_owned())
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

/// A search by POST; members of `more` replace those of its body, a null removes a member.
async fn searched(site: &Site, path: &str, more: serde_json::Value) -> Result<Answer, Miss> {
    site.people().await?;
    let mut body =
        json!({"schemas": [SEARCH], "filter": format!("userName sw \"{}\"", site.people_prefix())});
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    if let Some(body) = body.as_object_mut() {
        body.retain(|_, value| !value.is_null());
    }
    site.wire.send(reqwest::Method::POST, path, &body).await
}

async fn search(site: &Site) -> Seen {
    let answer = searched(site, "/Users/.search", json!({}))
        .await?
        .expect(&[200])?;
    hold(answer.resources()?.len() == 5, "5 found", answer.brief())
}

async fn search_like_get(site: &Site) -> Seen {
    let posted = searched(site, "/Users/.search", json!({"attributes": ["userName"]}))
        .await?
        .expect(&[200])?;
    let filter = format!("userName sw \"{}\"", site.people_prefix());
    let got = site.find(&filter, "&attributes=userName").await?.expect(&[200])?;
    if posted.body["totalResults"] != got.body["totalResults"] {
        return broken(format!(
            "totalResults is {} by POST and {} by GET",
            posted.body["totalResults"], got.body["totalResults"]
        ));
    }
    // Without `sortBy` a list has no order.
    let sorted = |answer: &Answer| -> Result<Vec<String>, Miss> {
        let mut all: Vec<_> = answer.resources()?.iter().map(ToString::to_string).collect();
        all.sort_unstable();
        Ok(all)
    };
    hold(
        sorted(&posted)? == sorted(&got)?,
        "the same",
        "GET answers other resources",
    )
}

async fn search_root(site: &Site) -> Seen {
    let answer = searched(site, "/.search", json!({})).await?.expect(&[200])?;
    hold(answer.resources()?.len() == 5, "5 found", answer.brief())
}

async fn search_count_0(site: &Site) -> Seen {
    let answer = searched(site, "/Users/.search", json!({"count": 0}))
        .await?
        .expect(&[200])?;
    let many = answer.resources()?.len();
    hold(
        many == 0 && answer.body["totalResults"] == 5,
        "the total alone",
        format!("{many} resources, totalResults {}", answer.body["totalResults"]),
    )
}

async fn search_without_schema(site: &Site) -> Seen {
    let answer = searched(site, "/Users/.search", json!({"schemas": null})).await?;
    if answer.status == 400 {
        return Ok("refused, 400".to_owned());
    }
    let answer = answer.expect(&[200])?;
    hold(answer.resources()?.len() == 5, "read", answer.brief())
}

async fn search_groups(site: &Site) -> Seen {
    let name = site.name("group");
    let made = site
        .create("/Groups", &json!({"schemas": [GROUP], "displayName": name}))
        .await?;
    let body = json!({"schemas": [SEARCH], "filter": format!("displayName eq \"{name}\"")});
    let answer = site
        .wire
        .send(reqwest::Method::POST, "/Groups/.search", &body)
        .await?
        .expect(&[200])?;
    let found = answer.resources()?;
    hold(
        found.len() == 1 && found[0]["id"] == made.body["id"],
        "found",
        answer.brief(),
    )
}

async fn location(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let reference = made.body["meta"]["location"].as_str().unwrap_or_default();
    let read = site.wire.get_reference(reference).await?.expect(&[200])?;
    hold(read.id()? == made.id()?, "the resource", read.brief())
}

async fn accepts_json(site: &Site) -> Seen {
    let id = site.user(json!({})).await?.id()?;
    let request = site.wire.request(reqwest::Method::GET, &format!("/Users/{id}"));
    let read = site
        .wire
        .run(request.header("accept", "application/json"))
        .await?
        .expect(&[200])?;
    hold(read.body["id"] == id.as_str(), "200, JSON", read.brief())
}

async fn unknown_parameters(site: &Site) -> Seen {
    let id = site.user(json!({})).await?.id()?;
    for path in [
        format!("/Users/{id}?scimconf=1"),
        "/Users?count=1&scimconf=1".to_owned(),
    ] {
        site.wire.get(&path).await?.expect(&[200])?;
    }
    Ok("200 with ?scimconf=1".to_owned())
}
