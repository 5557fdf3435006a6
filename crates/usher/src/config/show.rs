//! Shows the settings: what holds now (`usher check-config`) and what there is (`docs/reference/config.md`).

use serde_json::Value;
use std::fmt::Write as _;

use super::keys::{KEYS, Key};
use super::mask::masked;
use super::settings::Settings;
use super::values::{ConfigError, SettingOrigin, Values, variable};

/// One effective setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `section.key`.
    pub key: &'static str,
    /// Secrets masked; `null` when it is not set. Its JSON is TOML as well.
    pub value: Value,
    /// In words.
    pub origin: &'static str,
}

/// Every setting as it holds.
///
/// # Errors
/// A path that is not UTF-8.
pub fn lines(values: &Values, settings: &Settings) -> Result<Vec<Line>, ConfigError> {
    let effective = serde_json::to_value(settings).map_err(|error| ConfigError(error.to_string()))?;
    let line = |key: &'static Key| {
        let value = effective.pointer(&format!("/{}", key.name.replace('.', "/")));
        let value = match value.cloned().unwrap_or_default() {
            Value::String(text) if text.contains("://") => masked(&text).into(),
            value => value,
        };
        let origin = match values.origin(&key.name) {
            Some(SettingOrigin::File) => "configuration file",
            Some(SettingOrigin::Environment) => "environment",
            None if value.is_null() => "not set",
            None => "default",
        };
        Line {
            key: &key.name,
            value,
            origin,
        }
    };
    Ok(KEYS.iter().map(line).collect())
}

/// The page `docs/reference/config.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "<!-- Written by `usher reference config`; change crates/usher/src/config/ instead. -->\n\n\
         # Configuration\n\n\
         Settings are read from `usher.toml` in the working directory (or `--config FILE`, or `USHER_CONFIG`), then from \
         environment variables, which win. Secrets may stand in a file of their own (`…_file`). An unknown key, a value out of \
         bounds or two keys that contradict each other refuse to start and say so. `usher check-config` prints what holds, \
         secrets masked. A commented example is `deploy/usher.example.toml`.\n\n\
         | key | default | meaning | variable |\n| --- | --- | --- | --- |\n",
    );
    for key in KEYS.iter() {
        let default = match &key.default {
            Value::Null => "–".to_owned(),
            default => format!("`{default}`"),
        };
        let _ = writeln!(
            page,
            "| `{}` | {default} | {} | `{}` |",
            key.name,
            key.meaning,
            variable(&key.name)
        );
    }
    page
}
