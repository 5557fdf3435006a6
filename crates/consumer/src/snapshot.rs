//! Taking a snapshot: every identity, group and membership over HTTP, instead of what the app has.
//!
//! The pages need no lock and no memory, because what changes meanwhile has an event after the snapshot's position (ADR 0039).

use crate::error::Error;
use crate::http_feed::HttpFeed;
use crate::place::Place;
use crate::sink::{Sink, Stored};
use std::time::Duration;
use tracing::{info, warn};

/// The requests for one page before the snapshot is given up, and begun anew later.
const TRIES: u32 = 8;

/// Replaces what the sink has. `stale` is the place that is given up; `by` this consumer's name.
pub(crate) async fn take<S: Sink>(
    feed: &HttpFeed,
    sink: &mut S,
    stale: Option<&Place>,
    by: &str,
) -> Result<(), Error> {
    let begun = sink.begin_snapshot(stale, by).await.map_err(Error::Sink)?;
    let number = begun.ok_or(Error::Busy)?;
    let (mut cursor, mut events) = (None, 0);
    loop {
        let page = page(feed, cursor.as_deref()).await?;
        events += page.events.len();
        if sink.store_page(number, &page).await.map_err(Error::Sink)? == Stored::Moved {
            return Err(Error::Busy);
        }
        if page.next.is_none() {
            info!(events, place = %page.place(), "the snapshot is stored");
            return Ok(());
        }
        cursor = page.next;
    }
}

/// One page. A long snapshot must not begin anew for one answer that failed.
async fn page(feed: &HttpFeed, cursor: Option<&str>) -> Result<crate::sink::SnapshotPage, Error> {
    let mut tries = 1;
    loop {
        match feed.snapshot(cursor).await {
            Err(error) if tries < TRIES && !error.asks_for_snapshot() => {
                warn!(%error, tries, "a page of the snapshot is asked for again");
                tokio::time::sleep(Duration::from_millis(250) * tries).await;
                tries += 1;
            }
            answer => return answer,
        }
    }
}
