//! The caller of a SCIM request: its verified credential, compared with the URL.
//!
//! Every refusal is the same 401; the reason goes to the log.

use actix_web::HttpRequest;
use auth::{CredentialKind, Refusal};
use domain::credential::Caller;
use store::Store;

use super::credential::{Denied, log_refusal, verified};
use crate::observe::Facts;
use crate::scim::error::{ErrorCode, Failure};
use crate::scim::route::Base;
use crate::state::State;

/// The verified caller of a SCIM request.
///
/// # Errors
/// `unauthorized`, `directoryOff`, `busy`, or `unavailable` when the record cannot be read.
pub async fn caller(state: &State, request: &HttpRequest, base: &Base<'_>) -> Result<Caller, Failure> {
    let verified = verified(state, request, Store::token_record).await;
    let verified = verified.map_err(|denied| match denied {
        Denied::Refused(refusal) => failure(&refusal),
        Denied::RecordUnreadable => Failure::new(ErrorCode::Unavailable),
    })?;
    let id = verified.id().to_owned();
    let caller = verified.admit(base.tenant_url()).map_err(|refusal| {
        log_refusal(state, request, CredentialKind::Token, &refusal, Some(&id));
        failure(&refusal)
    })?;
    Facts::record_caller(request, &caller);
    Ok(caller)
}

/// The answer to a refusal. A 401 only for what was checked: Entra stops calling after one.
fn failure(refusal: &Refusal) -> Failure {
    match refusal {
        Refusal::Unauthorized(_) | Refusal::WrongDirectory { .. } => Failure::new(ErrorCode::Unauthorized),
        Refusal::DirectoryOff { .. } => Failure::new(ErrorCode::DirectoryOff),
        Refusal::Busy => Failure::new(ErrorCode::Busy).after(1),
    }
}
