//! The two ways to read a feed behind one set of calls.

use crate::delivery::Delivery;
use crate::error::{self, Error};
use crate::http_feed::{HttpFeed, Wait};
use crate::redis_stream::RedisStream;
use crate::settings::{Feed, Settings};
use std::ops::RangeInclusive;

/// What a source has to say.
pub(crate) enum News {
    /// Events; none when nothing happened for a while.
    Batch(Vec<Delivery>),
    /// Connected: the group was given everything up to here before, applied or not.
    Delivered {
        /// Last position given to the group.
        through: u64,
    },
}

/// Where events come from and acknowledgements go.
pub(crate) enum Source {
    /// Pages of the HTTP feed.
    Http {
        /// The feed.
        feed: HttpFeed,
        /// The group to acknowledge for.
        group: String,
        /// What the gateway knows to be committed; less than the truth after a start or a failure.
        told: u64,
    },
    /// A Redis stream, and the HTTP feed for what it has lost.
    Redis {
        /// The stream.
        stream: Box<RedisStream>,
        /// Asked for missing positions only.
        repair: Option<HttpFeed>,
    },
}

impl Source {
    pub(crate) fn open(settings: &Settings) -> Result<Source, Error> {
        let Settings {
            feed,
            group,
            consumer,
        } = settings;
        Ok(match feed {
            Feed::Http { url, credential } => Source::Http {
                feed: HttpFeed::new(url, credential)?,
                group: group.clone(),
                told: 0,
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
                Source::Redis {
                    stream,
                    repair: repair.transpose()?,
                }
            }
        })
    }

    /// Waits for news, a bounded time. Dropping the future loses nothing: what was not acknowledged comes again.
    pub(crate) async fn next(&mut self, applied: u64) -> Result<News, Error> {
        match self {
            Source::Http { feed, group, told } => {
                if *told < applied {
                    feed.ack(group, applied).await?;
                    *told = applied;
                }
                feed.page(applied, Wait::LongPoll).await.map(News::Batch)
            }
            Source::Redis { stream, .. } => stream.next().await,
        }
    }

    /// Reads some of the missing positions, at least the first; what comes is contiguous from there.
    pub(crate) async fn reread(&mut self, missing: &RangeInclusive<u64>) -> Result<Vec<Delivery>, Error> {
        let (first, last) = (*missing.start(), *missing.end());
        let from_first = |mut found: Vec<Delivery>| {
            found.retain(|delivery| missing.contains(&delivery.position));
            let plan = crate::rule::plan(first - 1, found);
            plan.ready
        };
        let (found, http_feed) = match self {
            Source::Http { feed, .. } => (
                from_first(feed.page(first - 1, Wait::No).await?),
                error::HttpFeed::Asked,
            ),
            Source::Redis { stream, repair } => {
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

    /// Acknowledges committed positions. Over HTTP that is one number, told before the next page is asked for.
    pub(crate) async fn ack(&mut self, positions: &[u64]) -> Result<(), Error> {
        match self {
            Source::Http { .. } => Ok(()),
            Source::Redis { stream, .. } => stream.ack(positions).await,
        }
    }

    /// Begins again: everything that is not acknowledged is read once more.
    pub(crate) fn reset(&mut self) {
        if let Source::Redis { stream, .. } = self {
            stream.reset();
        }
    }
}
