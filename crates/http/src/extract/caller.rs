//! Who is calling: the credential, its record, and whether it belongs to this URL. Before any body is read.
//!
//! The record is read at every request, so that a revoked token is refused at the next one, on every instance
//! (ADR 0005). Every refusal is the same 401; the reason goes to the log.

use actix_web::HttpRequest;
use auth::tenant_url::TenantUrl;
use auth::{CredentialKind, Refusal};
use domain::credential::Caller;

use super::credential::{log_refusal, log_unreadable, memory, present};
use crate::observe::Facts;
use crate::scim::error::{ErrorCode, Failure};
use crate::scim::route::Base;
use crate::state::State;

/// The verified caller of a SCIM request.
///
/// # Errors
/// `unauthorized`, `directoryOff`, `busy`, or `unavailable` when the record cannot be read.
pub async fn caller(state: &State, request: &HttpRequest, base: &Base<'_>) -> Result<Caller, Failure> {
    let refused = |refusal: Refusal, id: Option<&str>| {
        log_refusal(state, request, CredentialKind::Token, &refusal, id);
        failure(&refusal)
    };
    let presented = present(state, request, CredentialKind::Token)
        .await
        .map_err(|refusal| refused(refusal, None))?;
    let id = presented.id().to_owned();
    let record = state.store.token_record(&id).await.map_err(|error| {
        log_unreadable(state, request, &error);
        Failure::new(ErrorCode::Unavailable)
    })?;
    let remembered = async || memory(state, CredentialKind::Token, &id).await;
    let caller = state
        .verifier
        .verify(presented, record, state.clock.now(), remembered)
        .await
        .map_err(|refusal| refused(refusal, Some(&id)))?;
    let place = TenantUrl {
        tenant: base.tenant.as_deref(),
        profile: base.profile.as_deref(),
    };
    state
        .verifier
        .admit(&caller, place)
        .map_err(|refusal| refused(refusal, Some(&id)))?;
    Facts::record_caller(request, &caller);
    Ok(caller)
}

/// The answer to a refusal. A 401 only for what was judged: Entra stops calling after one.
fn failure(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::Unauthorized(_) | Refusal::WrongDirectory { .. } => Failure::new(ErrorCode::Unauthorized),
        Refusal::DirectoryOff { .. } => Failure::new(ErrorCode::DirectoryOff),
        Refusal::Busy => Failure::new(ErrorCode::Busy).after(1),
    }
}
