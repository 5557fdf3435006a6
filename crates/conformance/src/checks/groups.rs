//! Groups and their members (RFC 7643 §4.2); how PATCH changes members is in [`super::members`].

use serde_json::{Value, json};

use super::check;
use crate::check::{Check, Miss, Seen, broken, hold, skipped};
use crate::site::{GROUP, Site};
use crate::wire::encoded;

pub const CHECKS: &[Check] = &[
    check!(
        "group-create-and-read",
        Must,
        Groups,
        "RFC 7643 §4.2, paragraph 3",
        "A group is created with a displayName and reads back with it",
        create
    ),
    check!(
        "group-without-name-is-400",
        Must,
        Groups,
        "RFC 7643 §4.2, paragraph 3",
        "A group without a displayName is refused with 400",
        without_name
    ),
    check!(
        "group-members-are-answered",
        Must,
        Groups,
        "RFC 7643 §4.2, paragraph 5",
        "A group answers its members, each by the id of a resource",
        members
    ),
    check!(
        "group-references-answer-the-resource",
        Must,
        Groups,
        "RFC 7643 §2.3.7, paragraph 3",
        "A GET of the $ref of a member, or of a group of a user, answers that resource",
        references
    ),
    check!(
        "group-user-shows-it",
        May,
        Groups,
        "RFC 7643 §4.1.2, paragraph 13",
        "A user answers the groups that it is in",
        user_shows_it
    ),
    check!(
        "group-user-cannot-write-it",
        Must,
        Groups,
        "RFC 7643 §4.1.2, paragraph 13",
        "Writing groups into a user makes it a member of none",
        user_cannot_write
    ),
    check!(
        "group-put-replaces-members",
        Must,
        Groups,
        "RFC 7644 §3.5.1, paragraph 3",
        "The members of a PUT take the place of those before",
        put
    ),
    check!(
        "group-excluded-members",
        Must,
        Groups,
        "RFC 7644 §3.4.2.5, paragraph 3",
        "A group can be read without its members",
        excluded
    ),
    check!(
        "group-filter-by-name",
        Must,
        GroupFilter,
        "RFC 7644 §3.4.2.2, Table 3",
        "A group is found by its displayName",
        by_name
    ),
    check!(
        "group-filter-by-member",
        May,
        GroupFilter,
        "RFC 7644 §3.4.2.2, paragraph 11",
        "The groups of a member are found by a filter on members",
        by_member
    ),
    check!(
        "group-delete",
        Must,
        Groups,
        "RFC 7644 §3.6, paragraph 2",
        "A successful DELETE of a group is answered 204",
        delete
    ),
    check!(
        "group-forgets-deleted-users",
        May,
        Groups,
        "RFC 7643 §4.2, paragraph 5",
        "A user who was deleted is nobody's member any more",
        forgets
    ),
];

pub(super) fn ids(body: &Value) -> Vec<&str> {
    let members = body["members"].as_array().into_iter().flatten();
    let mut ids: Vec<_> = members.filter_map(|member| member["value"].as_str()).collect();
    ids.sort_unstable();
    ids
}

/// The ids of `many` new users, sorted.
pub(super) async fn users(site: &Site, many: usize) -> Result<Vec<String>, Miss> {
    let mut ids = Vec::new();
    for _ in 0..many {
        ids.push(site.user(json!({})).await?.id()?);
    }
    ids.sort_unstable();
    Ok(ids)
}

pub(super) async fn read(site: &Site, id: &str) -> Result<Value, Miss> {
    Ok(site
        .wire
        .get(&format!("/Groups/{id}"))
        .await?
        .expect(&[200])?
        .body)
}

pub(super) fn has(body: &Value, expected: &[&str]) -> Seen {
    hold(
        ids(body) == expected,
        &format!("{} members", expected.len()),
        format!("{} members instead of {}", ids(body).len(), expected.len()),
    )
}

pub(super) fn value(id: &str) -> Value {
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
    site.wire.delete(&path).await?.expect(&[204])?;
    site.wire.get(&path).await?.expect(&[404])?;
    Ok("204, then 404".to_owned())
}

async fn forgets(site: &Site) -> Seen {
    let users = users(site, 2).await?;
    let all: Vec<_> = users.iter().map(String::as_str).collect();
    let id = site.group(&all).await?.id()?;
    site.wire
        .delete(&format!("/Users/{}", users[0]))
        .await?
        .expect(&[204])?;
    has(&read(site, &id).await?, &all[1..])
}

async fn references(site: &Site) -> Seen {
    let user = site.user(json!({})).await?.id()?;
    let group = site.group(&[&user]).await?.id()?;
    let (group_read, user_read) = (
        read(site, &group).await?,
        site.wire
            .get(&format!("/Users/{user}"))
            .await?
            .expect(&[200])?
            .body,
    );
    let mut followed = 0;
    for (reference, id) in [
        (&group_read["members"][0]["$ref"], &user),
        (&user_read["groups"][0]["$ref"], &group),
    ] {
        let Some(reference) = reference.as_str() else {
            continue;
        };
        let answer = site.wire.get_reference(reference).await?.expect(&[200])?;
        if answer.id()? != *id {
            return broken(format!("{reference} answers {}", answer.id()?));
        }
        followed += 1;
    }
    if followed == 0 {
        return skipped("the server answers no $ref, which is OPTIONAL");
    }
    Ok(format!("{followed} of them"))
}
