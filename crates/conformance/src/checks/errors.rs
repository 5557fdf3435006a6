//! How refusals look (RFC 7644 §3.12), and what must be refused.

use reqwest::Method;
use serde_json::json;

use super::check;
use crate::check::{Check, Seen, broken, hold};
use crate::site::Site;
use crate::wire::send;

pub const CHECKS: &[Check] = &[
    check!(
        "error-has-the-schema",
        Must,
        Users,
        "RFC 7644 §3.12",
        "Error responses are identified using the following \"schema\" URI: \"urn:ietf:params:scim:api:messages:2.0:Error\".",
        schema
    ),
    check!(
        "error-status-is-a-string",
        Must,
        Users,
        "RFC 7644 §3.12",
        "status The HTTP status code (see Section 6 of [RFC7231]) expressed as a JSON string. REQUIRED.",
        status
    ),
    check!(
        "error-has-a-detail",
        Should,
        Users,
        "RFC 7644 §3.12",
        "detail A detailed human-readable message. OPTIONAL.",
        detail
    ),
    check!(
        "error-broken-json-is-400",
        Must,
        Users,
        "RFC 7644 §3.12",
        "invalidSyntax […] The request body message structure was invalid or did not conform to the request schema.",
        broken_json
    ),
    check!(
        "error-wrong-type-is-400",
        Must,
        Users,
        "RFC 7644 §3.12",
        "invalidValue […] A required value was missing, or the value specified was not compatible with the operation or attribute type",
        wrong_type
    ),
    check!(
        "error-unknown-endpoint-is-404",
        Must,
        Users,
        "RFC 7644 §3.12",
        "404 (Not Found) […] Specified resource (e.g., User) or endpoint does not exist.",
        endpoint
    ),
    check!(
        "error-is-scim-json",
        Must,
        Users,
        "RFC 7644 §8.1",
        "SCIM requests and responses are of the media type application/scim+json",
        content_type
    ),
];

async fn schema(site: &Site) -> Seen {
    let answer = site.wire.get("/Users/scimconf-nobody").await?.expect(&[404])?;
    let said = &answer.body["schemas"];
    hold(
        said[0] == "urn:ietf:params:scim:api:messages:2.0:Error",
        "in a 404",
        format!("schemas is {said}"),
    )
}

async fn status(site: &Site) -> Seen {
    let answer = site.wire.get("/Users/scimconf-nobody").await?.expect(&[404])?;
    hold(
        answer.body["status"] == "404",
        "\"404\"",
        format!("status is {}", answer.body["status"]),
    )
}

async fn detail(site: &Site) -> Seen {
    let answer = site.wire.get("/Users/scimconf-nobody").await?.expect(&[404])?;
    hold(
        answer.body["detail"].as_str().is_some_and(|text| text.len() > 5),
        "in words",
        "no detail",
    )
}

async fn broken_json(site: &Site) -> Seen {
    let request = site
        .wire
        .request(Method::POST, "/Users")
        .header("content-type", "application/scim+json");
    let answer = send(request.body("{\"userName\": ")).await?.expect(&[400])?;
    hold(
        answer.body["scimType"] == "invalidSyntax",
        "400 invalidSyntax",
        answer.brief(),
    )
}

async fn wrong_type(site: &Site) -> Seen {
    let mut body = site.user_body(&site.name("type"), &json!({}));
    body["userName"] = json!({"not": "a text"});
    let answer = site.post("/Users", &body).await?.expect(&[400])?;
    let said = answer.body["scimType"].as_str().unwrap_or_default();
    hold(
        matches!(said, "invalidValue" | "invalidSyntax"),
        said,
        answer.brief(),
    )
}

async fn endpoint(site: &Site) -> Seen {
    site.wire.get("/ScimconfNothings").await?.expect(&[404])?;
    Ok("404".to_owned())
}

async fn content_type(site: &Site) -> Seen {
    let answers = [
        site.wire.get("/Users/scimconf-nobody").await?,
        site.wire.posing(None).get("/Users").await?,
        site.wire.get("/Users?filter=)").await?,
    ];
    for answer in answers {
        if !answer.header("content-type").starts_with("application/scim+json") {
            return broken(format!(
                "\"{}\" with a {}",
                answer.header("content-type"),
                answer.status
            ));
        }
    }
    Ok("with 400, 401 and 404".to_owned())
}
