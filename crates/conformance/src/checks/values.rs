//! How the values of a new resource are stored (RFC 7643 §2).

use serde_json::json;

use super::check;
use crate::check::{Check, Seen, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "create-names-have-no-case",
        Must,
        Users,
        "RFC 7643 §2.1, paragraph 2",
        "Attribute names are understood in any case",
        names_without_case
    ),
    check!(
        "create-in-any-order",
        Must,
        Users,
        "RFC 7643 §2.3.8, paragraph 1",
        "The order of attributes in a body does not matter",
        any_order
    ),
    check!(
        "create-null-is-unassigned",
        Must,
        Users,
        "RFC 7643 §2.5, paragraph 1",
        "Null, an empty list and leaving an attribute out are the same state",
        null
    ),
    check!(
        "create-values-are-kept",
        Must,
        Users,
        "RFC 7644 §3.8, paragraph 1",
        "Text in UTF-8 comes back as it was sent",
        unicode
    ),
    check!(
        "create-folds-equal-elements",
        Should,
        Users,
        "RFC 7643 §2.4, paragraph 11",
        "No list answers the same type and value twice",
        folds_equal
    ),
];

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

async fn unicode(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let text = "Zoë \u{1F642} O'Neil \"x\" \\ 山田";
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

async fn folds_equal(site: &Site) -> Seen {
    site.needs_attribute("emails")?;
    let name = site.name("equal");
    let one = json!({"type": "work", "value": format!("{name}@work.example")});
    let body = site.user_body(&name, &json!({"emails": [one, one]}));
    let made = site.post("/Users", &body).await?;
    if made.status == 400 {
        return Ok("refused, 400".to_owned());
    }
    let made = made.expect(&[201, 200])?;
    let read = site
        .wire
        .get(&format!("/Users/{}", made.id()?))
        .await?
        .expect(&[200])?;
    let same = |mail: &&serde_json::Value| mail["value"] == one["value"] && mail["type"] == one["type"];
    let many = read.body["emails"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(same)
        .count();
    hold(
        many == 1,
        "kept once",
        format!("sent twice, answered {many} times"),
    )
}
