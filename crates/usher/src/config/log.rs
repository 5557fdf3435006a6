//! What is logged, and in which form.

use schemars::JsonSchema;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;
use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use super::rules::word;

/// The section.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`; also by part, e.g. `info,events=debug`
    #[serde(deserialize_with = "level")]
    #[default("info".into())]
    pub level: String,
    /// `json`, `text`, or `auto`: text on a terminal, JSON elsewhere
    #[serde(deserialize_with = "format")]
    #[schemars(with = "String")]
    #[default(Format::Auto)]
    pub format: Format,
}

/// The form of a log line.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// Text.
    Text,
}

fn format<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Format, D::Error> {
    word(deserializer, "must be \"json\", \"text\" or \"auto\"")
}

fn level<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    // `EnvFilter` alone is not enough: it takes an unknown word, such as `wran`, for the name of a part, and then logs
    // nothing else.
    let plain = |part: &str| part.contains(['=', '[']) || part.parse::<LevelFilter>().is_ok();
    if text.split(',').all(plain) && EnvFilter::try_new(&text).is_ok() {
        return Ok(text);
    }
    Err(D::Error::custom(
        "must be error, warn, info, debug or trace, or such a word for a part: info,events=debug",
    ))
}
