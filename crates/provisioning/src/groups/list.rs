//! GET /Groups and POST /Groups/.search (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use std::sync::Arc;

use domain::credential::Caller;
use domain::group::Group;
use scim::query::ListParameters;
use store::ListRequest;

use super::group_type;
use crate::context::Context;
use crate::error::Error;
use crate::lists::{self, ListAnswer, PageRequest};

/// Lists groups, without their members.
///
/// # Errors
/// As for identities ([`crate::users::list`]); [`Error::GroupsNotServed`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    query: &ListParameters,
) -> Result<ListAnswer<Group>, Error> {
    let profile = context.profile(caller)?;
    let provider = caller.directory.provider;
    let rt = group_type(&profile, provider)?;
    let filter = lists::filter(rt, query.filter.as_deref())?;
    let sort = lists::sort(rt, query)?;
    let request = Arc::new(PageRequest::read(caller, "/Groups", query, sort)?);
    let (directory, of_page) = (caller.directory.id, Arc::clone(&request));
    let page = context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move {
                let query = ListRequest {
                    directory,
                    resource_type: group_type(&profile, provider)?,
                    filter: filter.as_ref(),
                    sort: of_page.sort.as_ref(),
                    at: of_page.page(),
                };
                Ok::<_, Error>(tx.list_groups(&query).await?)
            })
        })
        .await?;
    Ok(request.listed(page))
}
