//! Failures between a feed and its consumer. [`crate::run`] retries all but [`Error::Settings`], and takes a snapshot
//! after those that say that the app's tables cannot be brought up to date by events.

use crate::place::Place;

/// A failure, with a text for the consuming app's log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The settings contradict each other; nothing was tried.
    #[error("{0}")]
    Settings(String),
    /// The gateway could not be reached, or the answer was cut off.
    #[error("the feed over HTTP does not answer: {0}")]
    Unreachable(#[source] reqwest::Error),
    /// The gateway refused the request.
    #[error("the feed over HTTP answered {status}: {detail}{}", hint(*.status))]
    Refused {
        /// The HTTP status, outside of 2xx.
        status: u16,
        /// The answer's `code`; empty if it has none.
        code: String,
        /// The beginning of the answer's body.
        detail: String,
    },
    /// Redis failed, is loading, read-only, not answering, or unreachable.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// The gateway has not (re-)created the consumer group yet; only the gateway creates groups.
    #[error("the stream has no consumer group {group:?} yet; the gateway makes it, waiting")]
    NoGroup {
        /// The name of the group.
        group: String,
    },
    /// The stream has events of an epoch that the gateway has left, or has not yet told of.
    #[error(
        "the stream has epoch {stream}, and the gateway still has {place}; waiting for the stream to follow"
    )]
    StreamBehind {
        /// The epoch of the stream.
        stream: String,
        /// The stored place, which the gateway confirmed.
        place: Place,
    },
    /// Positions are missing, and at present neither the stream nor the HTTP feed has them.
    #[error(
        "positions {first} to {last} are missing in the stream and in the HTTP feed; not guessing, reading again"
    )]
    Gap {
        /// The first missing position.
        first: u64,
        /// The last missing position.
        last: u64,
    },
    /// The feed has another epoch than the stored place.
    #[error("the feed's epoch is {feed}, and the stored one {stored}")]
    OtherEpoch {
        /// The present epoch.
        feed: String,
        /// The epoch of the stored place.
        stored: String,
    },
    /// The feed does not keep the next events any more.
    #[error("the feed begins at {oldest}, and the next position would be {next}")]
    TooOld {
        /// The oldest position that is kept.
        oldest: u64,
        /// The position after the stored one.
        next: u64,
    },
    /// Another process of this app has moved the stored place.
    #[error("another process of this app has stored another place; reading from there")]
    Moved,
    /// Another process of this app takes a snapshot, or has just taken one.
    #[error("another process of this app takes a snapshot; waiting for it")]
    Busy,
    /// The sink could not store the events; nothing was acknowledged.
    #[error("the app's own store: {0}")]
    Sink(#[source] crate::sink::SinkError),
}

impl Error {
    /// Whether events can no longer bring the app up to date: the next step is a snapshot.
    pub fn asks_for_snapshot(&self) -> bool {
        match self {
            Self::OtherEpoch { .. } | Self::TooOld { .. } => true,
            Self::Refused { status, code, .. } => {
                let other_history = matches!(code.as_str(), "epochChanged" | "aheadOfFeed");
                *status == 410 || (*status == 409 && other_history)
            }
            _ => false,
        }
    }

    /// Whether the same request may succeed later: nobody answers, the gateway says so, or the credential is about to be made known.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => matches!(*status, 401 | 429) || *status >= 500,
            _ => false,
        }
    }
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => {
            " (next step: check the app's credential; `usher app rotate-credential` makes a new one)"
        }
        404 => " (next step: check the feed URL; `usher app create` printed it as feedUrl)",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: &str) -> Error {
        Error::Refused {
            status,
            code: code.to_owned(),
            detail: "no".to_owned(),
        }
    }

    #[test]
    fn a_refusal_names_the_next_step() {
        assert!(
            refused(401, "")
                .to_string()
                .contains("check the app's credential")
        );
        assert!(refused(404, "").to_string().contains("check the feed URL"));
        assert!(!refused(503, "").to_string().contains("next step"));
    }

    #[test]
    fn what_the_gateway_cannot_do_now_is_asked_for_again_and_what_it_refuses_is_not() {
        let passes = [
            (401, "unauthorized"),
            (429, "tooMany"),
            (503, "profileUnusable"),
            (500, ""),
        ];
        let stays = [(400, "invalidValue"), (404, "noSuchFeed"), (409, "epochChanged")];
        assert!(
            passes
                .iter()
                .all(|(status, code)| refused(*status, code).may_pass())
        );
        assert!(
            !stays
                .iter()
                .any(|(status, code)| refused(*status, code).may_pass())
        );
    }

    #[test]
    fn a_snapshot_follows_another_history_and_a_loss_and_nothing_else() {
        let yes = [
            (409, "epochChanged"),
            (409, "aheadOfFeed"),
            (410, "pastRetention"),
        ];
        let no = [
            (409, "other"),
            (400, "epochChanged"),
            (429, "tooMany"),
            (503, "unavailable"),
            (404, "noSuchFeed"),
        ];
        assert!(
            yes.iter()
                .all(|(status, code)| refused(*status, code).asks_for_snapshot())
        );
        assert!(
            !no.iter()
                .any(|(status, code)| refused(*status, code).asks_for_snapshot())
        );
        let gap = Error::Gap { first: 5, last: 9 };
        assert!(!gap.asks_for_snapshot(), "what is on its way is waited for");
    }
}
