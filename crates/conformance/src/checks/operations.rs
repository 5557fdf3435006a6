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
        "RFC 7644 §3.5.2.1, paragraph 8",
        "An add to an attribute of one value replaces the value",
        add_single
    ),
    check!(
        "patch-add-appends-to-a-list",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1, paragraph 7",
        "An add to a list appends to what is there",
        add_list
    ),
    check!(
        "patch-add-without-path",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1, paragraph 4",
        "An add without a path adds the attributes that its value holds",
        add_without_path
    ),
    check!(
        "patch-add-what-is-there",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1, paragraph 11",
        "Adding a value that is there already does not touch the date of the last change",
        add_what_is_there
    ),
    check!(
        "patch-remove-a-single-value",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2, paragraph 3",
        "A remove takes the value of a single-valued attribute away",
        remove_single
    ),
    check!(
        "patch-remove-a-whole-list",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2, paragraph 4",
        "A remove of a list without a filter takes all its values away",
        remove_list
    ),
    check!(
        "patch-remove-selected-elements",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2, paragraph 5",
        "A remove with a filter takes away the elements that it selects, and no others",
        remove_selected
    ),
    check!(
        "patch-replace-a-single-value",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3, paragraph 3",
        "A replace sets the value of one sub-attribute and leaves its neighbours",
        replace_single
    ),
    check!(
        "patch-replace-a-whole-list",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3, paragraph 4",
        "A replace of a list without a filter replaces all its values",
        replace_list
    ),
    check!(
        "patch-replace-without-path",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3, paragraph 2",
        "A replace without a path replaces the attributes that its value holds",
        replace_without_path
    ),
    check!(
        "patch-replace-what-is-absent-adds",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3, paragraph 5",
        "A replace of an attribute without a value adds it",
        replace_absent
    ),
    check!(
        "patch-replace-a-part-of-selected-elements",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3, paragraph 8",
        "A replace behind a filter changes that sub-attribute of every element selected, and no others",
        replace_part
    ),
    check!(
        "patch-replace-a-complex-keeps-the-rest",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3, paragraph 6",
        "A replace of a complex attribute sets the parts that are named and keeps the others",
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

/// The addresses of a user, in alphabetical order: a multi-valued attribute has no order of its own.
fn addresses(body: &Value) -> Vec<&str> {
    let mails = body["emails"].as_array().into_iter().flatten();
    let mut all: Vec<_> = mails.filter_map(|mail| mail["value"].as_str()).collect();
    all.sort_unstable();
    all
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
        body["name"]["familyName"] == "New" && body["name"]["givenName"] == "Given",
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
        addresses(&body) == ["new@example.com", "w@example.com"],
        "only the one",
        format!("{:?}", addresses(&body)),
    )
}

async fn replace_complex(site: &Site) -> Seen {
    let operations = json!([{"op": "replace", "path": "name", "value": {"givenName": "Other"}}]);
    let body = patched(site, &["name"], json!({}), operations).await?;
    hold(
        body["name"]["givenName"] == "Other" && body["name"]["familyName"] == "Family",
        "the part named is replaced, the rest is kept",
        format!("name is {}", body["name"]),
    )
}
