//! Tells an app what a change of its release policy brings and takes: step by step, each a transaction that also moves the place.
//!
//! A step locks the rows that it tells of, so a change of one of them comes after it in the feed (ADR 0050). It can be cut off at any
//! point and goes on from the place. A later policy ends it: the next walk begins anew, with all scopes since the last complete one.

use std::collections::HashMap;
use std::sync::Arc;

use domain::clock::Ids;
use domain::environment::Environment;
use domain::event::release::Telling;
use domain::event::{Event, Origin};
use domain::group::{Group, Member};
use domain::id::{AppId, DirectoryId};
use domain::identity::Identity;
use domain::profile::Profile;
use domain::release_policy::{Move, Release};
use domain::tenant::{Directory, Tenant};
use store::{StoreError, TenantTx};
use uuid::Uuid;

use crate::{Context, Error};

/// The identities of one step.
const IDENTITIES: usize = 100;
/// The groups of one step, each with all its members.
const GROUPS: usize = 10;
/// The members that are read at a time.
const MEMBERS: usize = 500;
/// The tenants without anything to tell that one step passes.
const TENANTS: usize = 500;

/// Whether there is more to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// There may be.
    More,
    /// Everything is told, or another policy holds by now.
    Done,
}

/// Where a walk is: a tenant, its identities or groups, and the last one that was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    tenant: Uuid,
    groups: bool,
    after: Uuid,
}

impl Place {
    const fn beginning(tenant: Uuid) -> Self {
        Self {
            tenant,
            groups: false,
            after: Uuid::nil(),
        }
    }

    const fn behind(tenant: Uuid) -> Self {
        Self::beginning(Uuid::from_u128(tenant.as_u128().saturating_add(1)))
    }

    /// Of a text that this version wrote; any other begins anew.
    fn of(text: &str) -> Self {
        let read = || {
            let mut parts = text.split('.');
            let (tenant, stage, after) = (parts.next()?, parts.next()?, parts.next()?);
            Some(Self {
                tenant: Uuid::try_parse(tenant).ok()?,
                groups: stage == "g",
                after: Uuid::try_parse(after).ok()?,
            })
        };
        read().unwrap_or(Self::beginning(Uuid::nil()))
    }

    fn text(self) -> String {
        let stage = if self.groups { "g" } else { "i" };
        format!("{}.{stage}.{}", self.tenant.simple(), self.after.simple())
    }
}

/// What a step needs of a tenant.
struct Home {
    environment: Environment,
    tenant: Tenant,
    directories: HashMap<DirectoryId, (Directory, Arc<Profile>, Move)>,
    ids: Arc<dyn Ids>,
    at: chrono::DateTime<chrono::Utc>,
    release: i64,
}

impl Home {
    fn telling(&self, directory: DirectoryId) -> Option<(Telling<'_>, Move)> {
        let (directory, profile, moved) = self.directories.get(&directory)?;
        let origin = Origin {
            environment: self.environment,
            directory,
            tenant_name: &self.tenant.name,
            external_tenant_id: self.tenant.external_tenant_id.as_deref(),
            profile,
        };
        let telling = Telling {
            origin,
            ids: &*self.ids,
            at: self.at,
            release: self.release,
        };
        Some((telling, *moved))
    }
}

/// Tells an app the next part of what its policy of this number brings and takes.
///
/// # Errors
/// [`Error::ProfileUnknown`] or [`Error::Extension`] when a directory cannot be read as it is set up, [`Error::Store`].
pub async fn step(context: &Context, app: AppId, release: i64) -> Result<Step, Error> {
    let Some(walk) = context.store.release(app).await? else {
        return Ok(Step::Done);
    };
    if walk.release.revision != release || walk.release.before.is_empty() {
        return Ok(Step::Done);
    }
    let mut place = Place::of(&walk.place);
    for _ in 0..TENANTS {
        let Some(tenant) = context.store.tenant_from(place.tenant).await? else {
            context
                .store
                .move_release(app, release, &walk.place, None)
                .await?;
            return Ok(Step::Done);
        };
        if tenant.id.uuid() != place.tenant {
            place = Place::beginning(tenant.id.uuid());
        }
        let home = home(context, tenant, &walk.release).await?;
        if home.directories.is_empty() {
            place = Place::behind(place.tenant);
            continue;
        }
        return tell(context, app, home, (&walk.place, place)).await;
    }
    let next = place.text();
    context
        .store
        .move_release(app, release, &walk.place, Some(&next))
        .await?;
    Ok(Step::More)
}

async fn home(context: &Context, tenant: Tenant, release: &Release) -> Result<Home, Error> {
    let id = tenant.id.to_string();
    let mut directories = HashMap::new();
    for directory in context.store.directories(Context::scope(tenant.id)).await? {
        let Some(moved) = release.moved(&id, directory.profile.as_str()) else {
            continue;
        };
        let profile = context.profile(directory.profile.as_str())?;
        let profile = match &directory.extension {
            None => profile.clone(),
            Some(text) => profile.with_extension(text).map_err(Error::Extension)?,
        };
        directories.insert(directory.id, (directory, Arc::new(profile), moved));
    }
    Ok(Home {
        environment: context.environment,
        tenant,
        directories,
        ids: Arc::clone(&context.ids),
        at: context.clock.now(),
        release: release.revision,
    })
}

/// One transaction: some rows, their events, and the place behind them. Another process that was faster has told the same.
async fn tell(
    context: &Context,
    app: AppId,
    home: Home,
    (known, place): (&str, Place),
) -> Result<Step, Error> {
    let scope = Context::scope(home.tenant.id);
    let shared = Arc::new((home, known.to_owned()));
    let told = context.store.write::<(), Stop, _>(scope, move |tx| {
        let shared = Arc::clone(&shared);
        Box::pin(async move {
            let (home, known) = &*shared;
            let (events, next) = if place.groups {
                groups(tx, home, place).await?
            } else {
                identities(tx, home, place).await?
            };
            let next = next.text();
            let is_ours = tx
                .tell_app((app, home.release), &events, home.at, (known, &next))
                .await?;
            is_ours.then_some(()).ok_or(Stop::Faster)
        })
    });
    match told.await {
        // The next look says where the other process is, or that the policy is another one.
        Ok(()) | Err(Stop::Faster) => Ok(Step::More),
        Err(Stop::Store(error)) => Err(error.into()),
    }
}

/// Why a transaction was taken back.
enum Stop {
    /// Another process was faster, or the policy is another one.
    Faster,
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

type Told = (Vec<(DirectoryId, Event)>, Place);

async fn identities(tx: &mut TenantTx, home: &Home, place: Place) -> Result<Told, StoreError> {
    let found = tx.lock_identities_after(place.after, IDENTITIES).await?;
    let Some(last) = found.last().map(|identity| identity.id.uuid()) else {
        let groups = Place {
            groups: true,
            ..Place::beginning(place.tenant)
        };
        return Ok((Vec::new(), groups));
    };
    let mut events = Vec::new();
    for identity in found {
        let Some((telling, moved)) = home.telling(identity.directory) else {
            continue;
        };
        // The form that events have, whichever version stored it.
        let resource = identity.resource.canonical(&telling.origin.profile.resource_type);
        let identity = Identity { resource, ..identity };
        events.push((identity.directory, telling.identity(moved, &identity)));
    }
    Ok((events, Place { after: last, ..place }))
}

async fn groups(tx: &mut TenantTx, home: &Home, place: Place) -> Result<Told, StoreError> {
    let found = tx.lock_groups_after(place.after, GROUPS).await?;
    let Some(last) = found.last().map(|group| group.id.uuid()) else {
        return Ok((Vec::new(), Place::behind(place.tenant)));
    };
    let mut events = Vec::new();
    for group in found {
        let Some((telling, moved)) = home.telling(group.directory) else {
            continue;
        };
        let members = match moved {
            Move::Added => members(tx, &group).await?,
            Move::Removed => Vec::new(),
        };
        let told = telling.group(moved, &group, members);
        events.extend(told.into_iter().map(|event| (group.directory, event)));
    }
    Ok((events, Place { after: last, ..place }))
}

async fn members(tx: &mut TenantTx, group: &Group) -> Result<Vec<Member>, StoreError> {
    let mut members: Vec<Member> = Vec::new();
    loop {
        let after = members.last().map(|member| member.id);
        let page = tx.members(group.directory, group.id, after, MEMBERS).await?;
        let is_last = page.len() < MEMBERS;
        members.extend(page);
        if is_last {
            return Ok(members);
        }
    }
}
