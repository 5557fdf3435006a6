//! The deployment's environment: part of tokens, events and stream names.

use serde::{Deserialize, Serialize};

/// `test` or `production`: one deployment each.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Environment {
    /// For tests; its tokens are refused in production.
    Test,
    /// For real customers; its tokens are refused in `test`.
    Production,
}

impl Environment {
    /// The word in events, stream names and settings.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The letter inside a token: `usher_t_…` or `usher_p_…`.
    pub const fn letter(self) -> char {
        match self {
            Self::Test => 't',
            Self::Production => 'p',
        }
    }
}
