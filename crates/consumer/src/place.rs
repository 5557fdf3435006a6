//! Where a consumer stands in its feed.

use std::fmt;

/// A position and the epoch that it belongs to (ADR 0039). The app stores both, in the transaction of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The feed's epoch, as the gateway writes it. Positions of different epochs are not compared.
    pub epoch: String,
    /// The last position whose effect is stored; of a shared group, that of its last snapshot.
    pub position: u64,
}

impl Place {
    /// Another position of the same epoch.
    pub fn at(&self, position: u64) -> Self {
        Self {
            epoch: self.epoch.clone(),
            position,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {} of epoch {}", self.position, self.epoch)
    }
}
