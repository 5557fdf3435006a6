//! What this deployment is: environment, folders.

use std::path::PathBuf;

use domain::environment::Environment;

use super::values::{ConfigError, Key, Values};

/// The keys of this section.
pub const KEYS: &[Key] = &[
    Key {
        name: "environment",
        default: "\"test\"",
        meaning: "`test` or `production`: part of every token, event and stream name; the two never mix",
    },
    Key {
        name: "data_dir",
        default: "\"usher-data\"",
        meaning: "folder of the embedded SQLite database; made when absent",
    },
    Key {
        name: "profiles_dir",
        default: "",
        meaning: "folder with profile files (`*.toml`) beside the shipped ones; a file of the same profile name replaces what ships",
    },
];

/// The settings.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Test or production.
    pub environment: Environment,
    /// Folder of the embedded database.
    pub data_dir: PathBuf,
    /// Folder of more profiles.
    pub profiles_dir: Option<PathBuf>,
}

impl Deployment {
    /// Reads the section.
    ///
    /// # Errors
    /// An environment that is neither of the two, or a folder that is none.
    pub fn read(values: &Values) -> Result<Self, ConfigError> {
        let environment = match values.text("environment").as_deref() {
            None | Some("test") => Environment::Test,
            Some("production") => Environment::Production,
            Some(_) => return Err(values.wrong("environment", "must be \"test\" or \"production\"")),
        };
        let profiles_dir = values.text("profiles_dir").map(PathBuf::from);
        if let Some(dir) = profiles_dir.as_ref().filter(|dir| !dir.is_dir()) {
            return Err(values.wrong(
                "profiles_dir",
                format!("{} is not a folder that can be read", dir.display()),
            ));
        }
        let data_dir = PathBuf::from(values.text("data_dir").unwrap_or_else(|| "usher-data".to_owned()));
        Ok(Self {
            environment,
            data_dir,
            profiles_dir,
        })
    }
}
