//! Settings as they are found: `usher.toml`, then `USHER__SECTION__KEY`, checked against the list of known keys.
//!
//! Must not know: what a setting means; the sections read their own. Every error names the key, where it was said, the
//! rule and the next step.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use config::Environment;
use serde_json::Value;

/// A known setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// `section.key`.
    pub name: &'static str,
    /// What holds when nobody says anything, as TOML; empty when there is none.
    pub default: &'static str,
    /// What it means, with its unit.
    pub meaning: &'static str,
}

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The configuration file.
    File,
    /// An environment variable.
    Environment,
}

/// A setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// The settings somebody wrote down.
#[derive(Debug, Default)]
pub struct Values {
    said: BTreeMap<String, (Value, Origin)>,
}

impl Values {
    /// Reads file and environment.
    ///
    /// # Errors
    /// A file that cannot be read or is no TOML, and keys that nobody knows.
    pub fn load(file: Option<&Path>, known: &[Key]) -> Result<Self, ConfigError> {
        let mut values = Self::default();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| ConfigError(format!("{}: cannot be read: {error}", path.display())))?;
            values.take_file(&path.display().to_string(), &text, known)?;
        }
        let environment = Environment::with_prefix("USHER")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true);
        values.take_environment(environment, known)?;
        Ok(values)
    }

    pub(super) fn take_file(&mut self, name: &str, text: &str, known: &[Key]) -> Result<(), ConfigError> {
        let tree: Value = toml::from_str(text).map_err(|error| no_toml(name, text, &error))?;
        self.take(&tree, Origin::File, known)
    }

    pub(super) fn take_environment(
        &mut self,
        environment: Environment,
        known: &[Key],
    ) -> Result<(), ConfigError> {
        let read = config::Config::builder().add_source(environment).build();
        let tree = read.and_then(config::Config::try_deserialize::<Value>);
        let tree = tree.map_err(|error| ConfigError(format!("environment variables USHER__…: {error}")))?;
        self.take(&tree, Origin::Environment, known)
    }

    fn take(&mut self, tree: &Value, origin: Origin, known: &[Key]) -> Result<(), ConfigError> {
        let mut found = Vec::new();
        flatten(tree, String::new(), &mut found);
        for (name, value) in found {
            if !known.iter().any(|key| key.name == name) {
                return Err(unknown(&name, origin, known));
            }
            self.said.insert(name, (value, origin));
        }
        Ok(())
    }

    /// Who said it; `None` means the default holds.
    pub fn origin(&self, key: &str) -> Option<Origin> {
        self.said.get(key).map(|(_, origin)| *origin)
    }

    /// The setting as text.
    pub fn text(&self, key: &str) -> Option<String> {
        match self.said.get(key)? {
            (Value::String(text), _) => Some(text.clone()),
            (other, _) => Some(other.to_string()),
        }
    }

    /// The setting read as something, or its default.
    ///
    /// # Errors
    /// A text that is none; `rule` says what would be.
    pub fn parse<T: FromStr>(&self, key: &str, default: T, rule: &str) -> Result<T, ConfigError> {
        self.text(key).map_or(Ok(default), |text| {
            text.trim().parse().map_err(|_| self.wrong(key, rule))
        })
    }

    /// A whole number within bounds, or its default.
    ///
    /// # Errors
    /// Anything else, naming the bounds.
    pub fn number(&self, key: &str, default: u64, (least, most): (u64, u64)) -> Result<u64, ConfigError> {
        let rule = format!("must be a whole number from {least} to {most}");
        let number = self.parse(key, default, &rule)?;
        if (least..=most).contains(&number) {
            Ok(number)
        } else {
            Err(self.wrong(key, &rule))
        }
    }

    /// A secret: said directly, or as the path of a file that holds it (`key_file`).
    ///
    /// # Errors
    /// Both said (names the two), or a file that cannot be read.
    pub fn secret(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let file_key = format!("{key}_file");
        match (self.text(key), self.text(&file_key)) {
            (Some(_), Some(_)) => Err(contradiction(
                key,
                &file_key,
                "say the secret in one of the two places only",
            )),
            (Some(text), None) => Ok(Some(text)),
            (None, Some(path)) => read_secret(&PathBuf::from(path))
                .map(Some)
                .map_err(|why| self.wrong(&file_key, &why)),
            (None, None) => Ok(None),
        }
    }

    /// An error about one setting.
    pub fn wrong(&self, key: &str, rule: impl Display) -> ConfigError {
        let origin = match self.origin(key) {
            Some(Origin::Environment) => format!(" (environment variable {})", variable(key)),
            Some(Origin::File) => " (configuration file)".to_owned(),
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

fn flatten(tree: &Value, prefix: String, found: &mut Vec<(String, Value)>) {
    match tree {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if prefix.is_empty() {
                    name.clone()
                } else {
                    format!("{prefix}.{name}")
                };
                flatten(value, path, found);
            }
        }
        Value::Null => {}
        _ => found.push((prefix, tree.clone())),
    }
}

fn unknown(name: &str, origin: Origin, known: &[Key]) -> ConfigError {
    let said = match origin {
        Origin::File => format!("{name} in the configuration file"),
        Origin::Environment => format!("{name} (environment variable {})", variable(name)),
    };
    let nearest = known.iter().map(|key| (distance(name, key.name), key.name)).min();
    let hint = match nearest {
        Some((steps, key)) if steps <= 3.max(name.len() / 3) => format!("did you mean {key}?"),
        _ => "`usher check-config` lists every setting".to_owned(),
    };
    ConfigError(format!("{said}: there is no such setting; {hint}"))
}

/// How many letters must be added, taken or changed to get from one text to the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_counts_letters() {
        for (a, b, steps) in [
            ("", "", 0),
            ("http.listen", "http.listen", 0),
            ("http.lisen", "http.listen", 1),
            ("ab", "ba", 2),
        ] {
            assert_eq!(distance(a, b), steps);
        }
    }
}
