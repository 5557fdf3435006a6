//! The events of a feed as they come.

use domain::event::in_epoch;
use domain::feed::Epoch;
use domain::id::AppId;
use domain::position::Position;

use super::feed;
use crate::{Context, Error};

/// Events read at a time.
const PAGE: usize = 100;

/// A place in a feed, from which it is read on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tail {
    app: AppId,
    name: String,
    after: Position,
    epoch: Epoch,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its position.
    pub position: Position,
    /// Its `CloudEvents` type.
    pub event_type: String,
    /// Its `CloudEvents` source: what it is about.
    pub source: String,
    /// The JSON text as the app gets it.
    pub body: String,
}

/// The events after the last ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Batch {
    /// In the order of their positions; empty at the head.
    pub events: Vec<Told>,
    /// The positions before them that are past their retention, first and last.
    pub missing: Option<(Position, Position)>,
    /// The epoch that has begun since the last call.
    pub epoch: Option<Epoch>,
}

/// A place in the feed of an app: before the position `from`, or at the head.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::BeyondHead`], [`Error::Store`].
pub async fn begin(context: &Context, app: &str, from: Option<Position>) -> Result<Tail, Error> {
    let feed = feed(context, app).await?;
    let after = from.map_or(feed.head, |from| from.back(1));
    if after > feed.head {
        return Err(Error::BeyondHead {
            app: app.to_owned(),
            position: after.next(),
            head: feed.head,
        });
    }
    Ok(Tail {
        app: feed.app,
        name: app.to_owned(),
        after,
        epoch: feed.epoch,
    })
}

/// The next events. A database that came back older ends before the place: it is read on from its head.
///
/// # Errors
/// [`Error::AppUnknown`] when the app was deleted, [`Error::Store`].
pub async fn next(context: &Context, tail: &mut Tail) -> Result<Batch, Error> {
    let page = context.store.feed_page(tail.app, tail.after, PAGE).await?;
    let page = page.ok_or_else(|| Error::AppUnknown(tail.name.clone()))?;
    let mut batch = Batch::default();
    if page.ends.epoch != tail.epoch {
        batch.epoch = Some(page.ends.epoch.clone());
        tail.epoch.clone_from(&page.ends.epoch);
        tail.after = tail.after.min(page.ends.head);
    }
    if let Some(first) = page.events.first().map(|event| event.position)
        && first > tail.after.next()
    {
        batch.missing = Some((tail.after.next(), first.back(1)));
    }
    if let Some(last) = page.events.last() {
        tail.after = last.position;
    }
    let told = page.events.into_iter().map(|event| Told {
        position: event.position,
        body: in_epoch(&event.body, &page.ends.epoch),
        event_type: event.event_type,
        source: event.source,
    });
    batch.events = told.collect();
    Ok(batch)
}
