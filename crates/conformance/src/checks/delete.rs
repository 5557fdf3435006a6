//! Deleting a resource (RFC 7644 §3.6).

use reqwest::Method;
use serde_json::json;

use super::check;
use crate::check::{Check, Seen, broken, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "delete-answers-204",
        Must,
        Users,
        "RFC 7644 §3.6, paragraph 2",
        "A successful DELETE is answered 204",
        answers
    ),
    check!(
        "delete-then-404-for-everything",
        Must,
        Users,
        "RFC 7644 §3.6, paragraph 1",
        "After a DELETE every operation on that resource is answered 404",
        gone
    ),
    check!(
        "delete-leaves-lists",
        Must,
        Filter,
        "RFC 7644 §3.6, paragraph 1",
        "What was deleted is in no list any more",
        unlisted
    ),
    check!(
        "delete-frees-the-name",
        Should,
        Users,
        "RFC 7644 §3.6, paragraph 1",
        "The name of a deleted user can be used again",
        free
    ),
];

async fn answers(site: &Site) -> Seen {
    let path = format!("/Users/{}", site.user(json!({})).await?.id()?);
    let answer = site.wire.delete(&path).await?.expect(&[204])?;
    hold(answer.text.is_empty(), "204 without a body", "a 204 with a body")
}

async fn gone(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let path = format!("/Users/{}", made.id()?);
    site.wire.delete(&path).await?.expect(&[204])?;
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
        ("DELETE", site.wire.delete(&path).await?),
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
    site.wire
        .delete(&format!("/Users/{}", made.id()?))
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
    site.wire
        .delete(&format!("/Users/{first}"))
        .await?
        .expect(&[204])?;
    let second = site.create("/Users", &body).await?.id()?;
    hold(
        first != second,
        "the name can be used again, with a new id",
        "the old id came back",
    )
}
