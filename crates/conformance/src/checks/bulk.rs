//! Many operations in one request (RFC 7644 §3.7).

use serde_json::{Value, json};

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold, skipped};
use crate::site::{GROUP, Site};
use crate::wire::Answer;

pub const CHECKS: &[Check] = &[
    check!(
        "bulk-creates",
        Must,
        Bulk,
        "RFC 7644 §3.7",
        "The SCIM bulk operation is an optional server feature that enables clients to send a potentially large collection of resource operations in a single request.",
        creates
    ),
    check!(
        "bulk-answers-each",
        Must,
        Bulk,
        "RFC 7644 §3.7.3",
        "The service provider response MUST include the result of all processed operations. A \"location\" attribute that includes the resource's endpoint MUST be returned for all operations except for failed POST operations (which have no location).",
        answers_each
    ),
    check!(
        "bulk-goes-on-after-a-failure",
        Must,
        Bulk,
        "RFC 7644 §3.7",
        "The service provider MUST continue performing as many changes as possible and disregard partial failures.",
        goes_on
    ),
    check!(
        "bulk-stops-at-fail-on-errors",
        Must,
        Bulk,
        "RFC 7644 §3.7.3",
        "failOnErrors An integer specifying the number of errors that the service provider will accept before the operation is terminated and an error response is returned. OPTIONAL in a request. Not valid in a response.",
        stops
    ),
    check!(
        "bulk-says-why-it-failed",
        Must,
        Bulk,
        "RFC 7644 §3.7.3",
        "When indicating a response with an HTTP status other than a 200-series response, the response body MUST be included.",
        says_why
    ),
    check!(
        "bulk-reference-to-a-new-user",
        Must,
        GroupBulk,
        "RFC 7644 §3.7.2",
        "The \"bulkId\" attribute value must be surrogate for the resource's \"id\" as soon as the resource is created",
        reference
    ),
    check!(
        "bulk-reference-forward",
        Must,
        GroupBulk,
        "RFC 7644 §3.7",
        "The service provider MUST try to resolve circular cross-references between resources in a single bulk job but MAY stop after a failed attempt and instead return HTTP status code 409 (Conflict).",
        forward
    ),
    check!(
        "bulk-circle-of-groups",
        Should,
        GroupBulk,
        "RFC 7644 §3.7.1",
        "The service provider MUST try to resolve circular cross-references between resources in a single bulk job but MAY stop after a failed attempt and instead return HTTP status code 409 (Conflict).",
        circle
    ),
    check!(
        "bulk-too-many-is-413",
        Must,
        Bulk,
        "RFC 7644 §3.7.4",
        "If either limit is exceeded, the service provider MUST return HTTP response code 413 (Payload Too Large).",
        too_many
    ),
    check!(
        "bulk-put-patch-delete",
        Must,
        Bulk,
        "RFC 7644 §3.7",
        "method The HTTP method of the current operation. Possible values are \"POST\", \"PUT\", \"PATCH\", or \"DELETE\". REQUIRED.",
        put_and_delete
    ),
];

async fn send(site: &Site, operations: Vec<Value>, more: Value) -> Result<Answer, Miss> {
    let mut body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": operations});
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    let answer = site.wire.send(reqwest::Method::POST, "/Bulk", &body).await?;
    for operation in operations_of(&answer) {
        // What was made is to be deleted, wherever the server says it is.
        let location = operation["location"].as_str().unwrap_or_default();
        if let (Some(at), true) = (
            location.rfind("/Users/").or(location.rfind("/Groups/")),
            operation["status"] == "201",
        ) {
            site.remember(location[at..].to_owned());
        }
    }
    Ok(answer)
}

fn operations_of(answer: &Answer) -> &[Value] {
    answer.body["Operations"].as_array().map_or(&[], Vec::as_slice)
}

fn new_user(site: &Site, bulk_id: &str) -> Value {
    let name = site.name("bulk");
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": site.user_body(&name, &json!({}))})
}

fn new_group(site: &Site, bulk_id: &str, member: &str) -> Value {
    let data = json!({"schemas": [GROUP], "displayName": site.name("bulk-group"), "members": [{"value": format!("bulkId:{member}")}]});
    json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data})
}

fn broken_user(bulk_id: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"schemas": [crate::site::USER]}})
}

fn statuses(answer: &Answer) -> Vec<&str> {
    operations_of(answer)
        .iter()
        .map(|operation| operation["status"].as_str().unwrap_or("no status"))
        .collect()
}

async fn creates(site: &Site) -> Seen {
    let answer = send(site, vec![new_user(site, "a"), new_user(site, "b")], json!({}))
        .await?
        .expect(&[200])?;
    hold(
        statuses(&answer) == ["201", "201"],
        "201 twice",
        format!("{:?}", statuses(&answer)),
    )
}

async fn answers_each(site: &Site) -> Seen {
    let answer = send(site, vec![new_user(site, "a")], json!({}))
        .await?
        .expect(&[200])?;
    let Some(one) = operations_of(&answer).first() else {
        return broken("no Operations in the answer");
    };
    let right = one["method"] == "POST"
        && one["bulkId"] == "a"
        && one["location"].as_str().is_some_and(|at| at.contains("/Users/"));
    hold(right, "method, bulkId, location, status", one.to_string())
}

async fn goes_on(site: &Site) -> Seen {
    let answer = send(site, vec![broken_user("a"), new_user(site, "b")], json!({}))
        .await?
        .expect(&[200])?;
    hold(
        statuses(&answer) == ["400", "201"],
        "400, then 201",
        format!("{:?}", statuses(&answer)),
    )
}

async fn stops(site: &Site) -> Seen {
    let operations = vec![broken_user("a"), new_user(site, "b")];
    let answer = send(site, operations, json!({"failOnErrors": 1}))
        .await?
        .expect(&[200, 400])?;
    let made = operations_of(&answer)
        .iter()
        .any(|operation| operation["status"] == "201");
    hold(!made, "nothing after the first failure", "it went on")
}

async fn says_why(site: &Site) -> Seen {
    let answer = send(site, vec![broken_user("a")], json!({}))
        .await?
        .expect(&[200])?;
    let response = operations_of(&answer)
        .first()
        .map_or(Value::Null, |one| one["response"].clone());
    hold(
        response["status"] == "400",
        "response is the error",
        format!("response is {response}"),
    )
}

async fn member_of_group(site: &Site, answer: &Answer) -> Result<(String, Value), Miss> {
    let at = |bulk_id: &str| {
        let found = operations_of(answer).iter().find(|one| one["bulkId"] == bulk_id);
        let location = found.and_then(|one| one["location"].as_str()).unwrap_or_default();
        location.rsplit('/').next().unwrap_or_default().to_owned()
    };
    let group = site
        .wire
        .get(&format!("/Groups/{}", at("group")))
        .await?
        .expect(&[200])?;
    Ok((at("user"), group.body["members"].clone()))
}

async fn reference(site: &Site) -> Seen {
    let operations = vec![new_user(site, "user"), new_group(site, "group", "user")];
    let answer = send(site, operations, json!({})).await?.expect(&[200])?;
    let (user, members) = member_of_group(site, &answer).await?;
    hold(
        members[0]["value"] == user.as_str(),
        "the new user's id",
        format!("members is {members}"),
    )
}

async fn forward(site: &Site) -> Seen {
    let operations = vec![new_group(site, "group", "user"), new_user(site, "user")];
    let answer = send(site, operations, json!({})).await?.expect(&[200])?;
    if statuses(&answer).contains(&"409") {
        return Ok("tried, and answered 409".to_owned());
    }
    let (user, members) = member_of_group(site, &answer).await?;
    hold(
        members[0]["value"] == user.as_str(),
        "resolved",
        format!("members is {members}"),
    )
}

async fn circle(site: &Site) -> Seen {
    let operations = vec![new_group(site, "a", "b"), new_group(site, "b", "a")];
    let answer = send(site, operations, json!({})).await?.expect(&[200])?;
    let seen = statuses(&answer);
    hold(
        seen == ["201", "201"] || seen.contains(&"409"),
        &format!("{seen:?}"),
        format!("{seen:?}"),
    )
}

async fn too_many(site: &Site) -> Seen {
    let Some(limit) = site.config["bulk"]["maxOperations"]
        .as_u64()
        .filter(|limit| *limit <= 20_000)
    else {
        return skipped("bulk.maxOperations is missing or very large");
    };
    let one = json!({"method": "DELETE", "path": "/Users/scimconf-nobody"});
    let many = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
    send(site, vec![one; many], json!({})).await?.expect(&[413])?;
    Ok(format!("413 at {many} operations"))
}

async fn put_and_delete(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let path = format!("/Users/{}", made.id()?);
    let name = made.body["userName"].as_str().unwrap_or_default();
    let operations = vec![
        json!({"method": "PUT", "path": path, "data": site.user_body(name, &json!({"displayName": "New"}))}),
        json!({"method": "DELETE", "path": path}),
    ];
    let answer = send(site, operations, json!({})).await?.expect(&[200])?;
    site.wire.get(&path).await?.expect(&[404])?;
    hold(
        statuses(&answer) == ["200", "204"],
        "200, then 204",
        format!("{:?}", statuses(&answer)),
    )
}
