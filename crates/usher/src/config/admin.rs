//! The admin API.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use super::rules::{number, yes_or_no};
use super::values::{ConfigError, Values, contradiction};

/// The section as it is written.
#[derive(Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// whether `http.listen` serves the admin API (`/admin/v1`), too; `http.admin_listen` always does. Whoever reaches that address
    /// may then try API keys there
    #[serde(deserialize_with = "yes_or_no")]
    pub public: bool,
    /// the address of the same PostgreSQL database with the role `usher_admin`, for what the admin API changes; without it, those
    /// requests are refused where the server's own role may not do it (`docs/how-to/use-the-admin-api.md`). SQLite needs none
    pub database_url: Option<String>,
    /// a file that holds `admin.database_url`, for passwords
    pub database_url_file: Option<PathBuf>,
    /// connections at most for `admin.database_url`
    #[serde(deserialize_with = "number::<1, 100, _, _>")]
    #[default(4)]
    pub max_connections: u32,
}

impl Admin {
    /// The database of the admin API; `None` when it works with the server's own. `main` is the address of that one.
    ///
    /// # Errors
    /// An address of another kind of database than PostgreSQL, or a file that cannot be read.
    pub fn database(
        &self,
        values: &Values,
        main: &store::Settings,
    ) -> Result<Option<store::Settings>, ConfigError> {
        let secret = values.secret(
            "admin.database_url",
            self.database_url.as_ref(),
            self.database_url_file.as_deref(),
        )?;
        let Some(url) = secret.map(|url| url.trim().to_owned()) else {
            return Ok(None);
        };
        let is_postgres = |url: &str| url.starts_with("postgres://") || url.starts_with("postgresql://");
        if !is_postgres(&url) {
            return Err(values.wrong(
                "admin.database_url",
                "must begin with postgres://; SQLite has one role, and needs no second address",
            ));
        }
        if !is_postgres(&main.url) {
            return Err(contradiction(
                "admin.database_url",
                "database.url",
                "the admin API changes the same database that is served; leave admin.database_url out with SQLite",
            ));
        }
        Ok(Some(store::Settings {
            url,
            max_connections: self.max_connections,
            acquire_timeout: main.acquire_timeout,
        }))
    }
}
