//! The attributes of an answer (RFC 7644 §3.4.2.5, §3.9).

use serde_json::{Value, json};

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "attributes-narrow-an-answer",
        Must,
        Users,
        "RFC 7644 §3.9, paragraph 3",
        "With attributes, an answer holds those, what is always returned, and nothing else",
        narrow
    ),
    check!(
        "attributes-of-a-list",
        Must,
        Filter,
        "RFC 7644 §3.4.2.5, paragraph 1",
        "The parameter attributes shapes the resources of a list too",
        list
    ),
    check!(
        "attributes-sub-attribute",
        Must,
        Users,
        "RFC 7644 §3.9, paragraph 3",
        "A single sub-attribute can be asked for",
        sub
    ),
    check!(
        "attributes-names-have-no-case",
        Must,
        Users,
        "RFC 7643 §2.1, paragraph 2",
        "Attribute names in a query are understood in any case",
        without_case
    ),
    check!(
        "attributes-by-urn",
        Must,
        Users,
        "RFC 7644 §3.10, paragraph 1",
        "An attribute can be asked for by its full name, with the URN of its schema",
        by_urn
    ),
    check!(
        "excluded-attributes-are-left-out",
        Must,
        Users,
        "RFC 7644 §3.9, paragraph 4",
        "What excludedAttributes names is left out, and nothing else",
        excluded
    ),
    check!(
        "excluded-sub-attribute",
        Must,
        Users,
        "RFC 7644 §3.9, paragraph 4",
        "A single sub-attribute can be left out",
        excluded_sub
    ),
    check!(
        "excluded-always-stays",
        Must,
        Users,
        "RFC 7644 §3.4.2.5, paragraph 3",
        "What is always returned cannot be left out",
        always
    ),
    check!(
        "attributes-of-a-creation",
        Must,
        Users,
        "RFC 7644 §3.9, paragraph 3",
        "The answer to a creation can be narrowed like any other",
        creation
    ),
    check!(
        "password-is-never-returned",
        Must,
        Users,
        "RFC 7643 §4.1.1, paragraph 21",
        "A password is never answered, neither in clear nor hashed",
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

/// The attribute names of a resource, without those that are always there.
fn names(site: &Site, body: &Value) -> Vec<String> {
    let always = site.always();
    let keys = body.as_object().into_iter().flat_map(|body| body.keys());
    keys.filter(|key| !always.contains(&key.as_str()) || *key == "userName")
        .cloned()
        .collect()
}

async fn narrow(site: &Site) -> Seen {
    let body = read(site, "attributes=userName").await?;
    hold(
        names(site, &body) == ["userName"] && body["id"].is_string(),
        "id and userName alone",
        format!("{:?}", names(site, &body)),
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
        .flat_map(|one| names(site, one))
        .find(|name| name != "userName");
    hold(others.is_none(), "userName alone", format!("also {others:?}"))
}

async fn sub(site: &Site) -> Seen {
    site.needs_attribute("name")?;
    let body = read(site, "attributes=name.givenName").await?;
    hold(
        body["name"]["givenName"] == "Given" && body["name"]["familyName"].is_null(),
        "name.givenName alone",
        format!("name is {}", body["name"]),
    )
}

async fn without_case(site: &Site) -> Seen {
    let body = read(site, "attributes=USERNAME").await?;
    hold(
        body["userName"].is_string(),
        "USERNAME is userName",
        format!("{:?}", names(site, &body)),
    )
}

async fn by_urn(site: &Site) -> Seen {
    let body = read(
        site,
        "attributes=urn:ietf:params:scim:schemas:core:2.0:User:userName",
    )
    .await?;
    hold(
        names(site, &body) == ["userName"],
        "userName alone",
        format!("{:?}", names(site, &body)),
    )
}

async fn excluded(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let body = read(site, "excludedAttributes=displayName").await?;
    hold(
        body["displayName"].is_null() && body["userName"].is_string(),
        "the others stay",
        format!("{:?}", names(site, &body)),
    )
}

async fn always(site: &Site) -> Seen {
    let always = site.always();
    let made = site.user(json!({})).await?;
    let query = format!("/Users/{}?excludedAttributes={}", made.id()?, always.join(","));
    let read = site.wire.get(&query).await?.expect(&[200])?;
    // The attribute `schemas` is in every representation, and has no setting of its own.
    let gone = always
        .iter()
        .find(|name| **name != "schemas" && !made.body[**name].is_null() && read.body[**name].is_null());
    match gone {
        None => Ok(format!("{} stay", always.join(", "))),
        Some(name) => broken(format!("{name} was left out")),
    }
}

async fn excluded_sub(site: &Site) -> Seen {
    site.needs_attribute("name")?;
    let body = read(site, "excludedAttributes=name.familyName").await?;
    hold(
        body["name"]["familyName"].is_null() && body["name"]["givenName"] == "Given",
        "name.givenName stays",
        format!("name is {}", body["name"]),
    )
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
        .expect(&[201, 200])?;
    site.remember(format!("/Users/{}", made.id()?));
    hold(
        names(site, &made.body) == ["userName"],
        "userName alone",
        format!("{:?}", names(site, &made.body)),
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
