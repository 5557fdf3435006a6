//! Changing a resource: the request as a whole, and what is refused (RFC 7644 §3.5.2). What each operation does is in
//! [`super::operations`].

use serde_json::{Value, json};

use super::check;
use super::operations::{mails, patched};
use crate::check::{Check, Seen, broken, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "patch-answers-200-or-204",
        Must,
        Patch,
        "RFC 7644 §3.5.2",
        "On successful completion, the server either MUST return a 200 OK response code and the entire resource within the response body, subject to the \"attributes\" query parameter (see Section 3.9), or MAY return HTTP status code 204 (No Content) and the appropriate response headers for a successful PATCH request.",
        answers
    ),
    check!(
        "patch-is-atomic",
        Must,
        Patch,
        "RFC 7644 §3.5.2",
        "A PATCH request, regardless of the number of operations, SHALL be treated as atomic. If a single operation encounters an error condition, the original SCIM resource MUST be restored, and a failure status SHALL be returned.",
        atomic
    ),
    check!(
        "patch-in-order",
        Must,
        Patch,
        "RFC 7644 §3.5.2",
        "Each operation in the array is applied sequentially in the order that appears in the array. Each operation in the sequence is applied to the target resource; the resulting resource becomes the target of the next operation.",
        in_order
    ),
    check!(
        "patch-remove-without-path-is-no-target",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2",
        "If \"path\" is unspecified, the operation fails with HTTP status code 400 and a \"scimType\" error code of \"noTarget\".",
        remove_without_path
    ),
    check!(
        "patch-remove-required-is-refused",
        Must,
        Patch,
        "RFC 7644 §3.5.2.2",
        "If an attribute is removed or becomes unassigned and is defined as a required attribute or a read-only attribute, the server SHALL return an HTTP response status code and a JSON detail error response as defined in Section 3.12, with a \"scimType\" error code of \"mutability\".",
        remove_required
    ),
    check!(
        "patch-replace-without-match-is-no-target",
        Must,
        Patch,
        "RFC 7644 §3.5.2.3",
        "If the target location is a multi-valued attribute for which a value selection filter (\"valuePath\") has been supplied and no record match was made, the service provider SHALL indicate failure by returning HTTP status code 400 and a \"scimType\" error code of \"noTarget\".",
        replace_no_match
    ),
    check!(
        "patch-one-primary",
        Must,
        Patch,
        "RFC 7644 §3.5.2",
        "For multi-valued attributes, a PATCH operation that sets a value's \"primary\" sub-attribute to \"true\" SHALL cause the server to automatically set \"primary\" to \"false\" for any other values in the array.",
        one_primary
    ),
    check!(
        "patch-read-only-is-refused",
        Must,
        Patch,
        "RFC 7644 §3.5.2",
        "An operation that is not compatible with an attribute's mutability or schema SHALL return the appropriate HTTP response status code and a JSON detail error response as defined in Section 3.12.",
        read_only
    ),
    check!(
        "patch-broken-path-is-400",
        Must,
        Patch,
        "RFC 7644 §3.12",
        "invalidPath […] The \"path\" attribute was invalid or malformed (see Figure 7).",
        broken_path
    ),
    check!(
        "patch-unknown-op-is-400",
        Must,
        Patch,
        "RFC 7644 §3.5.2",
        "Each PATCH operation object MUST have exactly one \"op\" member, whose value indicates the operation to perform and MAY be one of \"add\", \"remove\", or \"replace\".",
        unknown_op
    ),
    check!(
        "patch-add-without-value-is-400",
        Must,
        Patch,
        "RFC 7644 §3.5.2.1",
        "The operation MUST contain a \"value\" member whose content specifies the value to be added.",
        without_value
    ),
    check!(
        "patch-wrong-type-is-400",
        Must,
        Patch,
        "RFC 7644 §3.12",
        "invalidValue […] A required value was missing, or the value specified was not compatible with the operation or attribute type",
        wrong_type
    ),
];

/// A user changed by operations; needs the attributes named.
/// What a refused change says: status and scimType.
async fn refused(site: &Site, operations: Value, kinds: &[&str]) -> Seen {
    let id = site.user(json!({})).await?.id()?;
    let answer = site
        .try_patch(&format!("/Users/{id}"), operations)
        .await?
        .expect(&[400])?;
    let kind = answer.body["scimType"].as_str().unwrap_or_default();
    hold(
        kinds.contains(&kind),
        &format!("400 {kind}"),
        format!("{} instead of {}", answer.brief(), kinds.join(" or ")),
    )
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
    let operations = json!([{"op": "replace", "path": "displayName", "value": "Half"}, {"op": "replace", "path": "userName", "value": {"not": "a text"}}]);
    site.try_patch(&path, operations).await?.expect(&[400])?;
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
    refused(site, json!([{"op": "remove"}]), &["noTarget"]).await
}

async fn remove_required(site: &Site) -> Seen {
    refused(
        site,
        json!([{"op": "remove", "path": "userName"}]),
        &["mutability"],
    )
    .await
}

async fn replace_no_match(site: &Site) -> Seen {
    site.needs_attribute("emails")?;
    refused(
        site,
        json!([{"op": "replace", "path": "emails[type eq \"scimconf\"].value", "value": "x@example.com"}]),
        &["noTarget"],
    )
    .await
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

async fn read_only(site: &Site) -> Seen {
    refused(
        site,
        json!([{"op": "replace", "path": "id", "value": "mine"}]),
        &["mutability"],
    )
    .await
}

async fn broken_path(site: &Site) -> Seen {
    refused(
        site,
        json!([{"op": "replace", "path": "emails[type eq", "value": "x"}]),
        &["invalidPath"],
    )
    .await
}

async fn unknown_op(site: &Site) -> Seen {
    refused(
        site,
        json!([{"op": "scimconf", "path": "displayName", "value": "x"}]),
        &["invalidSyntax", "invalidValue"],
    )
    .await
}

async fn without_value(site: &Site) -> Seen {
    refused(
        site,
        json!([{"op": "add", "path": "displayName"}]),
        &["invalidValue", "invalidSyntax"],
    )
    .await
}

async fn wrong_type(site: &Site) -> Seen {
    site.needs_attribute("active")?;
    refused(
        site,
        json!([{"op": "replace", "path": "active", "value": "perhaps"}]),
        &["invalidValue"],
    )
    .await
}
