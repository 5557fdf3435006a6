//! The loop: read, apply, acknowledge; after any failure wait a little and start again from the sink's stored
//! place. Without one, and after a failure that no event can repair, it takes a snapshot.
//!
//! The sink's place is the only state. Decisions are in [`crate::rule`] and [`Error::asks_for_snapshot`], reading in
//! the sources.

use crate::delivery::Delivery;
use crate::error::Error;
use crate::http_feed::{HttpFeed, Wait};
use crate::place::Place;
use crate::rule::plan;
use crate::settings::{Settings, Sharing};
use crate::sink::{Batch, Sink, Stored};
use crate::snapshot;
use crate::source::{News, Source};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;
use tracing::{debug, info, warn};

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// What one turn of the loop did.
enum Turn {
    Stopped,
    Read,
    /// A snapshot was stored. The wait between two of them grows until a read follows.
    Snapshot,
}

/// Consumes a feed until `stop` completes; a batch in progress is finished first, a snapshot is left.
///
/// # Errors
/// Only [`Error::Settings`], before anything is read. Every other failure is logged and retried without limit.
pub async fn run<S: Sink>(
    settings: &Settings,
    sink: &mut S,
    stop: impl Future<Output = ()>,
) -> Result<(), Error> {
    let mut source = Source::open(settings)?;
    let mut stop = pin!(stop);
    let mut wait = FIRST_WAIT;
    let mut given_up: Option<Place> = None;
    info!(feed = ?settings.feed, group = settings.group, "consuming");
    loop {
        match turn(&mut source, sink, settings, &mut given_up, stop.as_mut()).await {
            Ok(Turn::Stopped) => return Ok(()),
            Ok(Turn::Read) => wait = FIRST_WAIT,
            Ok(Turn::Snapshot) => source.reset(),
            Err(error) => {
                warn!(%error, again_in_ms = wait.as_millis(), "the feed is interrupted");
                source.reset();
                tokio::select! {
                    biased;
                    () = &mut stop => return Ok(()),
                    () = tokio::time::sleep(wait) => {}
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
        }
    }
}

/// One read and what follows from it, or one snapshot. `given_up` is the place that a failure has shown to be useless.
async fn turn<S: Sink>(
    source: &mut Source,
    sink: &mut S,
    settings: &Settings,
    given_up: &mut Option<Place>,
    mut stop: Pin<&mut impl Future<Output = ()>>,
) -> Result<Turn, Error> {
    let stored = sink.place().await.map_err(Error::Sink)?;
    let place = match &stored {
        Some(place) if given_up.as_ref() != Some(place) => place.clone(),
        stale => {
            info!(stale = stale.as_ref().map(Place::to_string), "taking a snapshot");
            let done = tokio::select! {
                biased;
                () = &mut stop => return Ok(Turn::Stopped),
                done = snapshot::take(source.feed(), sink, stale.as_ref(), &settings.consumer) => done,
            };
            *given_up = None;
            return done.map(|()| Turn::Snapshot);
        }
    };
    let news = tokio::select! {
        biased;
        () = &mut stop => return Ok(Turn::Stopped),
        news = source.next(&place) => news,
    };
    let done = match news {
        Ok(news) => take(source, sink, settings.sharing, &place, news).await,
        Err(error) => Err(error),
    };
    if done.as_ref().is_err_and(Error::asks_for_snapshot) {
        *given_up = sink.place().await.map_err(Error::Sink)?;
    }
    done.map(|()| Turn::Read)
}

async fn take<S: Sink>(
    source: &mut Source,
    sink: &mut S,
    sharing: Sharing,
    place: &Place,
    news: News,
) -> Result<(), Error> {
    source.compare_epoch(&news, place).await?;
    match sharing {
        Sharing::OneReader => take_in_order(source, sink, place.clone(), news).await,
        Sharing::Workers => take_shared(source, sink, place, news).await,
    }
}

/// One reader: every position in order. Nothing is acknowledged before its position is stored.
async fn take_in_order<S: Sink>(
    source: &mut Source,
    sink: &mut S,
    mut place: Place,
    news: News,
) -> Result<(), Error> {
    let known = news.gone.iter().copied().chain(news.through).max();
    if let Some(through) = known.filter(|through| *through > place.position) {
        debug!(%place, through, "catching up with what was delivered before");
        place = fill(source, sink, place, through).await?;
    }
    source.ack(&news.gone, &place).await?;
    let plan = plan(place.position, news.deliveries);
    source.ack(&plan.repeated, &place).await?;
    if let Some(last) = plan.ready.last() {
        let to = place.at(last.position);
        place = apply(source, sink, place, to, plan.ready).await?;
    }
    if let Some(missing) = plan.missing {
        warn!(
            first = missing.start(),
            last = missing.end(),
            "positions are missing; reading them first"
        );
        fill(source, sink, place, *missing.end()).await?;
        // The deliveries behind the gap are pending now and come again.
        source.reset();
    }
    Ok(())
}

/// One of several workers: whatever it gets, in any order, because every row is guarded by its sequence.
async fn take_shared<S: Sink>(
    source: &mut Source,
    sink: &mut S,
    place: &Place,
    news: News,
) -> Result<(), Error> {
    let (mut ready, told): (Vec<Delivery>, Vec<Delivery>) = news
        .deliveries
        .into_iter()
        .partition(|delivery| delivery.position > place.position);
    let told: Vec<u64> = told.iter().map(|delivery| delivery.position).collect();
    let (lost, useless): (BTreeSet<u64>, BTreeSet<u64>) =
        news.gone.iter().partition(|position| **position > place.position);
    source.ack(&told, place).await?;
    source
        .ack(&useless.into_iter().collect::<Vec<_>>(), place)
        .await?;
    ready.extend(exactly(source.feed(), place, lost).await?);
    if !ready.is_empty() {
        apply(source, sink, place.clone(), place.clone(), ready).await?;
    }
    Ok(())
}

/// Reads these positions over HTTP.
async fn exactly(feed: &HttpFeed, place: &Place, mut wanted: BTreeSet<u64>) -> Result<Vec<Delivery>, Error> {
    let mut found = Vec::new();
    while let Some(first) = wanted.first().copied() {
        let page = feed.page(&place.at(first - 1), Wait::No).await?;
        found.extend(
            page.into_iter()
                .filter(|delivery| wanted.remove(&delivery.position)),
        );
        if wanted.contains(&first) {
            return Err(Error::Gap { first, last: first });
        }
    }
    Ok(found)
}

/// Reads missing positions and applies them, page by page.
async fn fill<S: Sink>(
    source: &mut Source,
    sink: &mut S,
    mut place: Place,
    through: u64,
) -> Result<Place, Error> {
    while place.position < through {
        let found = source.reread(&place, through).await?;
        let to = place.at(found.last().map_or(through, |delivery| delivery.position));
        place = apply(source, sink, place, to, found).await?;
    }
    Ok(place)
}

/// Commits first and acknowledges after: a crash between the two only repeats events.
async fn apply<S: Sink>(
    source: &mut Source,
    sink: &mut S,
    from: Place,
    to: Place,
    deliveries: Vec<Delivery>,
) -> Result<Place, Error> {
    let batch = Batch { from, to, deliveries };
    if sink.apply(&batch).await.map_err(Error::Sink)? == Stored::Moved {
        return Err(Error::Moved);
    }
    let positions: Vec<u64> = batch
        .deliveries
        .iter()
        .map(|delivery| delivery.position)
        .collect();
    source.ack(&positions, &batch.to).await?;
    Ok(batch.to)
}
