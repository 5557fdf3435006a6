//! The progress of each feed and of its readers, as it stands in the database: the same wherever it is asked.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::position::Position;
use store::{Feed, FeedGroup};

use crate::{Context, Error};

/// The progress of one app's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedSummary {
    /// Its positions, its epoch and its state.
    pub feed: Feed,
    /// What its operator should know ([`Feed::warning`]).
    pub warning: Option<String>,
    /// Its consumer groups; the one named like the app is there before it acknowledged anything.
    pub groups: Vec<Group>,
}

/// The progress of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name of the group.
    pub name: String,
    /// The position up to which everything is applied.
    pub acknowledged: Position,
    /// The last position that Redis delivered to it, acknowledged or not.
    pub delivered: Position,
    /// The number of events it has not applied yet.
    pub behind: i64,
    /// The position of the oldest of them that is kept; `None` when there is none.
    pub oldest_unacknowledged: Option<Position>,
    /// The age of that event, in whole seconds; 0 when there is none.
    pub lag_seconds: i64,
    /// The time of its last acknowledgement; `None` before the first one.
    pub at: Option<DateTime<Utc>>,
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
    let now = context.clock.now();
    let all = context.store.feed_groups().await?;
    let mut found = Vec::new();
    for feed in context.store.feeds().await? {
        if only.is_some_and(|only| only != feed.app) {
            continue;
        }
        let acks = context.store.acks(feed.app).await?.into_iter();
        let acks: BTreeMap<String, DateTime<Utc>> = acks
            .filter(|ack| ack.position > Position::START)
            .map(|ack| (ack.group, ack.at))
            .collect();
        let groups = all.iter().filter(|group| group.app == feed.app);
        let groups = groups.map(|group| summary(&feed, group, acks.get(&group.group).copied(), now));
        found.push(FeedSummary {
            groups: groups.collect(),
            warning: feed.warning(&all),
            feed,
        });
    }
    found.sort_by(|a, b| a.feed.name.cmp(&b.feed.name));
    Ok(found)
}

fn summary(feed: &Feed, group: &FeedGroup, at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Group {
    let oldest = group.acknowledged.next().max(feed.oldest);
    let lag = feed
        .waiting_since(group)
        .map_or(0, |since| (now - since).num_seconds());
    Group {
        name: group.group.clone(),
        acknowledged: group.acknowledged,
        delivered: group.delivered,
        behind: feed.head.since(group.acknowledged).max(0),
        oldest_unacknowledged: Some(oldest).filter(|oldest| *oldest <= feed.head),
        lag_seconds: lag.max(0),
        at,
    }
}
