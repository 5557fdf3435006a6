//! The discovery documents (RFC 7644 §4): the schemas and resource types of the directory's profile.
//!
//! A filter is refused before ([`super::context`]); every other parameter is ignored (RFC 7644 §4).

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use scim::message;
use scim::name;
use scim::schema::{ResourceType, Schema};

use super::error::{ErrorCode, Failure};
use super::{RequestContext, respond};

/// A discovery document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscoveryDocument {
    /// `/ServiceProviderConfig`.
    ServiceProviderConfig,
    /// `/Schemas`.
    Schemas,
    /// `/Schemas/{urn}`.
    Schema,
    /// `/ResourceTypes`.
    ResourceTypes,
    /// `/ResourceTypes/{name}`.
    ResourceType,
}

/// GET of a discovery document; `id` is the URN of the schema or the name of the resource type.
///
/// # Errors
/// `notFound` for a schema or resource type that this directory does not have.
pub fn answer(
    ctx: &RequestContext<'_>,
    requested: DiscoveryDocument,
    id: &str,
) -> Result<HttpResponse, Failure> {
    let profile = ctx.request.profile()?;
    let types: Vec<&ResourceType> = std::iter::once(&profile.resource_type)
        .chain(&profile.group_type)
        .collect();
    let base = ctx.base.as_str();
    let document = match requested {
        DiscoveryDocument::ServiceProviderConfig => message::service_provider_config(base),
        DiscoveryDocument::Schemas => message::schemas(&types, base),
        DiscoveryDocument::ResourceTypes => message::resource_types(&types, base),
        DiscoveryDocument::Schema => {
            let found = types.iter().find_map(|rt| schema(rt, id));
            let found = found.ok_or_else(|| none("schema of that id; GET /Schemas"))?;
            message::schema_document(found, base)
        }
        DiscoveryDocument::ResourceType => {
            let found = types.iter().find(|rt| name::eq(id, &rt.name));
            let found = found.ok_or_else(|| none("resource type of that name; GET /ResourceTypes"))?;
            message::resource_type_document(found, base)
        }
    };
    Ok(respond::body(StatusCode::OK, &document))
}

fn none(what: &str) -> Failure {
    let detail = format!("This directory has no {what} lists the ones it has.");
    Failure::with(ErrorCode::NotFound, detail)
}

fn schema<'a>(rt: &'a ResourceType, id: &str) -> Option<&'a Schema> {
    std::iter::once(&rt.core)
        .chain(&rt.extensions)
        .find(|schema| name::eq(&schema.id, id))
}
