//! Many operations in one request (RFC 7644 §3.7).

use serde_json::{Value, json};

use super::check;
use crate::check::{Check, Miss, Needs, Seen, broken, hold, skipped};
use crate::site::{GROUP, PATCH_OP, Site};
use crate::wire::Answer;

pub const CHECKS: &[Check] = &[
    check!(
        "bulk-creates",
        Must,
        Bulk,
        "RFC 7644 §3.7, paragraph 15",
        "A bulk request that could be processed is answered 200",
        creates
    ),
    check!(
        "bulk-answers-each",
        Must,
        Bulk,
        "RFC 7644 §3.7.3, paragraph 1",
        "Every operation is answered, with its status and the place of its resource",
        answers_each
    ),
    check!(
        "bulk-answers-the-bulk-id",
        Must,
        Bulk,
        "RFC 7644 §3.7, paragraph 17",
        "What was created is answered with the bulkId that the client gave it",
        answers_bulk_id
    ),
    check!(
        "bulk-goes-on-after-a-failure",
        Must,
        Bulk,
        "RFC 7644 §3.7, paragraph 16",
        "A failed operation does not stop those behind it",
        goes_on
    ),
    check!(
        "bulk-stops-at-fail-on-errors",
        Must,
        Bulk,
        "RFC 7644 §3.7, paragraph 4",
        "After as many failures as failOnErrors says, the rest is left undone",
        stops
    ),
    check!(
        "bulk-says-why-it-failed",
        Must,
        Bulk,
        "RFC 7644 §3.7, paragraph 14",
        "A failed operation carries its error in response",
        says_why
    ),
    check!(
        "bulk-reference-to-a-new-user",
        Must,
        GroupBulk,
        "RFC 7644 §3.7.2, paragraph 1",
        "A bulkId in a value is replaced by the id of the resource once that exists",
        reference
    ),
    check!(
        "bulk-reference-forward",
        May,
        GroupBulk,
        "RFC 7644 §3.7, paragraph 18",
        "A reference to something created further down is resolved, or answered 409",
        forward
    ),
    check!(
        "bulk-circle-of-groups",
        Must,
        GroupBulk,
        "RFC 7644 §3.7.1, paragraph 1",
        "Two new resources that refer to each other are resolved, or answered 409",
        circle
    ),
    check!(
        "bulk-too-many-is-413",
        Must,
        Bulk,
        "RFC 7644 §3.7.4, paragraph 1",
        "More operations than the limit are answered 413",
        too_many
    ),
    check!(
        "bulk-too-large-is-413",
        Must,
        Bulk,
        "RFC 7644 §3.7.4, paragraph 1",
        "A body larger than the limit is answered 413",
        too_large
    ),
    check!(
        "bulk-413-names-the-limit",
        Must,
        Bulk,
        "RFC 7644 §3.7.4, paragraph 1",
        "A 413 says which limit was passed",
        names_the_limit
    ),
    check!(
        "bulk-put-patch-delete",
        Must,
        Bulk,
        "RFC 7644 §3.7, paragraph 7",
        "A bulk request can hold PUT, PATCH and DELETE",
        put_patch_delete
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
        // A created resource must be deleted, wherever the server says that it is.
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
    let right =
        one["status"].is_string() && one["location"].as_str().is_some_and(|at| at.contains("/Users/"));
    hold(right, "status and location", one.to_string())
}

async fn goes_on(site: &Site) -> Seen {
    let answer = send(site, vec![broken_user("a"), new_user(site, "b")], json!({}))
        .await?
        .expect(&[200])?;
    let seen = statuses(&answer);
    hold(
        seen.len() == 2 && seen[0].starts_with('4') && seen[1] == "201",
        &format!("{}, then 201", seen.first().unwrap_or(&"")),
        format!("{seen:?}"),
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
    let one = operations_of(&answer).first().cloned().unwrap_or_default();
    let response = &one["response"];
    hold(
        response["status"].is_string() && response["status"] == one["status"],
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
    let inner = site.group(&[]).await?.id()?;
    if site.group(&[&inner]).await.is_err() {
        return skipped("the server takes no groups as members");
    }
    let operations = vec![new_group(site, "a", "b"), new_group(site, "b", "a")];
    let answer = send(site, operations, json!({})).await?.expect(&[200, 409])?;
    let seen = statuses(&answer);
    hold(
        answer.status == 409 || seen == ["201", "201"] || seen.contains(&"409"),
        &format!("{seen:?}"),
        format!("{seen:?}"),
    )
}

/// The answer to a request with one operation more than allowed.
async fn one_too_many(site: &Site) -> Result<(usize, Answer), Miss> {
    let Some(limit) = site.config["bulk"]["maxOperations"]
        .as_u64()
        .filter(|limit| *limit <= 20_000)
    else {
        return skipped("bulk.maxOperations is missing or very large");
    };
    let one = json!({"method": "DELETE", "path": "/Users/scimconf-nobody"});
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let many = vec![one; limit.saturating_add(1)];
    Ok((limit, send(site, many, json!({})).await?.expect(&[413])?))
}

async fn too_many(site: &Site) -> Seen {
    let (limit, _) = one_too_many(site).await?;
    Ok(format!("413 beyond {limit} operations"))
}

async fn names_the_limit(site: &Site) -> Seen {
    let (limit, answer) = one_too_many(site).await?;
    // `1,000` and `1 000` are numbers too.
    let plain: String = answer
        .text
        .chars()
        .filter(|letter| !matches!(letter, ',' | ' ' | '\u{a0}' | '\u{202f}'))
        .collect();
    hold(
        plain.contains(&limit.to_string()) || plain.contains("maxOperations"),
        "it does",
        answer.brief(),
    )
}

async fn too_large(site: &Site) -> Seen {
    let Some(limit) = site.config["bulk"]["maxPayloadSize"]
        .as_u64()
        .filter(|limit| *limit <= 8 * 1024 * 1024)
    else {
        return skipped("bulk.maxPayloadSize is missing or very large");
    };
    let padding = "x".repeat(usize::try_from(limit).unwrap_or_default());
    let one = json!({"method": "DELETE", "path": "/Users/scimconf-nobody", "bulkId": padding});
    send(site, vec![one], json!({})).await?.expect(&[413])?;
    Ok(format!("413 beyond {limit} bytes"))
}

async fn put_patch_delete(site: &Site) -> Seen {
    let made = site.user(json!({})).await?;
    let path = format!("/Users/{}", made.id()?);
    let name = made.body["userName"].as_str().unwrap_or_default();
    let mut operations = vec![
        json!({"method": "PUT", "path": path, "data": site.user_body(name, &json!({"displayName": "New"}))}),
    ];
    if site.offers(Needs::Patch) && site.has("displayName") {
        let changes = json!([{"op": "replace", "path": "displayName", "value": "Newer"}]);
        operations.push(
            json!({"method": "PATCH", "path": path, "data": {"schemas": [PATCH_OP], "Operations": changes}}),
        );
    }
    operations.push(json!({"method": "DELETE", "path": path}));
    let many = operations.len();
    let answer = send(site, operations, json!({})).await?.expect(&[200])?;
    site.wire.get(&path).await?.expect(&[404])?;
    let seen = statuses(&answer);
    hold(
        seen.len() == many && seen.iter().all(|status| status.starts_with('2')),
        &seen.join(", "),
        format!("{seen:?}"),
    )
}

async fn answers_bulk_id(site: &Site) -> Seen {
    let answer = send(site, vec![new_user(site, "a")], json!({}))
        .await?
        .expect(&[200])?;
    let said = operations_of(&answer)
        .first()
        .map_or(Value::Null, |one| one["bulkId"].clone());
    hold(said == "a", "the same", format!("bulkId is {said}"))
}
