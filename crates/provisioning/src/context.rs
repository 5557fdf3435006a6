//! What every operation is given.

use std::sync::Arc;

use domain::clock::{Clock, Ids};
use domain::credential::Caller;
use domain::environment::Environment;
use domain::profile::{Profile, Profiles};
use store::Store;

use crate::error::Error;

/// The things an operation works with; cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Arc<dyn Ids>,
    /// The deployment's environment.
    pub environment: Environment,
    /// The deployment's profiles.
    pub profiles: Arc<Profiles>,
}

impl Context {
    /// The profile of the caller's directory.
    ///
    /// # Errors
    /// [`Error::ProfileMissing`]: our fault (a profile file was taken away), never the client's.
    pub fn profile(&self, caller: &Caller) -> Result<Arc<Profile>, Error> {
        let name = &caller.directory.profile;
        self.profiles
            .get(name)
            .cloned()
            .ok_or_else(|| Error::ProfileMissing(name.clone()))
    }
}
