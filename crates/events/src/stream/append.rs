//! Compare-and-append (ADR 0004). The script is the whole recovery protocol: its refusal has the stream's
//! actual end, and the relay continues from there.

use std::sync::LazyLock;

use domain::event::in_epoch;
use domain::feed::Epoch;
use domain::position::Position;
use redis::Script;
use store::FeedEvent;

use super::fault::Fault;
use super::key::{EntryId, StreamKey};
use super::link::Link;

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("append.lua")));

/// The result of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Appended {
    /// All of it is in the stream.
    Done,
    /// None of it is: the stream has another end than expected, this one.
    Elsewhere(EntryId),
}

/// Appends `events`, expecting the stream to end at `tail`.
pub(crate) async fn append(
    link: &Link,
    key: &StreamKey,
    tail: Position,
    epoch: &Epoch,
    events: &[FeedEvent],
) -> Result<Appended, Fault> {
    let mut call = SCRIPT.prepare_invoke();
    call.key(key.as_str()).arg(EntryId::at(tail).to_string());
    for event in events {
        call.arg(EntryId::at(event.position).to_string())
            .arg(in_epoch(&event.body, epoch))
            .arg(&event.event_type)
            .arg(event.tenant.to_string())
            .arg(&event.source)
            .arg(&event.sequence)
            .arg(epoch.to_string());
    }
    let (done, last): (i64, String) = link
        .with(async |connection| call.invoke_async(connection).await)
        .await?;
    if done == 1 {
        return Ok(Appended::Done);
    }
    EntryId::parse(&last)
        .map(Appended::Elsewhere)
        .ok_or_else(|| Fault::Refused(format!("the stream ends at {last:?}, which is no entry id")))
}
