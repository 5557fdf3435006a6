//! Which database.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use super::rules::number;
use super::values::{ConfigError, Values};

/// The section as it is written.
#[derive(Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite://path/usher.db` or `postgres://role:password@host/database`; without it, SQLite in `data_dir`. On PostgreSQL
    /// `serve`, `migrate` and operators' commands each take a role of their own (`docs/operations.md`)
    pub url: Option<String>,
    /// a file that holds `database.url`, for passwords
    pub url_file: Option<PathBuf>,
    /// connections at most; on SQLite readers beside the one writer, never more than 8
    #[serde(deserialize_with = "number::<1, 10_000, _, _>")]
    #[default(32)]
    pub max_connections: u32,
    /// seconds a request waits for a connection before it is answered 503
    #[serde(deserialize_with = "number::<1, 60, _, _>")]
    #[default(5)]
    pub acquire_timeout_seconds: u64,
}

impl Database {
    /// The address of the database, which may hold a password. Without one, SQLite in `data_dir` becomes the setting.
    ///
    /// # Errors
    /// An address of another kind of database, or a file that cannot be read.
    pub fn address(&mut self, values: &Values, data_dir: &Path) -> Result<String, ConfigError> {
        let secret = values.secret("database.url", self.url.as_ref(), self.url_file.as_deref())?;
        let url = secret.unwrap_or_else(|| {
            let embedded = format!("sqlite://{}", data_dir.join("usher.db").display());
            self.url.insert(embedded).clone()
        });
        let url = url.trim();
        if !["sqlite://", "postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(values.wrong("database.url", "must begin with sqlite:// or postgres://"));
        }
        Ok(url.to_owned())
    }
}
