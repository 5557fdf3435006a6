//! Versions (RFC 7644 §3.14).

use reqwest::Method;
use serde_json::json;

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold};
use crate::site::{PATCH_OP, Site};
use crate::wire::{Answer, send};

pub const CHECKS: &[Check] = &[
    check!(
        "etag-header",
        Must,
        Etag,
        "RFC 7644 §3.14",
        "When supported, SCIM ETags MUST be specified as an HTTP header and SHOULD be specified within the \"version\" attribute contained in the resource's \"meta\" attribute.",
        header
    ),
    check!(
        "etag-version",
        Should,
        Etag,
        "RFC 7644 §3.14",
        "SHOULD be specified within the \"version\" attribute contained in the resource's \"meta\" attribute.",
        version
    ),
    check!(
        "etag-changes-with-the-resource",
        Must,
        Etag,
        "RFC 7643 §3.1",
        "version The version of the resource being returned. This value must be the same as the entity-tag (ETag) HTTP response header",
        changes
    ),
    check!(
        "etag-not-modified-is-304",
        Should,
        Etag,
        "RFC 7644 §3.14",
        "If the resource has not changed, the service provider simply returns an empty body with a 304 (Not Modified) response code.",
        not_modified
    ),
    check!(
        "etag-stale-put-is-412",
        Must,
        Etag,
        "RFC 7644 §3.14",
        "the client MAY supply an If-Match header for PUT and PATCH operations to ensure that the requested operation succeeds only if the supplied ETag matches the latest service provider resource",
        stale,
        "PUT"
    ),
    check!(
        "etag-stale-patch-is-412",
        Must,
        Etag,
        "RFC 7644 §3.14",
        "the client MAY supply an If-Match header for PUT and PATCH operations to ensure that the requested operation succeeds only if the supplied ETag matches the latest service provider resource",
        stale,
        "PATCH"
    ),
    check!(
        "etag-fresh-put-is-done",
        Must,
        Etag,
        "RFC 7644 §3.14",
        "the requested operation succeeds only if the supplied ETag matches the latest service provider resource",
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
    send(request.header("content-type", "application/scim+json")).await
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
    let method = if method == "PUT" {
        Method::PUT
    } else {
        Method::PATCH
    };
    let answer = conditional(site, method, &made, ("if-match", &tag)).await?;
    if answer.status != 412 {
        return broken(format!("{} instead of 412", answer.brief()));
    }
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
