//! A person or room that an operator found.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::people::Person;

/// A person or room, by what it can be recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Person")]
pub struct PersonView {
    /// The name of the tenant.
    pub tenant: String,
    /// The profile of the directory.
    pub profile: String,
    /// Its id: `idn_…`.
    pub id: String,
    /// `userName`, masked.
    pub user_name: String,
    /// `externalId`, masked.
    pub external_id: Option<String>,
    /// The address of type `work`, masked.
    pub mail: Option<String>,
    /// When it last changed.
    pub modified_at: DateTime<Utc>,
}

impl From<&Person> for PersonView {
    fn from(person: &Person) -> Self {
        let found = &person.found;
        Self {
            tenant: person.tenant.clone(),
            profile: found.profile.to_string(),
            id: found.id.to_string(),
            user_name: found.user_name.clone(),
            external_id: found.external_id.clone(),
            mail: found.mail.clone(),
            modified_at: found.modified_at,
        }
    }
}
