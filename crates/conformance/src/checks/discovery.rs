//! What the server says of itself (RFC 7644 §4, RFC 7643 §5–7), and who may ask (RFC 7644 §2, §3.11).

use serde_json::Value;

use super::check;
use crate::check::{Check, Seen, broken, hold};
use crate::site::{LIST, Site, USER};

pub const CHECKS: &[Check] = &[
    check!(
        "discovery-config",
        Must,
        Users,
        "RFC 7644 §4",
        "An HTTP GET to this endpoint will return a JSON structure that describes the SCIM specification features available on a service provider.",
        config
    ),
    check!(
        "discovery-config-complete",
        Must,
        Users,
        "RFC 7643 §5",
        "authenticationSchemes A multi-valued complex type that specifies supported authentication scheme properties. […] REQUIRED.",
        config_complete
    ),
    check!(
        "discovery-types",
        Must,
        Users,
        "RFC 7644 §4",
        "An HTTP GET to this endpoint is used to discover the types of resources available on a SCIM service provider (e.g., Users and Groups).",
        types
    ),
    check!(
        "discovery-one-type",
        Should,
        Users,
        "RFC 7643 §6",
        "id The resource type's server unique id. […] name The resource type name. […] This name is referenced by the \"meta.resourceType\" attribute in all resources.",
        one_type
    ),
    check!(
        "discovery-schemas",
        Must,
        Users,
        "RFC 7644 §4",
        "An HTTP GET to this endpoint is used to retrieve information about resource schemas supported by a SCIM service provider.",
        schemas
    ),
    check!(
        "discovery-one-schema",
        Must,
        Users,
        "RFC 7644 §4",
        "an individual schema definition can be returned by appending the schema URI to the /Schemas endpoint",
        one_schema
    ),
    check!(
        "discovery-attributes-complete",
        Must,
        Users,
        "RFC 7643 §7",
        "attributes A multi-valued complex type that defines service provider attributes and their qualities via the following set of sub-attributes",
        attributes
    ),
    check!(
        "discovery-hides-messages",
        Must,
        Users,
        "RFC 7644 §3.1",
        "SCIM message schemas […] SHALL NOT be discoverable using the \"/Schemas\" endpoint.",
        hides_messages
    ),
    check!(
        "discovery-refuses-filter",
        Should,
        Users,
        "RFC 7644 §4",
        "If a \"filter\" is provided, the service provider SHOULD respond with HTTP status code 403 (Forbidden) to ensure that clients cannot incorrectly assume that any matching conditions specified in a filter are true.",
        refuses_filter
    ),
    check!(
        "discovery-pagination",
        Should,
        Cursor,
        "RFC 9865 §4",
        "A SCIM service provider implementing cursor-based pagination SHOULD include the following additional attribute",
        pagination
    ),
    check!(
        "auth-no-token-is-401",
        Must,
        Users,
        "RFC 7644 §3.12",
        "401 (Unauthorized) […] Authorization failure. The authorization header is invalid or missing.",
        no_token
    ),
    check!(
        "auth-401-says-how",
        Must,
        Users,
        "RFC 7644 §2",
        "a SCIM service provider SHALL indicate supported HTTP authentication schemes via the \"WWW-Authenticate\" header.",
        challenge
    ),
    check!(
        "auth-wrong-token-is-401",
        Must,
        Users,
        "RFC 7644 §3.12",
        "401 (Unauthorized) […] Authorization failure. The authorization header is invalid or missing.",
        wrong_token
    ),
    check!(
        "me-is-someone-or-501",
        Should,
        Users,
        "RFC 7644 §3.11",
        "A service provider that does NOT support this feature SHOULD respond with HTTP status code 501 (Not Implemented).",
        me
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
    let schemes = site.config["authenticationSchemes"].as_array();
    let named = |scheme: &Value| {
        ["type", "name", "description"]
            .iter()
            .all(|key| scheme[*key].is_string())
    };
    hold(
        schemes.is_some_and(|all| !all.is_empty() && all.iter().all(named)),
        "complete",
        "authenticationSchemes lacks type, name or description",
    )
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

async fn attributes(site: &Site) -> Seen {
    for schema in &site.schemas {
        for attribute in schema["attributes"].as_array().into_iter().flatten() {
            let known = [
                "string",
                "boolean",
                "decimal",
                "integer",
                "dateTime",
                "binary",
                "reference",
                "complex",
            ];
            let kind = attribute["type"].as_str().unwrap_or_default();
            if !known.contains(&kind)
                || !attribute["multiValued"].is_boolean()
                || !attribute["name"].is_string()
            {
                return broken(format!("{} in {}", attribute["name"], schema["id"]));
            }
            if kind == "complex" && !attribute["subAttributes"].is_array() {
                return broken(format!("{} is complex without subAttributes", attribute["name"]));
            }
        }
    }
    Ok(format!("{} schemas", site.schemas.len()))
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

async fn no_token(site: &Site) -> Seen {
    site.wire.posing(None).get("/Users").await?.expect(&[401])?;
    Ok("401".to_owned())
}

async fn challenge(site: &Site) -> Seen {
    let answer = site.wire.posing(None).get("/Users").await?.expect(&[401])?;
    let said = answer.header("www-authenticate");
    hold(!said.is_empty(), said, "no WWW-Authenticate")
}

async fn wrong_token(site: &Site) -> Seen {
    site.wire
        .posing(Some("scimconf-no-such-token"))
        .get("/Users")
        .await?
        .expect(&[401])?;
    Ok("401".to_owned())
}

async fn me(site: &Site) -> Seen {
    let answer = site.wire.get("/Me").await?;
    hold(
        matches!(answer.status, 200 | 308 | 501),
        &answer.status.to_string(),
        answer.brief(),
    )
}
