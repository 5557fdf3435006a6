//! Versions (RFC 7644 §3.14).

use reqwest::Method;
use serde_json::json;

use super::check;
use crate::check::{Check, Miss, Seen, hold};
use crate::site::{PATCH_OP, Site};
use crate::wire::Answer;

pub const CHECKS: &[Check] = &[
    check!(
        "etag-header",
        Must,
        Etag,
        "RFC 7644 §3.14, paragraph 1",
        "The version of a resource is in the ETag header",
        header
    ),
    check!(
        "etag-version",
        Should,
        Etag,
        "RFC 7644 §3.14, paragraph 1",
        "The version of a resource is in meta.version",
        version
    ),
    check!(
        "etag-changes-with-the-resource",
        Must,
        Etag,
        "RFC 7644 §3.14, paragraph 8",
        "A changed resource has another ETag, or a condition on it would protect nothing",
        changes
    ),
    check!(
        "etag-not-modified-is-304",
        May,
        Etag,
        "RFC 7644 §3.14, paragraph 7",
        "A GET for a version that the client has already is 304 without a body",
        not_modified
    ),
    check!(
        "etag-modified-is-200",
        Must,
        Etag,
        "RFC 7644 §3.14, paragraph 4",
        "A GET for another version than the current one answers the resource",
        modified
    ),
    check!(
        "etag-stale-put-is-412",
        Must,
        Etag,
        "RFC 7644 §3.14, paragraph 8",
        "A PUT for a version that is no longer current is not done, and answered 412",
        stale,
        "PUT"
    ),
    check!(
        "etag-stale-patch-is-412",
        Must,
        EtagPatch,
        "RFC 7644 §3.14, paragraph 8",
        "A PATCH for a version that is no longer current is not done, and answered 412",
        stale,
        "PATCH"
    ),
    check!(
        "etag-stale-delete-is-412",
        Should,
        Etag,
        "RFC 7644 §3.12, Table 8",
        "A DELETE for a version that is no longer current is not done, and answered 412",
        stale,
        "DELETE"
    ),
    check!(
        "etag-fresh-put-is-done",
        Must,
        Etag,
        "RFC 7644 §3.14, paragraph 8",
        "A PUT for the current version is done",
        fresh
    ),
];

async fn conditional(
    site: &Site,
    method: Method,
    made: &Answer,
    header: (&str, &str),
) -> Result<Answer, Miss> {
    let path = format!("/Users/{}", made.id()?);
    let name = made.body["userName"].as_str().unwrap_or_default();
    let request = site
        .wire
        .request(method.clone(), &path)
        .header(header.0, header.1);
    let request = match method {
        Method::PUT => request.body(
            site.user_body(name, &json!({"displayName": site.name("new")}))
                .to_string(),
        ),
        Method::PATCH => {
            let operations = json!([{"op": "replace", "path": "displayName", "value": site.name("new")}]);
            request.body(json!({"schemas": [PATCH_OP], "Operations": operations}).to_string())
        }
        _ => request,
    };
    site.wire
        .run(request.header("content-type", "application/scim+json"))
        .await
}

async fn header(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let read = site
        .wire
        .get(&format!("/Users/{}", made.id()?))
        .await?
        .expect(&[200])?;
    hold(
        !read.header("etag").is_empty() && !made.header("etag").is_empty(),
        read.header("etag"),
        "no ETag",
    )
}

async fn version(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    hold(
        made.body["meta"]["version"] == made.header("etag"),
        "the same as ETag",
        format!("{}", made.body["meta"]["version"]),
    )
}

async fn changes(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let put = conditional(site, Method::PUT, &made, ("x-scimconf", "1"))
        .await?
        .expect(&[200])?;
    hold(
        put.header("etag") != made.header("etag"),
        "another after PUT",
        "the same after PUT",
    )
}

async fn not_modified(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let tag = made.header("etag").to_owned();
    conditional(site, Method::GET, &made, ("if-none-match", &tag))
        .await?
        .expect(&[304])?;
    Ok("304".to_owned())
}

async fn stale(site: &Site, method: &'static str) -> Seen {
    let made = site.user(json!({})).await?;
    let tag = made.header("etag").to_owned();
    conditional(site, Method::PUT, &made, ("x-scimconf", "1"))
        .await?
        .expect(&[200])?;
    let method = match method {
        "PUT" => Method::PUT,
        "PATCH" => Method::PATCH,
        _ => Method::DELETE,
    };
    conditional(site, method, &made, ("if-match", &tag))
        .await?
        .expect(&[412])?;
    Ok("412".to_owned())
}

async fn fresh(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let tag = made.header("etag").to_owned();
    conditional(site, Method::PUT, &made, ("if-match", &tag))
        .await?
        .expect(&[200])?;
    Ok("200".to_owned())
}

async fn modified(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let tag = made.header("etag").to_owned();
    conditional(site, Method::PUT, &made, ("x-scimconf", "1"))
        .await?
        .expect(&[200])?;
    let read = conditional(site, Method::GET, &made, ("if-none-match", &tag))
        .await?
        .expect(&[200])?;
    hold(read.id()? == made.id()?, "200 with the resource", read.brief())
}
