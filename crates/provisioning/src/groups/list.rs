//! GET /Groups (RFC 7644 §3.4.2).

use domain::credential::Caller;
use domain::group::Group;
use scim::filter::{CompareOp, Filter, Literal};
use scim::resource::fold;

use super::group_type;
use crate::context::Context;
use crate::error::Error;

/// Entra's match query: the group with this `displayName`.
///
/// # Errors
/// [`Error::Invalid`] (`invalidFilter`) for any other filter; [`Error::GroupsNotServed`].
pub async fn execute(context: &Context, caller: &Caller, filter: Option<&str>) -> Result<Vec<Group>, Error> {
    let profile = context.profile(caller)?;
    let filter = Filter::parse(filter.unwrap_or_default(), group_type(&profile)?)?;
    let name = match &filter {
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value: Literal::String(name),
        } if path.name == "displayName" => fold(name),
        _ => {
            let detail = "Groups are found by displayName eq \"…\". Match groups on displayName.";
            return Err(scim::Error::new(scim::ScimType::InvalidFilter, detail).into());
        }
    };
    let directory = caller.directory.id;
    context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move {
                Ok(tx
                    .find_group_by_name(directory, &name)
                    .await?
                    .into_iter()
                    .collect())
            })
        })
        .await
}
