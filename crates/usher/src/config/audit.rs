//! Checkpoints of the audit log, which are kept outside the database.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{ConfigError, contradiction};

/// The section.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Audit {
    /// file with the Ed25519 key that signs checkpoints of the audit log; `usher audit keygen FILE` makes one
    pub signing_key_file: Option<PathBuf>,
    /// file that checkpoints are appended to, on another disk or machine than the database
    pub anchor_file: Option<PathBuf>,
}

impl Audit {
    /// A key signs nothing that is kept nowhere, and a file is signed by a key.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.signing_key_file.is_some() == self.anchor_file.is_some() {
            return Ok(());
        }
        Err(contradiction(
            "audit.signing_key_file",
            "audit.anchor_file",
            "checkpoints need both, the key that signs them and the file that keeps them; set the other one too, or neither",
        ))
    }
}
