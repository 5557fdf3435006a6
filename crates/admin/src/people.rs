//! A person or room whose tenant is not known: found by exactly one key, shown masked, and noted.

use domain::audit::{Action, Chain, Target};
use domain::log::masked;
use store::{FoundPerson, PersonKey};

use crate::{Context, Error};

/// The most that one search gives: a key that more people share is no key.
pub const MOST: usize = 100;

/// A person that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name of the tenant.
    pub tenant: String,
    /// What was found, with `userName`, `externalId` and mail masked.
    pub found: FoundPerson,
}

/// The persons and rooms of any tenant with this key, at most [`MOST`]. That somebody looked, by what and how many were found is
/// written to the platform's audit log before it is answered; the value is not.
///
/// # Errors
/// [`Error::Store`].
pub async fn find(context: &Context, key: &PersonKey) -> Result<Vec<Person>, Error> {
    let found = context.store.people(key, MOST).await?;
    let by = match key {
        PersonKey::ExternalId(_) => "externalId",
        PersonKey::UserName(_) => "userName",
        PersonKey::Mail(_) => "mail",
    };
    let entry = context
        .audit(Chain::Platform, Action::PersonFind, Target::Deployment)
        .with("by", by)
        .with("found", found.len());
    context.store.note_audit(&entry).await?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let names = context.tenant_names().await?;
    let person = |found: FoundPerson| Person {
        tenant: names.get(&found.tenant).cloned().unwrap_or_default(),
        found: FoundPerson {
            user_name: masked(&found.user_name),
            external_id: found.external_id.as_deref().map(masked),
            mail: found.mail.as_deref().map(masked),
            ..found
        },
    };
    Ok(found.into_iter().map(person).collect())
}
