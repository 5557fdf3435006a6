//! GET /Users and POST /Users/.search (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use std::sync::Arc;

use domain::credential::Caller;
use domain::identity::Identity;
use scim::query::ListParameters;
use scim::quirk::entra::decoded_once_more;
use scim::quirk::rules::EncodedFilter;
use store::ListRequest;

use crate::context::Context;
use crate::error::Error;
use crate::lists::{self, ListAnswer, PageRequest};

/// Lists identities, inactive ones included: Entra must find them again when a person returns.
///
/// `count` 0 asks for the total only; more than [`scim::message::MAX_RESULTS`] is cut to it (RFC 7644 §3.4.2.4).
///
/// # Errors
/// [`Error::Invalid`]: `invalidFilter` for a filter that cannot be read (never an unfiltered list), `invalidValue` for an order,
/// `invalidCursor`, and `tooMany` for a list that takes too long.
pub async fn execute(
    context: &Context,
    caller: &Caller,
    query: &ListParameters,
) -> Result<ListAnswer<Identity>, Error> {
    let found = page(context, caller, query, query.filter.as_deref()).await?;
    let twice = caller.directory.provider.rules().encoded_filter == EncodedFilter::DecodeAgain;
    let again = query
        .filter
        .as_deref()
        .filter(|_| twice && found.is_empty())
        .and_then(decoded_once_more);
    match again {
        Some(text) => match page(context, caller, query, Some(&text)).await {
            // It reads as no filter any more: the one that was sent has been answered.
            Err(Error::Invalid(_)) => Ok(found),
            other => other,
        },
        None => Ok(found),
    }
}

async fn page(
    context: &Context,
    caller: &Caller,
    query: &ListParameters,
    filter: Option<&str>,
) -> Result<ListAnswer<Identity>, Error> {
    let profile = context.profile(caller)?;
    let filter = lists::filter(&profile.resource_type, filter)?;
    let sort = lists::sort(&profile.resource_type, query)?;
    let request = Arc::new(PageRequest::read(caller, "/Users", query, sort)?);
    let (directory, of_page) = (caller.directory.id, Arc::clone(&request));
    let page = context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move {
                let query = ListRequest {
                    directory,
                    resource_type: &profile.resource_type,
                    filter: filter.as_ref(),
                    sort: of_page.sort.as_ref(),
                    at: of_page.page(),
                };
                Ok::<_, Error>(tx.list(&query).await?)
            })
        })
        .await?;
    Ok(request.listed(page))
}
