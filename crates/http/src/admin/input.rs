//! The input of a route: the members of its body, or the parameters of its query. One that is unknown is refused, because a
//! mistyped one would silently not count.

use actix_web::web::Query;
use actix_web::{HttpRequest, web};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::problem::{AdminCode, Problem};
use crate::extract::{body as json, small_body};

/// The largest body: an extension of a profile is the longest member, some kilobytes.
const BODY_BYTES: usize = 128 * 1024;
/// Where a refusal says what is allowed.
const SEE: &str = "/admin/v1/docs shows what is allowed";

/// A route without input.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// The body, a JSON object; an empty one has no members.
///
/// # Errors
/// `invalidBody`.
pub async fn body(request: &HttpRequest, payload: &mut web::Payload) -> Result<Value, Problem> {
    let unreadable = |detail: String| Problem::with(AdminCode::InvalidBody, detail);
    let bytes = small_body::read(request, payload, BODY_BYTES).await;
    let bytes = bytes.ok_or_else(|| {
        unreadable(
            "the body did not arrive within 30 seconds, or is longer than 128 KiB: send a short JSON object"
                .to_owned(),
        )
    })?;
    let value = if bytes.trim_ascii().is_empty() {
        Value::Object(Map::new())
    } else {
        json::bounded(&bytes).map_err(|error| {
            unreadable(format!(
                "the body {}: correct that place and send it again",
                json::fault(&error)
            ))
        })?
    };
    if !value.is_object() {
        return Err(unreadable(format!("the body must be a JSON object; {SEE}")));
    }
    Ok(value)
}

/// Reads the members of a body.
///
/// # Errors
/// `invalidValue` with the member.
pub fn of_body<I: DeserializeOwned>(value: Value) -> Result<I, Problem> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let (path, rule) = (error.path().to_string(), error.inner());
        match path.as_str() {
            "." => Problem::with(
                AdminCode::InvalidValue,
                format!("the body cannot be used: {rule}; {SEE}"),
            ),
            _ => Problem::value(path.clone(), format!("\"{path}\" cannot be used: {rule}; {SEE}")),
        }
    })
}

/// Reads the parameters of the query.
///
/// # Errors
/// `invalidValue`.
pub fn of_query<I: DeserializeOwned>(request: &HttpRequest) -> Result<I, Problem> {
    Query::<I>::from_query(request.query_string())
        .map(Query::into_inner)
        .map_err(|error| {
            let said = error.to_string();
            let rule = said.strip_prefix("Query deserialize error: ").unwrap_or(&said);
            Problem::value("query", format!("the query cannot be used: {rule}; {SEE}"))
        })
}

/// The parameters of a route with a dry run.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DryRun {
    #[serde(default)]
    dry_run: bool,
}

/// Whether a request is a dry run.
///
/// # Errors
/// `invalidValue`.
pub fn is_dry_run(request: &HttpRequest) -> Result<bool, Problem> {
    of_query::<DryRun>(request).map(|query| query.dry_run)
}

/// The input of a request whose query says only whether it is a dry run, and which has no body.
///
/// # Errors
/// None, if the input has no members.
pub fn none<I: DeserializeOwned>() -> Result<I, Problem> {
    of_body(Value::Object(Map::new()))
}
