//! GET /Groups/{id} (RFC 7644 §3.4.1).

use domain::credential::Caller;
use domain::group::Group;

use super::group_type;
use crate::context::Context;
use crate::error::Error;

/// Reads one group, without its members: see [`super::members`].
///
/// # Errors
/// [`Error::NotFound`], also for another directory's group; [`Error::GroupsNotServed`].
pub async fn execute(context: &Context, caller: &Caller, id: &str) -> Result<Group, Error> {
    let profile = context.profile(caller)?;
    let provider = caller.directory.provider;
    group_type(&profile, provider)?;
    let not_found = || Error::not_found(&profile, provider);
    let id = id.parse().map_err(|_| not_found())?;
    let directory = caller.directory.id;
    let found: Result<_, Error> = context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move { Ok(tx.get_group(directory, id).await?) })
        })
        .await;
    found?.ok_or_else(not_found)
}
