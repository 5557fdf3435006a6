//! One interface to the two sources of a feed.

use crate::delivery::Delivery;
use crate::error::Error;
use crate::http_feed::{HttpFeed, Wait};
use crate::place::Place;
use crate::redis_stream::RedisStream;
use crate::settings::{Feed, Settings, Sharing};

/// The result of one read.
#[derive(Default)]
pub(crate) struct News {
    /// Events; empty if nothing happened for a while.
    pub(crate) deliveries: Vec<Delivery>,
    /// Positions that this consumer has to finish and that the stream no longer has.
    pub(crate) gone: Vec<u64>,
    /// After connecting: all entries up to here were delivered to the group before, applied or not.
    pub(crate) through: Option<u64>,
    /// The epoch that stands beside the stream; read after connecting and with each empty read.
    pub(crate) epoch: Option<String>,
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
    /// A Redis stream, and the HTTP feed for what it has lost and for snapshots.
    Redis {
        stream: Box<RedisStream>,
        feed: HttpFeed,
    },
}

impl Source {
    pub(crate) fn open(settings: &Settings) -> Result<Self, Error> {
        Ok(match &settings.feed {
            Feed::Http { .. } if settings.sharing == Sharing::Workers => {
                let text = "several workers share a Redis stream; over HTTP there is one reader a group";
                return Err(Error::Settings(text.to_owned()));
            }
            Feed::Http { url, credential } => Self::Http {
                feed: HttpFeed::new(url, credential)?,
                group: settings.group.clone(),
                acknowledged: 0,
            },
            Feed::Redis {
                url,
                user,
                stream,
                http: (http_url, credential),
            } => Self::Redis {
                stream: Box::new(RedisStream::new(url, user.as_ref(), stream, settings)?),
                feed: HttpFeed::new(http_url, credential)?,
            },
        })
    }

    /// The HTTP feed.
    pub(crate) fn feed(&self) -> &HttpFeed {
        match self {
            Self::Http { feed, .. } | Self::Redis { feed, .. } => feed,
        }
    }

    /// Waits for news, a bounded time. Dropping the future loses nothing: unacknowledged events come again.
    pub(crate) async fn next(&mut self, place: &Place) -> Result<News, Error> {
        match self {
            Self::Http {
                feed,
                group,
                acknowledged,
            } => {
                if *acknowledged < place.position {
                    feed.ack(group, place).await?;
                    *acknowledged = place.position;
                }
                let deliveries = feed.page(place, Wait::LongPoll).await?;
                Ok(News {
                    deliveries,
                    ..News::default()
                })
            }
            Self::Redis { stream, .. } => stream.next().await,
        }
    }

    /// Fails if the news are of another epoch than the place. The HTTP feed is asked before the place is given up:
    /// a stream may be late to follow.
    pub(crate) async fn compare_epoch(&self, news: &News, place: &Place) -> Result<(), Error> {
        let told = news
            .deliveries
            .iter()
            .filter_map(|delivery| delivery.epoch.as_ref());
        match told.chain(&news.epoch).find(|epoch| **epoch != place.epoch) {
            None => Ok(()),
            Some(other) => {
                self.feed().confirm(place).await?;
                Err(Error::StreamBehind {
                    stream: other.clone(),
                    place: place.clone(),
                })
            }
        }
    }

    /// Reads events after a place up to a position, at least the first of them; the result is contiguous from there.
    pub(crate) async fn reread(&mut self, place: &Place, through: u64) -> Result<Vec<Delivery>, Error> {
        let first = place.position + 1;
        let wanted = |mut found: Vec<Delivery>| {
            found.retain(|delivery| delivery.position <= through);
            crate::rule::plan(place.position, found).ready
        };
        let mut found = Vec::new();
        if let Self::Redis { stream, .. } = self {
            let entries = News {
                deliveries: stream.range(first, through).await?,
                ..News::default()
            };
            self.compare_epoch(&entries, place).await?;
            found = wanted(entries.deliveries);
        }
        if found.is_empty() {
            found = wanted(self.feed().page(place, Wait::No).await?);
        }
        if found.is_empty() {
            return Err(Error::Gap { first, last: through });
        }
        Ok(found)
    }

    /// Acknowledges committed positions of a place's epoch. Over HTTP that is one number, sent before the next page is
    /// requested.
    pub(crate) async fn ack(&mut self, positions: &[u64], place: &Place) -> Result<(), Error> {
        match self {
            Self::Http { .. } => Ok(()),
            Self::Redis { stream, .. } => stream.ack(positions, place).await,
        }
    }

    /// Starts again: everything unacknowledged is read once more, and the place acknowledged once more.
    pub(crate) fn reset(&mut self) {
        match self {
            Self::Http { acknowledged, .. } => *acknowledged = 0,
            Self::Redis { stream, .. } => stream.reset(),
        }
    }
}
