//! The dependencies of every operation.

use std::sync::Arc;

use domain::clock::{Clock, Ids};
use domain::credential::{Caller, CredentialStatus};
use domain::environment::Environment;
use domain::profile::{Profile, Profiles};
use domain::tenant::{Directory, Serving};
use store::Store;

use crate::error::Error;
use crate::extended::Extended;

/// The dependencies of an operation; cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub store: Store,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The source of new identifiers.
    pub ids: Arc<dyn Ids>,
    /// The environment of the deployment; part of every event.
    pub environment: Environment,
    /// The profiles of the deployment, by name.
    pub profiles: Arc<Profiles>,
    /// The cache of profiles with a directory's own extension.
    pub extended: Extended,
}

impl Context {
    /// The profile of the caller's directory, with the directory's own extension where it has one.
    ///
    /// # Errors
    /// [`Error::ProfileMissing`], [`Error::ExtensionUnusable`]: a fault of the set-up (a profile file was removed or changed), never
    /// of the client.
    pub fn profile(&self, caller: &Caller) -> Result<Arc<Profile>, Error> {
        self.profile_of(&caller.directory)
    }

    /// The profile of a directory, as [`Context::profile`].
    ///
    /// # Errors
    /// As [`Context::profile`].
    pub fn profile_of(&self, directory: &Directory) -> Result<Arc<Profile>, Error> {
        let name = &directory.profile;
        let found = self.profiles.get(name.as_str());
        let profile = found.ok_or_else(|| Error::ProfileMissing(name.clone()))?;
        match &directory.extension {
            None => Ok(Arc::clone(profile)),
            Some(text) => {
                let extended = self.extended.of(directory.id, profile, text);
                extended.map_err(Error::ExtensionUnusable)
            }
        }
    }

    /// Checks that the credential of a caller is still valid and its directory still served.
    ///
    /// # Errors
    /// [`Error::CredentialEnded`], [`Error::Frozen`], [`Error::DirectoryOff`], or the database failed.
    pub async fn check_still_admitted(&self, caller: &Caller) -> Result<(), Error> {
        let record = self.store.token_record(caller.token_id).await?;
        let standing = record.map(|record| {
            let same = record.directory.id == caller.directory.id;
            let active = record.token.status(self.clock.now()) == CredentialStatus::Active;
            (same && active, record.serving())
        });
        match standing {
            Some((true, Serving::Yes)) => Ok(()),
            Some((true, Serving::Frozen)) => Err(Error::Frozen),
            Some((true, Serving::Off)) => Err(Error::DirectoryOff),
            Some((false, _)) | None => Err(Error::CredentialEnded),
        }
    }
}
