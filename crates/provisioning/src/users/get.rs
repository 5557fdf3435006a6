//! GET /Users/{id} (RFC 7644 §3.4.1).

use domain::credential::Caller;
use domain::identity::Identity;

use crate::context::Context;
use crate::error::Error;

/// Reads one identity; inactive ones are found like any other.
///
/// # Errors
/// [`Error::NotFound`], also for another directory's identity.
pub async fn execute(context: &Context, caller: &Caller, id: &str) -> Result<Identity, Error> {
    let profile = context.profile(caller)?;
    let not_found = || Error::not_found(&profile, caller.directory.provider);
    let id = id.parse().map_err(|_| not_found())?;
    let directory = caller.directory.id;
    let found: Result<_, Error> = context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move { Ok(tx.get(directory, id).await?) })
        })
        .await;
    found?.ok_or_else(not_found)
}
