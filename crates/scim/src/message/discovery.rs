//! The discovery documents: `/ServiceProviderConfig`, `/Schemas`, `/ResourceTypes` (RFC 7643 §5–7, RFC 7644 §4).
//!
//! Must not know: profiles. `base` is the Tenant URL without a slash at its end, as in `https://host/advisors/scim`.

use serde_json::{Map, Value, json};

use super::list_response;
use crate::bulk;
use crate::schema::{AttrType, Attribute, ResourceType, Schema};

const SERVICE_PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/// The most results of one list response; also published in the configuration.
pub const MAX_RESULTS: usize = 1_000;

/// The results of a list response without `count`.
pub const DEFAULT_RESULTS: usize = 100;

/// The service provider configuration. Neither passwords nor security events are offered. The latter are left out, which
/// means the same (RFC 9967 §4), because clients that know the schema of RFC 7643 §5 only refuse a document with more members.
pub fn service_provider_config(base: &str) -> Value {
    json!({
        "schemas": [SERVICE_PROVIDER_CONFIG],
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": bulk::MAX_OPERATIONS,
            "maxPayloadSize": bulk::MAX_PAYLOAD,
        },
        "filter": {"supported": true, "maxResults": MAX_RESULTS},
        "changePassword": {"supported": false},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": DEFAULT_RESULTS,
            "maxPageSize": MAX_RESULTS,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "The secret token of this Tenant URL, sent as 'Authorization: Bearer …'.",
            "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
            "primary": true,
        }],
        "meta": {
            "resourceType": "ServiceProviderConfig",
            "location": format!("{base}/ServiceProviderConfig"),
        },
    })
}

/// `/Schemas`: every schema of these resource types, once.
pub fn schemas(types: &[&ResourceType], base: &str) -> Value {
    let mut all: Vec<&Schema> = Vec::new();
    for schema in types.iter().flat_map(|rt| rt.schemas()) {
        if !all.iter().any(|listed| listed.id == schema.id) {
            all.push(schema);
        }
    }
    let documents = all.iter().map(|schema| schema_document(schema, base));
    list_response(all.len(), 1, documents.collect())
}

/// `/Schemas/{urn}`
pub fn schema_document(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": [SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(attribute).collect::<Vec<_>>(),
        "meta": {"resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id)},
    })
}

fn word(keyword: impl Into<&'static str>) -> Value {
    keyword.into().into()
}

fn attribute(attribute: &Attribute) -> Value {
    let mut document = Map::new();
    let mut put = |keyword: &str, value: Value| document.insert(keyword.to_owned(), value);
    put("name", attribute.name.as_str().into());
    put("type", word(attribute.attr_type));
    put("multiValued", attribute.multi_valued.into());
    put("description", attribute.description.as_str().into());
    put("required", attribute.required.into());
    if !attribute.canonical_values.is_empty() {
        put("canonicalValues", json!(attribute.canonical_values));
    }
    if attribute.attr_type != AttrType::Complex {
        put("caseExact", attribute.case_exact.into());
    }
    put("mutability", word(attribute.mutability));
    put("returned", word(attribute.returned));
    put("uniqueness", word(attribute.uniqueness));
    if !attribute.reference_types.is_empty() {
        put("referenceTypes", json!(attribute.reference_types));
    }
    if attribute.attr_type == AttrType::Complex {
        put(
            "subAttributes",
            attribute.sub_attributes.iter().map(self::attribute).collect(),
        );
    }
    Value::Object(document)
}

/// `/ResourceTypes`
pub fn resource_types(types: &[&ResourceType], base: &str) -> Value {
    let documents = types.iter().map(|rt| resource_type_document(rt, base));
    list_response(types.len(), 1, documents.collect())
}

/// `/ResourceTypes/{name}`; an extension is required when one of its attributes is (RFC 7643 §6).
pub fn resource_type_document(rt: &ResourceType, base: &str) -> Value {
    let extension = |schema: &Schema| {
        let required = schema.attributes.iter().any(|attribute| attribute.required);
        json!({"schema": schema.id, "required": required})
    };
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": rt.name,
        "name": rt.name,
        "endpoint": rt.endpoint,
        "description": rt.description,
        "schema": rt.core.id,
        "schemaExtensions": rt.extensions.iter().map(extension).collect::<Vec<_>>(),
        "meta": {"resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", rt.name)},
    })
}
