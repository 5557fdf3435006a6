//! One interface to the two sources of a feed.

use crate::delivery::Delivery;
use crate::error::{self, Error};
use crate::http_feed::{HttpFeed, Wait};
use crate::redis_stream::RedisStream;
use crate::settings::{Feed, Settings};
use std::ops::RangeInclusive;

/// The result of one read.
pub(crate) enum News {
    /// Events; empty if nothing happened for a while.
    Batch(Vec<Delivery>),
    /// Connected: all entries up to `through` were delivered to the group before, applied or not.
    Delivered {
        /// The last position delivered to the group.
        through: u64,
    },
}

/// The source of events and the target of acknowledgements.
pub(crate) enum Source {
    /// Pages of the HTTP feed.
    Http {
        feed: HttpFeed,
        /// The group to acknowledge for.
        group: String,
        /// The last acknowledged position; less than the committed one after a start or a failure.
        acknowledged: u64,
    },
    /// A Redis stream, and the HTTP feed for positions that it lost.
    Redis {
        stream: Box<RedisStream>,
        /// Read for missing positions only.
        repair: Option<HttpFeed>,
    },
}

impl Source {
    pub(crate) fn open(settings: &Settings) -> Result<Self, Error> {
        let Settings {
            feed,
            group,
            consumer,
        } = settings;
        Ok(match feed {
            Feed::Http { url, credential } => Self::Http {
                feed: HttpFeed::new(url, credential)?,
                group: group.clone(),
                acknowledged: 0,
            },
            Feed::Redis {
                url,
                user,
                stream,
                http,
            } => {
                let stream = Box::new(RedisStream::new(url, user.as_ref(), stream, group, consumer)?);
                let repair = http
                    .as_ref()
                    .map(|(url, credential)| HttpFeed::new(url, credential));
                Self::Redis {
                    stream,
                    repair: repair.transpose()?,
                }
            }
        })
    }

    /// Waits for news, a bounded time. Dropping the future loses nothing: unacknowledged events come again.
    pub(crate) async fn next(&mut self, applied: u64) -> Result<News, Error> {
        match self {
            Self::Http {
                feed,
                group,
                acknowledged,
            } => {
                if *acknowledged < applied {
                    feed.ack(group, applied).await?;
                    *acknowledged = applied;
                }
                feed.page(applied, Wait::LongPoll).await.map(News::Batch)
            }
            Self::Redis { stream, .. } => stream.next().await,
        }
    }

    /// Reads some of the missing positions, at least the first; the result is contiguous from there.
    pub(crate) async fn reread(&mut self, missing: &RangeInclusive<u64>) -> Result<Vec<Delivery>, Error> {
        let (first, last) = (*missing.start(), *missing.end());
        let from_first = |mut found: Vec<Delivery>| {
            found.retain(|delivery| missing.contains(&delivery.position));
            let plan = crate::rule::plan(first - 1, found);
            plan.ready
        };
        let (found, http_feed) = match self {
            Self::Http { feed, .. } => (
                from_first(feed.page(first - 1, Wait::No).await?),
                error::HttpFeed::Asked,
            ),
            Self::Redis { stream, repair } => {
                let found = from_first(stream.range(first, last).await?);
                match repair {
                    Some(feed) if found.is_empty() => (
                        from_first(feed.page(first - 1, Wait::No).await?),
                        error::HttpFeed::Asked,
                    ),
                    Some(_) => (found, error::HttpFeed::Asked),
                    None => (found, error::HttpFeed::NotConfigured),
                }
            }
        };
        if found.is_empty() {
            Err(Error::Gap {
                first,
                last,
                http_feed,
            })
        } else {
            Ok(found)
        }
    }

    /// Acknowledges committed positions. Over HTTP that is one number, sent before the next page is
    /// requested.
    pub(crate) async fn ack(&mut self, positions: &[u64]) -> Result<(), Error> {
        match self {
            Self::Http { .. } => Ok(()),
            Self::Redis { stream, .. } => stream.ack(positions).await,
        }
    }

    /// Starts again: everything unacknowledged is read once more.
    pub(crate) fn reset(&mut self) {
        if let Self::Redis { stream, .. } = self {
            stream.reset();
        }
    }
}
