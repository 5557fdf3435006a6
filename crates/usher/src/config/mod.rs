//! Configuration: `usher.toml` < `USHER__SECTION__KEY`, one file a section.
//!
//! The only place that reads the environment. What contradicts itself or is unknown refuses to start and says which key;
//! nothing is guessed. Reading order: `values` (finding settings), a section such as `http`, `show` (telling them).

pub mod database;
mod deployment;
pub mod events;
pub mod http;
pub mod log;
mod mask;
mod redis;
mod show;
pub mod telemetry;
pub mod values;

use std::path::{Path, PathBuf};

use ::events::RedisSettings;

pub use show::{Line, lines, reference};
pub use values::{ConfigError, variable};
use values::{Key, Values, contradiction};

/// The file that is read when nobody names one.
pub const DEFAULT_FILE: &str = "usher.toml";

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Config {
    /// Environment and folders.
    pub deployment: deployment::Deployment,
    /// Listening.
    pub http: http::Http,
    /// The database.
    pub database: database::Database,
    /// The Redis queue, if there is one.
    pub redis: Option<RedisSettings>,
    /// Events.
    pub events: events::Events,
    /// Logging.
    pub log: log::Log,
    /// OTLP.
    pub telemetry: telemetry::Telemetry,
    /// Every setting with its effective value and where it comes from, secrets masked.
    pub lines: Vec<Line>,
}

/// All keys, in the order of the page.
pub fn keys() -> Vec<Key> {
    [
        deployment::KEYS,
        http::KEYS,
        database::KEYS,
        redis::KEYS,
        events::KEYS,
        log::KEYS,
        telemetry::KEYS,
    ]
    .concat()
}

impl Config {
    /// Reads `file`, or `usher.toml` in the working directory when there is one, and the environment.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key, where it was said, the rule and what to do.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let default = PathBuf::from(DEFAULT_FILE);
        let file = file.or_else(|| default.is_file().then_some(default.as_path()));
        Self::read(&Values::load(file, &keys())?)
    }

    fn read(values: &Values) -> Result<Self, ConfigError> {
        let deployment = deployment::Deployment::read(values)?;
        let config = Self {
            http: http::Http::read(values)?,
            database: database::Database::read(values, &deployment.data_dir)?,
            redis: redis::read(values)?,
            events: events::Events::read(values)?,
            log: log::Log::read(values)?,
            telemetry: telemetry::Telemetry::read(values)?,
            lines: Vec::new(),
            deployment,
        };
        config.agrees()?;
        Ok(Self {
            lines: lines(values, &config),
            ..config
        })
    }

    /// What is usable and yet hardly meant; said at the start and by `usher check-config`.
    pub fn warnings(&self) -> Vec<String> {
        let uncounted = self.http.has_uncounted_proxy();
        let warning = uncounted.then(|| uncounted_proxy().to_string());
        warning.into_iter().collect()
    }

    /// What no section can see alone.
    fn agrees(&self) -> Result<(), ConfigError> {
        use domain::environment::Environment;
        if self.deployment.environment != Environment::Production {
            return Ok(());
        }
        let Some(url) = &self.http.public_url else {
            return Err(ConfigError(
                "http.public_url: production needs the address that customers see, because what a request says of its own \
                 address (Host) is not to be trusted; set it, e.g. http.public_url = \"https://scim.example.com\" or \
                 USHER__HTTP__PUBLIC_URL"
                    .to_owned(),
            ));
        };
        if self.http.has_uncounted_proxy() {
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
