//! The form of refusals (RFC 7644 §3.12), and what must be refused.

use reqwest::Method;
use serde_json::json;

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold};
use crate::site::Site;
use crate::wire::{Answer, Wire};

const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

pub const CHECKS: &[Check] = &[
    check!(
        "error-has-the-schema",
        Must,
        Users,
        "RFC 7644 §3.12, paragraph 1",
        "The body of an error carries the schema of errors",
        schema
    ),
    check!(
        "error-status-is-a-string",
        Must,
        Users,
        "RFC 7644 §3.12, paragraph 2",
        "The body of an error repeats the status, as text",
        status
    ),
    check!(
        "error-has-a-detail",
        May,
        Users,
        "RFC 7644 §3.12, paragraph 4",
        "The body of an error says in words what is wrong",
        detail
    ),
    check!(
        "error-broken-json-is-400",
        Must,
        Users,
        "RFC 7644 §3.12, paragraph 1",
        "A body that is no JSON is refused with 400",
        broken_json
    ),
    check!(
        "error-broken-json-says-invalid-syntax",
        May,
        Users,
        "RFC 7644 §3.12, Table 9",
        "The refusal of a body that is no JSON carries the keyword invalidSyntax",
        broken_json_says
    ),
    check!(
        "error-wrong-type-is-400",
        Must,
        Users,
        "RFC 7644 §3.12, paragraph 1",
        "A value of another type than the attribute has is refused with 400",
        wrong_type
    ),
    check!(
        "error-wrong-type-says-invalid-value",
        May,
        Users,
        "RFC 7644 §3.12, Table 9",
        "The refusal of a value of the wrong type carries the keyword invalidValue or invalidSyntax",
        wrong_type_says
    ),
    check!(
        "error-unknown-endpoint-is-404",
        Should,
        Users,
        "RFC 7644 §3.12, Table 8",
        "An endpoint that does not exist is answered 404",
        endpoint
    ),
    check!(
        "error-is-scim-json",
        Must,
        Users,
        "RFC 7644 §3.8, paragraph 3",
        "Errors too have the media type application/scim+json, when the client accepts that",
        content_type
    ),
];

/// The error of a resource that does not exist, whatever its status is.
async fn refusal(site: &Site) -> Result<Answer, Miss> {
    site.wire.get("/Users/scimconf-nobody").await?.expect_refusal()
}

async fn schema(site: &Site) -> Seen {
    let said = &refusal(site).await?.body["schemas"];
    let named = said
        .as_array()
        .is_some_and(|all| all.iter().any(|urn| urn == ERROR));
    hold(named, "there", format!("schemas is {said}"))
}

async fn status(site: &Site) -> Seen {
    let answer = refusal(site).await?;
    let said = &answer.body["status"];
    hold(
        said.as_str() == Some(answer.status.to_string().as_str()),
        &said.to_string(),
        format!("status is {said} with a {}", answer.status),
    )
}

async fn detail(site: &Site) -> Seen {
    let answer = refusal(site).await?;
    hold(
        answer.body["detail"].as_str().is_some_and(|text| text.len() > 5),
        "in words",
        "no detail",
    )
}

async fn answer_to_broken_json(site: &Site) -> Result<Answer, Miss> {
    let request = site
        .wire
        .request(Method::POST, "/Users")
        .header("content-type", "application/scim+json");
    site.wire
        .run(request.body("{\"userName\": "))
        .await?
        .expect(&[400])
}

async fn broken_json(site: &Site) -> Seen {
    answer_to_broken_json(site).await?;
    Ok("400".to_owned())
}

async fn broken_json_says(site: &Site) -> Seen {
    says(&answer_to_broken_json(site).await?, &["invalidSyntax"])
}

fn says(answer: &Answer, keywords: &[&str]) -> Seen {
    let said = answer.body["scimType"].as_str().unwrap_or_default();
    hold(keywords.contains(&said), said, answer.brief())
}

async fn answer_to_wrong_type(site: &Site) -> Result<Answer, Miss> {
    let mut body = site.user_body(&site.name("type"), &json!({}));
    body["userName"] = json!({"not": "a text"});
    site.post("/Users", &body).await?.expect(&[400])
}

async fn wrong_type(site: &Site) -> Seen {
    answer_to_wrong_type(site).await?;
    Ok("400".to_owned())
}

async fn wrong_type_says(site: &Site) -> Seen {
    says(
        &answer_to_wrong_type(site).await?,
        &["invalidValue", "invalidSyntax"],
    )
}

async fn endpoint(site: &Site) -> Seen {
    site.wire.get("/ScimconfNothings").await?.expect(&[404])?;
    Ok("404".to_owned())
}

async fn content_type(site: &Site) -> Seen {
    let accepting = |wire: &Wire, path: &str| {
        wire.request(Method::GET, path)
            .header("accept", "application/scim+json")
    };
    let wire = &site.wire;
    let mut answers = vec![
        wire.run(accepting(wire, "/Users/scimconf-nobody")).await?,
        wire.run(accepting(wire, "/Users?filter=)")).await?,
    ];
    let stranger = wire.posing(None);
    answers.push(stranger.run(accepting(&stranger, "/Users?count=1")).await?);
    answers.retain(|answer| answer.status >= 400);
    let other = answers.iter().find(|answer| {
        let kind = answer.header("content-type").to_ascii_lowercase();
        !kind.starts_with("application/scim+json")
    });
    match other {
        None => Ok(format!("of {} errors", answers.len())),
        Some(answer) => broken(format!(
            "\"{}\" with a {}",
            answer.header("content-type"),
            answer.status
        )),
    }
}
