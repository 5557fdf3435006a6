//! Changing a group by PATCH: its members and its name (RFC 7644 §3.5.2).

use serde_json::{Value, json};

use super::check;
use super::groups::{has, ids, users, value};
use crate::check::{Check, Miss, Seen, hold};
use crate::site::Site;

pub const CHECKS: &[Check] = &[
    check!(
        "group-patch-adds-a-member",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.1, paragraph 7",
        "An add to members adds one",
        add
    ),
    check!(
        "group-patch-adds-many",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.1, paragraph 7",
        "An add to members adds all that its value holds",
        add_many
    ),
    check!(
        "group-patch-adds-once",
        Should,
        GroupPatch,
        "RFC 7644 §3.5.2.1, paragraph 11",
        "Adding a member who is there already succeeds and changes nothing",
        add_twice
    ),
    check!(
        "group-patch-adds-once-keeps-the-date",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.1, paragraph 11",
        "Adding a member who is there already does not touch the date of the last change",
        add_twice_date
    ),
    check!(
        "group-patch-removes-one",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.2, paragraph 5",
        "A remove with a filter on members takes that member away, and no others",
        remove_one
    ),
    check!(
        "group-patch-removes-all",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.2, paragraph 4",
        "A remove of members without a filter empties the group",
        remove_all
    ),
    check!(
        "group-patch-replaces-all",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.3, paragraph 4",
        "A replace of members replaces all of them",
        replace_all
    ),
    check!(
        "group-patch-renames",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.3, paragraph 3",
        "A replace of displayName renames the group and leaves its members",
        rename
    ),
    check!(
        "group-patch-remove-required-is-refused",
        Must,
        GroupPatch,
        "RFC 7644 §3.5.2.2, paragraph 7",
        "Removing the name of a group is refused with the keyword mutability",
        remove_required
    ),
];

/// A new group with these members, after these operations.
async fn patched(site: &Site, members: &[&str], operations: Value) -> Result<Value, Miss> {
    let id = site.group(members).await?.id()?;
    site.patch(&format!("/Groups/{id}"), operations).await
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

/// Adds a member twice; returns the member and the group before and after the second time.
async fn added_twice(site: &Site) -> Result<(String, Value, Value), Miss> {
    let user = site.user(json!({})).await?.id()?;
    let path = format!("/Groups/{}", site.group(&[&user]).await?.id()?);
    let before = site.wire.get(&path).await?.expect(&[200])?.body;
    let operations = json!([{"op": "add", "path": "members", "value": [value(&user)]}]);
    let after = site.patch(&path, operations).await?;
    Ok((user, before, after))
}

async fn add_twice(site: &Site) -> Seen {
    let (user, _, after) = added_twice(site).await?;
    has(&after, &[&user])
}

async fn add_twice_date(site: &Site) -> Seen {
    let (_, before, after) = added_twice(site).await?;
    hold(
        after["meta"]["lastModified"] == before["meta"]["lastModified"],
        "the same lastModified",
        "lastModified moved",
    )
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
    let answer = answer.expect_refusal()?;
    hold(
        answer.body["scimType"] == "mutability",
        &format!("{} mutability", answer.status),
        format!("{} instead of mutability", answer.brief()),
    )
}
