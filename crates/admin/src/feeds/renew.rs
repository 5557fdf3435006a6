//! Begins another epoch of a feed (ADR 0039).

use domain::audit::{Action, Chain, Target};
use domain::feed::Epoch;
use domain::position::Position;
use domain::tenant::Slug;

use super::feed;
use crate::{Context, Error};

/// A feed that was renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    /// The epoch that ended.
    pub before: Epoch,
    /// The present one.
    pub epoch: Epoch,
    /// The feed's head.
    pub head: Position,
}

/// Begins another epoch of an app's feed: each of its readers takes a snapshot, and goes on from there. No event is lost, and none
/// is sent again. When another process renews it at the same moment, that renewal is the answer.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, app: &str) -> Result<Renewed, Error> {
    let before = feed(context, app).await?;
    let entry = context
        .audit(Chain::Platform, Action::FeedRenew, Target::Feed(before.app))
        .with("app", before.name.as_str())
        .with("epochBefore", before.epoch.to_string());
    let (app_id, epoch) = (before.app, before.epoch.clone());
    context
        .store
        .audited(&entry, move |tx| {
            let epoch = epoch.clone();
            Box::pin(async move { tx.renew_feed_by_hand(app_id, &epoch).await })
        })
        .await?;
    let after = feed(context, app).await?;
    Ok(Renewed {
        before: before.epoch,
        epoch: after.epoch,
        head: after.head,
    })
}

/// Does so for the feed of every app, by name; after an error the feeds before that one are renewed.
///
/// # Errors
/// [`Error::Store`].
pub async fn all(context: &Context) -> Result<Vec<(Slug, Renewed)>, Error> {
    let mut names: Vec<Slug> = context
        .store
        .feeds()
        .await?
        .into_iter()
        .map(|feed| feed.name)
        .collect();
    names.sort();
    let mut done = Vec::new();
    for name in names {
        match execute(context, name.as_str()).await {
            Ok(renewed) => done.push((name, renewed)),
            // Deleted meanwhile.
            Err(Error::AppUnknown(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
