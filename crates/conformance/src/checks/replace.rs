//! Replacing a resource (RFC 7644 §3.5.1).

use reqwest::Method;
use serde_json::json;

use super::check;
use crate::check::{Check, Miss, Seen, hold};
use crate::site::Site;
use crate::wire::Answer;

pub const CHECKS: &[Check] = &[
    check!(
        "replace-answers-200-and-the-resource",
        Must,
        Users,
        "RFC 7644 §3.5.1, paragraph 8",
        "A successful PUT is answered 200 with the whole resource",
        answers
    ),
    check!(
        "replace-replaces-values",
        Must,
        Users,
        "RFC 7644 §3.5.1, paragraph 3",
        "The values of a PUT take the place of those before",
        values
    ),
    check!(
        "replace-ignores-read-only",
        Must,
        Users,
        "RFC 7644 §3.5.1, paragraph 6",
        "Read-only attributes in a PUT are passed over",
        read_only
    ),
    check!(
        "replace-creates-nothing",
        Must,
        Users,
        "RFC 7644 §3.5.1, paragraph 1",
        "A PUT to an unknown id makes no resource",
        creates_nothing
    ),
    check!(
        "replace-without-required-is-400",
        Should,
        Users,
        "RFC 7644 §3.12, Table 8",
        "A PUT that violates the schema, as one without a required attribute does, is answered 400",
        required
    ),
    check!(
        "replace-to-a-taken-name-is-refused",
        Must,
        Users,
        "RFC 7643 §4.1.1, paragraph 1",
        "A PUT cannot give a user the name of another",
        taken
    ),
    check!(
        "replace-to-a-taken-name-says-uniqueness",
        May,
        Users,
        "RFC 7644 §3.12, Table 9",
        "The refusal of a name that is taken carries the keyword uniqueness",
        taken_says
    ),
    check!(
        "replace-with-itself-changes-nothing",
        May,
        Users,
        "RFC 7644 §3.5.1, paragraph 1",
        "What was read can be sent back, and nothing is lost",
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
    let path = "/Users/scimconf-nobody-has-this-id";
    let body = site.user_body(&site.name("put"), &json!({}));
    let answer = site.wire.send(Method::PUT, path, &body).await?;
    if let (true, Ok(id)) = (answer.is_success(), answer.id()) {
        site.remember(format!("/Users/{id}"));
    }
    let answer = answer.expect_refusal()?;
    site.wire.get(path).await?.expect_refusal()?;
    Ok(answer.status.to_string())
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

/// A PUT that gives one user the name of another one; returns the answer.
async fn renamed_to_a_taken_name(site: &Site) -> Result<Answer, Miss> {
    let (one, other) = (site.user(json!({})).await?, site.user(json!({})).await?);
    let name = other.body["userName"].as_str().unwrap_or_default();
    let body = site.user_body(name, &json!({"externalId": site.name("x")}));
    site.wire
        .send(Method::PUT, &format!("/Users/{}", one.id()?), &body)
        .await
}

async fn taken(site: &Site) -> Seen {
    let answer = renamed_to_a_taken_name(site).await?.expect_refusal()?;
    Ok(answer.status.to_string())
}

async fn taken_says(site: &Site) -> Seen {
    let put = renamed_to_a_taken_name(site).await?;
    hold(put.body["scimType"] == "uniqueness", "uniqueness", put.brief())
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
