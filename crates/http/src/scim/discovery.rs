//! What this directory serves, for programs (RFC 7644 §4): its schema is the User schema, narrowed to the profile.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use scim::message;
use scim::name;
use scim::schema::{ResourceType, Schema};

use super::error::{Code, Failure};
use super::{Asked, respond};

/// A discovery document.
pub enum Page<'a> {
    /// `/ServiceProviderConfig`.
    ServiceProviderConfig,
    /// `/Schemas`.
    Schemas,
    /// `/Schemas/{urn}`.
    Schema(&'a str),
    /// `/ResourceTypes`.
    ResourceTypes,
    /// `/ResourceTypes/{name}`.
    ResourceType(&'a str),
}

/// GET of a discovery document.
///
/// # Errors
/// `notFound` for a schema or resource type that this directory does not have.
pub fn answer(asked: &Asked<'_>, page: &Page<'_>) -> Result<HttpResponse, Failure> {
    let profile = asked.state.provisioning.profile(&asked.caller)?;
    let (user, base) = (&profile.resource_type, asked.base.as_str());
    let document = match page {
        Page::ServiceProviderConfig => message::service_provider_config(base),
        Page::Schemas => message::schemas(&[user], base),
        Page::ResourceTypes => message::resource_types(&[user], base),
        Page::Schema(id) => {
            let schema = schema(user, id).ok_or_else(|| {
                Failure::with(
                    Code::NotFound,
                    "This directory has no schema of that id; GET /Schemas lists the ones it has.",
                )
            })?;
            message::schema_document(schema, base)
        }
        Page::ResourceType(wanted) if name::eq(wanted, &user.name) => {
            message::resource_type_document(user, base)
        }
        Page::ResourceType(_) => {
            let detail =
                "This directory has no resource type of that name; GET /ResourceTypes lists the ones it has.";
            return Err(Failure::with(Code::NotFound, detail));
        }
    };
    Ok(respond::body(StatusCode::OK, &document))
}

fn schema<'a>(user: &'a ResourceType, id: &str) -> Option<&'a Schema> {
    std::iter::once(&user.core)
        .chain(&user.extensions)
        .find(|schema| name::eq(&schema.id, id))
}
