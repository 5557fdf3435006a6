//! The members of a group, and the groups of an identity: read from the membership rows, never from a document.

use std::collections::HashMap;

use domain::credential::Caller;
use domain::group::{Group, GroupRef, Member};
use domain::id::{GroupId, IdentityId, ResourceId};

use crate::context::Context;
use crate::error::Error;

/// The members of one page.
pub const PAGE: usize = 1_000;

/// The next page of a group's direct members, in the order of their ids; fewer than [`PAGE`] are the last. Each page
/// is read by itself: a member that joins or leaves while a large group is read may be missing or still there.
///
/// # Errors
/// [`Error::Store`].
pub async fn page(
    context: &Context,
    caller: &Caller,
    group: GroupId,
    after: Option<ResourceId>,
) -> Result<Vec<Member>, Error> {
    let directory = caller.directory.id;
    context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move { Ok(tx.members(directory, group, after, PAGE).await?) })
        })
        .await
}

/// A text that differs between two states of a group's members at the same revision of the group: the number of members (a
/// member that is deleted leaves without a change of the group) and the sum of their revisions (a renamed member has another).
///
/// # Errors
/// [`Error::Store`].
pub async fn mark(context: &Context, caller: &Caller, group: &Group) -> Result<String, Error> {
    if group.member_count == 0 {
        return Ok("0".to_owned());
    }
    let (directory, id) = (caller.directory.id, group.id);
    let read: Result<_, Error> = context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move { Ok(tx.members_position(directory, id).await?) })
        })
        .await;
    let (count, revisions) = read?;
    Ok(format!("{count}.{revisions}"))
}

/// The groups of the first identities, direct ones only, and the number of those identities: all, unless they are in very
/// many groups. An identity in no group is absent.
///
/// # Errors
/// [`Error::Store`].
pub async fn groups_of(
    context: &Context,
    caller: &Caller,
    identities: Vec<IdentityId>,
) -> Result<(usize, HashMap<IdentityId, Vec<GroupRef>>), Error> {
    if identities.is_empty() {
        return Ok((0, HashMap::new()));
    }
    let directory = caller.directory.id;
    context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move { Ok(tx.groups_of(directory, &identities).await?) })
        })
        .await
}
