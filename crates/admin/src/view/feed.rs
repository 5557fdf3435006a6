//! The progress of a feed and of its readers.

use chrono::{DateTime, Utc};
use domain::position::Position;
use schemars::JsonSchema;
use serde::Serialize;

use crate::feeds::list::{FeedSummary, Group};
use crate::feeds::renew::Renewed;

/// How far one app's feed is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Feed")]
pub struct FeedView {
    /// The name of the app.
    pub app: String,
    /// The history that its positions belong to.
    pub epoch: String,
    /// What its relay does.
    pub state: String,
    /// Why it does not run, or what it met.
    pub why: Option<String>,
    /// Since when it is in that state.
    pub since: Option<DateTime<Utc>>,
    /// The instance that noted it.
    pub by: Option<String>,
    /// The last position given out.
    pub head: i64,
    /// The oldest position whose event is kept.
    pub oldest: i64,
    /// The last position known to be in the app's stream.
    pub published: i64,
    /// Its consumer groups.
    pub groups: Vec<FeedGroupView>,
}

/// How far a consumer group is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "FeedGroup")]
pub struct FeedGroupView {
    /// Its name.
    pub group: String,
    /// The position up to which everything is applied.
    pub acknowledged: i64,
    /// The last position that Redis delivered to it.
    pub delivered: i64,
    /// The number of events it has not applied yet.
    pub lag: i64,
    /// The age of the oldest of them, in seconds.
    pub lag_seconds: i64,
    /// The position of the oldest of them that is kept.
    pub oldest_unacknowledged: Option<i64>,
    /// When it last acknowledged.
    pub at: Option<DateTime<Utc>>,
}

impl From<&Group> for FeedGroupView {
    fn from(group: &Group) -> Self {
        Self {
            group: group.name.clone(),
            acknowledged: group.acknowledged.number(),
            delivered: group.delivered.number(),
            lag: group.behind,
            lag_seconds: group.lag_seconds,
            oldest_unacknowledged: group.oldest_unacknowledged.map(Position::number),
            at: group.at,
        }
    }
}

impl From<&FeedSummary> for FeedView {
    fn from(summary: &FeedSummary) -> Self {
        let feed = &summary.feed;
        Self {
            app: feed.name.to_string(),
            epoch: feed.epoch.to_string(),
            state: feed.state.to_string(),
            why: summary.warning.clone(),
            since: feed.state_at,
            by: feed.state_by.clone(),
            head: feed.head.number(),
            oldest: feed.oldest.number(),
            published: feed.published.number(),
            groups: summary.groups.iter().map(FeedGroupView::from).collect(),
        }
    }
}

/// A feed that began another epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeedRenewed {
    /// The name of the app.
    pub app: String,
    /// The epoch that began.
    pub epoch: String,
    /// The epoch that ended.
    pub before: String,
    /// The feed's last position.
    pub head: i64,
}

impl FeedRenewed {
    /// The feed of an app of this name.
    pub fn of(app: &str, renewed: &Renewed) -> Self {
        Self {
            app: app.to_owned(),
            epoch: renewed.epoch.to_string(),
            before: renewed.before.to_string(),
            head: renewed.head.number(),
        }
    }
}
