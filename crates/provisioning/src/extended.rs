//! A cache of profiles that a directory has extended, compiled once for each text of an extension.
//!
//! The text is part of the token's record, so a change is in force from the next request on, on every instance. Must not
//! know: how the text is stored.

use std::sync::Arc;

use domain::id::DirectoryId;
use domain::profile::{Profile, ProfileError};
use moka::sync::Cache;

/// The capacity; beyond it the least used profile is dropped.
const MOST: u64 = 1_000;

/// The compiled profiles, by directory; cheap to clone, one for the process.
#[derive(Debug, Clone)]
pub struct Extended(Cache<DirectoryId, Compiled>);

#[derive(Debug, Clone)]
struct Compiled {
    base: Arc<Profile>,
    text: Arc<str>,
    profile: Arc<Profile>,
}

impl Default for Extended {
    fn default() -> Self {
        Self(Cache::new(MOST))
    }
}

impl Extended {
    /// The profile extended by this text. No lock is held while it compiles, because the cache is read before and written
    /// after: two requests at the same time may both compile it.
    ///
    /// # Errors
    /// [`ProfileError`] when the text does not fit the profile any more: a fault of the set-up.
    pub fn of(
        &self,
        directory: DirectoryId,
        base: &Arc<Profile>,
        text: &Arc<str>,
    ) -> Result<Arc<Profile>, ProfileError> {
        if let Some(found) = self.0.get(&directory)
            && Arc::ptr_eq(&found.base, base)
            && found.text == *text
        {
            return Ok(found.profile);
        }
        let profile = Arc::new(base.with_extension(text)?);
        let compiled = Compiled {
            base: Arc::clone(base),
            text: Arc::clone(text),
            profile: Arc::clone(&profile),
        };
        self.0.insert(directory, compiled);
        Ok(profile)
    }
}

#[cfg(test)]
mod tests {
    use domain::profile::{Profiles, SHIPPED};

    use super::*;

    #[test]
    fn a_text_is_compiled_once_and_anew_when_it_changes() {
        let profiles = Profiles::load(SHIPPED.iter().copied()).expect("what ships loads");
        let base = profiles.get("agents").expect("ships");
        let directory = DirectoryId::from_uuid(uuid::Uuid::from_u128(7));
        let text = |name: &str| -> Arc<str> {
            format!(
                "urn = 'urn:ietf:params:scim:schemas:extension:a:2.0:User'\n[[attribute]]\nname = '{name}'\ntype = 'string'\n"
            )
            .into()
        };
        let extended = Extended::default();
        let first = extended.of(directory, base, &text("tenure")).expect("fits");
        let again = extended.of(directory, base, &text("tenure")).expect("fits");
        assert!(Arc::ptr_eq(&first, &again));
        let other = extended.of(directory, base, &text("skill")).expect("fits");
        assert!(
            other
                .resource_type
                .parse_path("skill")
                .is_ok_and(|path| other.resource_type.find(&path).is_some())
        );
        assert!(extended.of(directory, base, &"urn = 'x'".into()).is_err());
    }
}
