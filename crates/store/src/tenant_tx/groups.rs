//! Groups and their members, through the one door.
//!
//! Read next: `table::group` and `table::membership` for the statements and the order of their locks.

use std::collections::HashMap;

use domain::event::Event;
use domain::group::{Group, GroupRef, Member};
use domain::id::{DirectoryId, GroupId, IdentityId, ResourceId};
use domain::log::LogEntry;
use scim::resource::fold;
use uuid::Uuid;

use super::{CreateOutcome, SaveOutcome, TenantTx, counted};
use crate::error::{RetryAction, StoreError};
use crate::parameter::{Bind, Ids};
use crate::statement::Built;
use crate::table::keys::fit;
use crate::table::names::{After, CreatedAt, Groups, Id, Identities, In, InGroup, Key, Limit, Members};
use crate::table::outbox::Events;
use crate::table::{group, membership};

impl TenantTx {
    /// The group, if this directory of this tenant has it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn get_group(
        &mut self,
        directory: DirectoryId,
        id: GroupId,
    ) -> Result<Option<Group>, StoreError> {
        let by_id = (self.within(directory), Id(id.uuid()));
        self.find_group(&group::BY_ID, by_id).await
    }

    /// As [`TenantTx::get_group`], and keeps everybody else from changing it or its members until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantTx::get_group`].
    pub async fn lock_group(
        &mut self,
        directory: DirectoryId,
        id: GroupId,
    ) -> Result<Option<Group>, StoreError> {
        let by_id = (self.within(directory), Id(id.uuid()));
        self.find_group(&group::LOCK_BY_ID, by_id).await
    }

    /// The group with this `displayName`, folded as [`scim::resource::fold`] does. Locks it in [`crate::Store::write`].
    ///
    /// # Errors
    /// As [`TenantTx::get_group`].
    pub async fn find_group_by_name(
        &mut self,
        directory: DirectoryId,
        folded: &str,
    ) -> Result<Option<Group>, StoreError> {
        let statement = if self.tx.is_open() {
            &group::LOCK_BY_NAME
        } else {
            &group::BY_NAME
        };
        let by_name = (self.within(directory), Key(fit(folded).into()));
        let found = self.find_group(statement, by_name).await?;
        // A key may stand for several names (store::table::keys).
        Ok(found.filter(|group| fold(group.resource.display_name().unwrap_or_default()) == folded))
    }

    async fn find_group<P: Bind>(
        &mut self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<Option<Group>, StoreError> {
        let row = self.open_one(statement, parameters).await?;
        row.as_ref().map(group::read).transpose()
    }

    /// Writes a new group, its events (at least one) and its log row, in one round trip on PostgreSQL. Its members are
    /// added afterwards ([`TenantTx::add_members`]); `member_count` counts them already.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the directory is not this tenant's or the id exists, [`StoreError::Unavailable`].
    pub async fn create_group(
        &mut self,
        group: &Group,
        events: &[Event],
        entry: &LogEntry,
    ) -> Result<CreateOutcome, StoreError> {
        let revision = group::Revision::of(self.scope, group);
        let parameters = (revision, CreatedAt(group.created_at), Events(events), entry);
        let made = counted(&self.tx.with_outbox(&group::CREATE, parameters).await?)?;
        self.tenant_set |= self.tx.is_open();
        if made == 0 {
            return Ok(CreateOutcome::Taken);
        }
        self.tx.outbox_written = true;
        Ok(CreateOutcome::Done)
    }

    /// Writes a group's next revision, its events (at least one, all of that revision) and its log row. Lock it first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn save_group(
        &mut self,
        group: &Group,
        events: &[Event],
        entry: &LogEntry,
    ) -> Result<SaveOutcome, StoreError> {
        self.set_tenant().await?;
        let revision = group::Revision::of(self.scope, group);
        let shadow = revision.shadow();
        let parameters = (revision, shadow, Events(events), entry);
        let rows = match self.tx.with_outbox(&group::SAVE, parameters).await {
            Err(StoreError::Conflict(why)) => {
                // PostgreSQL: as in TenantTx::save, somebody took the name between our look and our write.
                self.tx.retry_action = Some(RetryAction::Again);
                return Err(StoreError::Conflict(why));
            }
            rows => rows?,
        };
        if counted(&rows)? == 0 {
            let taken = self.group_name_taken(group).await?;
            return Ok(if taken {
                SaveOutcome::NameTaken
            } else {
                SaveOutcome::Gone
            });
        }
        self.tx.outbox_written = true;
        Ok(SaveOutcome::Done)
    }

    async fn group_name_taken(&mut self, group: &Group) -> Result<bool, StoreError> {
        let key = fit(&fold(group.resource.display_name().unwrap_or_default()));
        let others = (self.within(group.directory), Id(group.id.uuid()), Key(key.into()));
        Ok(self.tx.one(&group::NAME_TAKEN, others).await?.is_some())
    }

    /// Deletes a group with its memberships, also where it is a member itself, and writes its events and its log row;
    /// nothing at all if it is gone already. Lock it first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn delete_group(
        &mut self,
        group: &Group,
        events: &[Event],
        entry: &LogEntry,
    ) -> Result<(), StoreError> {
        self.set_tenant().await?;
        let by_id = (self.within(group.directory), Id(group.id.uuid()));
        let parameters = (by_id, Events(events), entry);
        let made = counted(&self.tx.with_outbox(&group::DELETE, parameters).await?)?;
        self.tx.outbox_written |= made > 0;
        Ok(())
    }

    /// Those of `ids` that exist in this directory, in no order, each once. In [`crate::Store::write`] nobody can delete
    /// them until the transaction ends.
    ///
    /// # Errors
    /// As [`TenantTx::get_group`].
    pub async fn known_members(
        &mut self,
        directory: DirectoryId,
        ids: &[ResourceId],
    ) -> Result<Vec<Member>, StoreError> {
        let statement = if self.tx.is_open() {
            &membership::KNOWN_KEPT
        } else {
            &membership::KNOWN
        };
        let mut known = Vec::new();
        for chunk in once(ids).chunks(membership::CHUNK) {
            let both = membership::both(self.within(directory), chunk);
            let rows = self.tx.all(statement, both).await?;
            self.tenant_set |= self.tx.is_open();
            for row in &rows {
                known.push(membership::read_member(row)?);
            }
        }
        Ok(known)
    }

    /// Adds members to a group; returns those that were not in it before. Lock the group first, and take only ids that
    /// [`TenantTx::known_members`] has found in the same transaction (others are passed over).
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn add_members(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
        ids: &[ResourceId],
    ) -> Result<Vec<ResourceId>, StoreError> {
        self.change_members(&membership::ADD, directory, ids, |within, chunk| {
            (membership::both(within, chunk), InGroup(group))
        })
        .await
    }

    /// Removes members from a group; returns those that were in it. Lock the group first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn remove_members(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
        ids: &[ResourceId],
    ) -> Result<Vec<ResourceId>, StoreError> {
        self.change_members(&membership::REMOVE, directory, ids, |within, chunk| {
            let members = Members(Ids::of(chunk.iter().map(|id| id.uuid())));
            ((within, InGroup(group)), members)
        })
        .await
    }

    async fn change_members<P: Bind>(
        &mut self,
        statement: &Built<P>,
        directory: DirectoryId,
        ids: &[ResourceId],
        parameters: impl Fn(In, &[ResourceId]) -> P,
    ) -> Result<Vec<ResourceId>, StoreError> {
        self.set_tenant().await?;
        let mut changed = Vec::new();
        for chunk in once(ids).chunks(membership::CHUNK) {
            for row in &self
                .tx
                .with_outbox(statement, parameters(self.within(directory), chunk))
                .await?
            {
                changed.push(membership::read_id(row)?);
            }
        }
        Ok(changed)
    }

    /// Removes all members of a group; returns how many there were. Lock the group first.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn clear_members(&mut self, directory: DirectoryId, group: GroupId) -> Result<i64, StoreError> {
        self.set_tenant().await?;
        let of = self.of_group(directory, group);
        let gone = self.tx.change(&membership::CLEAR, of).await?;
        Ok(i64::try_from(gone).unwrap_or(i64::MAX))
    }

    /// A page of a group's direct members in the order of their ids: at most `limit` of those after `after`. Fewer than
    /// `limit` means that there are no more.
    ///
    /// # Errors
    /// As [`TenantTx::get_group`].
    pub async fn members(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
        after: Option<ResourceId>,
        limit: usize,
    ) -> Result<Vec<Member>, StoreError> {
        let after = After(after.map_or(Uuid::nil(), ResourceId::uuid));
        let page = (self.of_group(directory, group), after, Limit(limit));
        let rows = self.tx.all(&membership::PAGE, page).await?;
        let mut members = rows
            .iter()
            .map(membership::read_member)
            .collect::<Result<Vec<_>, _>>()?;
        members.sort_unstable_by_key(|member| member.id.uuid());
        Ok(members)
    }

    /// How many members a group has, and the sum of their revisions.
    ///
    /// # Errors
    /// As [`TenantTx::get_group`].
    pub async fn members_position(
        &mut self,
        directory: DirectoryId,
        group: GroupId,
    ) -> Result<(i64, i64), StoreError> {
        let of = self.of_group(directory, group);
        let row = self.tx.one(&membership::POSITION, of).await?;
        row.as_ref().map_or(Ok((0, 0)), membership::read_position)
    }

    /// The groups that the first ones of `ids` are direct members of, by id: of as many as have up to
    /// 5,000 groups together, at least of one. With it, of how many; who is in none is absent.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn groups_of(
        &mut self,
        directory: DirectoryId,
        ids: &[IdentityId],
    ) -> Result<(usize, HashMap<IdentityId, Vec<GroupRef>>), StoreError> {
        let mut asked = ids.len().min(membership::CHUNK);
        let rows = loop {
            // One person's are read whatever they are; of several, one too many says that they are too many.
            let limit = match asked {
                1 => usize::MAX,
                _ => membership::REFERENCES + 1,
            };
            let identities = Identities(Ids::of(ids[..asked].iter().map(|id| id.uuid())));
            let of = (self.within(directory), identities, Limit(limit));
            let rows = self.tx.all(&membership::GROUPS_OF, of).await?;
            if rows.len() < limit {
                break rows;
            }
            asked = (asked / 8).max(1);
        };
        let mut found: HashMap<IdentityId, Vec<GroupRef>> = HashMap::new();
        for row in &rows {
            let (identity, group) = membership::read_group_of(row)?;
            found.entry(identity).or_default().push(group);
        }
        for groups in found.values_mut() {
            groups.sort_unstable_by_key(|group| group.id);
            groups.dedup_by_key(|group| group.id);
        }
        Ok((asked, found))
    }

    /// Which of `members` are directly in which of `groups`, for filters that name members.
    pub(crate) async fn among_members(
        &mut self,
        directory: DirectoryId,
        groups: &[ResourceId],
        members: &[ResourceId],
    ) -> Result<Vec<(Uuid, ResourceId)>, StoreError> {
        let groups = Groups(Ids::of(groups.iter().map(|id| id.uuid())));
        let members = Members(Ids::of(once(members).iter().map(|id| id.uuid())));
        let among = (self.within(directory), groups, members);
        let rows = self.tx.all(&membership::AMONG, among).await?;
        rows.iter().map(membership::read_among).collect()
    }

    fn of_group(&self, directory: DirectoryId, group: GroupId) -> membership::Of {
        (self.within(directory), InGroup(group))
    }
}

/// Each id once, ascending, so that a set of any order locks its rows in the same order.
fn once(ids: &[ResourceId]) -> Vec<ResourceId> {
    let mut ids = ids.to_vec();
    ids.sort_unstable_by_key(|id| id.uuid());
    ids.dedup();
    ids
}
