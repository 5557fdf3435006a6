//! What an app may see (ADR 0050): tenants, profiles, attributes and fields of the record. Pure.
//!
//! [`Release::tells`] decides whether an event gets a position in the app's feed, [`Release::cut`] what of an event's or a snapshot
//! entry's text is given out. Both go by the same paths, so events and snapshots agree. Never cut: ids, `sequence`, `active`, what
//! names the tenant and the directory, and a group's `displayName` and `memberCount`. Must not know: databases, feeds, profiles' files.

mod cut;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::cut::Paths;
use crate::profile::Profile;

/// The tenants and profiles whose directories an app sees: those of both sets. `None` means every one, also of later.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// Ids of tenants, `tn_…`.
    pub tenants: Option<BTreeSet<String>>,
    /// Names of profiles.
    pub profiles: Option<BTreeSet<String>>,
}

impl Scope {
    /// Whether a directory is seen.
    pub fn sees(&self, tenant: &str, profile: &str) -> bool {
        let has =
            |set: &Option<BTreeSet<String>>, one: &str| set.as_ref().is_none_or(|set| set.contains(one));
        has(&self.tenants, tenant) && has(&self.profiles, profile)
    }
}

/// The attributes of one profile that are released.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Released {
    /// SCIM paths.
    pub paths: BTreeSet<String>,
    /// Names of the record.
    pub fields: BTreeSet<String>,
}

/// An app's policy, as an operator set it. The default releases everything.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleasePolicy {
    /// The directories.
    #[serde(flatten)]
    pub scope: Scope,
    /// SCIM paths that are released; with [`ReleasePolicy::fields`], `None` of both releases every attribute.
    pub attributes: Option<BTreeSet<String>>,
    /// Names of the record that are released, and with them the attributes behind them.
    pub fields: Option<BTreeSet<String>>,
    /// What both come to, by the name of the profile. A profile that is not here releases what is never cut.
    pub released: Option<BTreeMap<String, Released>>,
}

/// A name that no profile has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownName {
    /// No profile has an attribute at this path.
    Attribute(String),
    /// No profile's record has a field of this name.
    Field(String),
}

impl ReleasePolicy {
    /// The policy with [`ReleasePolicy::released`] worked out from the profiles of the deployment and those of its directories,
    /// which may have attributes of their own.
    ///
    /// # Errors
    /// The first name that none of them has.
    pub fn resolved<'p>(
        mut self,
        profiles: impl Iterator<Item = &'p Profile> + Clone,
    ) -> Result<Self, UnknownName> {
        if self.attributes.is_none() && self.fields.is_none() {
            self.released = None;
            return Ok(self);
        }
        let (attributes, fields) = (
            self.attributes.clone().unwrap_or_default(),
            self.fields.clone().unwrap_or_default(),
        );
        for path in &attributes {
            let known = |profile: &Profile| cut::is_known(profile, path);
            if !profiles.clone().any(known) {
                return Err(UnknownName::Attribute(path.clone()));
            }
        }
        let has = |profile: &Profile, name: &str| {
            let mut records = profile
                .attributes
                .iter()
                .filter_map(|attribute| attribute.record.as_deref());
            records.any(|record| record == name)
        };
        if let Some(unknown) = fields
            .iter()
            .find(|name| !profiles.clone().any(|profile| has(profile, name)))
        {
            return Err(UnknownName::Field(unknown.clone()));
        }
        let mut released: BTreeMap<String, Released> = BTreeMap::new();
        for profile in profiles {
            let one = released.entry(profile.name.to_string()).or_default();
            one.paths
                .extend(attributes.iter().map(|path| cut::canonical(profile, path)));
            for attribute in &profile.attributes {
                let Some(name) = &attribute.record else { continue };
                if fields.contains(name) {
                    one.paths.insert(attribute.path.clone());
                }
            }
            let paths = Paths::of(&one.paths);
            for attribute in &profile.attributes {
                let Some(name) = &attribute.record else { continue };
                if attribute.path.eq_ignore_ascii_case("active") || paths.covers(&attribute.target) {
                    one.fields.insert(name.clone());
                }
            }
        }
        self.released = Some(released);
        Ok(self)
    }
}

/// What an app may see now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Release {
    /// Counts the app's policies; 0 before there was one.
    pub revision: i64,
    /// `None` releases everything.
    pub policy: Option<ReleasePolicy>,
    /// The scopes before, while the app has not yet been told of all that has come and gone by the change.
    pub before: Vec<Scope>,
}

/// What an app is told about an identity or a group when its policy changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// It is there, from now on.
    Added,
    /// The app sees it no longer.
    Removed,
}

impl Release {
    /// Whether a directory is seen.
    pub fn sees(&self, tenant: &str, profile: &str) -> bool {
        self.policy
            .as_ref()
            .is_none_or(|policy| policy.scope.sees(tenant, profile))
    }

    /// What the app is told of a directory's identities and groups after its policy changed. After several changes in a row nobody
    /// knows how far it was told of each, and a repetition does no harm.
    pub fn moved(&self, tenant: &str, profile: &str) -> Option<Move> {
        let mut before = self.before.iter().map(|scope| scope.sees(tenant, profile));
        if self.sees(tenant, profile) {
            before.any(|saw| !saw).then_some(Move::Added)
        } else {
            before.any(|saw| saw).then_some(Move::Removed)
        }
    }

    /// Whether a committed event gets a position in the app's feed. `source` is the event's, `urn:usher:{environment}:{tenant}:{profile}:{id}`.
    ///
    /// A deletion of what the app may still have is told although it sees it no longer: nothing would be left to tell it by.
    pub fn tells(&self, event_type: &str, source: &str, body: &str) -> bool {
        let Some(policy) = &self.policy else { return true };
        let Some((tenant, profile)) = place(source) else {
            return false;
        };
        if !policy.scope.sees(tenant, profile) {
            return event_type.ends_with(".deleted.v1")
                && self.before.iter().any(|scope| scope.sees(tenant, profile));
        }
        let Some(released) = &policy.released else {
            return true;
        };
        if !event_type.ends_with(".updated.v1") {
            return true;
        }
        let Some(paths) = released.get(profile) else {
            return false;
        };
        let event: Value = serde_json::from_str(body).unwrap_or_default();
        let paths = Paths::of(&paths.paths).also_group_name(event_type);
        let changes = event.get("data").and_then(|data| cut::changes(&paths, data));
        changes.is_some_and(|changes| !changes.is_empty())
    }

    /// An event's or a snapshot entry's text as the app gets it, and its type if that is another one.
    ///
    /// What the app sees no longer, and what cannot be read, becomes `removed` with ids only.
    pub fn cut(&self, body: String) -> (String, Option<String>) {
        let Some(policy) = &self.policy else {
            return (body, None);
        };
        let Ok(mut event) = serde_json::from_str::<Value>(&body) else {
            return ("{}".to_owned(), None);
        };
        let text = |name: &str| {
            event
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (tenant, profile, event_type) = (text("tenantid"), text("profile"), text("type"));
        if !policy.scope.sees(&tenant, &profile) {
            if event_type.ends_with(".removed.v1") {
                return (body, None);
            }
            let removed = cut::removed(&mut event, self.revision);
            return (event.to_string(), Some(removed));
        }
        let Some(released) = &policy.released else {
            return (body, None);
        };
        let nothing = Released::default();
        let released = released.get(&profile).unwrap_or(&nothing);
        let paths = Paths::of(&released.paths).also_group_name(&event_type);
        if let Some(data) = event.get_mut("data") {
            cut::data(&paths, &released.fields, &event_type, data);
        }
        (event.to_string(), None)
    }
}

/// The tenant and the profile of an event's `source`.
fn place(source: &str) -> Option<(&str, &str)> {
    let mut parts = source.split(':').skip(3);
    Some((parts.next()?, parts.next()?))
}

#[cfg(test)]
mod tests;
