//! Tells the settings: what holds now (`usher check-config`) and what there is (`docs/reference/config.md`).

use super::mask::masked;
use super::values::{Origin, Values, variable};
use super::{Config, keys};

/// One effective setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// `section.key`.
    pub key: &'static str,
    /// As TOML, secrets masked; empty when it is not set.
    pub value: String,
    /// Where it comes from, in words.
    pub origin: &'static str,
}

/// Every setting as it holds.
pub fn lines(values: &Values, config: &Config) -> Vec<Line> {
    let line = |key: super::Key| {
        let said = values.text(key.name);
        let value = match (key.name, said) {
            ("database.url", None) if values.origin("database.url_file").is_none() => {
                quoted(&config.database.url)
            }
            ("http.workers", _) => config.http.workers.to_string(),
            (_, Some(text)) if text.contains("://") => quoted(&masked(&text)),
            (_, Some(text)) if text.parse::<u64>().is_ok() => text,
            (_, Some(text)) => quoted(&text),
            (_, None) => key.default.to_owned(),
        };
        let origin = match values.origin(key.name) {
            Some(Origin::File) => "configuration file",
            Some(Origin::Environment) => "environment",
            None if value.is_empty() => "not set",
            None => "default",
        };
        Line {
            key: key.name,
            value,
            origin,
        }
    };
    keys().into_iter().map(line).collect()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
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
    for key in keys() {
        let default = if key.default.is_empty() {
            "–".to_owned()
        } else {
            format!("`{}`", key.default)
        };
        page.push_str(&format!(
            "| `{}` | {default} | {} | `{}` |\n",
            key.name,
            key.meaning,
            variable(key.name)
        ));
    }
    page
}
