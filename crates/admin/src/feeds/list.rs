//! How far each feed is, and how far its readers are.

use chrono::{DateTime, Utc};
use domain::tenant::Slug;

use crate::{Context, Error};

/// One app's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSummary {
    /// The app.
    pub app: Slug,
    /// The last position given.
    pub head: i64,
    /// The last position appended to the Redis stream; 0 without Redis.
    pub published: i64,
    /// Its readers.
    pub groups: Vec<Group>,
}

/// A consumer group of an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Everything up to this position is applied.
    pub acknowledged: i64,
    /// How many events it has not applied yet.
    pub lag: i64,
    /// When it said so.
    pub at: DateTime<Utc>,
}

/// All feeds, by app; or one app's.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, app: Option<&str>) -> Result<Vec<FeedSummary>, Error> {
    let only = match app {
        Some(name) => Some(context.app(name).await?.id),
        None => None,
    };
    let mut found = Vec::new();
    for feed in context.store.feeds().await? {
        if only.is_some_and(|only| only != feed.app) {
            continue;
        }
        let acks = context.store.acks(feed.app).await?;
        let groups = acks.into_iter().map(|ack| Group {
            name: ack.group,
            acknowledged: ack.position,
            lag: (feed.head - ack.position).max(0),
            at: ack.at,
        });
        found.push(FeedSummary {
            app: feed.name,
            head: feed.head,
            published: feed.published,
            groups: groups.collect(),
        });
    }
    found.sort_by(|a, b| a.app.cmp(&b.app));
    Ok(found)
}
