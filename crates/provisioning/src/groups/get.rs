//! GET /Groups/{id} (RFC 7644 §3.4.1).

use domain::credential::Caller;
use domain::group::Group;

use super::{group_id, group_type, not_found};
use crate::context::Context;
use crate::error::Error;

/// Reads one group, without its members: see [`super::members`].
///
/// # Errors
/// [`Error::NotFound`], also for another directory's group; [`Error::GroupsNotServed`].
pub async fn execute(context: &Context, caller: &Caller, id: &str) -> Result<Group, Error> {
    let profile = context.profile(caller)?;
    group_type(&profile)?;
    let id = group_id(&profile, id)?;
    let directory = caller.directory.id;
    let found: Result<_, Error> = context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move { Ok(tx.get_group(directory, id).await?) })
        })
        .await;
    found?.ok_or_else(|| not_found(&profile))
}
