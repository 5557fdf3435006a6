//! Groups and who is in them (RFC 7643 §4.2, RFC 7644 §3.5.2).

use serde_json::{Value, json};

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold};
use crate::site::{GROUP, Site};
use crate::wire::{encoded, send};

pub const CHECKS: &[Check] = &[
    check!(
        "group-create-and-read",
        Must,
        Groups,
        "RFC 7643 §4.2",
        "displayName A human-readable name for the Group. REQUIRED.",
        create
    ),
    check!(
        "group-without-name-is-400",
        Must,
        Groups,
        "RFC 7643 §4.2",
        "displayName A human-readable name for the Group. REQUIRED.",
        without_name
    ),
    check!(
        "group-members-are-answered",
        Must,
        Groups,
        "RFC 7643 §4.2",
        "members A list of members of the Group. While values MAY be added or removed, sub-attributes of members are \"immutable\".",
        members
    ),
    check!(
        "group-user-shows-it",
        Should,
        Groups,
        "RFC 7643 §4.1.2",
        "groups A list of groups to which the user belongs, either through direct membership, through nested groups, or dynamically calculated.",
        user_shows_it
    ),
    check!(
        "group-user-cannot-write-it",
        Must,
        Groups,
        "RFC 7643 §4.1.2",
        "Since this attribute has a mutability of \"readOnly\", group membership changes MUST be applied via the \"Group\" Resource (Section 4.2).",
        user_cannot_write
    ),
    check!(
        "group-patch-adds-a-member",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.1",
        "The following example shows how to add a member to a group.",
        add
    ),
    check!(
        "group-patch-adds-many",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.1",
        "If the target location specifies a multi-valued attribute, a new value is added to the attribute.",
        add_many
    ),
    check!(
        "group-patch-adds-once",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.1",
        "If the target location already contains the value specified, no changes SHOULD be made to the resource, and a success response SHOULD be returned.",
        add_twice
    ),
    check!(
        "group-patch-removes-one",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.2",
        "The following example shows how to remove a single member from a group.",
        remove_one
    ),
    check!(
        "group-patch-removes-all",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.2",
        "The following example shows how to remove all members of a group.",
        remove_all
    ),
    check!(
        "group-patch-replaces-all",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.3",
        "The following example shows how to replace all of the members of a group with a different members list.",
        replace_all
    ),
    check!(
        "group-patch-renames",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.3",
        "If the target location is a single-value attribute, the attributes value is replaced.",
        rename
    ),
    check!(
        "group-patch-remove-required-is-refused",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.2",
        "If an attribute is removed or becomes unassigned and is defined as a required attribute or a read-only attribute, the server SHALL return an HTTP response status code and a JSON detail error response as defined in Section 3.12, with a \"scimType\" error code of \"mutability\".",
        remove_required
    ),
    check!(
        "group-put-replaces-members",
        Must,
        Groups,
        "RFC 7644 §3.5.1",
        "readWrite, writeOnly Any values provided SHALL replace the existing attribute values.",
        put
    ),
    check!(
        "group-excluded-members",
        Must,
        Groups,
        "RFC 7644 §3.4.2.5",
        "excludedAttributes A multi-valued list of strings indicating the names of resource attributes to be removed from the default set of attributes to return.",
        excluded
    ),
    check!(
        "group-filter-by-name",
        Must,
        Groups,
        "RFC 7644 §3.4.2.2",
        "Filtering is an OPTIONAL parameter for SCIM service providers. Clients MAY discover service provider filter capabilities by looking at the \"filter\" attribute",
        by_name
    ),
    check!(
        "group-filter-by-member",
        Should,
        Groups,
        "RFC 7644 §3.4.2.2",
        "The following are examples of valid filters: […] a multi-valued attribute's value",
        by_member
    ),
    check!(
        "group-delete",
        Must,
        Groups,
        "RFC 7644 §3.6",
        "In response to a successful DELETE, the server SHALL return a successful HTTP status code 204 (No Content).",
        delete
    ),
    check!(
        "group-forgets-deleted-users",
        Should,
        Groups,
        "RFC 7643 §4.2",
        "The \"value\" sub-attribute contains the value of an \"id\" attribute of a SCIM resource",
        forgets
    ),
];

fn ids(body: &Value) -> Vec<&str> {
    let members = body["members"].as_array().into_iter().flatten();
    let mut ids: Vec<_> = members.filter_map(|member| member["value"].as_str()).collect();
    ids.sort_unstable();
    ids
}

/// So many users' ids, sorted.
async fn users(site: &Site, many: usize) -> Result<Vec<String>, Miss> {
    let mut ids = Vec::new();
    for _ in 0..many {
        ids.push(site.user(json!({})).await?.id()?);
    }
    ids.sort_unstable();
    Ok(ids)
}

async fn read(site: &Site, id: &str) -> Result<Value, Miss> {
    Ok(site
        .wire
        .get(&format!("/Groups/{id}"))
        .await?
        .expect(&[200])?
        .body)
}

/// A group of these members after these operations.
async fn patched(site: &Site, members: &[&str], operations: Value) -> Result<Value, Miss> {
    let id = site.group(members).await?.id()?;
    site.patch(&format!("/Groups/{id}"), operations).await
}

fn has(body: &Value, expected: &[&str]) -> Seen {
    hold(
        ids(body) == expected,
        &format!("{} members", expected.len()),
        format!("{} members instead of {}", ids(body).len(), expected.len()),
    )
}

fn value(id: &str) -> Value {
    json!({"value": id})
}

async fn create(site: &Site) -> Seen {
    let made = site.group(&[]).await?;
    let read = read(site, &made.id()?).await?;
    let right = read["displayName"] == made.body["displayName"] && read["meta"]["resourceType"] == "Group";
    hold(right, "201, and it reads back", "something else reads back")
}

async fn without_name(site: &Site) -> Seen {
    site.post("/Groups", &json!({"schemas": [GROUP]}))
        .await?
        .expect(&[400])?;
    Ok("400".to_owned())
}

async fn members(site: &Site) -> Seen {
    let users = users(site, 2).await?;
    let ids: Vec<_> = users.iter().map(String::as_str).collect();
    let made = site.group(&ids).await?;
    has(&read(site, &made.id()?).await?, &ids)
}

async fn user_shows_it(site: &Site) -> Seen {
    let user = site.user(json!({})).await?.id()?;
    let group = site.group(&[&user]).await?.id()?;
    let read = site.wire.get(&format!("/Users/{user}")).await?.expect(&[200])?;
    let listed = read.body["groups"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one["value"] == group.as_str()));
    hold(listed, "in groups", format!("groups is {}", read.body["groups"]))
}

async fn user_cannot_write(site: &Site) -> Seen {
    let group = site.group(&[]).await?.id()?;
    site.user(json!({"groups": [value(&group)]})).await?;
    has(&read(site, &group).await?, &[])
}

async fn add(site: &Site) -> Seen {
    let user = site.user(json!({})).await?.id()?;
    let body = patched(
        site,
        &[],
        json!([{"op": "add", "path": "members", "value": [value(&user)]}]),
    )
    .await?;
    has(&body, &[&user])
}

async fn add_many(site: &Site) -> Seen {
    let users = users(site, 3).await?;
    let values: Vec<_> = users[1..].iter().map(|id| value(id)).collect();
    let body = patched(
        site,
        &[&users[0]],
        json!([{"op": "add", "path": "members", "value": values}]),
    )
    .await?;
    has(&body, &users.iter().map(String::as_str).collect::<Vec<_>>())
}

async fn add_twice(site: &Site) -> Seen {
    let user = site.user(json!({})).await?.id()?;
    let made = site.group(&[&user]).await?;
    let path = format!("/Groups/{}", made.id()?);
    let before = site.wire.get(&path).await?.expect(&[200])?.body;
    let body = site
        .patch(
            &path,
            json!([{"op": "add", "path": "members", "value": [value(&user)]}]),
        )
        .await?;
    if body["meta"]["lastModified"] != before["meta"]["lastModified"] {
        return broken("lastModified moved");
    }
    has(&body, &[&user])
}

async fn remove_one(site: &Site) -> Seen {
    let users = users(site, 3).await?;
    let all: Vec<_> = users.iter().map(String::as_str).collect();
    let operations = json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", users[2])}]);
    has(&patched(site, &all, operations).await?, &all[..2])
}

async fn remove_all(site: &Site) -> Seen {
    let users = users(site, 2).await?;
    let all: Vec<_> = users.iter().map(String::as_str).collect();
    has(
        &patched(site, &all, json!([{"op": "remove", "path": "members"}])).await?,
        &[],
    )
}

async fn replace_all(site: &Site) -> Seen {
    let users = users(site, 2).await?;
    let operations = json!([{"op": "replace", "path": "members", "value": [value(&users[1])]}]);
    has(&patched(site, &[&users[0]], operations).await?, &[&users[1]])
}

async fn rename(site: &Site) -> Seen {
    let user = site.user(json!({})).await?.id()?;
    let name = site.name("renamed");
    let body = patched(
        site,
        &[&user],
        json!([{"op": "replace", "path": "displayName", "value": name}]),
    )
    .await?;
    hold(
        body["displayName"] == name.as_str() && ids(&body) == [user.as_str()],
        "renamed, members stay",
        "members were lost",
    )
}

async fn remove_required(site: &Site) -> Seen {
    let id = site.group(&[]).await?.id()?;
    let operations = json!([{"op": "remove", "path": "displayName"}]);
    let answer = site.try_patch(&format!("/Groups/{id}"), operations).await?;
    let answer = answer.expect(&[400])?;
    hold(
        answer.body["scimType"] == "mutability",
        "400 mutability",
        format!("{} instead of mutability", answer.brief()),
    )
}

async fn put(site: &Site) -> Seen {
    let users = users(site, 2).await?;
    let made = site.group(&[&users[0]]).await?;
    let path = format!("/Groups/{}", made.id()?);
    let body =
        json!({"schemas": [GROUP], "displayName": made.body["displayName"], "members": [value(&users[1])]});
    site.wire
        .send(reqwest::Method::PUT, &path, &body)
        .await?
        .expect(&[200])?;
    has(&read(site, &made.id()?).await?, &[&users[1]])
}

async fn excluded(site: &Site) -> Seen {
    let user = site.user(json!({})).await?.id()?;
    let id = site.group(&[&user]).await?.id()?;
    let read = site
        .wire
        .get(&format!("/Groups/{id}?excludedAttributes=members"))
        .await?
        .expect(&[200])?;
    hold(
        read.body.get("members").is_none(),
        "no members",
        "members were answered",
    )
}

async fn by_name(site: &Site) -> Seen {
    let made = site.group(&[]).await?;
    let filter = format!(
        "displayName eq \"{}\"",
        made.body["displayName"].as_str().unwrap_or_default()
    );
    let found = site
        .wire
        .get(&format!("/Groups?filter={}", encoded(&filter)))
        .await?
        .expect(&[200])?;
    hold(found.resources()?.len() == 1, "found", found.brief())
}

async fn by_member(site: &Site) -> Seen {
    let user = site.user(json!({})).await?.id()?;
    let id = site.group(&[&user]).await?.id()?;
    let filter = encoded(&format!("members.value eq \"{user}\""));
    let found = site
        .wire
        .get(&format!("/Groups?filter={filter}"))
        .await?
        .expect(&[200])?;
    let found = found.resources()?;
    hold(
        found.len() == 1 && found[0]["id"] == id.as_str(),
        "found",
        format!("{} found", found.len()),
    )
}

async fn delete(site: &Site) -> Seen {
    let id = site.group(&[]).await?.id()?;
    let path = format!("/Groups/{id}");
    send(site.wire.request(reqwest::Method::DELETE, &path))
        .await?
        .expect(&[204])?;
    site.wire.get(&path).await?.expect(&[404])?;
    Ok("204, then 404".to_owned())
}

async fn forgets(site: &Site) -> Seen {
    let users = users(site, 2).await?;
    let all: Vec<_> = users.iter().map(String::as_str).collect();
    let id = site.group(&all).await?.id()?;
    send(
        site.wire
            .request(reqwest::Method::DELETE, &format!("/Users/{}", users[0])),
    )
    .await?
    .expect(&[204])?;
    has(&read(site, &id).await?, &all[1..])
}
