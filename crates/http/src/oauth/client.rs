//! Who asks for an access token: a client with a secret, in the header or in the form (RFC 6749 §2.3.1), or with an assertion of its issuer
//! (RFC 7523 §2.2). Every refusal of a credential is the same `invalid_client`; the log has the reason.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use auth::jwt::{Jwt, JwtError};
use auth::queue::{Priority, Requester};
use auth::{CredentialKind, Reason, Refusal, federation};
use data_encoding::BASE64;
use domain::client::ClientRecord;
use domain::credential::TokenId;
use percent_encoding::percent_decode_str;

use super::form::Form;
use super::problem::{OauthCode, Problem};
use crate::extract::credential::{Denied, log_refusal, log_unreadable, network, verified_text};
use crate::observe::Facts;
use crate::state::State;

/// The one kind of assertion (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client that has proved itself.
pub struct Authenticated {
    /// The client with its directory.
    pub record: ClientRecord,
    /// The secret that it came with; `None` with an assertion.
    pub secret: Option<TokenId>,
}

/// The client of a token request.
///
/// # Errors
/// `invalid_request` when it proves itself in no way or in two; `invalid_client`; `temporarily_unavailable`.
pub async fn authenticate(
    state: &State,
    request: &HttpRequest,
    form: &Form,
) -> Result<Authenticated, Problem> {
    let basic = basic(request)?;
    let (id, secret) = (form.get("client_id"), form.get("client_secret"));
    let assertion = form.get("client_assertion");
    let invalid = |detail: &str| Problem::with(OauthCode::InvalidRequest, detail);
    match (basic, secret, assertion) {
        (Some((name, secret)), None, None) => {
            if id.is_some_and(|id| id != name) {
                return Err(invalid(
                    "client_id differs in header and form: send one of the two",
                ));
            }
            Ok(with_secret(state, request, &name, &secret).await?)
        }
        (None, Some(secret), None) => {
            let id = id.ok_or_else(|| invalid("client_id is missing: send it beside client_secret"))?;
            Ok(with_secret(state, request, id, secret).await?)
        }
        (None, None, Some(assertion)) => {
            if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
                return Err(invalid(
                    "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                ));
            }
            let id = id.ok_or_else(|| {
                invalid("client_id is missing: send the id that usher client create showed beside client_assertion")
            })?;
            Ok(with_assertion(state, request, id, assertion).await?)
        }
        (None, None, None) => Err(Problem::of(OauthCode::InvalidClient)),
        _ => Err(invalid(
            "the client proves itself twice: send its secret in the Authorization header or in the form, or an assertion, and only one of these",
        )),
    }
}

/// The client of a request that proves itself in the header; `None` without `Authorization: Basic`.
///
/// # Errors
/// As [`authenticate`].
pub async fn by_basic(
    state: &State,
    request: &HttpRequest,
) -> Result<Option<(ClientRecord, Option<TokenId>)>, Denied> {
    let malformed = || {
        let refusal = Refusal::from(auth::token::ParseError::Malformed);
        log_refusal(state, request, CredentialKind::ClientSecret, &refusal, None);
        Denied::Refused(refusal)
    };
    let line = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let is_basic = line.is_some_and(|line| {
        line.get(..5)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"basic"))
    });
    if !is_basic {
        return Ok(None);
    }
    match basic(request) {
        Ok(None) => Ok(None),
        Err(_) => Err(malformed()),
        Ok(Some((id, secret))) => {
            let client = with_secret(state, request, &id, &secret).await?;
            Ok(Some((client.record, client.secret)))
        }
    }
}

/// Id and secret of `Authorization: Basic`, each form-encoded (RFC 6749 §2.3.1).
fn basic(request: &HttpRequest) -> Result<Option<(String, String)>, Problem> {
    let invalid = |detail: &str| Problem::with(OauthCode::InvalidRequest, detail);
    let mut lines = request.headers().get_all(AUTHORIZATION);
    let Some(line) = lines.next() else {
        return Ok(None);
    };
    if lines.next().is_some() {
        return Err(invalid("there are two Authorization headers: send one"));
    }
    let unreadable = "the Authorization header is not Basic with base64 of id:secret: send it so, or the secret in the form";
    let line = line.to_str().map_err(|_| invalid(unreadable))?;
    let (scheme, rest) = line.trim().split_once(' ').unwrap_or((line, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(invalid(unreadable));
    }
    let bytes = BASE64.decode(rest.trim().as_bytes()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let text = text.ok_or_else(|| invalid(unreadable))?;
    let (id, secret) = text.split_once(':').ok_or_else(|| invalid(unreadable))?;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(Cow::into_owned);
    match (decoded(id), decoded(secret)) {
        (Ok(id), Ok(secret)) => Ok(Some((id, secret))),
        _ => Err(invalid(unreadable)),
    }
}

async fn with_secret(
    state: &State,
    request: &HttpRequest,
    id: &str,
    secret: &str,
) -> Result<Authenticated, Denied> {
    let verified = verified_text(state, request, secret, async |presented| {
        state.store.client_secret(presented.id()).await
    });
    let secret = verified.await?.admit().secret;
    let record = state.store.client_record(secret.client).await;
    let record = record.map_err(|error| {
        log_unreadable(state, request, &error);
        Denied::RecordUnreadable
    })?;
    let record =
        record.filter(|record| record.client.id.as_str() == id && record.client.revoked_at.is_none());
    let record = record.ok_or_else(|| refused(state, request, Reason::AccessEnded, Some(secret.id)))?;
    note(request, &record);
    Ok(Authenticated {
        record,
        secret: Some(secret.id),
    })
}

async fn with_assertion(
    state: &State,
    request: &HttpRequest,
    id: &str,
    assertion: &str,
) -> Result<Authenticated, Denied> {
    let refused = |reason: Reason, id: Option<TokenId>| refused(state, request, reason, id);
    let jwt = Jwt::read(assertion).and_then(|jwt| federation::head(&jwt).map(|()| jwt));
    let jwt = jwt.map_err(|error| refused(Reason::Jwt(error), None))?;
    let id: TokenId = id.parse().map_err(|_| refused(Reason::UnknownId, None))?;
    let requester = Requester {
        priority: Priority::Unknown,
        network: network(state, request),
    };
    let busy = |_| Denied::Refused(Refusal::Busy);
    let _permit = state.oauth.assertions.enter(requester).await.map_err(busy)?;
    let record = state.store.client_record(id).await.map_err(|error| {
        log_unreadable(state, request, &error);
        Denied::RecordUnreadable
    })?;
    let record = record.ok_or_else(|| refused(Reason::UnknownId, Some(id)))?;
    let Some(expected) = record
        .client
        .federation
        .as_ref()
        .filter(|_| record.client.revoked_at.is_none())
    else {
        return Err(refused(Reason::AccessEnded, Some(id)));
    };
    let key = state.oauth.jwks.key(&expected.keys_url, &jwt.kid).await;
    let checked = key.and_then(|key| federation::check_assertion(&jwt, &key, expected, state.clock.now()));
    match checked {
        Ok(()) => {
            note(request, &record);
            Ok(Authenticated { record, secret: None })
        }
        Err(JwtError::KeysUnreadable) => Err(Denied::Refused(Refusal::Busy)),
        Err(error) => Err(refused(Reason::Jwt(error), Some(id))),
    }
}

fn refused(state: &State, request: &HttpRequest, reason: Reason, id: Option<TokenId>) -> Denied {
    let refusal = state.verifier.count_refusal(Refusal::Unauthorized(reason));
    log_refusal(state, request, CredentialKind::ClientSecret, &refusal, id);
    Denied::Refused(refusal)
}

fn note(request: &HttpRequest, record: &ClientRecord) {
    let directory = &record.opens.directory;
    Facts::record(request, |facts| {
        facts.directory = Some((directory.tenant, directory.id));
        facts.verified = true;
    });
}
