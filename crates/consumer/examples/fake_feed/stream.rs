//! Mirrors the fake feed in a Redis stream, as the gateway does: the key, the hash beside it, the app's group, the entries' fields.

use super::server::Shared;
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, cmd};
use serde_json::Value;
use std::sync::PoisonError;
use std::time::Duration;

/// How often it looks whether something happened, or the stream is gone.
const LOOK: Duration = Duration::from_millis(20);

/// Mirrors until Redis fails.
///
/// # Errors
/// Redis cannot be reached, or refuses.
pub async fn mirror(url: &str, app: &str, feed: &Shared) -> RedisResult<()> {
    let mut connection = redis::Client::open(url)?
        .get_multiplexed_async_connection()
        .await?;
    let (key, beside) = (
        format!("usher:{{test:{app}}}:s00"),
        format!("usher:{{test:{app}}}:feed"),
    );
    let (mut written, mut last) = (None, 0);
    loop {
        let stream = feed.lock().unwrap_or_else(PoisonError::into_inner).stream();
        let exists: bool = cmd("EXISTS").arg(&key).query_async(&mut connection).await?;
        if !exists || written.as_ref() != Some(&stream) {
            begin(&mut connection, (&key, &beside), app, &stream.0).await?;
            (written, last) = (Some(stream), 0);
        }
        let new: Vec<(u64, Value)> = {
            let feed = feed.lock().unwrap_or_else(PoisonError::into_inner);
            // Something has happened since: the next look begins anew.
            let is_same = written.as_ref() == Some(&feed.stream());
            if is_same {
                feed.after(last).collect()
            } else {
                Vec::new()
            }
        };
        for (position, event) in new {
            add(&mut connection, &key, position, &event).await?;
            last = position;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// An empty stream with its group, and the epoch beside it.
async fn begin(
    connection: &mut MultiplexedConnection,
    (key, beside): (&str, &str),
    app: &str,
    epoch: &str,
) -> RedisResult<()> {
    let mut together = redis::pipe();
    together.atomic();
    together.cmd("DEL").arg(key).ignore();
    together.cmd("HSET").arg(beside).arg("epoch").arg(epoch).ignore();
    together
        .cmd("XGROUP")
        .arg(&["CREATE", key, app, "0", "MKSTREAM"])
        .ignore();
    together.query_async(connection).await
}

async fn add(
    connection: &mut MultiplexedConnection,
    key: &str,
    position: u64,
    event: &Value,
) -> RedisResult<()> {
    let text = |member: &str| event.get(member).and_then(Value::as_str).unwrap_or_default();
    cmd("XADD")
        .arg(key)
        .arg(format!("{position}-0"))
        .arg(&[
            "ce",
            &event.to_string(),
            "t",
            text("type"),
            "ten",
            text("tenantid"),
        ])
        .arg(&["k", text("source"), "q", text("sequence"), "e", text("epoch")])
        .query_async(connection)
        .await
}
