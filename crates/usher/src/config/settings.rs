//! The settings as they are written, typed: one struct a section, default and bounds beside each field, the meaning in its
//! doc comment, from which `keys` makes the page.

use std::path::PathBuf;

use domain::environment::Environment;
use schemars::JsonSchema;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use super::admin::Admin;
use super::audit::Audit;
use super::database::Database;
use super::events::Events;
use super::graph::Graph;
use super::http::Http;
use super::log::Log;
use super::notices::Notices;
use super::oauth::Oauth;
use super::redis::Redis;
use super::rules::word;
use super::telemetry::Telemetry;

/// Everything that can be set.
#[derive(Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `test` or `production`: part of every token, event and stream name; the two never mix
    #[serde(deserialize_with = "environment")]
    #[schemars(with = "String")]
    #[default(Environment::Test)]
    pub environment: Environment,
    /// folder of the embedded SQLite database; made when absent
    #[default("usher-data".into())]
    pub data_dir: PathBuf,
    /// folder with profile files (`*.toml`) beside the shipped ones; a file of the same profile name replaces what ships
    #[serde(deserialize_with = "folder")]
    pub profiles_dir: Option<PathBuf>,
    /// Listening.
    pub http: Http,
    /// The database.
    pub database: Database,
    /// The admin API.
    pub admin: Admin,
    /// The Redis queue.
    pub redis: Redis,
    /// Events.
    pub events: Events,
    /// Who is told of what needs a person.
    pub notices: Notices,
    /// OAuth clients with an identity of Entra's.
    pub oauth: Oauth,
    /// Microsoft Graph.
    pub graph: Graph,
    /// Checkpoints of the audit log.
    pub audit: Audit,
    /// Logging.
    pub log: Log,
    /// OTLP.
    pub telemetry: Telemetry,
}

fn environment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Environment, D::Error> {
    word(deserializer, "must be \"test\" or \"production\"")
}

fn folder<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    let path = PathBuf::deserialize(deserializer)?;
    if path.is_dir() {
        return Ok(Some(path));
    }
    let rule = format!("{} is not a folder that can be read", path.display());
    Err(D::Error::custom(rule))
}
