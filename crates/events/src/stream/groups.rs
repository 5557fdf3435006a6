//! Consumer groups and the stream's ends: read, created, trimmed (`docs/background/feeds.md`, "Groups and
//! acknowledgements" and "Trimming").

use domain::position::Position;
use redis::{FromRedisValue, Value};

use super::fault::Fault;
use super::key::{EntryId, StreamKey};
use super::link::Link;

/// A stream's two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The oldest entry; `None` in an empty stream.
    pub first: Option<EntryId>,
    /// The id generated last; trimming does not change it.
    pub last: EntryId,
}

/// The progress of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// The name of the group.
    pub name: String,
    /// Everything up to this position is acknowledged.
    pub acknowledged: Position,
}

/// The stream's ends; `None` if the stream does not exist.
pub(crate) async fn ends(link: &Link, key: &StreamKey) -> Result<Option<Ends>, Fault> {
    let answer: Result<Value, Fault> = link
        .ask(redis::cmd("XINFO").arg("STREAM").arg(key.as_str()))
        .await;
    let answer = match answer {
        Err(Fault::Missing) => return Ok(None),
        other => other?,
    };
    let last = field::<String>(&answer, "last-generated-id")
        .and_then(|id| EntryId::parse(&id))
        .ok_or_else(|| Fault::Refused("XINFO STREAM has no last-generated-id".to_owned()))?;
    let first = field::<Value>(&answer, "first-entry").and_then(|entry| match entry {
        Value::Array(parts) => parts.first().and_then(text).and_then(|id| EntryId::parse(&id)),
        _ => None,
    });
    Ok(Some(Ends { first, last }))
}

/// The groups of an existing stream. A group with pending entries has acknowledged up to the one before the
/// oldest of them, any other up to the last delivered.
pub(crate) async fn groups(link: &Link, key: &StreamKey) -> Result<Vec<Group>, Fault> {
    let answer: Vec<Value> = link
        .ask(redis::cmd("XINFO").arg("GROUPS").arg(key.as_str()))
        .await?;
    let mut groups = Vec::with_capacity(answer.len());
    for group in &answer {
        let parts = (field::<String>(group, "name"), field::<i64>(group, "pending"));
        let delivered = field::<String>(group, "last-delivered-id").and_then(|id| EntryId::parse(&id));
        let ((Some(name), Some(pending)), Some(delivered)) = (parts, delivered) else {
            continue;
        };
        let oldest = if pending > 0 {
            oldest_pending(link, key, &name).await?
        } else {
            None
        };
        let acknowledged = oldest.map_or(delivered.position, |oldest| oldest.position.back(1));
        groups.push(Group { name, acknowledged });
    }
    Ok(groups)
}

async fn oldest_pending(link: &Link, key: &StreamKey, group: &str) -> Result<Option<EntryId>, Fault> {
    let (_, oldest, _, _): (i64, Option<String>, Value, Value) = link
        .ask(redis::cmd("XPENDING").arg(key.as_str()).arg(group))
        .await?;
    Ok(oldest.and_then(|id| EntryId::parse(&id)))
}

/// Creates a group that has acknowledged everything up to `acknowledged`, and the stream if it does not
/// exist. An existing group of that name is not changed.
pub(crate) async fn make_group(
    link: &Link,
    key: &StreamKey,
    name: &str,
    acknowledged: Position,
) -> Result<(), Fault> {
    let mut command = redis::cmd("XGROUP");
    command
        .arg("CREATE")
        .arg(key.as_str())
        .arg(name)
        .arg(EntryId::at(acknowledged).to_string())
        .arg("MKSTREAM");
    match link.ask::<Value>(&command).await {
        Err(Fault::Refused(text)) if text.contains("BUSYGROUP") => Ok(()),
        other => other.map(|_| ()),
    }
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

fn text(value: &Value) -> Option<String> {
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
