//! GET /Users (RFC 7644 §3.4.2).

use domain::credential::Caller;
use domain::identity::Identity;
use scim::filter::Filter;
use scim::message::MAX_RESULTS;
use scim::quirk::entra::decoded_once_more;
use scim::quirk::rules::EncodedFilter;
use store::{ListQuery, Page, PageAt};

use crate::context::Context;
use crate::error::Error;

/// The page size without `count`.
pub const DEFAULT_COUNT: usize = 100;

/// Lists identities, inactive ones included: Entra must find them again when a person returns.
///
/// `start_index` counts from 1; `count` 0 asks for the total only; more than [`MAX_RESULTS`] is cut to it (RFC 7644
/// §3.4.2.4).
///
/// # Errors
/// [`Error::Invalid`] (`invalidFilter`) for a filter that cannot be read: never an unfiltered list.
pub async fn execute(
    context: &Context,
    caller: &Caller,
    filter: Option<&str>,
    start_index: usize,
    count: Option<usize>,
) -> Result<Page<Identity>, Error> {
    let found = page(context, caller, filter, start_index, count).await?;
    let twice = caller.directory.provider.rules().encoded_filter == EncodedFilter::DecodeAgain;
    let again = filter
        .filter(|_| twice && found.total == Some(0))
        .and_then(decoded_once_more);
    match again {
        Some(text) => match page(context, caller, Some(&text), start_index, count).await {
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
    filter: Option<&str>,
    start_index: usize,
    count: Option<usize>,
) -> Result<Page<Identity>, Error> {
    let profile = context.profile(caller)?;
    let filter = filter
        .map(|text| Filter::parse(text, &profile.resource_type))
        .transpose()?;
    let directory = caller.directory.id;
    let count = count.unwrap_or(DEFAULT_COUNT).min(MAX_RESULTS);
    context
        .store
        .read(caller.scope, move |tx| {
            Box::pin(async move {
                let query = ListQuery {
                    directory,
                    resource_type: &profile.resource_type,
                    filter: filter.as_ref(),
                    sort: None,
                    at: PageAt::Index {
                        start: start_index.max(1),
                        count,
                    },
                };
                Ok(tx.list(&query).await?)
            })
        })
        .await
}
