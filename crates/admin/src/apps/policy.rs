//! An app's release policy (ADR 0050): what it says, and setting it. [`walk`] tells the app what a change brings and takes.

pub mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::audit::{Action, Target};
use domain::id::DirectoryId;
use domain::profile::Profile;
use domain::release_policy::{Move, Release, ReleasePolicy, Scope};
use domain::tenant::App;
use scim::etag::Tags;
use serde_json::json;
use store::NewJob;

use super::audit;
use crate::directories::Named;
use crate::{Context, Error};

/// The kind of the job that tells an app of a change.
pub const JOB: &str = "release_policy";
/// How often a change is tried anew when another one was faster.
const ATTEMPTS: usize = 8;

/// An app's release policy in an operator's words; `None` releases everything of the kind, also what is made later.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Words {
    /// Names of tenants.
    pub tenants: Option<Vec<String>>,
    /// Names of profiles.
    pub profiles: Option<Vec<String>>,
    /// SCIM paths; with `fields`, `None` of both releases every attribute.
    pub attributes: Option<Vec<String>>,
    /// Names of the record, with the attributes behind them.
    pub fields: Option<Vec<String>>,
}

/// New words for some parts; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// As [`Words::tenants`].
    pub tenants: Option<Option<Vec<String>>>,
    /// As [`Words::profiles`].
    pub profiles: Option<Option<Vec<String>>>,
    /// As [`Words::attributes`].
    pub attributes: Option<Option<Vec<String>>>,
    /// As [`Words::fields`].
    pub fields: Option<Option<Vec<String>>>,
}

impl From<Words> for Change {
    /// All parts.
    fn from(words: Words) -> Self {
        Self {
            tenants: Some(words.tenants),
            profiles: Some(words.profiles),
            attributes: Some(words.attributes),
            fields: Some(words.fields),
        }
    }
}

/// An app with its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The app.
    pub app: App,
    /// What it says.
    pub words: Words,
    /// As it is stored.
    pub release: Release,
}

impl Policy {
    /// The version of the policy, as an ETag.
    pub fn version(&self) -> String {
        format!("\"{}\"", self.release.revision)
    }

    /// Whether the app is still being told of the last change.
    pub const fn is_telling(&self) -> bool {
        !self.release.before.is_empty()
    }
}

/// What a change did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// The policy afterwards; with a dry run the present one.
    pub policy: Policy,
    /// How many identities the app sees from then on.
    pub added: i64,
    /// How many it sees no longer.
    pub removed: i64,
    /// Whether the feed begins another epoch, so that the app takes a snapshot: other attributes are released.
    pub snapshot: bool,
    /// Whether anything was, or would be, changed.
    pub changed: bool,
}

/// The policy of an app.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::Store`].
pub async fn show(context: &Context, name: &str) -> Result<Policy, Error> {
    let app = context.app(name).await?;
    let found = context.store.release(app.id).await?;
    let release = found.ok_or_else(|| Error::AppUnknown(name.to_owned()))?.release;
    let words = in_words(context, release.policy.as_ref()).await?;
    Ok(Policy { app, words, release })
}

/// Sets parts of the policy of an app; with `if_match` only if it has one of these versions. A dry run only counts.
///
/// What the app has no right to any more is withheld from the moment of the change on. Of other tenants or profiles it is told by
/// events, in the background; for other attributes its feed begins another epoch.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::TenantUnknown`], [`Error::ProfileUnknown`], [`Error::ReleaseUnknown`], [`Error::SettingsChanged`],
/// [`Error::Store`].
pub async fn set(
    context: &Context,
    name: &str,
    change: &Change,
    if_match: Option<&Tags>,
    is_dry_run: bool,
) -> Result<Changed, Error> {
    for _ in 0..ATTEMPTS {
        let before = show(context, name).await?;
        if if_match.is_some_and(|tags| !tags.contains(&before.version())) {
            return Err(Error::SettingsChanged);
        }
        let part = |new: &Option<Option<Vec<String>>>, old: &Option<Vec<String>>| {
            new.clone().unwrap_or_else(|| old.clone())
        };
        let words = Words {
            tenants: part(&change.tenants, &before.words.tenants),
            profiles: part(&change.profiles, &before.words.profiles),
            attributes: part(&change.attributes, &before.words.attributes),
            fields: part(&change.fields, &before.words.fields),
        };
        let new = resolved(context, &words).await?;
        let mut done = count(context, before, new.clone()).await?;
        if is_dry_run || !done.changed {
            return Ok(done);
        }
        if write(context, &done, new).await? {
            done.policy = show(context, name).await?;
            return Ok(done);
        }
    }
    Err(Error::SettingsChanged)
}

/// Writes the policy with its row of the audit log; `false` when another change was faster.
async fn write(context: &Context, change: &Changed, new: Option<ReleasePolicy>) -> Result<bool, Error> {
    let Policy { app, release, .. } = &change.policy;
    let listed = |set: Option<&BTreeSet<String>>| set.map_or(json!("all"), |set| json!(set));
    let policy = new.clone().unwrap_or_default();
    let entry = audit(context, Action::AppPolicySet, Target::App(app.id), app)
        .with("tenants", listed(policy.scope.tenants.as_ref()))
        .with("profiles", listed(policy.scope.profiles.as_ref()))
        .with("attributes", listed(policy.attributes.as_ref()))
        .with("fields", listed(policy.fields.as_ref()))
        .with("added", change.added)
        .with("removed", change.removed);
    let (app, revision) = (app.id, release.revision);
    let mut scopes = release.before.clone();
    let present = scope(release.policy.as_ref());
    if !scopes.contains(&present) {
        scopes.push(present);
    }
    let job = NewJob {
        kind: JOB,
        key: format!("{app}/{}", revision + 1),
        payload: json!({"app": app, "release": revision + 1}),
        wait: std::time::Duration::ZERO,
    };
    let told = Arc::new((new, scopes, job, change.snapshot));
    let written = context.store.audited::<_, Error, _>(&entry, move |tx| {
        let told = Arc::clone(&told);
        Box::pin(async move {
            let (new, scopes, job, snapshot) = &*told;
            let tell = (!snapshot).then_some((scopes.as_slice(), job));
            Ok(tx.set_release_policy(app, revision, new.as_ref(), tell).await?)
        })
    });
    written.await
}

/// What a new policy changes.
async fn count(context: &Context, before: Policy, new: Option<ReleasePolicy>) -> Result<Changed, Error> {
    let released = |policy: Option<&ReleasePolicy>| policy.and_then(|policy| policy.released.clone());
    let after = Release {
        revision: before.release.revision,
        policy: new,
        before: vec![scope(before.release.policy.as_ref())],
    };
    let mut changed = Changed {
        snapshot: released(before.release.policy.as_ref()) != released(after.policy.as_ref()),
        changed: before.release.policy != after.policy,
        policy: before,
        added: 0,
        removed: 0,
    };
    if !changed.changed {
        return Ok(changed);
    }
    for Named { directory, .. } in crate::directories::list::execute(context, None).await? {
        let moved = after.moved(&directory.tenant.to_string(), directory.profile.as_str());
        let Some(moved) = moved else { continue };
        let scope = Context::scope(directory.tenant);
        let identities = context.store.count_identities(scope, directory.id).await?;
        match moved {
            Move::Added => changed.added += identities,
            Move::Removed => changed.removed += identities,
        }
    }
    Ok(changed)
}

fn scope(policy: Option<&ReleasePolicy>) -> Scope {
    policy.map(|policy| policy.scope.clone()).unwrap_or_default()
}

/// The policy that words come to; `None` when they release everything.
///
/// # Errors
/// As [`set`].
pub(super) async fn resolved(context: &Context, words: &Words) -> Result<Option<ReleasePolicy>, Error> {
    if *words == Words::default() {
        return Ok(None);
    }
    let mut tenants = None;
    for name in words.tenants.iter().flatten() {
        let id = context.tenant(name).await?.id.to_string();
        tenants.get_or_insert_with(BTreeSet::new).insert(id);
    }
    for name in words.profiles.iter().flatten() {
        context.profile(name)?;
    }
    let set = |list: &Option<Vec<String>>| list.as_ref().map(|list| list.iter().cloned().collect());
    let policy = ReleasePolicy {
        scope: Scope {
            tenants: tenants.or_else(|| words.tenants.as_ref().map(|_| BTreeSet::new())),
            profiles: set(&words.profiles),
        },
        attributes: set(&words.attributes),
        fields: set(&words.fields),
        released: None,
    };
    if policy.attributes.is_none() && policy.fields.is_none() {
        return Ok(Some(policy));
    }
    let profiles = profiles(context).await?;
    let resolved = policy.resolved(profiles.iter().map(AsRef::as_ref));
    resolved.map(Some).map_err(Error::ReleaseUnknown)
}

/// The profiles of the deployment, and those of the directories with attributes of their own. A directory whose extension does not fit
/// its profile any more has none; what it holds of it is not released.
async fn profiles(context: &Context) -> Result<Vec<Arc<Profile>>, Error> {
    let mut profiles: Vec<Arc<Profile>> = context.profiles.iter().cloned().collect();
    for Named { directory, .. } in crate::directories::list::execute(context, None).await? {
        let Some(extension) = &directory.extension else {
            continue;
        };
        let profile = context.profiles.get(directory.profile.as_str());
        let own = profile.and_then(|profile| profile.with_extension(extension).ok());
        profiles.extend(own.map(Arc::new));
    }
    Ok(profiles)
}

/// The directories that a policy shows.
pub(super) async fn seen(context: &Context, policy: &ReleasePolicy) -> Result<Vec<DirectoryId>, Error> {
    let all = crate::directories::list::execute(context, None).await?;
    let is_seen = |directory: &domain::tenant::Directory| {
        policy
            .scope
            .sees(&directory.tenant.to_string(), directory.profile.as_str())
    };
    let seen = all.into_iter().map(|named| named.directory).filter(is_seen);
    Ok(seen.map(|directory| directory.id).collect())
}

async fn in_words(context: &Context, policy: Option<&ReleasePolicy>) -> Result<Words, Error> {
    let Some(policy) = policy else {
        return Ok(Words::default());
    };
    let list = |set: &Option<BTreeSet<String>>| set.as_ref().map(|set| set.iter().cloned().collect());
    let mut words = Words {
        tenants: None,
        profiles: list(&policy.scope.profiles),
        attributes: list(&policy.attributes),
        fields: list(&policy.fields),
    };
    if let Some(ids) = &policy.scope.tenants {
        let all = crate::tenants::list::execute(context).await?;
        let named = all.iter().filter(|tenant| ids.contains(&tenant.id.to_string()));
        words.tenants = Some(named.map(|tenant| tenant.name.to_string()).collect());
    }
    Ok(words)
}
