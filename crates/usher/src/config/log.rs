//! What is logged, and in which form.

use tracing_subscriber::filter::{EnvFilter, LevelFilter};

use super::values::{ConfigError, Key, Values};

/// The keys of this section.
pub const KEYS: &[Key] = &[
    Key {
        name: "log.level",
        default: "\"info\"",
        meaning: "`error`, `warn`, `info`, `debug` or `trace`; also by part, e.g. `info,events=debug`",
    },
    Key {
        name: "log.format",
        default: "\"auto\"",
        meaning: "`json`, `text`, or `auto`: text on a terminal, JSON elsewhere",
    },
];

/// The form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// The settings.
#[derive(Debug, Clone)]
pub struct Log {
    /// A directive of `tracing_subscriber::EnvFilter`.
    pub level: String,
    /// The form.
    pub format: Format,
}

impl Log {
    /// Reads the section.
    ///
    /// # Errors
    /// A level or a form that there is not.
    pub fn read(values: &Values) -> Result<Self, ConfigError> {
        let format = match values.text("log.format").as_deref() {
            None | Some("auto") => Format::Auto,
            Some("json") => Format::Json,
            Some("text") => Format::Text,
            Some(_) => return Err(values.wrong("log.format", "must be \"json\", \"text\" or \"auto\"")),
        };
        let level = values.text("log.level").unwrap_or_else(|| "info".to_owned());
        if !is_directive(&level) {
            return Err(values.wrong(
                "log.level",
                "must be error, warn, info, debug or trace, or such a word for a part: info,events=debug",
            ));
        }
        Ok(Self { level, format })
    }
}

/// `EnvFilter` alone is not enough: it takes a word it does not know, such as `wran`, for the name of a part, and then
/// logs nothing else.
fn is_directive(text: &str) -> bool {
    let plain = |part: &str| part.contains(['=', '[']) || part.parse::<LevelFilter>().is_ok();
    text.split(',').all(plain) && EnvFilter::try_new(text).is_ok()
}
