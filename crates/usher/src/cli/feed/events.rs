//! `usher feed show | tail`: the events themselves.

use std::time::Duration;

use admin::feeds::tail::{Batch, Told};
use anyhow::Context as _;
use domain::position::Position;
use serde_json::Value;

use crate::cli::show::{Printer, number, printable};
use crate::output;

/// The interval at which new events are looked for.
const LOOK: Duration = Duration::from_secs(1);

/// Which events `tail` prints.
pub(super) struct Wanted {
    /// From this position instead of the present head.
    pub from: Option<i64>,
    /// Of this type only.
    pub event_type: Option<String>,
    /// Whether to wait at the head.
    pub follow: bool,
}

pub(super) async fn show(
    context: &admin::Context,
    printer: Printer,
    app: &str,
    position: i64,
) -> anyhow::Result<()> {
    let body = admin::feeds::show::execute(context, app, at(position)?).await?;
    printer.raw(&body, || {
        let event: Value = serde_json::from_str(&body).unwrap_or_default();
        serde_json::to_string_pretty(&event).unwrap_or_default()
    });
    Ok(())
}

pub(super) async fn tail(
    context: &admin::Context,
    printer: Printer,
    app: &str,
    wanted: &Wanted,
) -> anyhow::Result<()> {
    let from = wanted.from.map(at).transpose()?;
    let mut place = admin::feeds::tail::begin(context, app, from).await?;
    loop {
        let batch = admin::feeds::tail::next(context, &mut place).await?;
        warn(&batch);
        let is_at_head = batch.events.is_empty();
        let is_wanted = |told: &&Told| {
            wanted
                .event_type
                .as_ref()
                .is_none_or(|only| *only == told.event_type)
        };
        for told in batch.events.iter().filter(is_wanted) {
            printer.raw(&entry(told), || line(told));
        }
        if is_at_head && !wanted.follow {
            return Ok(());
        }
        if is_at_head {
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn at(position: i64) -> anyhow::Result<Position> {
    Position::new(position).context("a position is a number from 1 on")
}

fn warn(batch: &Batch) {
    if let Some(epoch) = &batch.epoch {
        output::warning(&format!("the feed has another epoch now: {epoch}"));
    }
    if let Some((first, last)) = batch.missing {
        output::warning(&format!("the events {first} to {last} are no longer kept"));
    }
}

/// As a page of the feed over HTTP has it.
fn entry(told: &Told) -> String {
    format!("{{\"pos\":{},\"event\":{}}}", told.position, told.body)
}

fn line(told: &Told) -> String {
    let event: Value = serde_json::from_str(&told.body).unwrap_or_default();
    let time = event.get("time").and_then(Value::as_str).unwrap_or_default();
    let position = number(told.position.number());
    printable(&format!(
        "{position:>9}  {time}  {}  {}",
        told.event_type, told.source
    ))
}
