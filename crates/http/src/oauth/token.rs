//! `POST /oauth/token`: an access token for a client that proves itself (RFC 6749 §4.4).

use actix_web::{HttpRequest, HttpResponse, web};
use auth::access::NewAccess;
use domain::credential::TokenId;
use serde_json::json;

use super::client::{Authenticated, authenticate};
use super::form::Form;
use super::keys::KEYS_AGE;
use super::problem::{OauthCode, Problem};
use crate::extract::body;
use crate::observe::Facts;
use crate::state::State;

/// Answers the route.
pub(super) async fn answer(
    request: HttpRequest,
    mut payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    match token(&request, &mut payload, &state).await {
        Ok(answer) => answer,
        Err(problem) => {
            body::drain(&request, &mut payload).await;
            problem.oauth(&request)
        }
    }
}

async fn token(
    request: &HttpRequest,
    payload: &mut web::Payload,
    state: &State,
) -> Result<HttpResponse, Problem> {
    let form = Form::read(request, payload).await?;
    match form.get("grant_type") {
        Some("client_credentials") => {}
        Some(_) => return Err(Problem::of(OauthCode::UnsupportedGrantType)),
        None => {
            return Err(Problem::with(
                OauthCode::InvalidRequest,
                "grant_type is missing: send grant_type=client_credentials",
            ));
        }
    }
    let Authenticated { record, secret } = authenticate(state, request, &form).await?;
    let client = &record.client;
    if let Err(wait) = state.oauth.issued.charge(client.id, state.clock.monotonic()) {
        return Err(Problem::of(OauthCode::SlowDown).after(wait.as_secs() + 1));
    }
    let id = auth::token::new_id().map_err(|_| Problem::of(OauthCode::Unavailable))?;
    let seconds = u64::try_from(record.access_token_seconds).unwrap_or_default();
    let new = NewAccess {
        directory: &record.opens.directory,
        id,
        client: Some((client.id, client.epoch, secret)),
        seconds,
    };
    state.oauth.refresh(KEYS_AGE).await?;
    let text = state
        .oauth
        .tokens
        .sign(&new, state.clock.now())
        .map_err(|error| {
            tracing::error!(%error, "no access token could be signed");
            Problem::of(OauthCode::Unavailable)
        })?;
    log_issued(request, id, client.id, secret, seconds);
    Ok(HttpResponse::Ok().json(json!({
        "access_token": text,
        "token_type": "Bearer",
        "expires_in": seconds,
    })))
}

/// Each access token has a line of the program's log. Rows of the audit log cannot be pruned, and a client asks every hour (ADR 0043).
pub(crate) fn log_issued(
    request: &HttpRequest,
    id: TokenId,
    client: TokenId,
    secret: Option<TokenId>,
    seconds: u64,
) {
    let facts = Facts::of(request);
    tracing::info!(
        event.name = "usher.oauth.issued",
        usher.token.id = id.as_str(),
        usher.client.id = client.as_str(),
        usher.secret.id = secret.as_ref().map(TokenId::as_str),
        seconds,
        request.id = facts.map(|facts| tracing::field::display(facts.request)),
        "an access token was issued"
    );
}
