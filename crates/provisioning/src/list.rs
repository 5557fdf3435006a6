//! GET /Users and GET /Groups, POST /Users/.search and POST /Groups/.search (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use std::sync::Arc;

use scim::filter::Filter;
use scim::query::{ListParameters, Sort};
use store::ListRequest;

use crate::error::Error;
use crate::list_request::{ListAnswer, PageRequest};
use crate::request::Request;
use crate::resource::ManagedResource;

/// Lists resources of one type. Inactive users are included: Entra must find them again when a person returns. Groups come
/// without their members.
///
/// `count` 0 asks for the total only; more than [`scim::message::MAX_RESULTS`] is cut to it (RFC 7644 §3.4.2.4).
///
/// # Errors
/// [`Error::Invalid`]: `invalidFilter` for a filter that cannot be read (never an unfiltered list), `invalidValue` for an order,
/// `invalidCursor`, and `tooMany` for a list that takes too long; [`Error::GroupsNotServed`].
pub async fn execute<R: ManagedResource>(
    request: &Request,
    query: &ListParameters,
) -> Result<ListAnswer<R>, Error> {
    let filter = query.filter.as_deref();
    let found = page(request, query, filter).await?;
    let again = filter
        .filter(|_| found.is_empty())
        .and_then(|filter| R::filter_read_again(request.provider().rules(), filter));
    match again {
        Some(text) => match page(request, query, Some(&text)).await {
            // The other reading is no valid filter, so the answer to the one that was sent stands.
            Err(Error::Invalid(_)) => Ok(found),
            other => other,
        },
        None => Ok(found),
    }
}

async fn page<R: ManagedResource>(
    request: &Request,
    query: &ListParameters,
    filter: Option<&str>,
) -> Result<ListAnswer<R>, Error> {
    let (profile, provider) = (request.profile()?, request.provider());
    let resource_type = R::resource_type(&profile, provider)?;
    let filter = filter
        .map(|text| Filter::parse(text, resource_type))
        .transpose()?;
    let sort = query.sort.as_ref();
    let sort = sort.map(|sort| Sort::parse(resource_type, &sort.by, sort.order.as_deref()));
    let sort = sort.transpose()?;
    let asked = Arc::new(PageRequest::read(&request.caller, R::ENDPOINT, query, sort)?);
    let (directory, of_page) = (request.caller.directory.id, Arc::clone(&asked));
    let page = request
        .context
        .store
        .read(request.caller.scope, move |tx| {
            Box::pin(async move {
                let query = ListRequest {
                    directory,
                    resource_type: R::resource_type(&profile, provider)?,
                    filter: filter.as_ref(),
                    sort: of_page.sort.as_ref(),
                    at: of_page.page(),
                };
                Ok::<_, Error>(R::list(tx, &query).await?)
            })
        })
        .await?;
    Ok(asked.listed(page))
}
