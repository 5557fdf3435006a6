//! The server's description of itself (RFC 7644 §4, RFC 7643 §5–7).

use serde_json::Value;

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold};
use crate::site::{LIST, Site, USER};

pub const CHECKS: &[Check] = &[
    check!(
        "discovery-config",
        Must,
        Users,
        "RFC 7644 §4, paragraph 2",
        "/ServiceProviderConfig answers a JSON object that carries the configuration schema",
        config
    ),
    check!(
        "discovery-config-complete",
        Must,
        Users,
        "RFC 7643 §5, paragraph 5",
        "The configuration says of patch, bulk, filter, changePassword, sort and etag whether they are supported, and the limits of bulk and filter",
        config_complete
    ),
    check!(
        "discovery-config-schemes",
        Must,
        Users,
        "RFC 7643 §5, paragraph 21",
        "The configuration lists the authentication schemes, each with type, name and description",
        config_schemes
    ),
    check!(
        "discovery-types",
        Must,
        Users,
        "RFC 7644 §4, paragraph 6",
        "/ResourceTypes is a list response; each type has a name, an endpoint and a schema",
        types
    ),
    check!(
        "discovery-types-name-schemas",
        Must,
        Users,
        "RFC 7643 §6, paragraph 7",
        "The schema and the extensions that a resource type names are found by that id among the schemas",
        types_name_schemas
    ),
    check!(
        "discovery-one-type",
        May,
        Users,
        "RFC 7644 §4, paragraph 6",
        "One resource type can be read by its name, as a plain object",
        one_type
    ),
    check!(
        "discovery-schemas",
        Must,
        Users,
        "RFC 7644 §4, paragraph 3",
        "/Schemas answers all supported schemas as a list response, User among them",
        schemas
    ),
    check!(
        "discovery-one-schema",
        May,
        Users,
        "RFC 7644 §4, paragraph 3",
        "One schema can be read at /Schemas by its URI",
        one_schema
    ),
    check!(
        "discovery-attributes-complete",
        Must,
        Users,
        "RFC 7643 §7, paragraph 3",
        "Every attribute of a schema, and every part of one, says its name, type, plurality, description, whether it is required, its mutability and when it is returned",
        attributes
    ),
    check!(
        "discovery-complex-has-parts",
        Should,
        Users,
        "RFC 7643 §7, paragraph 11",
        "An attribute of type complex lists its sub-attributes",
        complex_parts
    ),
    check!(
        "discovery-hides-messages",
        Must,
        Users,
        "RFC 7644 §3.1, paragraph 3",
        "Schemas of protocol messages are not listed at /Schemas",
        hides_messages
    ),
    check!(
        "discovery-refuses-filter",
        Should,
        Users,
        "RFC 7644 §4, paragraph 6",
        "A filter at a discovery endpoint is refused with 403, so that nobody takes the answer for a filtered one",
        refuses_filter
    ),
    check!(
        "discovery-ignores-paging",
        Must,
        Users,
        "RFC 7644 §4, paragraph 6",
        "Sorting and paging parameters do not change what a discovery endpoint answers",
        ignores_paging
    ),
    check!(
        "discovery-pagination",
        Should,
        Cursor,
        "RFC 9865 §4, paragraph 1",
        "A server that pages by cursor says so under pagination in its configuration",
        pagination
    ),
];

async fn config(site: &Site) -> Seen {
    let answer = site.wire.get("/ServiceProviderConfig").await?.expect(&[200])?;
    let schema = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
    let said = answer.body["schemas"]
        .as_array()
        .is_some_and(|list| list.iter().any(|urn| urn == schema));
    hold(said, "200", format!("schemas is {}", answer.body["schemas"]))
}

async fn config_complete(site: &Site) -> Seen {
    let flags = ["patch", "bulk", "filter", "changePassword", "sort", "etag"];
    let missing: Vec<_> = flags
        .into_iter()
        .filter(|name| !site.config[*name]["supported"].is_boolean())
        .collect();
    if !missing.is_empty() {
        return broken(format!("no boolean \"supported\" in {}", missing.join(", ")));
    }
    let numbers = [
        ("bulk", "maxOperations"),
        ("bulk", "maxPayloadSize"),
        ("filter", "maxResults"),
    ];
    for (feature, limit) in numbers {
        if !site.config[feature][limit].is_u64() {
            return broken(format!("{feature}.{limit} is no number"));
        }
    }
    Ok("complete".to_owned())
}

async fn config_schemes(site: &Site) -> Seen {
    let Some(schemes) = site.config["authenticationSchemes"].as_array() else {
        return broken("authenticationSchemes is missing, and it is REQUIRED");
    };
    if schemes.is_empty() {
        return broken("authenticationSchemes is an empty list, which counts as missing, and it is REQUIRED");
    }
    for (number, scheme) in schemes.iter().enumerate() {
        for key in ["type", "name", "description"] {
            if !scheme[key].is_string() {
                return broken(format!("authenticationSchemes[{number}] has no {key}"));
            }
        }
    }
    Ok(format!("{} of them", schemes.len()))
}

async fn types(site: &Site) -> Seen {
    let answer = site.wire.get("/ResourceTypes").await?.expect(&[200])?;
    if answer.body["schemas"][0] != LIST {
        return broken("no ListResponse");
    }
    for kind in answer.resources()? {
        for key in ["name", "endpoint", "schema"] {
            if !kind[key].is_string() {
                return broken(format!("a type has no {key}: {kind}"));
            }
        }
    }
    hold(
        site.types.iter().any(|kind| kind["endpoint"] == "/Users"),
        "Users among them",
        "no type at /Users",
    )
}

async fn one_type(site: &Site) -> Seen {
    let answer = site.wire.get("/ResourceTypes/User").await?.expect(&[200])?;
    hold(
        answer.body["name"] == "User",
        "200",
        format!("name is {}", answer.body["name"]),
    )
}

async fn schemas(site: &Site) -> Seen {
    let answer = site.wire.get("/Schemas").await?.expect(&[200])?;
    let user = answer.resources()?.iter().any(|schema| schema["id"] == USER);
    hold(
        user && answer.body["schemas"][0] == LIST,
        "a list with User",
        "no ListResponse with the User schema",
    )
}

async fn one_schema(site: &Site) -> Seen {
    let answer = site.wire.get(&format!("/Schemas/{USER}")).await?.expect(&[200])?;
    hold(
        answer.body["id"] == USER,
        "200",
        format!("id is {}", answer.body["id"]),
    )
}

/// Every attribute of every schema and its sub-attributes, each with its path.
fn all_attributes(site: &Site) -> Vec<(String, &Value)> {
    fn below<'a>(place: &str, list: &'a Value, all: &mut Vec<(String, &'a Value)>) {
        for attribute in list.as_array().into_iter().flatten() {
            let name = attribute["name"].as_str().unwrap_or("(without a name)");
            let here = format!("{place} {name}");
            below(&here, &attribute["subAttributes"], all);
            all.push((here, attribute));
        }
    }
    let mut all = Vec::new();
    for schema in &site.schemas {
        below(
            schema["id"].as_str().unwrap_or_default(),
            &schema["attributes"],
            &mut all,
        );
    }
    all
}

/// The characteristic that an attribute's definition lacks or has an undefined value for.
fn lacks(attribute: &Value) -> Option<&'static str> {
    let word = |key: &str, known: &[&str]| attribute[key].as_str().is_some_and(|said| known.contains(&said));
    let types = [
        "string",
        "boolean",
        "decimal",
        "integer",
        "dateTime",
        "binary",
        "reference",
        "complex",
    ];
    let (mutability, returned) = (
        ["readOnly", "readWrite", "immutable", "writeOnly"],
        ["always", "never", "default", "request"],
    );
    let text = attribute["type"] == "string";
    let said = [
        ("name", attribute["name"].is_string()),
        ("type", word("type", &types)),
        ("multiValued", attribute["multiValued"].is_boolean()),
        ("description", attribute["description"].is_string()),
        ("required", attribute["required"].is_boolean()),
        ("mutability", word("mutability", &mutability)),
        ("returned", word("returned", &returned)),
        // The RFC's own schemas have these two for text only.
        ("caseExact", !text || attribute["caseExact"].is_boolean()),
        (
            "uniqueness",
            !text || word("uniqueness", &["none", "server", "global"]),
        ),
    ];
    said.into_iter().find(|(_, right)| !right).map(|(key, _)| key)
}

async fn attributes(site: &Site) -> Seen {
    let all = all_attributes(site);
    for (place, attribute) in &all {
        if let Some(key) = lacks(attribute) {
            return broken(format!("{place}: {key} is {}", attribute[key]));
        }
    }
    hold(
        !all.is_empty(),
        &format!("{} attributes", all.len()),
        "no schema has an attribute",
    )
}

async fn complex_parts(site: &Site) -> Seen {
    let all = all_attributes(site);
    let without = all.iter().find(|(_, attribute)| {
        attribute["type"] == "complex" && attribute["subAttributes"].as_array().is_none_or(Vec::is_empty)
    });
    match without {
        None => Ok("all do".to_owned()),
        Some((place, _)) => broken(format!("{place} has no subAttributes")),
    }
}

async fn hides_messages(site: &Site) -> Seen {
    let message = |schema: &&Value| {
        schema["id"]
            .as_str()
            .is_some_and(|urn| urn.starts_with("urn:ietf:params:scim:api:"))
    };
    match site.schemas.iter().find(message) {
        None => Ok("none of urn:ietf:params:scim:api:".to_owned()),
        Some(schema) => broken(format!("{} is listed", schema["id"])),
    }
}

async fn refuses_filter(site: &Site) -> Seen {
    for path in ["/Schemas", "/ResourceTypes", "/ServiceProviderConfig"] {
        let answer = site
            .wire
            .get(&format!("{path}?filter=name%20eq%20%22x%22"))
            .await?;
        if answer.status != 403 {
            return broken(format!("{path}: {}", answer.brief()));
        }
    }
    Ok("403 at all three".to_owned())
}

async fn pagination(site: &Site) -> Seen {
    let pagination = &site.config["pagination"];
    let both = pagination["cursor"].is_boolean() && pagination["index"].is_boolean();
    hold(
        both,
        "cursor and index are said",
        format!("pagination is {pagination}"),
    )
}

async fn types_name_schemas(site: &Site) -> Seen {
    for kind in &site.types {
        let extensions = kind["schemaExtensions"].as_array().into_iter().flatten();
        let named = std::iter::once(&kind["schema"]).chain(extensions.map(|extension| &extension["schema"]));
        for urn in named {
            if !site.schemas.iter().any(|schema| schema["id"] == *urn) {
                return broken(format!("{} names {urn}, which is no schema here", kind["name"]));
            }
        }
    }
    hold(
        !site.types.is_empty(),
        &format!("those of {} types", site.types.len()),
        "there are no types",
    )
}

async fn ignores_paging(site: &Site) -> Seen {
    for path in ["/Schemas", "/ResourceTypes"] {
        let ids = async |query: &str| -> Result<Vec<String>, Miss> {
            let answer = site.wire.get(&format!("{path}{query}")).await?.expect(&[200])?;
            let mut ids: Vec<_> = answer
                .resources()?
                .iter()
                .map(|one| one["id"].to_string())
                .collect();
            ids.sort_unstable();
            Ok(ids)
        };
        let (all, page) = (ids("").await?, ids("?startIndex=2&count=1&sortBy=name").await?);
        if all != page {
            return broken(format!("{path}: {} of {} with count=1", page.len(), all.len()));
        }
    }
    Ok("the whole list with count=1".to_owned())
}
