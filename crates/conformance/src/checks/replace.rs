//! Replacing a resource (RFC 7644 §3.5.1).

use reqwest::Method;
use serde_json::json;

use super::check;
use crate::check::{Check, Seen, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "replace-answers-200-and-the-resource",
        Must,
        Users,
        "RFC 7644 §3.5.1",
        "Unless otherwise specified, a successful PUT operation returns a 200 OK response code and the entire resource within the response body, enabling the client to correlate the client's and the provider's views of the updated resource.",
        answers
    ),
    check!(
        "replace-replaces-values",
        Must,
        Users,
        "RFC 7644 §3.5.1",
        "readWrite, writeOnly Any values provided SHALL replace the existing attribute values.",
        values
    ),
    check!(
        "replace-ignores-read-only",
        Must,
        Users,
        "RFC 7644 §3.5.1",
        "readOnly Any values provided SHALL be ignored.",
        read_only
    ),
    check!(
        "replace-creates-nothing",
        Must,
        Users,
        "RFC 7644 §3.5.1",
        "HTTP PUT MUST NOT be used to create new resources.",
        creates_nothing
    ),
    check!(
        "replace-without-required-is-400",
        Must,
        Users,
        "RFC 7644 §3.5.1",
        "If an attribute is \"required\", clients MUST specify the attribute in the PUT request.",
        required
    ),
    check!(
        "replace-to-a-taken-name-is-409",
        Must,
        Users,
        "RFC 7644 §3.12",
        "uniqueness […] One or more of the attribute values are already in use or are reserved.",
        taken
    ),
    check!(
        "replace-with-itself-changes-nothing",
        Should,
        Users,
        "RFC 7644 §3.5.1",
        "HTTP PUT is used to replace a resource's attributes. For example, clients that have previously retrieved the entire resource in advance and revised it MAY replace the resource using an HTTP PUT.",
        itself
    ),
];

async fn answers(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let path = format!("/Users/{}", made.id()?);
    let name = made.body["userName"].as_str().unwrap_or_default();
    let put = site
        .wire
        .send(Method::PUT, &path, &site.user_body(name, &json!({})))
        .await?
        .expect(&[200])?;
    hold(
        put.id()? == made.id()? && put.body["userName"] == name,
        "200 with the resource",
        put.brief(),
    )
}

async fn values(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let made = site.user(json!({})).await?;
    let name = made.body["userName"].as_str().unwrap_or_default();
    let body = site.user_body(name, &json!({"displayName": "Another"}));
    site.wire
        .send(Method::PUT, &format!("/Users/{}", made.id()?), &body)
        .await?
        .expect(&[200])?;
    let read = site
        .wire
        .get(&format!("/Users/{}", made.id()?))
        .await?
        .expect(&[200])?;
    hold(
        read.body["displayName"] == "Another",
        "the new value reads back",
        read.brief(),
    )
}

async fn read_only(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let name = made.body["userName"].as_str().unwrap_or_default();
    let body = site.user_body(name, &json!({"meta": {"created": "2001-01-01T00:00:00Z"}}));
    let put = site
        .wire
        .send(Method::PUT, &format!("/Users/{}", made.id()?), &body)
        .await?
        .expect(&[200])?;
    hold(
        put.body["meta"]["created"] == made.body["meta"]["created"],
        "meta.created stays",
        put.brief(),
    )
}

async fn creates_nothing(site: &Site) -> Seen {
    let name = site.name("put");
    let answer = site
        .wire
        .send(
            Method::PUT,
            "/Users/scimconf-nobody-has-this-id",
            &site.user_body(&name, &json!({})),
        )
        .await?;
    answer.expect(&[404])?;
    Ok("404".to_owned())
}

async fn required(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let mut body = site.user_body("x", &json!({}));
    body.as_object_mut().map(|body| body.shift_remove("userName"));
    site.wire
        .send(Method::PUT, &format!("/Users/{}", made.id()?), &body)
        .await?
        .expect(&[400])?;
    Ok("400 without userName".to_owned())
}

async fn taken(site: &Site) -> Seen {
    let (one, other) = (site.user(json!({})).await?, site.user(json!({})).await?);
    let name = other.body["userName"].as_str().unwrap_or_default();
    let put = site
        .wire
        .send(
            Method::PUT,
            &format!("/Users/{}", one.id()?),
            &site.user_body(name, &json!({"externalId": site.name("x")})),
        )
        .await?
        .expect(&[409])?;
    hold(
        put.body["scimType"] == "uniqueness",
        "409 uniqueness",
        put.brief(),
    )
}

async fn itself(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let path = format!("/Users/{}", made.id()?);
    site.wire
        .send(Method::PUT, &path, &made.body)
        .await?
        .expect(&[200])?;
    let read = site.wire.get(&path).await?.expect(&[200])?;
    let without_meta = |body: &serde_json::Value| {
        let mut body = body.clone();
        body.as_object_mut().map(|body| body.shift_remove("meta"));
        body
    };
    hold(
        without_meta(&read.body) == without_meta(&made.body),
        "what was read can be sent back",
        "something was lost",
    )
}
