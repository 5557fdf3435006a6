//! The change of a group's members: the requested membership → the members that join, those that leave, and the unknown.
//!
//! Runs in the caller's transaction, with the group locked. The number of statements depends on the request, not on the size
//! of the group, except for a replacement of all members, which reads them.

use std::collections::{HashMap, HashSet};

use domain::group::{Group, Member, MembersChanged};
use domain::id::ResourceId;
use scim::membership::Membership;
use scim::patch::StoredMembers;
use serde_json::json;
use store::TenantTx;

use crate::error::Error;
use crate::resource::MembershipResult;

/// The members read at a time.
const BATCH: usize = 1_000;
/// The most leaving members that an event names; for more, it says that all left and which are members now.
const MOST_NAMED_LEAVERS: usize = 10_000;

/// The named members that exist, as elements of `members`, by the name in the request.
pub(super) async fn stored(
    tx: &mut TenantTx,
    group: &Group,
    named: Vec<String>,
) -> Result<StoredMembers, Error> {
    let ids = ids_of(texts(&named));
    if ids.is_empty() {
        return Ok(StoredMembers::new());
    }
    let known = tx.known_members(group.directory, &ids).await?;
    let known: HashMap<ResourceId, Member> = known.into_iter().map(|member| (member.id, member)).collect();
    let elements = named.into_iter().filter_map(|name| {
        let member = known.get(&name.parse().ok()?)?;
        let kind = member.id.type_name();
        let mut element = json!({"value": name, "type": kind, "$ref": format!("{kind}s/{}", member.id)});
        if let (Some(display), Some(parts)) = (&member.display, element.as_object_mut()) {
            parts.insert("display".to_owned(), json!(display));
        }
        Some((name, element))
    });
    Ok(elements.collect())
}

/// Changes the membership of a locked group as requested; unknown members are skipped.
///
/// # Errors
/// `invalidValue` for a replacement none of whose members is known, before anything is changed.
pub(super) async fn change_members(
    tx: &mut TenantTx,
    group: &Group,
    membership: &Membership,
) -> Result<MembershipResult, Error> {
    let (wanted, leaving) = match membership {
        Membership::Change { add, remove } => {
            (Known::find(tx, group, texts(add)).await?, ids_of(texts(remove)))
        }
        Membership::Exactly(ids) if ids.is_empty() => return start_over(tx, group, Known::default()).await,
        Membership::Exactly(ids) => {
            let wanted = Known::find(tx, group, texts(ids)).await?;
            if wanted.members.is_empty() {
                return Err(nobody_known(ids.len()).into());
            }
            match others(tx, group, &wanted).await? {
                Some(leaving) => (wanted, leaving),
                None => return start_over(tx, group, wanted).await,
            }
        }
    };
    let removed = remove(tx, group, &leaving).await?;
    let added = wanted.join(tx, group).await?;
    Ok(MembershipResult {
        member_count: group.member_count + count(added.len()) - count(removed.len()),
        changed: MembersChanged {
            added,
            removed,
            cleared: false,
        },
        unknown: wanted.unknown,
    })
}

/// A list without a known member would empty the group by mistake: the members were not provisioned yet, or are named by
/// other identifiers.
fn nobody_known(named: usize) -> scim::Error {
    let them = if named == 1 {
        "the one member it names is".to_owned()
    } else {
        format!("none of the {named} members it names is")
    };
    let not = if named == 1 { " not" } else { "" };
    scim::Error::invalid_value(
        "members",
        format!(
            "The members of the group would be replaced, but {them}{not} in this directory, so nothing was changed. Provision \
             the people first and name each by the id that this server answered for them; check what is mapped to members. \
             To empty the group, send an empty list."
        ),
    )
}

/// The members that a request names.
#[derive(Default)]
pub(super) struct Known {
    /// Those that exist in this directory.
    pub members: Vec<Member>,
    /// The others, as sent.
    pub unknown: Vec<String>,
}

impl Known {
    /// Reads the named members. A group is never its own member.
    pub(super) async fn find<'a>(
        tx: &mut TenantTx,
        group: &Group,
        named: impl Iterator<Item = &'a str> + Clone + Send,
    ) -> Result<Self, Error> {
        let mut ids = ids_of(named.clone());
        ids.retain(|id| *id != ResourceId::from(group.id));
        let members = if ids.is_empty() {
            Vec::new()
        } else {
            tx.known_members(group.directory, &ids).await?
        };
        let found: HashSet<ResourceId> = members.iter().map(|member| member.id).collect();
        let unknown = named.filter(|text| !text.parse().is_ok_and(|id| found.contains(&id)));
        let unknown = unknown.map(str::to_owned).collect();
        Ok(Self { members, unknown })
    }

    /// The number of existing ones.
    pub(super) fn count(&self) -> i64 {
        count(self.members.len())
    }

    fn ids(&self) -> Vec<ResourceId> {
        self.members.iter().map(|member| member.id).collect()
    }

    /// Adds them; returns those that were no members before.
    pub(super) async fn join(&self, tx: &mut TenantTx, group: &Group) -> Result<Vec<Member>, Error> {
        if self.members.is_empty() {
            return Ok(Vec::new());
        }
        let joined = tx.add_members(group.directory, group.id, &self.ids()).await?;
        let joined: HashSet<ResourceId> = joined.into_iter().collect();
        let members = self.members.iter();
        Ok(members
            .filter(|member| joined.contains(&member.id))
            .cloned()
            .collect())
    }
}

/// Removes members; returns those that were members. A member that was deleted meanwhile is not among them.
async fn remove(tx: &mut TenantTx, group: &Group, leaving: &[ResourceId]) -> Result<Vec<Member>, Error> {
    if leaving.is_empty() {
        return Ok(Vec::new());
    }
    let gone = tx.remove_members(group.directory, group.id, leaving).await?;
    if gone.is_empty() {
        return Ok(Vec::new());
    }
    Ok(tx.known_members(group.directory, &gone).await?)
}

/// The present members that the request does not name; `None` for more than [`MOST_NAMED_LEAVERS`].
async fn others(tx: &mut TenantTx, group: &Group, wanted: &Known) -> Result<Option<Vec<ResourceId>>, Error> {
    let wanted: HashSet<ResourceId> = wanted.ids().into_iter().collect();
    let (mut leaving, mut after) = (Vec::new(), None);
    loop {
        let page = tx.members(group.directory, group.id, after, BATCH).await?;
        let ids = page.iter().map(|member| member.id);
        leaving.extend(ids.filter(|id| !wanted.contains(id)));
        if leaving.len() > MOST_NAMED_LEAVERS {
            return Ok(None);
        }
        match page.last() {
            Some(last) if page.len() == BATCH => after = Some(last.id),
            _ => return Ok(Some(leaving)),
        }
    }
}

/// All members leave, and the wanted ones join.
async fn start_over(tx: &mut TenantTx, group: &Group, wanted: Known) -> Result<MembershipResult, Error> {
    let gone = tx.clear_members(group.directory, group.id).await?;
    let added = wanted.join(tx, group).await?;
    Ok(MembershipResult {
        member_count: count(added.len()),
        changed: MembersChanged {
            added,
            removed: Vec::new(),
            cleared: gone > 0,
        },
        unknown: wanted.unknown,
    })
}

/// The ids among texts; a text that is no id of ours names no member.
fn ids_of<'a>(texts: impl Iterator<Item = &'a str>) -> Vec<ResourceId> {
    texts.filter_map(|text| text.parse().ok()).collect()
}

fn texts(ids: &[String]) -> impl Iterator<Item = &str> + Clone + Send {
    ids.iter().map(String::as_str)
}

fn count(members: usize) -> i64 {
    i64::try_from(members).unwrap_or(i64::MAX)
}
