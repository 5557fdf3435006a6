//! The source directory: the people and rooms a customer keeps in Entra, as one JSON file.
//!
//! Attribute names are Entra's own (`userPrincipalName`, `physicalDeliveryOfficeName`). Knows no SCIM. Next:
//! [`generate`] makes a directory, [`mutate`] changes it over time, `crate::mapping` reads it.

pub mod generate;
pub mod mutate;
pub mod names;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Which enterprise application a job belongs to: it decides the objects in scope and the default mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum App {
    /// People: the directory's `users`.
    Advisors,
    /// Resource mailboxes: the directory's `rooms`.
    Rooms,
    /// People and their groups: the directory's `users` and `groups`.
    People,
}

impl App {
    /// The word used on the command line, in files and in logs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Advisors => "advisors",
            Self::Rooms => "rooms",
            Self::People => "people",
        }
    }

    /// Whether the application has a mapping for groups.
    #[must_use]
    pub fn has_groups(self) -> bool {
        self == Self::People
    }
}

/// One user object of the directory; a room is a user object without `givenName` and `surname`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceObject {
    /// Entra's immutable id of the object (a GUID).
    pub object_id: String,
    /// Every other attribute under Entra's name; a missing or null one has no value.
    #[serde(flatten)]
    pub attributes: Map<String, Value>,
    /// False while an administrator blocks sign-in; counts as soft-deleted for provisioning.
    #[serde(default = "yes")]
    pub account_enabled: bool,
    /// True while the object is in the recycle bin. A purged object is no longer in the file at all.
    #[serde(default)]
    pub is_soft_deleted: bool,
    /// False when the object is not (or no longer) assigned to the enterprise application.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub assigned: bool,
}

fn yes() -> bool {
    true
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands a reference to skip_serializing_if"
)]
fn is_yes(value: &bool) -> bool {
    *value
}

impl SourceObject {
    /// Entra's `IsSoftDeleted`: in the recycle bin, blocked, or out of the application's scope.
    #[must_use]
    pub fn soft_deleted(&self) -> bool {
        self.is_soft_deleted || !self.account_enabled || !self.assigned
    }

    /// The value of a directory attribute as Entra's expressions see it; `None` when null or empty.
    /// `IsSoftDeleted` and other booleans are the strings `"True"` and `"False"`.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<String> {
        match name {
            "objectId" => Some(self.object_id.clone()),
            "IsSoftDeleted" => Some(truth(self.soft_deleted())),
            "accountEnabled" => Some(truth(self.account_enabled)),
            _ => match self.attributes.get(name)? {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Bool(value) => Some(truth(*value)),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            },
        }
    }

    /// `userPrincipalName`, or an empty string for an object that has none.
    #[must_use]
    pub fn user_principal_name(&self) -> &str {
        self.attributes
            .get("userPrincipalName")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    /// `displayName`, or an empty string.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.attributes
            .get("displayName")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// A boolean as Entra's expressions write it.
fn truth(value: bool) -> String {
    if value {
        "True".to_owned()
    } else {
        "False".to_owned()
    }
}

/// One security group of the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SourceGroup {
    /// Entra's immutable id of the group (a GUID).
    pub object_id: String,
    /// Its name; groups are matched by it.
    pub display_name: String,
    /// Its direct members, by object id: people, or nested groups.
    #[serde(default)]
    pub members: BTreeSet<String>,
    /// False when it is not (or no longer) assigned to the enterprise application.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub assigned: bool,
}

/// The content of a directory file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceDirectory {
    /// The verified domain of new user principal names.
    #[serde(default = "default_domain")]
    pub domain: String,
    /// The people, in the order of the file.
    #[serde(default)]
    pub users: Vec<SourceObject>,
    /// The rooms, which are resource mailboxes.
    #[serde(default)]
    pub rooms: Vec<SourceObject>,
    /// Security groups of people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<SourceGroup>,
}

fn default_domain() -> String {
    "contoso.example".to_owned()
}

impl SourceDirectory {
    /// Reads a directory file.
    ///
    /// # Errors
    /// When the file cannot be read or is not a directory; the message names the file.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read the source directory {}; make one with `entra-sim generate`",
                path.display()
            )
        })?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a source directory", path.display()))
    }

    /// Writes the directory, replacing the file as a whole.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        write_json(path, self)
    }

    /// The objects an application provisions.
    #[must_use]
    pub fn objects(&self, app: App) -> &[SourceObject] {
        match app {
            App::Advisors | App::People => &self.users,
            App::Rooms => &self.rooms,
        }
    }

    /// Finds an object of an application by object id or, in any case, by user principal name.
    #[must_use]
    pub fn find(&self, app: App, key: &str) -> Option<&SourceObject> {
        self.objects(app)
            .iter()
            .find(|o| o.object_id == key || o.user_principal_name().eq_ignore_ascii_case(key))
    }
}

/// Writes pretty JSON to a neighbour file and renames it over `path`, so that a reader never sees half a
/// file.
///
/// # Errors
/// If the value cannot be serialised or the file cannot be written.
pub fn write_json(path: &Path, value: &impl Serialize) -> anyhow::Result<()> {
    let mut text = serde_json::to_string_pretty(value)?;
    text.push('\n');
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, text).with_context(|| format!("cannot write {}", path.display()))?;
    std::fs::rename(&beside, path).with_context(|| format!("cannot replace {}", path.display()))
}
