//! Configuration: `usher.toml` < `USHER__SECTION__KEY`, one file a section.
//!
//! The only place that reads the environment. A setting that is unknown or contradicts another one stops the start with an error
//! that names the key; nothing is guessed. Reading order: `settings` (all of them, typed), a section such as `http`, `values`
//! (file and environment), `keys` and `show` (the page and `usher check-config`).

mod admin;
pub mod audit;
mod database;
mod events;
mod graph;
pub mod http;
mod keys;
pub mod log;
mod mask;
mod notices;
mod oauth;
mod redis;
mod rules;
mod settings;
mod show;
mod telemetry;
mod values;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ::events::RedisSettings;
use domain::environment::Environment;
use domain::key_hosts::KeyHosts;

use settings::Settings;
use show::lines;
pub use show::{Line, reference};
pub use values::{ConfigError, variable};
use values::{Values, contradiction};

/// The file that is read without `--config`.
pub const DEFAULT_FILE: &str = "usher.toml";

/// The settings as the program uses them.
#[derive(Debug, Clone)]
pub struct Config {
    /// Part of every token, event and stream name.
    pub environment: Environment,
    /// Whether the file or a variable says so; otherwise it is the default.
    pub is_environment_given: bool,
    /// Folder of profiles beside the shipped ones.
    pub profiles_dir: Option<PathBuf>,
    /// Listening.
    pub http: http::Http,
    /// The database.
    pub database: store::Settings,
    /// The database with the role for operators, for the admin API; `None` when it works with the server's own.
    pub admin_database: Option<store::Settings>,
    /// Whether the public listener serves the admin API, too.
    pub is_admin_public: bool,
    /// The Redis queue; `None` leaves the feeds readable over HTTP only.
    pub redis: Option<RedisSettings>,
    /// Events.
    pub events: events::Events,
    /// Who is told of what needs a person.
    pub notices: notices::Channels,
    /// The hosts that keys of other issuers may be read from.
    pub key_hosts: Arc<KeyHosts>,
    /// What new tokens are written into customers' Entra apps with.
    pub graph: graph::GraphSettings,
    /// Checkpoints of the audit log.
    pub audit: audit::Audit,
    /// Logging.
    pub log: log::Log,
    /// OTLP.
    pub telemetry: telemetry::Telemetry,
    /// Every setting with its effective value and origin, secrets masked.
    pub lines: Vec<Line>,
}

impl Config {
    /// Reads `file`, or else `usher.toml` in the working directory if there is one, and the environment.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, its origin, the rule and what to do.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::read(&values(file)?)
    }

    /// As [`Self::load`], for `usher migrate`: it serves nobody, so production needs no public address for it.
    ///
    /// # Errors
    /// [`ConfigError`], as above.
    pub fn load_for_migration(file: Option<&Path>) -> Result<Self, ConfigError> {
        Self::read_for_migration(&values(file)?)
    }

    fn read(values: &Values) -> Result<Self, ConfigError> {
        let config = Self::read_for_migration(values)?;
        config.check_public_address()?;
        Ok(config)
    }

    fn read_for_migration(values: &Values) -> Result<Self, ConfigError> {
        let mut settings: Settings = values.typed()?;
        if settings.http.workers == 0 {
            settings.http.workers = std::thread::available_parallelism().map_or(1, usize::from);
        }
        let database = store::Settings {
            url: settings.database.address(values, &settings.data_dir)?,
            max_connections: settings.database.max_connections,
            acquire_timeout: Duration::from_secs(settings.database.acquire_timeout_seconds),
        };
        let lines = lines(values, &settings)?;
        settings.telemetry.otlp_endpoint = settings.telemetry.collector(values)?;
        let config = Self {
            environment: settings.environment,
            is_environment_given: values.origin("environment").is_some(),
            profiles_dir: settings.profiles_dir,
            http: settings.http,
            admin_database: settings.admin.database(values, &database)?,
            is_admin_public: settings.admin.public,
            database,
            redis: settings.redis.settings(values)?,
            events: settings.events,
            notices: settings.notices.channels(values)?,
            key_hosts: Arc::new(settings.oauth.hosts()),
            graph: settings.graph.settings(values)?,
            audit: settings.audit,
            log: settings.log,
            telemetry: settings.telemetry,
            lines,
        };
        config.check()?;
        Ok(config)
    }

    /// What is usable and probably a mistake; shown at the start and by `usher check-config`.
    pub fn warnings(&self) -> Vec<String> {
        let uncounted = self.http.has_uncounted_proxy();
        let warning = uncounted.then(|| uncounted_proxy().to_string());
        warning.into_iter().collect()
    }

    /// Settings that do not go together.
    fn check(&self) -> Result<(), ConfigError> {
        self.audit.check()?;
        let http = &self.http;
        if http.listen == http.admin_listen && http.listen.port() != 0 {
            return Err(contradiction(
                "http.listen",
                "http.admin_listen",
                "each needs an address of its own; give one of them another port",
            ));
        }
        Ok(())
    }

    /// What production needs to serve, and commands need to print addresses.
    fn check_public_address(&self) -> Result<(), ConfigError> {
        let http = &self.http;
        if self.environment != Environment::Production {
            return Ok(());
        }
        let Some(url) = &http.public_url else {
            return Err(ConfigError(
                "http.public_url: production needs the address that customers see, because what a request says of its own \
                 address (Host) is not to be trusted; set it, e.g. http.public_url = \"https://scim.example.com\" or \
                 USHER__HTTP__PUBLIC_URL"
                    .to_owned(),
            ));
        };
        if http.has_uncounted_proxy() {
            return Err(uncounted_proxy());
        }
        if url.starts_with("http://") && !http::is_loopback(url) {
            return Err(contradiction(
                "environment",
                "http.public_url",
                "production needs an https:// address, because Entra sends its token to no other; put a TLS proxy in front and name its address",
            ));
        }
        Ok(())
    }
}

/// The file, or else `usher.toml` in the working directory if there is one, and the environment.
fn values(file: Option<&Path>) -> Result<Values, ConfigError> {
    let default = PathBuf::from(DEFAULT_FILE);
    let file = file.or_else(|| default.is_file().then_some(default.as_path()));
    Values::load(file)
}

fn uncounted_proxy() -> ConfigError {
    contradiction(
        "http.public_url",
        "http.proxy_hops",
        "an https:// address means that a proxy stands in front, and with proxy_hops = 0 everybody behind it counts as one \
         client; set http.proxy_hops to the number of proxies that write X-Forwarded-For, usually 1",
    )
}

#[cfg(test)]
mod tests;
