//! Failures between a feed and its consumer. [`crate::run`] retries all but [`Error::Settings`].

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
    /// Positions are missing, and at present neither the stream nor the HTTP feed has them.
    #[error("positions {first} to {last} are missing{}; not guessing, reading again", no_feed(*.http_feed))]
    Gap {
        /// The first missing position.
        first: u64,
        /// The last missing position.
        last: u64,
        /// Whether the HTTP feed was read, too.
        http_feed: HttpFeed,
    },
    /// The sink could not store the events; nothing was acknowledged.
    #[error("the app's own store: {0}")]
    Sink(#[source] crate::sink::SinkError),
}

/// Whether a consumer of a Redis stream has an HTTP feed to read missing positions from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpFeed {
    /// The HTTP feed was read.
    Asked,
    /// The settings have no HTTP feed.
    NotConfigured,
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => {
            " (next step: check the app's credential; `usher app rotate-credential` makes a new one)"
        }
        404 => " (next step: check the feed URL; `usher app create` printed it as feedUrl)",
        409 => {
            " (the feed ends before what was applied already: was the gateway restored from a backup? Next step: start \
             over with an empty database of this app, or ask the gateway's operator)"
        }
        _ => "",
    }
}

fn no_feed(http_feed: HttpFeed) -> &'static str {
    match http_feed {
        HttpFeed::Asked => " in the stream and in the HTTP feed",
        HttpFeed::NotConfigured => " in the stream, and no HTTP feed is configured to ask for them",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_next_step() {
        let text = |status| {
            Error::Refused {
                status,
                detail: "no".to_owned(),
            }
            .to_string()
        };
        assert!(text(401).contains("check the app's credential"));
        assert!(text(404).contains("check the feed URL"));
        assert!(text(409).contains("start over with an empty database"));
        assert!(!text(503).contains("next step"));
    }

    #[test]
    fn a_gap_names_the_positions_and_the_sources_that_were_read() {
        let text = |http_feed| {
            Error::Gap {
                first: 5,
                last: 9,
                http_feed,
            }
            .to_string()
        };
        assert!(text(HttpFeed::Asked).starts_with("positions 5 to 9 are missing"));
        assert!(text(HttpFeed::NotConfigured).contains("no HTTP feed is configured"));
    }
}
