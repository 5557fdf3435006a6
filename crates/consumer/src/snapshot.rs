//! Taking a snapshot: every identity, group and membership over HTTP, instead of what the app has.
//!
//! The pages need no lock and no memory, because what changes meanwhile has an event after the snapshot's position (ADR 0039).

use crate::error::Error;
use crate::http_feed::HttpFeed;
use crate::place::Place;
use crate::sink::{Sink, Stored};
use std::time::Duration;
use tracing::{info, warn};

/// The longest wait before a page is asked for again.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

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

/// One page. A snapshot does not begin anew because the gateway cannot answer for a while, or cannot write this page until its
/// operator has mended a profile: it would meet the same page again.
async fn page(feed: &HttpFeed, cursor: Option<&str>) -> Result<crate::sink::SnapshotPage, Error> {
    let mut wait = Duration::from_millis(250);
    loop {
        match feed.snapshot(cursor).await {
            Err(error) if error.may_pass() => {
                warn!(%error, again_in_ms = wait.as_millis(), "a page of the snapshot is asked for again");
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            answer => return answer,
        }
    }
}
