//! The change of a group's members: the requested membership → the members that join, those that leave, and the unknown; and its
//! rows, which a small change saves with the group's.
//!
//! Needs no lock for a small change: the save is refused when the group or its members have changed since. The number of statements
//! depends on the request, not on the size of the group, except for a replacement of all members, which reads them.

use std::collections::{HashMap, HashSet};

use domain::group::{Group, Member, MembersChanged};
use domain::id::ResourceId;
use scim::membership::Membership;
use scim::patch::StoredMembers;
use serde_json::json;
use store::{MemberChange, StoreError, TenantTx};

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
    let known = tx.known_members(group.directory, group.id, &ids).await?;
    let known: HashMap<ResourceId, Member> =
        known.into_iter().map(|(member, _)| (member.id, member)).collect();
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

/// Reads what a request changes of a group's members; unknown members are skipped.
///
/// # Errors
/// `invalidValue` for a replacement none of whose members is known.
pub(super) async fn change_members(
    tx: &mut TenantTx,
    group: &Group,
    membership: &Membership,
) -> Result<MembershipResult, Error> {
    let most = match membership {
        Membership::Change { add, remove } => count(add.len() + remove.len()),
        Membership::Exactly(ids) => count(ids.len()) + group.member_count,
    };
    if most > count(MemberChange::MOST) {
        // Known before anything is read a second time.
        tx.require_transaction()?;
    }
    let result = match membership {
        Membership::Change { add, remove } => {
            let mut known = Known::find(tx, group, texts(add), texts(remove)).await?;
            let removed = std::mem::take(&mut known.leaving);
            known.into_result(group, removed)
        }
        Membership::Exactly(ids) if ids.is_empty() => start_over(group, Known::default()),
        Membership::Exactly(ids) => {
            let known = Known::find(tx, group, texts(ids), texts(&[])).await?;
            if known.members.is_empty() {
                return Err(nobody_known(ids.len()).into());
            }
            match others(tx, group, &known).await? {
                Some(removed) => known.into_result(group, removed),
                None => start_over(group, known),
            }
        }
    };
    if most > 0 && result.changed.is_empty() {
        // No save will compare what was read: another request may have made the change after the group was read, and the answer
        // would have the tag from before it.
        tx.require_transaction()?;
    }
    Ok(result)
}

/// Writes a change of members that does not go with the group's row, in a transaction with the group locked; returns what does.
///
/// # Errors
/// As [`TenantTx::require_transaction`]; [`StoreError::Unavailable`].
pub(super) async fn write(
    tx: &mut TenantTx,
    group: &Group,
    changed: &MembersChanged,
) -> Result<MemberChange, StoreError> {
    let mut change = MemberChange {
        count_before: group.member_count,
        joining: ids(&changed.added),
        leaving: ids(&changed.removed),
    };
    let apart = changed.cleared || change.joining.len() + change.leaving.len() > MemberChange::MOST;
    if apart {
        tx.require_transaction()?;
        let (joining, leaving) = (
            std::mem::take(&mut change.joining),
            std::mem::take(&mut change.leaving),
        );
        if changed.cleared {
            tx.clear_members(group.directory, group.id).await?;
        }
        tx.remove_members(group.directory, group.id, &leaving).await?;
        tx.add_members(group.directory, group.id, &joining).await?;
    }
    Ok(change)
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
    /// Those who are to be members and exist in this directory, and whether they are in the group.
    members: Vec<(Member, bool)>,
    /// Those who are in the group and are to leave.
    leaving: Vec<Member>,
    /// Those who are to be members and do not exist, as sent.
    pub unknown: Vec<String>,
}

impl Known {
    /// Reads the named members. A group is never its own member.
    pub(super) async fn find<'a>(
        tx: &mut TenantTx,
        group: &Group,
        joining: impl Iterator<Item = &'a str> + Clone + Send,
        leaving: impl Iterator<Item = &'a str> + Send,
    ) -> Result<Self, Error> {
        let mut wanted: HashSet<ResourceId> = ids_of(joining.clone()).into_iter().collect();
        wanted.remove(&ResourceId::from(group.id));
        let mut ids = ids_of(leaving);
        ids.extend(&wanted);
        let known = if ids.is_empty() {
            Vec::new()
        } else {
            tx.known_members(group.directory, group.id, &ids).await?
        };
        let (members, others): (Vec<_>, Vec<_>) = known
            .into_iter()
            .partition(|(member, _)| wanted.contains(&member.id));
        let found: HashSet<ResourceId> = members.iter().map(|(member, _)| member.id).collect();
        let unknown = joining.filter(|text| !text.parse().is_ok_and(|id| found.contains(&id)));
        Ok(Self {
            unknown: unknown.map(str::to_owned).collect(),
            leaving: of_group(others, true),
            members,
        })
    }

    /// Those who are not in the group yet.
    pub(super) fn joining(&self) -> Vec<Member> {
        of_group(self.members.clone(), false)
    }

    fn into_result(self, group: &Group, removed: Vec<Member>) -> MembershipResult {
        let added = self.joining();
        MembershipResult {
            member_count: group.member_count + count(added.len()) - count(removed.len()),
            changed: MembersChanged {
                added,
                removed,
                cleared: false,
            },
            unknown: self.unknown,
        }
    }
}

/// Those who are in the group, or those who are not.
fn of_group(known: Vec<(Member, bool)>, inside: bool) -> Vec<Member> {
    let known = known.into_iter().filter(|(_, is_member)| *is_member == inside);
    known.map(|(member, _)| member).collect()
}

/// The present members that the request does not name; `None` for more than [`MOST_NAMED_LEAVERS`].
async fn others(tx: &mut TenantTx, group: &Group, wanted: &Known) -> Result<Option<Vec<Member>>, Error> {
    let wanted: HashSet<ResourceId> = wanted.members.iter().map(|(member, _)| member.id).collect();
    let (mut leaving, mut after) = (Vec::new(), None);
    loop {
        let page = tx.members(group.directory, group.id, after, BATCH).await?;
        after = page.last().filter(|_| page.len() == BATCH).map(|last| last.id);
        leaving.extend(page.into_iter().filter(|member| !wanted.contains(&member.id)));
        if leaving.len() > MOST_NAMED_LEAVERS {
            return Ok(None);
        }
        if after.is_none() {
            return Ok(Some(leaving));
        }
    }
}

/// All members leave, and the wanted ones join.
fn start_over(group: &Group, wanted: Known) -> MembershipResult {
    let added: Vec<Member> = wanted.members.into_iter().map(|(member, _)| member).collect();
    MembershipResult {
        member_count: count(added.len()),
        changed: MembersChanged {
            added,
            removed: Vec::new(),
            cleared: group.member_count > 0,
        },
        unknown: wanted.unknown,
    }
}

fn ids(members: &[Member]) -> Vec<ResourceId> {
    members.iter().map(|member| member.id).collect()
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
