//! Deleting a resource (RFC 7644 §3.6).

use reqwest::Method;
use serde_json::json;

use super::check;
use crate::check::{Check, Seen, broken, hold};
use crate::site::Site;
use crate::wire::send;

pub const CHECKS: &[Check] = &[
    check!(
        "delete-answers-204",
        Must,
        Users,
        "RFC 7644 §3.6",
        "In response to a successful DELETE, the server SHALL return a successful HTTP status code 204 (No Content).",
        answers
    ),
    check!(
        "delete-then-404-for-everything",
        Must,
        Users,
        "RFC 7644 §3.6",
        "Service providers […] MUST return a 404 (Not Found) error code for all operations associated with the previously deleted resource.",
        gone
    ),
    check!(
        "delete-leaves-lists",
        Must,
        Filter,
        "RFC 7644 §3.6",
        "Service providers MUST omit the resource from future query results.",
        unlisted
    ),
    check!(
        "delete-frees-the-name",
        Should,
        Users,
        "RFC 7644 §3.6",
        "In addition, the service provider SHOULD NOT consider the deleted resource in conflict calculation.",
        free
    ),
];

async fn answers(site: &Site) -> Seen {
    let path = format!("/Users/{}", site.user(json!({})).await?.id()?);
    let answer = send(site.wire.request(Method::DELETE, &path))
        .await?
        .expect(&[204])?;
    hold(answer.text.is_empty(), "204 without a body", "a 204 with a body")
}

async fn gone(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let path = format!("/Users/{}", made.id()?);
    send(site.wire.request(Method::DELETE, &path))
        .await?
        .expect(&[204])?;
    let name = made.body["userName"].as_str().unwrap_or_default();
    let answers = [
        ("GET", site.wire.get(&path).await?),
        (
            "PUT",
            site.wire
                .send(Method::PUT, &path, &site.user_body(name, &json!({})))
                .await?,
        ),
        (
            "PATCH",
            site.try_patch(
                &path,
                json!([{"op": "replace", "path": "displayName", "value": "x"}]),
            )
            .await?,
        ),
        ("DELETE", send(site.wire.request(Method::DELETE, &path)).await?),
    ];
    for (method, answer) in answers {
        let without_patch = method == "PATCH" && answer.status == 501;
        if answer.status != 404 && !without_patch {
            return broken(format!("{method}: {}", answer.brief()));
        }
    }
    Ok("404 for GET, PUT, PATCH, DELETE".to_owned())
}

async fn unlisted(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    send(
        site.wire
            .request(Method::DELETE, &format!("/Users/{}", made.id()?)),
    )
    .await?
    .expect(&[204])?;
    let name = made.body["userName"].as_str().unwrap_or_default();
    let found = site
        .find(&format!("userName eq \"{name}\""), "")
        .await?
        .expect(&[200])?;
    hold(
        found.body["totalResults"] == 0,
        "not found any more",
        found.brief(),
    )
}

async fn free(site: &Site) -> Seen {
    let name = site.name("again");
    let body = site.user_body(&name, &json!({}));
    let first = site.create("/Users", &body).await?.id()?;
    send(site.wire.request(Method::DELETE, &format!("/Users/{first}")))
        .await?
        .expect(&[204])?;
    let second = site.create("/Users", &body).await?.id()?;
    hold(
        first != second,
        "the name can be used again, with a new id",
        "the old id came back",
    )
}
