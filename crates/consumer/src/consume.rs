//! The loop: read, apply, acknowledge; after any failure wait a little and start again from the sink's stored
//! position.
//!
//! The sink's position is the only state. Decisions are in [`crate::rule`], reading in the sources.

use crate::delivery::Delivery;
use crate::error::Error;
use crate::rule::plan;
use crate::settings::Settings;
use crate::sink::Sink;
use crate::source::{News, Source};
use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::pin;
use std::time::Duration;
use tracing::{debug, info, warn};

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Consumes a feed until `stop` completes; a batch in progress is finished first.
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
    info!(feed = ?settings.feed, group = settings.group, "consuming");
    loop {
        let failed = loop {
            let applied = match sink.position().await {
                Ok(position) => position,
                Err(error) => break Error::Sink(error),
            };
            let news = tokio::select! {
                biased;
                () = &mut stop => return Ok(()),
                news = source.next(applied) => news,
            };
            let done = match news {
                Ok(news) => take(&mut source, sink, applied, news).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(()) => wait = FIRST_WAIT,
                Err(error) => break error,
            }
        };
        warn!(error = %failed, again_in_ms = wait.as_millis(), "the feed is interrupted");
        source.reset();
        tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn take<S: Sink>(source: &mut Source, sink: &mut S, applied: u64, news: News) -> Result<(), Error> {
    let batch = match news {
        News::Delivered { through } if through > applied => {
            debug!(applied, through, "catching up with what was delivered before");
            return fill(source, sink, applied + 1..=through).await;
        }
        News::Delivered { .. } => return Ok(()),
        News::Batch(batch) => batch,
    };
    let mut plan = plan(applied, batch.clone());
    source.ack(&plan.repeated).await?;
    apply(source, sink, &plan.ready).await?;
    if let Some(missing) = plan.missing.take() {
        warn!(
            first = missing.start(),
            last = missing.end(),
            "positions are missing; reading them first"
        );
        let behind: Vec<Delivery> = batch
            .into_iter()
            .filter(|d| d.position > *missing.end())
            .collect();
        fill(source, sink, missing.clone()).await?;
        // The deliveries behind the gap fit now; a second gap in them is found by the next read of the
        // pending entries.
        let rest = self::plan(*missing.end(), behind);
        apply(source, sink, &rest.ready).await?;
        if let Some(missing) = rest.missing {
            fill(source, sink, missing).await?;
            source.reset();
        }
    }
    Ok(())
}

/// Reads missing positions and applies them, page by page.
async fn fill<S: Sink>(source: &mut Source, sink: &mut S, missing: RangeInclusive<u64>) -> Result<(), Error> {
    let (mut first, last) = missing.into_inner();
    while first <= last {
        let found = source.reread(&(first..=last)).await?;
        first = found.last().map_or(last, |delivery| delivery.position) + 1;
        apply(source, sink, &found).await?;
    }
    Ok(())
}

/// Commits first and acknowledges after: a crash between the two only repeats events.
async fn apply<S: Sink>(source: &mut Source, sink: &mut S, ready: &[Delivery]) -> Result<(), Error> {
    if ready.is_empty() {
        return Ok(());
    }
    sink.apply(ready).await.map_err(Error::Sink)?;
    let positions: Vec<u64> = ready.iter().map(|delivery| delivery.position).collect();
    source.ack(&positions).await
}
