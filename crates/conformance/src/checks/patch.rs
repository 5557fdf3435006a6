//! Changing a resource: the request as a whole, and what is refused (RFC 7644 §3.5.2). The effect of each
//! operation is in [`super::operations`].

use serde_json::{Value, json};

use super::check;
use super::operations::{mails, patched};
use crate::check::{Check, Miss, Seen, broken, hold};
use crate::site::{PATCH_OP, Site};
use crate::wire::Answer;

pub const CHECKS: &[Check] = &[
    check!(
        "patch-answers-200-or-204",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 16",
        "A successful PATCH is answered 200 with the whole resource, or 204 without a body",
        answers
    ),
    check!(
        "patch-with-attributes-is-200",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 16",
        "A successful PATCH that asks for attributes is answered 200",
        with_attributes
    ),
    check!(
        "patch-is-atomic",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 14",
        "If one operation fails, none is done, and the request fails",
        atomic
    ),
    check!(
        "patch-in-order",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 12",
        "Operations are done in their order, each on the result of those before it",
        in_order
    ),
    check!(
        "patch-remove-without-path-is-no-target",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2, paragraph 2",
        "A remove without a path is 400 with the keyword noTarget",
        remove_without_path
    ),
    check!(
        "patch-remove-required-is-refused",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2, paragraph 7",
        "Removing a required attribute is refused with the keyword mutability",
        remove_required
    ),
    check!(
        "patch-replace-without-match-is-no-target",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3, paragraph 9",
        "A replace whose filter selects nothing is 400 with the keyword noTarget",
        replace_no_match
    ),
    check!(
        "patch-one-primary",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 13",
        "Making one element primary makes the others not primary",
        one_primary
    ),
    check!(
        "patch-read-only-is-refused",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 10",
        "An operation on a read-only attribute is refused",
        refused_of,
        "read-only"
    ),
    check!(
        "patch-read-only-says-mutability",
        May,
        Patch,
        "RFC 7644 §3.12, Table 9",
        "The refusal to change a read-only attribute carries the keyword mutability",
        keyword_of,
        "read-only"
    ),
    check!(
        "patch-unknown-path-is-refused",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 10",
        "An operation on an attribute that no schema knows is refused",
        refused_of,
        "unknown"
    ),
    check!(
        "patch-broken-path-is-400",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 15",
        "A path that does not follow the grammar is refused with 400",
        refused_of,
        "broken"
    ),
    check!(
        "patch-broken-path-says-invalid-path",
        May,
        Patch,
        "RFC 7644 §3.12, Table 9",
        "The refusal of a malformed path carries the keyword invalidPath",
        keyword_of,
        "broken"
    ),
    check!(
        "patch-unknown-op-is-400",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 4",
        "An operation that is none of add, remove and replace is refused with 400",
        refused_of,
        "op"
    ),
    check!(
        "patch-unknown-op-says-invalid-syntax",
        May,
        Patch,
        "RFC 7644 §3.12, Table 9",
        "The refusal of an unknown operation carries the keyword invalidSyntax or invalidValue",
        keyword_of,
        "op"
    ),
    check!(
        "patch-add-without-value-is-400",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1, paragraph 2",
        "An add without a value is refused with 400",
        refused_of,
        "valueless"
    ),
    check!(
        "patch-add-without-value-says-invalid-value",
        May,
        Patch,
        "RFC 7644 §3.12, Table 9",
        "The refusal of an add without a value carries the keyword invalidValue or invalidSyntax",
        keyword_of,
        "valueless"
    ),
    check!(
        "patch-wrong-type-is-400",
        Must,
        Patch,
        "RFC 7644 §3.5.2, paragraph 10",
        "A value of another type than the attribute has is refused with 400",
        refused_of,
        "type"
    ),
    check!(
        "patch-wrong-type-says-invalid-value",
        May,
        Patch,
        "RFC 7644 §3.12, Table 9",
        "The refusal of a value of the wrong type carries the keyword invalidValue",
        keyword_of,
        "type"
    ),
];

/// A change that must be refused, by the text of the table's line: the attribute it needs, the operations,
/// and the error keywords that fit.
fn unfit(with: &str) -> (&'static str, Value, &'static [&'static str]) {
    match with {
        "read-only" => (
            "",
            json!([{"op": "replace", "path": "id", "value": "mine"}]),
            &["mutability"],
        ),
        "unknown" => (
            "",
            json!([{"op": "replace", "path": "scimconfNothing", "value": "x"}]),
            &[],
        ),
        "broken" => (
            "",
            json!([{"op": "replace", "path": "emails[type eq", "value": "x"}]),
            &["invalidPath"],
        ),
        "op" => (
            "",
            json!([{"op": "scimconf", "path": "displayName", "value": "x"}]),
            &["invalidSyntax", "invalidValue"],
        ),
        "valueless" => (
            "",
            json!([{"op": "add", "path": "displayName"}]),
            &["invalidValue", "invalidSyntax"],
        ),
        _ => (
            "active",
            json!([{"op": "replace", "path": "active", "value": "perhaps"}]),
            &["invalidValue"],
        ),
    }
}

async fn answer_to_unfit(site: &Site, with: &'static str) -> Result<Answer, Miss> {
    let (attribute, operations, _) = unfit(with);
    if !attribute.is_empty() {
        site.needs_attribute(attribute)?;
    }
    let id = site.user(json!({})).await?.id()?;
    site.try_patch(&format!("/Users/{id}"), operations).await
}

/// Checks with 400 in their name require that status, the others accept any refusal.
async fn refused_of(site: &Site, with: &'static str) -> Seen {
    let answer = answer_to_unfit(site, with).await?;
    let answer = match with {
        "read-only" | "unknown" => answer.expect_refusal()?,
        _ => answer.expect(&[400])?,
    };
    Ok(answer.status.to_string())
}

async fn keyword_of(site: &Site, with: &'static str) -> Seen {
    let answer = answer_to_unfit(site, with).await?.expect_refusal()?;
    says(&answer, unfit(with).2)
}

/// Whether an error has one of these keywords.
fn says(answer: &Answer, keywords: &[&str]) -> Seen {
    let said = answer.body["scimType"].as_str().unwrap_or_default();
    hold(
        keywords.contains(&said),
        &format!("{} {said}", answer.status),
        format!("{} instead of {}", answer.brief(), keywords.join(" or ")),
    )
}

/// Applies operations to a new user; returns the answer.
async fn tried(site: &Site, operations: Value) -> Result<Answer, Miss> {
    let id = site.user(json!({})).await?.id()?;
    site.try_patch(&format!("/Users/{id}"), operations).await
}

async fn answers(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let id = site.user(json!({})).await?.id()?;
    let answer = site
        .try_patch(
            &format!("/Users/{id}"),
            json!([{"op": "replace", "path": "displayName", "value": "New"}]),
        )
        .await?;
    match answer.status {
        200 => hold(
            answer.body["displayName"] == "New" && answer.body["id"] == id.as_str(),
            "200 with the resource",
            "200 with something else",
        ),
        204 => hold(answer.text.is_empty(), "204", "204 with a body"),
        _ => broken(answer.brief()),
    }
}

async fn atomic(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let made = site.user(json!({})).await?;
    let path = format!("/Users/{}", made.id()?);
    let operations = json!([
        {"op": "replace", "path": "displayName", "value": "Half"},
        {"op": "replace", "path": "userName", "value": {"not": "a text"}},
    ]);
    site.try_patch(&path, operations).await?.expect_refusal()?;
    let read = site.wire.get(&path).await?.expect(&[200])?;
    hold(
        read.body["displayName"] == made.body["displayName"],
        "nothing was done",
        "the first operation was done",
    )
}

async fn in_order(site: &Site) -> Seen {
    let operations = json!([{"op": "replace", "path": "displayName", "value": "1"}, {"op": "remove", "path": "displayName"}, {"op": "add", "path": "displayName", "value": "3"}]);
    let body = patched(site, &["displayName"], json!({}), operations).await?;
    hold(
        body["displayName"] == "3",
        "the last one stands",
        format!("displayName is {}", body["displayName"]),
    )
}

async fn remove_without_path(site: &Site) -> Seen {
    let answer = tried(site, json!([{"op": "remove"}])).await?;
    says(&answer.expect(&[400])?, &["noTarget"])
}

async fn remove_required(site: &Site) -> Seen {
    let answer = tried(site, json!([{"op": "remove", "path": "userName"}])).await?;
    says(&answer.expect_refusal()?, &["mutability"])
}

async fn replace_no_match(site: &Site) -> Seen {
    site.needs_attribute("emails")?;
    let path = "emails[type eq \"scimconf\"].value";
    let answer = tried(
        site,
        json!([{"op": "replace", "path": path, "value": "x@example.com"}]),
    )
    .await?;
    says(&answer.expect(&[400])?, &["noTarget"])
}

async fn one_primary(site: &Site) -> Seen {
    let operations = json!([{"op": "replace", "path": "emails[type eq \"home\"].primary", "value": true}]);
    let body = patched(site, &["emails"], mails(), operations).await?;
    let primaries: Vec<_> = body["emails"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|mail| mail["primary"] == true)
        .collect();
    hold(
        primaries.len() == 1 && primaries[0]["type"] == "home",
        "the new one alone",
        format!("emails is {}", body["emails"]),
    )
}

async fn with_attributes(site: &Site) -> Seen {
    site.needs_attribute("displayName")?;
    let id = site.user(json!({})).await?.id()?;
    let operations = json!([{"op": "replace", "path": "displayName", "value": "New"}]);
    let body = json!({"schemas": [PATCH_OP], "Operations": operations});
    let path = format!("/Users/{id}?attributes=displayName");
    let answer = site
        .wire
        .send(reqwest::Method::PATCH, &path, &body)
        .await?
        .expect(&[200])?;
    hold(answer.body["displayName"] == "New", "200 with it", answer.brief())
}
