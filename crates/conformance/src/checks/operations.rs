//! What `add`, `remove` and `replace` do to a resource (RFC 7644 §3.5.2.1–3).

use serde_json::{Value, json};

use super::check;
use crate::check::{Check, Miss, Seen, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "patch-add-sets-a-single-value",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1",
        "If the target location specifies a single-valued attribute, the existing value is replaced.",
        add_single
    ),
    check!(
        "patch-add-appends-to-a-list",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1",
        "If the target location specifies a multi-valued attribute, a new value is added to the attribute.",
        add_list
    ),
    check!(
        "patch-add-without-path",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1",
        "If omitted, the target location is assumed to be the resource itself. The \"value\" parameter contains a set of attributes to be added to the resource.",
        add_without_path
    ),
    check!(
        "patch-add-what-is-there",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1",
        "If the target location already contains the value specified, no changes SHOULD be made to the resource, and a success response SHOULD be returned. Unless other operations change the resource, this operation SHALL NOT change the modify timestamp of the resource.",
        add_what_is_there
    ),
    check!(
        "patch-remove-a-single-value",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2",
        "If the target location is a single-value attribute, the attribute and its associated value is removed, and the attribute SHALL be considered unassigned.",
        remove_single
    ),
    check!(
        "patch-remove-a-whole-list",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2",
        "If the target location is a multi-valued attribute and no filter is specified, the attribute and all values are removed, and the attribute SHALL be considered unassigned.",
        remove_list
    ),
    check!(
        "patch-remove-selected-elements",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2",
        "If the target location is a multi-valued attribute and a complex filter is specified comparing a \"value\", the values matched by the filter are removed.",
        remove_selected
    ),
    check!(
        "patch-replace-a-single-value",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3",
        "If the target location is a single-value attribute, the attributes value is replaced.",
        replace_single
    ),
    check!(
        "patch-replace-a-whole-list",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3",
        "If the target location is a multi-valued attribute and no filter is specified, the attribute and all values are replaced.",
        replace_list
    ),
    check!(
        "patch-replace-without-path",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3",
        "If the \"path\" parameter is omitted, the target is assumed to be the resource itself. In this case, the \"value\" attribute SHALL contain a list of one or more attributes that are to be replaced.",
        replace_without_path
    ),
    check!(
        "patch-replace-what-is-absent-adds",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3",
        "If the target location path specifies an attribute that does not exist, the service provider SHALL treat the operation as an \"add\".",
        replace_absent
    ),
    check!(
        "patch-replace-a-part-of-selected-elements",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3",
        "If the target location is a complex multi-valued attribute with a value selection filter (\"valuePath\") and a specific sub-attribute (e.g., \"addresses[type eq \"work\"].streetAddress\"), the matching sub-attribute of all matching records is replaced.",
        replace_part
    ),
    check!(
        "patch-replace-a-complex-keeps-the-rest",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3",
        "If the target location specifies a complex attribute, a set of sub-attributes SHALL be specified in the \"value\" parameter that replaces any existing values or adds where an attribute did not previously exist.",
        replace_complex
    ),
];
pub(super) async fn patched(
    site: &Site,
    needs: &[&str],
    more: Value,
    operations: Value,
) -> Result<Value, Miss> {
    for name in needs {
        site.needs_attribute(name)?;
    }
    let id = site.user(more).await?.id()?;
    site.patch(&format!("/Users/{id}"), operations).await
}

pub(super) fn mails() -> Value {
    json!({"emails": [{"type": "work", "value": "w@example.com", "primary": true}, {"type": "home", "value": "h@example.com"}]})
}

fn addresses(body: &Value) -> Vec<&str> {
    let mails = body["emails"].as_array().into_iter().flatten();
    mails.filter_map(|mail| mail["value"].as_str()).collect()
}

async fn add_single(site: &Site) -> Seen {
    let body = patched(
        site,
        &["displayName"],
        json!({}),
        json!([{"op": "add", "path": "displayName", "value": "New"}]),
    )
    .await?;
    hold(
        body["displayName"] == "New",
        "replaced",
        format!("displayName is {}", body["displayName"]),
    )
}

async fn add_list(site: &Site) -> Seen {
    let operations =
        json!([{"op": "add", "path": "emails", "value": [{"type": "other", "value": "o@example.com"}]}]);
    let body = patched(site, &["emails"], mails(), operations).await?;
    let seen = addresses(&body);
    hold(
        seen.len() == 3 && seen.contains(&"o@example.com"),
        "3 values",
        format!("{seen:?}"),
    )
}

async fn add_without_path(site: &Site) -> Seen {
    let operations = json!([{"op": "add", "value": {"displayName": "New", "name": {"givenName": "Other"}}}]);
    let body = patched(site, &["displayName", "name"], json!({}), operations).await?;
    let right = body["displayName"] == "New"
        && body["name"]["givenName"] == "Other"
        && body["name"]["familyName"] == "Family";
    hold(right, "both were added", format!("name is {}", body["name"]))
}

async fn add_what_is_there(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let made = site.user(json!({})).await?;
    let operations = json!([{"op": "add", "path": "displayName", "value": made.body["displayName"]}]);
    let body = site.patch(&format!("/Users/{}", made.id()?), operations).await?;
    hold(
        body["meta"]["lastModified"] == made.body["meta"]["lastModified"],
        "success, the same lastModified",
        "lastModified moved",
    )
}

async fn remove_single(site: &Site) -> Seen {
    let body = patched(
        site,
        &["title"],
        json!({"title": "Lead"}),
        json!([{"op": "remove", "path": "title"}]),
    )
    .await?;
    hold(
        body["title"].is_null(),
        "gone",
        format!("title is {}", body["title"]),
    )
}

async fn remove_list(site: &Site) -> Seen {
    if site
        .user_attribute("emails")
        .is_some_and(|emails| emails["required"] == true)
    {
        return crate::check::skipped("emails is required here");
    }
    let body = patched(
        site,
        &["emails"],
        mails(),
        json!([{"op": "remove", "path": "emails"}]),
    )
    .await?;
    hold(
        addresses(&body).is_empty(),
        "gone",
        format!("{:?}", addresses(&body)),
    )
}

async fn remove_selected(site: &Site) -> Seen {
    let operations = json!([{"op": "remove", "path": "emails[value eq \"h@example.com\"]"}]);
    let body = patched(site, &["emails"], mails(), operations).await?;
    hold(
        addresses(&body) == ["w@example.com"],
        "only the one",
        format!("{:?}", addresses(&body)),
    )
}

async fn replace_single(site: &Site) -> Seen {
    let body = patched(
        site,
        &["name"],
        json!({}),
        json!([{"op": "replace", "path": "name.familyName", "value": "New"}]),
    )
    .await?;
    hold(
        body["name"] == json!({"givenName": "Given", "familyName": "New"}),
        "name.familyName alone",
        format!("name is {}", body["name"]),
    )
}

async fn replace_list(site: &Site) -> Seen {
    let operations =
        json!([{"op": "replace", "path": "emails", "value": [{"type": "work", "value": "new@example.com"}]}]);
    let body = patched(site, &["emails"], mails(), operations).await?;
    hold(
        addresses(&body) == ["new@example.com"],
        "all values",
        format!("{:?}", addresses(&body)),
    )
}

async fn replace_without_path(site: &Site) -> Seen {
    let operations = json!([{"op": "replace", "value": {"displayName": "New", "active": false}}]);
    let body = patched(site, &["displayName", "active"], json!({}), operations).await?;
    hold(
        body["displayName"] == "New" && body["active"] == false,
        "both were replaced",
        "one was not",
    )
}

async fn replace_absent(site: &Site) -> Seen {
    let body = patched(
        site,
        &["title"],
        json!({"title": null}),
        json!([{"op": "replace", "path": "title", "value": "Lead"}]),
    )
    .await?;
    hold(
        body["title"] == "Lead",
        "added",
        format!("title is {}", body["title"]),
    )
}

async fn replace_part(site: &Site) -> Seen {
    let operations =
        json!([{"op": "replace", "path": "emails[type eq \"home\"].value", "value": "new@example.com"}]);
    let body = patched(site, &["emails"], mails(), operations).await?;
    hold(
        addresses(&body) == ["w@example.com", "new@example.com"],
        "only the one",
        format!("{:?}", addresses(&body)),
    )
}

async fn replace_complex(site: &Site) -> Seen {
    let operations = json!([{"op": "replace", "path": "name", "value": {"givenName": "Other"}}]);
    let body = patched(site, &["name"], json!({}), operations).await?;
    hold(
        body["name"]["givenName"] == "Other",
        "the part named is replaced",
        format!("name is {}", body["name"]),
    )
}
