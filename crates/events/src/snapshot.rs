//! A snapshot of a feed: every identity, group and membership with its revision, and the position that they hold at
//! (ADR 0039). Read page by page; each page is bounded by entries and bytes.
//!
//! It is no transaction. The position is read before the first row, and every row with the revision that it has when it is read: what
//! changes meanwhile has an event after that position, with a greater revision. Must not know: HTTP.

mod cursor;
mod page;

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::clock::Ids;
use domain::environment::Environment;
use domain::event::Origin;
use domain::event::group::PART_ENTRIES;
use domain::event::snapshot::{self as entry, Reading};
use domain::feed::Epoch;
use domain::group::Group;
use domain::id::{AppId, DirectoryId, EventId, IdentityId};
use domain::identity::Identity;
use domain::position::Position;
use domain::profile::Profile;
use domain::release_policy::Release;
use domain::scope::TenantScope;
use domain::tenant::{Directory, Tenant};
use store::{Store, StoreError};
use uuid::Uuid;

use self::cursor::{Cursor, Place, Stage};
use self::page::{MAX_ENTRIES, Page};
use crate::feeds::{FeedError, Feeds, check_epoch};
use crate::read_limits::ReadPermit;
use crate::status::StatusRegistry;

/// The tenants that a page looks at: most may have nothing.
const TENANTS: usize = 100;

/// What entries are made of, beside the rows.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// The deployment's environment.
    pub environment: Environment,
    /// Makes the ids of the entries.
    pub ids: &'a dyn Ids,
    /// The profile of a directory, with the directory's own extension; or why there is none.
    pub profile: &'a (dyn Fn(&Directory) -> Result<Arc<Profile>, String> + Sync),
}

impl std::fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sources").finish_non_exhaustive()
    }
}

/// Some entries of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotPage {
    /// The entries: CloudEvents JSON texts, without the epoch.
    pub entries: Vec<String>,
    /// The position of the feed's last event when the first page was read: a reader of the whole snapshot goes on after it.
    pub position: Position,
    /// The epoch of the position.
    pub epoch: Epoch,
    /// The cursor of the next page; `None` on the last one.
    pub next: Option<String>,
}

impl Feeds {
    /// A page of a snapshot, from its beginning or from a cursor. `limit` is cut to 1–500 entries; a page may have fewer, even
    /// none, and not be the last one. The read counts until its permit is dropped: keep it as long as the page.
    ///
    /// # Errors
    /// [`FeedError::BadCursor`], [`FeedError::EpochChanged`] for a cursor of another epoch, [`FeedError::TooManyReads`],
    /// [`FeedError::NoFeed`], [`FeedError::ProfileUnusable`], or the database failed.
    pub async fn snapshot(
        &self,
        app: AppId,
        limit: usize,
        cursor: Option<&str>,
        sources: Sources<'_>,
    ) -> Result<(SnapshotPage, ReadPermit), FeedError> {
        let permit = self.permit(app)?;
        let cursor: Option<Cursor> = cursor
            .map(str::parse)
            .transpose()
            .map_err(|_| FeedError::BadCursor)?;
        let feed = self.store.feed(app).await?.ok_or(FeedError::NoFeed)?;
        let cursor = cursor.unwrap_or_else(|| Cursor {
            epoch: feed.epoch.clone(),
            position: feed.head,
            place: Place::beginning(Uuid::nil()),
        });
        check_epoch(&feed.epoch, Some(&cursor.epoch.to_string()))?;
        if cursor.position > feed.head {
            return Err(FeedError::BadCursor);
        }
        let release = self.store.release(app).await?.ok_or(FeedError::NoFeed)?.release;
        let mut reader = Reader {
            store: &self.store,
            release,
            registry: &self.registry,
            sources,
            at: self.clock.now(),
            page: Page::of(limit.clamp(1, MAX_ENTRIES)),
        };
        let next = reader.fill(cursor.place).await?;
        if next.is_none() {
            self.store.note_snapshot(app, &cursor.epoch).await?;
        }
        let next = next.map(|place| {
            Cursor {
                place,
                ..cursor.clone()
            }
            .to_string()
        });
        let page = SnapshotPage {
            entries: reader.page.entries,
            position: cursor.position,
            epoch: cursor.epoch,
            next,
        };
        Ok((page, permit))
    }
}

/// A tenant with its directories and their profiles.
struct Home {
    tenant: Tenant,
    scope: TenantScope,
    directories: HashMap<DirectoryId, (Directory, Arc<Profile>)>,
}

impl Home {
    /// What entries of a directory say about it; `None` for one that was made since, or that the app may not see.
    fn origin(&self, environment: Environment, directory: DirectoryId) -> Option<Origin<'_>> {
        let (directory, profile) = self.directories.get(&directory)?;
        Some(Origin {
            environment,
            directory,
            tenant_name: &self.tenant.name,
            external_tenant_id: self.tenant.external_tenant_id.as_deref(),
            profile,
        })
    }
}

/// One page being read.
struct Reader<'a> {
    store: &'a Store,
    /// What the app may see.
    release: Release,
    registry: &'a StatusRegistry,
    sources: Sources<'a>,
    at: DateTime<Utc>,
    page: Page,
}

impl Reader<'_> {
    /// Reads from a place on until the page is full; the place of the next one, if there is more.
    async fn fill(&mut self, mut place: Place) -> Result<Option<Place>, FeedError> {
        for _ in 0..TENANTS {
            let Some(tenant) = self.store.tenant_from(place.tenant).await? else {
                return Ok(None);
            };
            let id = tenant.id.uuid();
            if id != place.tenant {
                place = Place::beginning(id);
            }
            let home = self.home(tenant).await?;
            if home.directories.is_empty() {
                place = Place::after(id);
                continue;
            }
            if let Some(stage) = self.of_tenant(&home, place.stage).await? {
                return Ok(Some(Place::at(id, stage)));
            }
            place = Place::after(id);
        }
        Ok(Some(place))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a feed tells of all tenants, and so does its snapshot"
    )]
    async fn home(&self, tenant: Tenant) -> Result<Home, FeedError> {
        let scope = TenantScope::mint(tenant.id);
        let mut directories = HashMap::new();
        let tenant_id = tenant.id.to_string();
        for directory in self.store.directories(scope).await? {
            if !self.release.sees(&tenant_id, directory.profile.as_str()) {
                continue;
            }
            let profile = (self.sources.profile)(&directory);
            let profile = profile.map_err(|reason| FeedError::ProfileUnusable {
                directory: directory.id,
                tenant: directory.tenant,
                profile: directory.profile.to_string(),
                reason,
            });
            self.note(directory.id, profile.as_ref().err());
            let profile = profile?;
            directories.insert(directory.id, (directory, profile));
        }
        Ok(Home {
            tenant,
            scope,
            directories,
        })
    }

    /// Notes for the operator whether a directory keeps pages from being written.
    fn note(&self, directory: DirectoryId, refused: Option<&FeedError>) {
        self.registry.update(|snapshot| match refused {
            Some(error) => {
                let told = snapshot.snapshot_errors.insert(directory, error.to_string());
                if told.is_none() {
                    tracing::warn!(%error, "snapshots of the feeds cannot be read to their end");
                }
            }
            None => {
                snapshot.snapshot_errors.remove(&directory);
            }
        });
    }

    async fn of_tenant(&mut self, home: &Home, stage: Stage) -> Result<Option<Stage>, FeedError> {
        let (after, begun) = match stage {
            Stage::Identities(after) => {
                if let Some(after) = self.identities(home, after).await? {
                    return Ok(Some(Stage::Identities(after)));
                }
                (Uuid::nil(), None)
            }
            Stage::Groups(after) => (after, None),
            // The group is read again: its members belong to the revision that it has now, or to a later one.
            Stage::Members(group, member) => (
                Uuid::from_u128(group.as_u128().saturating_sub(1)),
                Some((group, member)),
            ),
        };
        self.groups(home, after, begun).await
    }

    /// The identities after an id; the last one that was told, if the page ends before the others.
    async fn identities(&mut self, home: &Home, mut after: Uuid) -> Result<Option<Uuid>, FeedError> {
        loop {
            let Some((rows, bytes)) = self.page.room() else {
                return Ok(Some(after));
            };
            let read = self.store.read::<_, StoreError, _>(home.scope, move |tx| {
                Box::pin(async move { tx.identities_after(after, rows, bytes).await })
            });
            let found = read.await?;
            if found.is_empty() {
                return Ok(None);
            }
            self.page.looked += found.len();
            for identity in found {
                let id = identity.id.uuid();
                if let Some(origin) = home.origin(self.sources.environment, identity.directory) {
                    // The form that events have, whichever version stored it.
                    let resource = identity.resource.canonical(&origin.profile.resource_type);
                    let text = entry::identity(origin, self.reading(), &Identity { resource, ..identity });
                    if !self.take(text) {
                        return Ok(Some(after));
                    }
                }
                after = id;
            }
        }
    }

    /// The groups after an id with their members. `begun` names a group that was told already, and the last of its members that was.
    async fn groups(
        &mut self,
        home: &Home,
        mut after: Uuid,
        mut begun: Option<(Uuid, Uuid)>,
    ) -> Result<Option<Stage>, FeedError> {
        loop {
            let Some((rows, bytes)) = self.page.room() else {
                let members = begun.map(|(group, member)| Stage::Members(group, member));
                return Ok(Some(members.unwrap_or(Stage::Groups(after))));
            };
            let read = self.store.read::<_, StoreError, _>(home.scope, move |tx| {
                Box::pin(async move { tx.groups_after(after, rows, bytes).await })
            });
            let found = read.await?;
            if found.is_empty() {
                return Ok(None);
            }
            self.page.looked += found.len();
            for group in found {
                let id = group.id.uuid();
                if let Some(origin) = home.origin(self.sources.environment, group.directory) {
                    let told = begun.take().filter(|(begun, _)| *begun == id);
                    if told.is_none() && !self.take(entry::group(origin, self.reading(), &group)) {
                        return Ok(Some(Stage::Groups(after)));
                    }
                    let last = told.map_or(Uuid::nil(), |(_, member)| member);
                    if let Some(last) = self.members(home, origin, &group, last).await? {
                        return Ok(Some(Stage::Members(id, last)));
                    }
                }
                after = id;
            }
        }
    }

    /// The members of a group after an id; the last one that was told, if the page ends before the others.
    async fn members(
        &mut self,
        home: &Home,
        origin: Origin<'_>,
        group: &Group,
        mut last: Uuid,
    ) -> Result<Option<Uuid>, FeedError> {
        let (directory, id) = (group.directory, group.id);
        if group.member_count == 0 {
            // It had none when it was read: later ones are told by events.
            return Ok(None);
        }
        loop {
            if self.page.room().is_none() {
                return Ok(Some(last));
            }
            let read = self.store.read::<_, StoreError, _>(home.scope, move |tx| {
                let after = Some(IdentityId::from_uuid(last).into());
                Box::pin(async move { tx.members(directory, id, after, PART_ENTRIES).await })
            });
            let found = read.await?;
            let fitting = entry::fitting(&found);
            let Some(part) = found.get(..fitting).filter(|part| !part.is_empty()) else {
                return Ok(None);
            };
            if !self.take(entry::members(origin, self.reading(), group, part)) {
                return Ok(Some(last));
            }
            last = part.last().map_or(last, |member| member.id.uuid());
            if fitting == found.len() && fitting < PART_ENTRIES {
                return Ok(None);
            }
        }
    }

    /// Takes an entry, cut as events are, unless the page is full.
    #[must_use]
    fn take(&mut self, entry: String) -> bool {
        let (cut, _) = self.release.cut(entry);
        self.page.take(cut)
    }

    fn reading(&self) -> Reading {
        Reading {
            id: EventId::from_uuid(self.sources.ids.next()),
            at: self.at,
        }
    }
}
