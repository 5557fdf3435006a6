//! The stream and its group: begun, made anew, trimmed (`docs/background/feeds.md`, "Groups and acknowledgements" and
//! "Trimming").

use std::sync::LazyLock;

use domain::feed::Epoch;
use domain::position::Position;
use redis::{FromRedisValue, Script, Value};

use super::fault::Fault;
use super::key::{EntryId, StreamKey};
use super::link::Link;

static BEGIN: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("begin.lua")));
static GROUP: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("group.lua")));

/// The relay's consumer in each group; it never reads. A group without it was not made by a relay.
pub(crate) const CONSUMER: &str = "usher-relay";

/// Empties the stream, names its epoch and deployment, and makes the group at what it has acknowledged.
pub(crate) async fn begin(
    link: &Link,
    key: &StreamKey,
    epoch: &Epoch,
    deployment: &str,
    group: &str,
    acknowledged: Position,
) -> Result<(), Fault> {
    let mut call = BEGIN.prepare_invoke();
    call.key(key.as_str())
        .key(key.companion())
        .arg(epoch.to_string())
        .arg(deployment)
        .arg(group)
        .arg(EntryId::at(acknowledged).to_string())
        .arg(CONSUMER);
    link.with(async |connection| call.invoke_async(connection).await)
        .await
}

/// Makes the group anew at what it has acknowledged, and the stream if it does not exist. Nothing is pending then.
pub(crate) async fn make_group(
    link: &Link,
    key: &StreamKey,
    group: &str,
    acknowledged: Position,
) -> Result<(), Fault> {
    let mut call = GROUP.prepare_invoke();
    call.key(key.as_str())
        .arg(group)
        .arg(EntryId::at(acknowledged).to_string())
        .arg(CONSUMER);
    link.with(async |connection| call.invoke_async(connection).await)
        .await
}

/// Adds the relay's consumer to a group that an earlier version made.
pub(crate) async fn mark_group(link: &Link, key: &StreamKey, group: &str) -> Result<(), Fault> {
    let mut command = redis::cmd("XGROUP");
    command
        .arg("CREATECONSUMER")
        .arg(key.as_str())
        .arg(group)
        .arg(CONSUMER);
    link.ask::<i64>(&command).await.map(|_| ())
}

/// Writes fields of the stream's companion.
pub(crate) async fn note(link: &Link, key: &StreamKey, fields: &[(&str, String)]) -> Result<(), Fault> {
    let mut command = redis::cmd("HSET");
    command.arg(key.companion());
    for (name, value) in fields {
        command.arg(name).arg(value);
    }
    link.ask::<i64>(&command).await.map(|_| ())
}

/// Removes the entries before `position`; returns their number.
pub(crate) async fn trim_before(link: &Link, key: &StreamKey, position: Position) -> Result<i64, Fault> {
    let id = EntryId::at(position).to_string();
    link.ask(
        redis::cmd("XTRIM")
            .arg(key.as_str())
            .arg("MINID")
            .arg("=")
            .arg(id),
    )
    .await
}

/// A named field of an answer that is a map (RESP3) or a flat list of names and values (RESP2).
pub(super) fn field<T: FromRedisValue>(answer: &Value, name: &str) -> Option<T> {
    let is = |key: &Value| text(key).as_deref() == Some(name);
    let found = match answer {
        Value::Map(pairs) => pairs.iter().find(|(key, _)| is(key)).map(|(_, value)| value),
        Value::Array(parts) => {
            let (pairs, _) = parts.as_chunks();
            pairs.iter().find(|[key, _]| is(key)).map(|[_, value]| value)
        }
        _ => None,
    };
    found.and_then(|value| T::from_redis_value(value.clone()).ok())
}

pub(super) fn text(value: &Value) -> Option<String> {
    String::from_redis_value(value.clone()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_in_both_shapes_of_answer() {
        let name = || Value::BulkString(b"pending".to_vec());
        let flat = Value::Array(vec![
            Value::BulkString(b"x".to_vec()),
            Value::Int(1),
            name(),
            Value::Int(7),
        ]);
        let map = Value::Map(vec![(name(), Value::Int(7))]);
        assert_eq!(field::<i64>(&flat, "pending"), Some(7));
        assert_eq!(field::<i64>(&map, "pending"), Some(7));
        assert_eq!(field::<i64>(&map, "lag"), None);
    }
}
