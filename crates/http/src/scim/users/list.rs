//! GET /Users (RFC 7644 §3.4.2): Entra's match query, and its connection test. The hottest path there is.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::users;
use scim::message::{list_response, render};
use serde_json::Value;

use super::super::error::Failure;
use super::super::{Asked, respond};

/// Lists identities; each with all its attributes, because Entra compares with the list answer and reads no further
/// (`entra.md` §2.0).
///
/// # Errors
/// `invalidFilter`: never an unfiltered list.
pub async fn answer(asked: &Asked<'_>) -> Result<HttpResponse, Failure> {
    let Asked {
        state,
        caller,
        query,
        base,
        ..
    } = asked;
    let profile = state.provisioning.profile(caller)?;
    let filter = query.filter.as_deref();
    let start_index = query.start_index();
    let page = users::list::execute(&state.provisioning, caller, filter, start_index, query.count).await?;
    let document = |identity: &domain::identity::Identity| -> Value {
        let meta = respond::meta(identity, base);
        let document = render(
            &profile.resource_type,
            &identity.id.to_string(),
            &identity.resource,
            &meta,
        );
        query.projection.apply(&profile.resource_type, document)
    };
    let resources = page.items.iter().map(document).collect();
    Ok(respond::body(
        StatusCode::OK,
        &list_response(page.total.unwrap_or_default(), start_index, resources),
    ))
}
