//! Making resources (RFC 7644 §3.3), and what every resource has (RFC 7643 §2, §3.1).

use serde_json::json;

use super::check;
use crate::check::{Check, Seen, broken, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "create-answers-201",
        Must,
        Users,
        "RFC 7644 §3.3",
        "When the service provider successfully creates the new resource, an HTTP response SHALL be returned with HTTP status code 201 (Created).",
        answers_201
    ),
    check!(
        "create-answers-the-resource",
        Should,
        Users,
        "RFC 7644 §3.3",
        "The response body SHOULD contain the service provider's representation of the newly created resource.",
        answers_the_resource
    ),
    check!(
        "create-says-where",
        Must,
        Users,
        "RFC 7644 §3.3",
        "The URI of the created resource SHALL include, in the HTTP \"Location\" header and the HTTP body, a JSON representation [RFC7159] with the attribute \"meta.location\".",
        says_where
    ),
    check!(
        "create-duplicate-is-409",
        Must,
        Users,
        "RFC 7644 §3.3",
        "If the service provider determines that the creation of the requested resource conflicts with existing resources (e.g., a \"User\" resource with a duplicate \"userName\"), the service provider MUST return HTTP status code 409 (Conflict) with a \"scimType\" error code of \"uniqueness\"",
        duplicate
    ),
    check!(
        "create-username-has-no-case",
        Must,
        Users,
        "RFC 7643 §4.1.1",
        "A service provider's unique identifier for the user, typically used by the user to directly authenticate to the service provider. […] This identifier MUST be unique across the service provider's entire set of Users. This attribute is REQUIRED and is case insensitive.",
        username_case
    ),
    check!(
        "create-ignores-read-only",
        Must,
        Users,
        "RFC 7644 §3.3",
        "In the request body, attributes whose mutability is \"readOnly\" (see Sections 2.2 and 7 of [RFC7643]) SHALL be ignored.",
        ignores_read_only
    ),
    check!(
        "create-without-required-is-400",
        Must,
        Users,
        "RFC 7643 §7",
        "required A Boolean value that specifies whether or not the attribute is required.",
        without_required
    ),
    check!(
        "create-names-have-no-case",
        Must,
        Users,
        "RFC 7643 §2.1",
        "Attribute names are case insensitive and are often \"camel-cased\" (e.g., \"camelCase\").",
        names_without_case
    ),
    check!(
        "create-in-any-order",
        Must,
        Users,
        "RFC 7643 §2.3.8",
        "Servers and clients MUST NOT require or expect attributes to be in any specific order when an object is either generated or analyzed.",
        any_order
    ),
    check!(
        "create-null-is-unassigned",
        Must,
        Users,
        "RFC 7643 §2.5",
        "Unassigned attributes, the null value, or an empty array (in the case of a multi-valued attribute) SHALL be considered to be equivalent in \"state\".",
        null
    ),
    check!(
        "create-id-is-the-servers",
        Must,
        Users,
        "RFC 7643 §3.1",
        "The value of the \"id\" attribute is always issued by the service provider and MUST NOT be specified by the client.",
        id_is_the_servers
    ),
    check!(
        "create-meta",
        Must,
        Users,
        "RFC 7643 §3.1",
        "resourceType The name of the resource type of the resource. […] created The \"DateTime\" that the resource was added to the service provider. This attribute MUST be a DateTime.",
        meta
    ),
    check!(
        "create-schemas-say-what-is-there",
        Must,
        Users,
        "RFC 7643 §3",
        "The \"schemas\" attribute is a REQUIRED attribute and is an array of Strings containing URIs that are used to indicate the namespaces of the SCIM schemas that define the attributes present in the current JSON structure.",
        schemas
    ),
    check!(
        "create-content-type",
        Must,
        Users,
        "RFC 7644 §8.1",
        "SCIM requests and responses are of the media type application/scim+json",
        content_type
    ),
    check!(
        "create-values-are-kept",
        Must,
        Users,
        "RFC 7643 §2.3.1",
        "A sequence of zero or more Unicode characters encoded using UTF-8",
        unicode
    ),
];

async fn answers_201(site: &Site) -> Seen {
    site.user(json!({})).await?;
    Ok("201".to_owned())
}

async fn answers_the_resource(site: &Site) -> Seen {
    let name = site.name("whole");
    let made = site.create("/Users", &site.user_body(&name, &json!({}))).await?;
    let read = site
        .wire
        .get(&format!("/Users/{}", made.id()?))
        .await?
        .expect(&[200])?;
    hold(
        made.body == read.body,
        "the same as GET answers",
        "GET answers something else",
    )
}

async fn says_where(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let (header, body) = (
        made.header("location").to_owned(),
        made.body["meta"]["location"].as_str().unwrap_or_default(),
    );
    if header.is_empty() || header != body {
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

async fn without_required(site: &Site) -> Seen {
    let mut body = site.user_body("x", &json!({}));
    body.as_object_mut().map(|body| body.shift_remove("userName"));
    let answer = site.post("/Users", &body).await?.expect(&[400])?;
    hold(
        answer.body["status"] == "400",
        "400 without userName",
        answer.brief(),
    )
}

async fn names_without_case(site: &Site) -> Seen {
    let name = site.name("spelling");
    let mut body = site.user_body(&name, &json!({}));
    if let Some(body) = body.as_object_mut() {
        body.shift_remove("userName");
        body.insert("USERNAME".to_owned(), json!(name));
    }
    let made = site.create("/Users", &body).await?;
    hold(
        made.body["userName"] == name.as_str(),
        "USERNAME is userName",
        made.brief(),
    )
}

async fn any_order(site: &Site) -> Seen {
    let name = site.name("order");
    let body = site.user_body(&name, &json!({}));
    let members = body.as_object().into_iter().flatten();
    let mut reversed: Vec<_> = members.map(|(key, value)| (key.clone(), value.clone())).collect();
    reversed.reverse();
    let body = serde_json::Value::Object(reversed.into_iter().collect());
    site.create("/Users", &body).await?;
    Ok("201, backwards".to_owned())
}

async fn null(site: &Site) -> Seen {
    site.needs_attribute("title")?;
    let name = site.name("null");
    let mut body = site.user_body(&name, &json!({}));
    body["title"] = json!(null);
    if site.has("phoneNumbers") {
        body["phoneNumbers"] = json!([]);
    }
    let made = site.create("/Users", &body).await?;
    let empty = |value: &serde_json::Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    hold(
        empty(&made.body["title"]) && empty(&made.body["phoneNumbers"]),
        "taken as not there",
        "kept as something",
    )
}

async fn id_is_the_servers(site: &Site) -> Seen {
    let (one, other) = (
        site.user(json!({})).await?.id()?,
        site.user(json!({})).await?.id()?,
    );
    hold(
        one != other && one != "bulkId",
        "a new one each",
        format!("{one} and {other}"),
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
    let made = site.user(json!({})).await?;
    let kind = made.header("content-type");
    hold(
        kind.to_ascii_lowercase().starts_with("application/scim+json"),
        kind,
        format!("\"{kind}\""),
    )
}

async fn unicode(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let text = "Zoë \u{1F642} O'Neil \"x\" \\ 山田  two blanks";
    let made = site.user(json!({"displayName": text})).await?;
    let read = site
        .wire
        .get(&format!("/Users/{}", made.id()?))
        .await?
        .expect(&[200])?;
    hold(
        read.body["displayName"] == text,
        "kept character by character",
        format!("became {}", read.body["displayName"]),
    )
}
