//! Before the first rule: is this a SCIM server that accepts the token, and can users be created there? If
//! not, the result is one sentence, and not a list of broken rules that all have that one cause.
//!
//! Must not know: which checks there are.

use serde_json::{Value, json};
use std::fmt::Write as _;

use crate::check::Miss;
use crate::site::Site;
use crate::wire::{Answer, Wire};

/// The server, ready to be checked. `run` is the random word in the names of this run.
///
/// # Errors
/// The reason why it cannot be checked, in one sentence.
pub async fn ready(wire: Wire, run: String) -> Result<Site, String> {
    let (config, users) = match (
        wire.get("/ServiceProviderConfig").await,
        wire.get("/Users?count=1").await,
    ) {
        (Ok(config), Ok(users)) => (config, users),
        (Err(miss), _) | (_, Err(miss)) => {
            return Err(format!("the server cannot be reached: {}", words(miss)));
        }
    };
    if matches!(users.status, 401 | 403) {
        let asked = format!("GET /Users answered {}", users.brief());
        return Err(if wire.has_token() {
            format!("the server does not accept this token: {asked}")
        } else {
            format!("the server asks for a token (--token or SCIM_TOKEN): {asked}")
        });
    }
    // A 404 with a SCIM error means that the URL is a wrong path of a SCIM server.
    if ![&config, &users]
        .into_iter()
        .any(|answer| answer.is_success() && is_scim(answer))
    {
        return Err(format!(
            "there is no SCIM server at this address: GET /Users answered {}, GET /ServiceProviderConfig {}; give the \
             address that /Users is below",
            kind(&users),
            kind(&config)
        ));
    }
    let strangers = wire.posing(None).get("/Users?count=1").await.map_err(words)?;
    let guarded = wire.has_token() && !strangers.is_success();
    let site = Site::discover(wire, run, config, guarded).await.map_err(words)?;
    can_create(&site).await?;
    site.wire.exchanges();
    Ok(site)
}

/// Creates one user and deletes it; whether deletion works is a rule, and not checked here.
async fn can_create(site: &Site) -> Result<(), String> {
    let body = site.user_body(&site.name("preflight"), &json!({}));
    let made = site.post("/Users", &body).await.map_err(words)?;
    if !made.is_success() || made.id().is_err() {
        return Err(format!(
            "users cannot be created here, and nearly every rule needs one: POST /Users answered {}",
            made.brief()
        ));
    }
    site.clear_made().await;
    Ok(())
}

fn words(miss: Miss) -> String {
    match miss {
        Miss::Broken(words) | Miss::Skipped(words) => words,
    }
}

/// Whether an answer is a SCIM message, even if its details are wrong.
fn is_scim(answer: &Answer) -> bool {
    let urns = answer.body["schemas"].as_array().into_iter().flatten();
    let named = urns
        .filter_map(Value::as_str)
        .any(|urn| urn.starts_with("urn:ietf:params:scim:"));
    let shaped = answer.body["totalResults"].is_u64() || answer.body["patch"]["supported"].is_boolean();
    named || shaped
}

/// Status and media type, and the target of a redirect.
fn kind(answer: &Answer) -> String {
    let (kind, location) = (answer.header("content-type"), answer.header("location"));
    let mut text = format!("{} {kind}", answer.status).trim_end().to_owned();
    if !location.is_empty() {
        let _ = write!(text, " (to {location})");
    }
    text
}
