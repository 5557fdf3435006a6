//! The progress of each feed and of its readers.

use chrono::{DateTime, Utc};
use domain::position::Position;
use domain::tenant::Slug;

use crate::{Context, Error};

/// The progress of one app's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSummary {
    /// The name of the app.
    pub app: Slug,
    /// The last position given to an event.
    pub head: Position,
    /// The last position appended to the Redis stream; 0 without Redis.
    pub published: Position,
    /// The consumer groups with an acknowledgement in the database.
    pub groups: Vec<Group>,
}

/// The progress of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name of the group.
    pub name: String,
    /// The position up to which everything is applied.
    pub acknowledged: Position,
    /// The number of events it has not applied yet.
    pub lag: i64,
    /// The time of its last acknowledgement.
    pub at: DateTime<Utc>,
}

/// The feeds of all apps, by app, or that of one app.
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
            lag: feed.head.since(ack.position).max(0),
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
