//! Compare-and-append (ADR 0004). The script is the whole protocol between relays: it adds nothing unless the stream ends where
//! the caller believes, in the caller's epoch.

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

/// Appends `events`, expecting the stream to end at `tail`. `false`: it has another end or another epoch, and nothing was added.
pub(crate) async fn append(
    link: &Link,
    key: &StreamKey,
    tail: Position,
    epoch: &Epoch,
    events: &[FeedEvent],
) -> Result<bool, Fault> {
    let mut call = SCRIPT.prepare_invoke();
    call.key(key.as_str())
        .key(key.companion())
        .arg(EntryId::at(tail).to_string())
        .arg(epoch.to_string());
    for event in events {
        call.arg(EntryId::at(event.position).to_string())
            .arg(in_epoch(&event.body, epoch))
            .arg(&event.event_type)
            .arg(event.tenant.to_string())
            .arg(&event.source)
            .arg(&event.sequence);
    }
    link.with(async |connection| call.invoke_async(connection).await)
        .await
}
