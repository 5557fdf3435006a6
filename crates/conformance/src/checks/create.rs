//! Creating resources (RFC 7644 §3.3), and what every resource has (RFC 7643 §2, §3.1).

use serde_json::json;

use super::check;
use crate::check::{Check, Seen, broken, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "create-answers-201",
        Must,
        Users,
        "RFC 7644 §3.3, paragraph 7",
        "A successful creation is answered with status 201",
        answers_201
    ),
    check!(
        "create-people-for-lists",
        Must,
        Users,
        "RFC 7644 §3.3, paragraph 7",
        "Users with names, addresses and titles can be created; lists, filters and sorting are checked with them",
        people
    ),
    check!(
        "create-answers-the-resource",
        Should,
        Users,
        "RFC 7644 §3.3, paragraph 7",
        "The answer to a creation is the new resource, as a GET shows it",
        answers_the_resource
    ),
    check!(
        "create-says-where",
        Must,
        Users,
        "RFC 7644 §3.3, paragraph 7",
        "A creation says where the resource is, in the Location header and in meta.location",
        says_where
    ),
    check!(
        "create-duplicate-is-409",
        Must,
        Users,
        "RFC 7644 §3.3, paragraph 8",
        "Creating what exists already is 409 with the keyword uniqueness",
        duplicate
    ),
    check!(
        "create-username-has-no-case",
        Must,
        Users,
        "RFC 7643 §4.1.1, paragraph 1",
        "User names are unique, and the same in any case",
        username_case
    ),
    check!(
        "create-ignores-read-only",
        Must,
        Users,
        "RFC 7644 §3.3, paragraph 3",
        "Read-only attributes in the body of a creation are passed over",
        ignores_read_only
    ),
    check!(
        "create-without-username-is-refused",
        Must,
        Users,
        "RFC 7643 §4.1.1, paragraph 1",
        "There is no user without a user name",
        without_username
    ),
    check!(
        "create-without-required-is-400",
        Should,
        Users,
        "RFC 7644 §3.12, Table 8",
        "A body that violates the schema, as one without a required attribute does, is answered 400",
        without_required
    ),
    check!(
        "create-id-is-the-servers",
        Must,
        Users,
        "RFC 7643 §3.1, paragraph 3",
        "The server gives the id, whatever the client sends as one",
        id_is_the_servers
    ),
    check!(
        "create-meta",
        Must,
        Users,
        "RFC 7643 §3.1, paragraph 1",
        "A new resource has meta with its resource type and the dates of its creation and last change",
        meta
    ),
    check!(
        "create-dates-are-equal",
        Must,
        Users,
        "RFC 7643 §3.1, paragraph 8",
        "What was never changed was last modified when it was created",
        dates_are_equal
    ),
    check!(
        "create-schemas-say-what-is-there",
        Must,
        Users,
        "RFC 7643 §3, paragraph 3",
        "The attribute schemas names the core schema and every extension that is present",
        schemas
    ),
    check!(
        "create-content-type",
        Must,
        Users,
        "RFC 7644 §3.8, paragraph 3",
        "A client that accepts application/scim+json gets that media type",
        content_type
    ),
];

async fn answers_201(site: &Site) -> Seen {
    let body = site.user_body(&site.name("user"), &json!({}));
    site.post("/Users", &body).await?.expect(&[201])?;
    Ok("201".to_owned())
}

/// Attributes that both GET and POST return must be the same; a server may add attributes that it computes
/// later.
async fn answers_the_resource(site: &Site) -> Seen {
    let name = site.name("whole");
    let made = site.create("/Users", &site.user_body(&name, &json!({}))).await?;
    let read = site
        .wire
        .get(&format!("/Users/{}", made.id()?))
        .await?
        .expect(&[200])?;
    let shown = made.body.as_object().into_iter().flatten();
    let other = shown
        .filter(|(key, _)| !["meta", "groups"].contains(&key.as_str()))
        .find(|(key, value)| read.body[key.as_str()] != **value);
    if let Some((key, value)) = other {
        return broken(format!(
            "{key} is {value}, and GET answers {}",
            read.body[key.as_str()]
        ));
    }
    hold(
        made.body["userName"].is_string() && made.body["schemas"].is_array(),
        "the same as GET answers",
        format!("no representation: {}", made.brief()),
    )
}

async fn says_where(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let (header, body) = (
        made.header("location").to_owned(),
        made.body["meta"]["location"].as_str().unwrap_or_default(),
    );
    // One of the two may be relative to the server's root.
    let same = header.ends_with(body) || body.ends_with(&header);
    if header.is_empty() || body.is_empty() || !same {
        return broken(format!("Location \"{header}\", meta.location \"{body}\""));
    }
    hold(
        header.ends_with(&format!("/Users/{}", made.id()?)),
        "both, and the same",
        header,
    )
}

async fn duplicate(site: &Site) -> Seen {
    let name = site.name("twice");
    let body = site.user_body(&name, &json!({}));
    site.create("/Users", &body).await?;
    let again = site.post("/Users", &body).await?.expect(&[409])?;
    hold(
        again.body["scimType"] == "uniqueness",
        "409 uniqueness",
        again.brief(),
    )
}

async fn username_case(site: &Site) -> Seen {
    let name = site.name("case");
    site.create("/Users", &site.user_body(&name, &json!({}))).await?;
    let shouted = name.to_uppercase();
    site.post("/Users", &site.user_body(&shouted, &json!({})))
        .await?
        .expect(&[409])?;
    Ok("409 in upper case".to_owned())
}

async fn ignores_read_only(site: &Site) -> Seen {
    let made = site
        .user(json!({"id": "mine", "meta": {"created": "2001-01-01T00:00:00Z", "location": "x"}}))
        .await?;
    let old = made.body["meta"]["created"]
        .as_str()
        .is_some_and(|time| time.starts_with("2001"));
    hold(
        made.id()? != "mine" && !old,
        "id and meta are the server's",
        "what the client sent was taken",
    )
}

fn nameless(site: &Site) -> serde_json::Value {
    let mut body = site.user_body("x", &json!({}));
    body.as_object_mut().map(|body| body.shift_remove("userName"));
    body
}

async fn without_username(site: &Site) -> Seen {
    let answer = site.post("/Users", &nameless(site)).await?.expect_refusal()?;
    Ok(answer.status.to_string())
}

async fn without_required(site: &Site) -> Seen {
    site.post("/Users", &nameless(site)).await?.expect(&[400])?;
    Ok("400 without userName".to_owned())
}

async fn id_is_the_servers(site: &Site) -> Seen {
    let taken = site.user(json!({})).await?.id()?;
    let other = site.user(json!({"id": taken})).await?.id()?;
    hold(
        taken != other,
        "a new one, whatever was sent",
        "the id that was sent was taken",
    )
}

async fn meta(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let meta = &made.body["meta"];
    let times = ["created", "lastModified"].iter().all(|key| {
        meta[*key]
            .as_str()
            .is_some_and(|text| text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T'))
    });
    hold(
        meta["resourceType"] == "User" && times,
        "complete",
        format!("meta is {meta}"),
    )
}

async fn schemas(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let listed = |urn: &str| {
        made.body["schemas"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == urn))
    };
    let body = made.body.as_object();
    let present: Vec<_> = body
        .into_iter()
        .flat_map(|body| body.keys())
        .filter(|key| key.starts_with("urn:"))
        .collect();
    let all = listed(crate::site::USER) && present.iter().all(|urn| listed(urn));
    hold(
        all,
        "User, and every extension present",
        format!("schemas is {}", made.body["schemas"]),
    )
}

async fn content_type(site: &Site) -> Seen {
    let request = site
        .wire
        .request(reqwest::Method::POST, "/Users")
        .header("accept", "application/scim+json")
        .header("content-type", "application/scim+json")
        .body(site.user_body(&site.name("type"), &json!({})).to_string());
    let made = site.wire.run(request).await?;
    if let Ok(id) = made.id() {
        site.remember(format!("/Users/{id}"));
    }
    let kind = made.header("content-type");
    hold(
        kind.to_ascii_lowercase().starts_with("application/scim+json"),
        kind,
        format!("\"{kind}\""),
    )
}

async fn people(site: &Site) -> Seen {
    match site.try_people().await {
        Ok(people) => Ok(format!("{} users", people.len())),
        Err(why) => broken(why),
    }
}

async fn dates_are_equal(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let meta = &made.body["meta"];
    hold(
        meta["created"].is_string() && meta["created"] == meta["lastModified"],
        "created is lastModified",
        format!("meta is {meta}"),
    )
}
