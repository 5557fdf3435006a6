//! Settings as they were written: `usher.toml`, then `USHER__SECTION__KEY`, checked against the list of known keys.
//!
//! Must not know: what a setting means; `settings` and the sections do. Every error names the key, its origin, the rule and
//! the next step.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::keys::KEYS;

/// Where a setting was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingOrigin {
    /// The configuration file.
    File,
    /// An environment variable.
    Environment,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The settings that were written, as text by `section.key`: an environment variable has no types.
#[derive(Default)]
pub struct Values {
    written: BTreeMap<String, (String, SettingOrigin)>,
}

impl Values {
    /// Reads file and environment.
    ///
    /// # Errors
    /// A file that cannot be read or is no TOML, and unknown keys.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut values = Self::default();
        if let Some(path) = file {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError(format!("{name}: cannot be read: {error}")))?;
            values.add_file(&name, &text)?;
        }
        values.add_environment(std::env::vars_os())?;
        Ok(values)
    }

    pub(super) fn add_file(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let tree: Value = toml::from_str(text).map_err(|error| no_toml(name, text, &error))?;
        self.add_tree(&tree, "")
    }

    pub(super) fn add_environment(
        &mut self,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<(), ConfigError> {
        for (variable, text) in variables {
            let variable = variable.to_string_lossy().to_lowercase();
            let Some(name) = variable.strip_prefix("usher__") else {
                continue;
            };
            let name = name.replace("__", ".");
            let text = text.into_string().map_err(|_| {
                ConfigError(format!(
                    "environment variable {}: must be UTF-8",
                    self::variable(&name)
                ))
            })?;
            self.add(name, text, SettingOrigin::Environment)?;
        }
        Ok(())
    }

    fn add_tree(&mut self, tree: &Value, name: &str) -> Result<(), ConfigError> {
        match tree {
            Value::Object(fields) => fields.iter().try_for_each(|(field, value)| match name {
                "" => self.add_tree(value, field),
                _ => self.add_tree(value, &format!("{name}.{field}")),
            }),
            Value::String(text) => self.add(name.to_owned(), text.clone(), SettingOrigin::File),
            other => self.add(name.to_owned(), other.to_string(), SettingOrigin::File),
        }
    }

    fn add(&mut self, name: String, text: String, origin: SettingOrigin) -> Result<(), ConfigError> {
        if !KEYS.iter().any(|key| key.name == name) {
            return Err(unknown(&name, origin));
        }
        self.written.insert(name, (text, origin));
        Ok(())
    }

    /// The settings with their types and defaults.
    ///
    /// # Errors
    /// The first value that is against the rule of its key.
    pub fn typed<T: DeserializeOwned>(&self) -> Result<T, ConfigError> {
        let mut tree = Map::new();
        for (name, (text, _)) in &self.written {
            match name.split_once('.') {
                Some((section, key)) => tree.entry(section).or_insert_with(|| json!({}))[key] = json!(text),
                None => {
                    tree.insert(name.clone(), json!(text));
                }
            }
        }
        serde_path_to_error::deserialize(Value::Object(tree))
            .map_err(|error| self.wrong(&error.path().to_string(), error.inner()))
    }

    /// Where a setting was written; `None` means that the default holds.
    pub fn origin(&self, key: &str) -> Option<SettingOrigin> {
        self.written.get(key).map(|(_, origin)| *origin)
    }

    /// A secret: `direct` is the value of `key`, `file` that of `key_file`, the path of a file that holds it.
    ///
    /// # Errors
    /// Both are set (names the two), or the file cannot be read.
    pub fn secret(
        &self,
        key: &str,
        direct: Option<&String>,
        file: Option<&Path>,
    ) -> Result<Option<String>, ConfigError> {
        let file_key = format!("{key}_file");
        match (direct, file) {
            (Some(_), Some(_)) => Err(contradiction(
                key,
                &file_key,
                "say the secret in one of the two places only",
            )),
            (None, Some(path)) => read_secret(path)
                .map(Some)
                .map_err(|why| self.wrong(&file_key, why)),
            (direct, None) => Ok(direct.cloned()),
        }
    }

    /// An error about one setting.
    pub fn wrong(&self, key: &str, rule: impl Display) -> ConfigError {
        let origin = match self.origin(key) {
            Some(SettingOrigin::Environment) => format!(" (environment variable {})", variable(key)),
            Some(SettingOrigin::File) => " (configuration file)".to_owned(),
            None => String::new(),
        };
        ConfigError(format!("{key}{origin}: {rule}"))
    }
}

/// Two settings that cannot both hold.
pub fn contradiction(one: &str, other: &str, rule: &str) -> ConfigError {
    ConfigError(format!("{one} and {other} contradict each other: {rule}"))
}

/// The environment variable of a key.
pub fn variable(key: &str) -> String {
    format!("USHER__{}", key.to_ascii_uppercase().replace('.', "__"))
}

/// What is wrong with a file, and where; the parser's own text would show the line, which may hold a password.
fn no_toml(name: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map_or(1, |before| before.matches('\n').count() + 1);
    ConfigError(format!("{name}: line {line} is no TOML: {}", error.message()))
}

fn read_secret(path: &Path) -> Result<String, String> {
    if path.to_string_lossy().contains("://") {
        return Err("must be the path of a file that holds the address, not the address itself".to_owned());
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    // Editors and `echo` end a file with a newline that is no part of the secret.
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        Err(format!("{} is empty", path.display()))
    } else {
        Ok(secret.to_owned())
    }
}

fn unknown(name: &str, origin: SettingOrigin) -> ConfigError {
    let setting = match origin {
        SettingOrigin::File => format!("{name} in the configuration file"),
        SettingOrigin::Environment => format!("{name} (environment variable {})", variable(name)),
    };
    let nearest = KEYS
        .iter()
        .map(|key| (strsim::levenshtein(name, &key.name), &key.name))
        .min();
    let hint = match nearest {
        Some((edits, key)) if edits <= 3.max(name.len() / 3) => format!("did you mean {key}?"),
        _ => "`usher check-config` lists every setting".to_owned(),
    };
    ConfigError(format!("{setting}: there is no such setting; {hint}"))
}
