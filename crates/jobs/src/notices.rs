//! Tells people that a token comes to its end, 30, 14, 7, 3 and 1 days before it and at it (ADR 0048).
//!
//! The job `token_notices` looks each hour which tokens have reached a step, and notes the step in the token's row; in the same
//! transaction it adds a job `token_notice` for each channel. So each step is told once, whichever instance looks, and a channel that
//! fails is tried again by itself. Reading order: [`scan`], [`deliver`], `message` (the text, pure), `mail`, `webhook`.

pub mod deliver;
pub mod mail;
mod message;
pub mod scan;
mod webhook;

use serde::{Deserialize, Serialize};

pub use deliver::TokenNotice;
pub use mail::Mail;
pub use scan::TokenNotices;
pub use webhook::Webhook;

use chrono::{DateTime, Utc};
use domain::credential::TokenId;

/// The kind of the jobs that deliver a notice.
const KIND: &str = "token_notice";

/// How a notice reaches people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Channel {
    /// A line of the gateway's log.
    Log,
    /// A POST to `notices.webhook_url`.
    Webhook,
    /// A mail to `notices.mail_to`.
    Mail,
}

/// The payload of a job that delivers a notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    /// The token, as text: its public part.
    token: String,
    /// The step.
    days: i32,
    /// How it is told.
    channel: Channel,
    /// The latest end of the other usable tokens of its directory.
    other: Other,
}

/// How long the other tokens of a directory are good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Other {
    /// There is none that is good for longer.
    None,
    /// Until then.
    Until(DateTime<Utc>),
    /// One of them has no end.
    Endless,
}

impl Payload {
    /// Tells the jobs apart: one for each token, step and channel.
    fn key(&self) -> String {
        format!("{}:{}:{}", self.token, self.days, self.channel)
    }

    fn token(&self) -> Option<TokenId> {
        self.token.parse().ok()
    }
}
