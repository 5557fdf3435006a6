//! A profile: the attributes of a directory's identities and their rules, from a TOML file.
//!
//! Read next: `profiles/advisors.toml`, a shipped example; [`crate::policy`], the checks of `required`.

mod extension;
mod file;
mod page;
mod required;

pub use page::reference;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use scim::path::ValuePath;
use scim::resource::Resource;
use scim::schema::ResourceType;
use serde::ser::SerializeMap as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use crate::id::IdentityId;
use crate::identity::ExternalId;
use crate::tenant::{Slug, SlugError};

/// The profiles that ship with Usher: `(file name, text)`.
pub const SHIPPED: &[(&str, &str)] = &[
    ("advisors.toml", include_str!("../profiles/advisors.toml")),
    ("agents.toml", include_str!("../profiles/agents.toml")),
    ("employees.toml", include_str!("../profiles/employees.toml")),
    ("learners.toml", include_str!("../profiles/learners.toml")),
    ("members.toml", include_str!("../profiles/members.toml")),
    ("people.toml", include_str!("../profiles/people.toml")),
    ("rooms.toml", include_str!("../profiles/rooms.toml")),
];

/// Path segments of Usher's own routes.
const RESERVED: &[&str] = &[
    "scim",
    "t",
    "feeds",
    "health",
    "metrics",
    "oauth",
    "admin",
    "console",
    "provisioning",
    "schemas",
];

/// The name of a profile, and the path segment of its directories: a [`Slug`] that no other route has.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ProfileName(String);

/// A text that is no [`ProfileName`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileNameError {
    /// Not usable in a URL.
    #[error(transparent)]
    Slug(#[from] SlugError),
    /// A path of the gateway's own.
    #[error("{0:?} is a path Usher itself answers; choose another")]
    Reserved(String),
}

impl ProfileName {
    /// The name as text.
    pub const fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl FromStr for ProfileName {
    type Err = ProfileNameError;

    fn from_str(text: &str) -> Result<Self, ProfileNameError> {
        let name = text.parse::<Slug>()?.to_string();
        if RESERVED.contains(&text) {
            return Err(ProfileNameError::Reserved(name));
        }
        Ok(Self(name))
    }
}

impl fmt::Display for ProfileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Borrow<str> for ProfileName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// The kind of a directory's identities.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResourceKind {
    /// People.
    Person,
    /// Rooms, which Entra sends as users.
    Room,
}

/// The rule for attributes that the profile does not name (ADR 0007).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UnknownAttributes {
    /// Dropped, and named in the provisioning log.
    Drop,
    /// Refused with a 400 that names them.
    Reject,
}

/// One attribute of a profile: a line of the customer's mapping table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileAttribute {
    /// The SCIM path as Entra writes it, e.g. `addresses[type eq "work"].formatted`.
    pub path: String,
    /// The parsed path.
    pub target: ValuePath,
    /// Whether the path names a whole list.
    pub is_list: bool,
    /// The Entra source attribute or expression the guide maps to it; named in error texts.
    pub entra: String,
    /// Its plain name in the event's record (`office`), when it is released there.
    pub record: Option<String>,
    /// Whether a document without it is refused.
    pub required: bool,
    /// Whether the customer's Entra manages it, so that downstream products lock it.
    pub managed: bool,
}

/// The attributes of a directory's identities and their rules.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Its name and path segment: `advisors`.
    pub name: ProfileName,
    /// Its title: `Advisors`.
    pub title: String,
    /// The kind of its identities.
    pub thing: ResourceKind,
    /// The attribute that downstream systems correlate by; unique in a directory.
    pub key: String,
    /// The rule for attributes that it does not name.
    pub unknown_attributes: UnknownAttributes,
    /// Its attributes, in the order of the guide.
    pub attributes: Vec<ProfileAttribute>,
    /// The SCIM resource type of its identities: User, narrowed to the attributes above.
    pub resource_type: ResourceType,
    /// The SCIM resource type of its groups (RFC 7643 §4.2), if it has groups.
    pub group_type: Option<ResourceType>,
}

impl Profile {
    /// The flat fields of an identity by their plain names: `office`, not `addresses[type eq "work"].formatted`.
    /// A field without a value is `null`, so that a consumer sees a cleared value; `active` is true where it is absent.
    pub const fn record<'a>(&'a self, id: IdentityId, resource: &'a Resource) -> Record<'a> {
        Record {
            profile: self,
            id,
            resource,
        }
    }

    /// The role of `externalId` in its directories.
    pub fn external_id(&self) -> ExternalId {
        if self.key.eq_ignore_ascii_case("externalId") {
            ExternalId::IsKey
        } else {
            ExternalId::IsFree
        }
    }

    /// The paths that the customer's Entra manages, so that downstream products lock them.
    pub fn managed_attributes(&self) -> Vec<&str> {
        let managed = self.attributes.iter().filter(|attribute| attribute.managed);
        managed.map(|attribute| attribute.path.as_str()).collect()
    }
}

/// The result of [`Profile::record`]; serializes as an object.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    profile: &'a Profile,
    id: IdentityId,
    resource: &'a Resource,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_map(None)?;
        record.serialize_entry("id", &self.id)?;
        for attribute in &self.profile.attributes {
            let Some(name) = &attribute.record else { continue };
            if attribute.path.eq_ignore_ascii_case("active") {
                record.serialize_entry(name, &self.resource.active())?;
                continue;
            }
            let values = self.resource.values_at(&attribute.target);
            let mut values = values.into_iter().map(flat).peekable();
            if attribute.is_list && values.peek().is_some() {
                record.serialize_entry(name, &values.collect::<Vec<_>>())?;
            } else {
                record.serialize_entry(name, &values.next())?;
            }
        }
        record.end()
    }
}

/// The `value` of a reference (`manager`); any other value unchanged.
fn flat(value: &Value) -> &Value {
    value.get("value").unwrap_or(value)
}

/// An invalid profile file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("profile {file}: {problem}")]
pub struct ProfileError {
    /// The file's name.
    pub file: String,
    /// The line, the rule and the next step.
    pub problem: String,
}

/// The profiles of this deployment, by name.
#[derive(Debug, Clone, Default)]
pub struct Profiles(BTreeMap<ProfileName, Arc<Profile>>);

impl Profiles {
    /// Loads `(file name, text)` pairs; a later file of the same profile name replaces an earlier one, so that a
    /// deployment can override what ships.
    ///
    /// # Errors
    /// The first invalid file.
    pub fn load<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, ProfileError> {
        let mut profiles = BTreeMap::new();
        for (file, text) in files {
            let profile = Profile::parse(file, text)?;
            profiles.insert(profile.name.clone(), Arc::new(profile));
        }
        Ok(Self(profiles))
    }

    /// The profile of that name.
    pub fn get(&self, name: &str) -> Option<&Arc<Profile>> {
        self.0.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> Vec<&str> {
        self.0.keys().map(ProfileName::as_str).collect()
    }

    /// All profiles, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Profile>> {
        self.0.values()
    }
}

#[cfg(test)]
mod tests;
