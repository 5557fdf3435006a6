//! The consumer's settings; the scheme of one URL decides the kind of source.

use crate::error::Error;
use std::fmt;
use std::time::Duration;

/// The idle time after which a worker takes over what another consumer of the group did not finish.
pub const CLAIM_AFTER: Duration = Duration::from_mins(1);

/// How the processes of one group work together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// One process reads, in order and without gaps, and stores its position with every batch. A second one at the
    /// same time does no harm, and no work.
    #[default]
    OneReader,
    /// Several processes share a Redis stream and one store. No order between rows, no stored position: each worker
    /// acknowledges what it has committed. Every row must be guarded by its sequence.
    Workers,
}

/// The source of the feed.
#[derive(Clone)]
pub enum Feed {
    /// HTTP: `http://…/feeds/{app}/events` or `https://…`.
    Http {
        /// The URL of the feed.
        url: String,
        /// The app's credential, sent as a bearer token.
        credential: String,
    },
    /// Redis: `redis://…` or `rediss://…`.
    Redis {
        /// The URL of the server.
        url: String,
        /// The app's Redis user and its password; without it, those of the URL.
        user: Option<(String, String)>,
        /// The stream's key, as `usher app create` printed it: `usher:{test:booking}:s00`.
        stream: String,
        /// URL and credential of the HTTP feed: a snapshot, and positions that the stream has lost, are read there.
        http: (String, String),
    },
}

/// The settings to consume one feed.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The source of the feed.
    pub feed: Feed,
    /// The consumer group; the gateway keeps acknowledgements per group.
    pub group: String,
    /// This process' name in the group. Keep it over restarts: entries that were delivered to a name and not
    /// finished are found again by the same name.
    pub consumer: String,
    /// How the processes of the group work together.
    pub sharing: Sharing,
    /// The idle time after which another consumer's unfinished entries are taken over; [`CLAIM_AFTER`] unless there is
    /// a reason.
    pub claim_after: Duration,
}

/// The options of a command line; see [`Feed::parse`].
#[derive(Clone, Default)]
pub struct FeedWords {
    /// The URL: `http(s)://…/feeds/{app}/events` or `redis(s)://…`.
    pub url: String,
    /// The stream's key; required with Redis.
    pub stream: Option<String>,
    /// The app's user in Redis, as `usher app create` printed it; its password is the credential.
    pub redis_user: Option<String>,
    /// The app's credential, for HTTP and for Redis.
    pub credential: Option<String>,
    /// The URL of the HTTP feed; required with Redis.
    pub http_feed: Option<String>,
}

impl Feed {
    /// Makes a feed from the options of a command line.
    ///
    /// # Errors
    /// [`Error::Settings`] with the setting to change.
    pub fn parse(words: FeedWords) -> Result<Self, Error> {
        let scheme = words
            .url
            .split("://")
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let say = |text: &str| Error::Settings(text.to_owned());
        match scheme.as_str() {
            "http" | "https" => {
                let credential = words.credential;
                let credential =
                    credential.ok_or_else(|| say("a feed over HTTP needs the app's credential"))?;
                Ok(Self::Http {
                    url: words.url,
                    credential,
                })
            }
            "redis" | "rediss" => {
                let stream = words
                    .stream
                    .ok_or_else(|| say("a feed over Redis needs the stream's key"))?;
                let user = match (words.redis_user, &words.credential) {
                    (None, _) => None,
                    (Some(user), Some(credential)) => Some((user, credential.clone())),
                    (Some(_), None) => {
                        return Err(say(
                            "the Redis user needs the app's credential, which is its password",
                        ));
                    }
                };
                let http = match (words.http_feed, words.credential) {
                    (Some(url), Some(credential)) => (url, credential),
                    (None, _) => {
                        return Err(say(
                            "a feed over Redis needs the feed's HTTP URL too (--http-feed …/feeds/APP/events): a snapshot, \
                             and positions that the stream has lost, are read there",
                        ));
                    }
                    (Some(_), None) => return Err(say("the HTTP feed needs the app's credential")),
                };
                Ok(Self::Redis {
                    url: words.url,
                    user,
                    stream,
                    http,
                })
            }
            _ => Err(say(
                "the feed must be an http://, https://, redis:// or rediss:// URL",
            )),
        }
    }
}

impl fmt::Debug for Feed {
    /// Shows neither credentials nor a URL that may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Http { url, .. } => f.debug_struct("Http").field("url", url).finish_non_exhaustive(),
            Self::Redis { stream, .. } => f
                .debug_struct("Redis")
                .field("stream", stream)
                .finish_non_exhaustive(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(url: &str) -> FeedWords {
        FeedWords {
            url: url.to_owned(),
            ..FeedWords::default()
        }
    }

    #[test]
    fn the_scheme_decides_where_from() {
        let http = FeedWords {
            credential: Some("c".to_owned()),
            ..words("http://127.0.0.1/feeds/booking/events")
        };
        assert!(matches!(Feed::parse(http), Ok(Feed::Http { .. })));
        let redis = FeedWords {
            stream: Some("s".to_owned()),
            credential: Some("c".to_owned()),
            http_feed: Some("http://h/".to_owned()),
            ..words("rediss://127.0.0.1/")
        };
        assert!(matches!(Feed::parse(redis), Ok(Feed::Redis { .. })));
    }

    #[test]
    fn what_is_missing_is_named() {
        let table = [
            (
                FeedWords {
                    stream: Some("s".to_owned()),
                    ..words("redis://127.0.0.1/")
                },
                "--http-feed",
            ),
            (words("http://127.0.0.1/"), "credential"),
            (words("redis://127.0.0.1/"), "stream's key"),
            (words("ftp://127.0.0.1/"), "redis://"),
            (
                FeedWords {
                    stream: Some("s".to_owned()),
                    http_feed: Some("http://h/".to_owned()),
                    ..words("redis://127.0.0.1/")
                },
                "the HTTP feed needs the app's credential",
            ),
            (
                FeedWords {
                    stream: Some("s".to_owned()),
                    redis_user: Some("u".to_owned()),
                    ..words("redis://127.0.0.1/")
                },
                "the Redis user needs the app's credential",
            ),
        ];
        for (words, named) in table {
            let text = Feed::parse(words).unwrap_err().to_string();
            assert!(text.contains(named), "{text}");
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        let feed = Feed::parse(FeedWords {
            stream: Some("s".to_owned()),
            credential: Some("geheim".to_owned()),
            http_feed: Some("http://h/".to_owned()),
            redis_user: Some("usher-app-test-booking".to_owned()),
            ..words("redis://user:geheim@127.0.0.1/")
        });
        assert!(!format!("{feed:?}").contains("geheim"));
    }
}
