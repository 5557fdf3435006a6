//! The deployment's environment: part of tokens, events and stream names, never mixed.

use serde::{Deserialize, Serialize};

/// `test` or `production`: one deployment each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Environment {
    /// For trying out; its tokens are refused in production.
    Test,
    /// The real thing.
    Production,
}

impl Environment {
    /// The word used in events, stream names and settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Production => "production",
        }
    }

    /// The letter inside a token: `usher_t_…` or `usher_p_…`.
    pub const fn letter(self) -> char {
        match self {
            Self::Test => 't',
            Self::Production => 'p',
        }
    }
}

impl std::fmt::Display for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
