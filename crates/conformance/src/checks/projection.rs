//! Which attributes an answer has (RFC 7644 §3.4.2.5, §3.9).

use serde_json::{Value, json};

use super::check;
use crate::check::{Check, Miss, Seen, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "attributes-narrow-an-answer",
        Must,
        Users,
        "RFC 7644 §3.9",
        "When specified, the default list of attributes SHALL be overridden, and each resource returned MUST contain the minimum set of resource attributes and any attributes or sub-attributes explicitly requested by the \"attributes\" parameter.",
        narrow
    ),
    check!(
        "attributes-of-a-list",
        Must,
        Filter,
        "RFC 7644 §3.4.2.5",
        "The following attributes control which attributes SHALL be returned with a returned resource.",
        list
    ),
    check!(
        "attributes-sub-attribute",
        Must,
        Users,
        "RFC 7644 §3.9",
        "any attributes or sub-attributes explicitly requested by the \"attributes\" parameter",
        sub
    ),
    check!(
        "attributes-names-have-no-case",
        Must,
        Users,
        "RFC 7643 §2.1",
        "Attribute names are case insensitive and are often \"camel-cased\" (e.g., \"camelCase\").",
        without_case
    ),
    check!(
        "attributes-by-urn",
        Must,
        Users,
        "RFC 7644 §3.10",
        "attributes are uniquely identified by prefixing the attribute name with its schema URN separated by a colon (\":\") character",
        by_urn
    ),
    check!(
        "excluded-attributes-are-left-out",
        Must,
        Users,
        "RFC 7644 §3.9",
        "each resource returned MUST contain the minimum set of resource attributes. Additionally, the default set of attributes minus those attributes listed in \"excludedAttributes\" is returned.",
        excluded
    ),
    check!(
        "excluded-always-stays",
        Must,
        Users,
        "RFC 7644 §3.4.2.5",
        "This parameter SHALL have no effect on attributes whose schema \"returned\" setting is \"always\" (see Sections 2.2 and 7 of [RFC7643]).",
        always
    ),
    check!(
        "attributes-of-a-creation",
        Should,
        Users,
        "RFC 7644 §3.9",
        "For any SCIM operation where a resource representation is returned (e.g., HTTP GET), the attributes returned by default are defined as the minimum attribute set plus the default set. […] Clients MAY request a partial resource representation on any operation that returns a resource within the response",
        creation
    ),
    check!(
        "password-is-never-returned",
        Must,
        Users,
        "RFC 7643 §4.1.1",
        "This attribute is intended to be used as a means to specify, reset, or change the user's password. […] A password's […] value MUST NOT be returned",
        password
    ),
];

async fn read(site: &Site, query: &str) -> Result<Value, Miss> {
    let id = site.user(json!({})).await?.id()?;
    Ok(site
        .wire
        .get(&format!("/Users/{id}?{query}"))
        .await?
        .expect(&[200])?
        .body)
}

/// The names of a resource, without what is always there.
fn names(body: &Value) -> Vec<String> {
    let keys = body.as_object().into_iter().flat_map(|body| body.keys());
    keys.filter(|key| !["id", "schemas"].contains(&key.as_str()))
        .cloned()
        .collect()
}

async fn narrow(site: &Site) -> Seen {
    let body = read(site, "attributes=userName").await?;
    hold(
        names(&body) == ["userName"] && body["id"].is_string(),
        "id and userName alone",
        format!("{:?}", names(&body)),
    )
}

async fn list(site: &Site) -> Seen {
    site.people().await?;
    let answer = site
        .find(
            &format!("userName sw \"{}\"", site.people_prefix()),
            "&attributes=userName",
        )
        .await?
        .expect(&[200])?;
    let others = answer
        .resources()?
        .iter()
        .flat_map(names)
        .find(|name| name != "userName");
    hold(others.is_none(), "userName alone", format!("also {others:?}"))
}

async fn sub(site: &Site) -> Seen {
    site.needs_attribute("name")?;
    let body = read(site, "attributes=name.givenName").await?;
    hold(
        body["name"] == json!({"givenName": "Given"}),
        "name.givenName alone",
        format!("name is {}", body["name"]),
    )
}

async fn without_case(site: &Site) -> Seen {
    let body = read(site, "attributes=USERNAME").await?;
    hold(
        body["userName"].is_string(),
        "USERNAME is userName",
        format!("{:?}", names(&body)),
    )
}

async fn by_urn(site: &Site) -> Seen {
    let body = read(
        site,
        "attributes=urn:ietf:params:scim:schemas:core:2.0:User:userName",
    )
    .await?;
    hold(
        names(&body) == ["userName"],
        "userName alone",
        format!("{:?}", names(&body)),
    )
}

async fn excluded(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let body = read(site, "excludedAttributes=displayName").await?;
    hold(
        body["displayName"].is_null() && body["userName"].is_string(),
        "the others stay",
        format!("{:?}", names(&body)),
    )
}

async fn always(site: &Site) -> Seen {
    let body = read(site, "excludedAttributes=id,userName").await?;
    hold(body["id"].is_string(), "id stays", "id was left out")
}

async fn creation(site: &Site) -> Seen {
    let name = site.name("partial");
    let made = site
        .wire
        .send(
            reqwest::Method::POST,
            "/Users?attributes=userName",
            &site.user_body(&name, &json!({})),
        )
        .await?
        .expect(&[201])?;
    site.remember(format!("/Users/{}", made.id()?));
    hold(
        names(&made.body) == ["userName"],
        "userName alone",
        format!("{:?}", names(&made.body)),
    )
}

async fn password(site: &Site) -> Seen {
    let made = site.user(json!({"password": "t1meMa$heen-scimconf"})).await?;
    let read = site
        .wire
        .get(&format!("/Users/{}?attributes=password", made.id()?))
        .await?
        .expect(&[200])?;
    hold(
        made.body["password"].is_null() && read.body["password"].is_null(),
        "not even when asked for",
        "it was answered",
    )
}
