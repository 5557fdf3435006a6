//! GET /Users/{id} and GET /Groups/{id} (RFC 7644 §3.4.1).

use crate::error::Error;
use crate::request::Request;
use crate::resource::ManagedResource;

/// Reads one resource, inactive users included; a group without its members ([`crate::group::members`]).
///
/// # Errors
/// [`Error::NotFound`], also for another directory's resource; [`Error::GroupsNotServed`].
pub async fn execute<R: ManagedResource>(request: &Request, id: &str) -> Result<R, Error> {
    let profile = request.profile()?;
    R::resource_type(&profile, request.provider())?;
    let not_found = || Error::not_found(&profile, request.provider());
    let id = id.parse().map_err(|_| not_found())?;
    let directory = request.caller.directory.id;
    let found: Result<_, Error> = request
        .context
        .store
        .read(request.caller.scope, move |tx| {
            Box::pin(async move { Ok(R::get(tx, directory, id).await?) })
        })
        .await;
    found?.ok_or_else(not_found)
}
