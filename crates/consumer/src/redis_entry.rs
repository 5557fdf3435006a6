//! Parses stream entries from the answers of Redis. Pure.
//!
//! By hand, because an entry that was trimmed while it was pending comes as an id with nil instead of fields,
//! and because the same command answers with arrays (RESP2) or maps (RESP3).

use crate::delivery::Delivery;
use redis::Value;

/// One entry; `event` is `None` if the stream no longer has it.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// The entry id, `{position}-0`.
    pub(crate) id: String,
    /// The position; `None` for an id that the gateway did not create.
    pub(crate) position: Option<u64>,
    /// The field `e`: the feed's epoch.
    pub(crate) epoch: Option<String>,
    /// The field `ce`: the CloudEvents envelope as JSON.
    pub(crate) event: Option<serde_json::Value>,
}

impl Entry {
    /// An entry that is pending and no longer in the stream.
    pub(crate) fn gone(id: String) -> Self {
        Self {
            position: position(&id),
            id,
            epoch: None,
            event: None,
        }
    }

    /// The delivery, if the entry has a position and an event.
    pub(crate) fn delivery(self) -> Option<Delivery> {
        Some(Delivery {
            position: self.position?,
            epoch: self.epoch,
            event: self.event?,
        })
    }
}

/// The entries of an `XREADGROUP` answer for one stream; nil is an empty list.
pub(crate) fn of_read(answer: &Value) -> Vec<Entry> {
    match answer {
        Value::Array(streams) => match streams.first() {
            Some(Value::Array(stream)) => stream.get(1).map(of_list).unwrap_or_default(),
            _ => Vec::new(),
        },
        Value::Map(streams) => streams
            .first()
            .map(|(_, entries)| of_list(entries))
            .unwrap_or_default(),
        _ => Vec::new(),
    }
}

/// The cursor and the entries of an `XAUTOCLAIM` answer; `0-0` ends the scan. The third element names entries that the
/// stream no longer has and that Redis has just taken off the list of pending ones: they come without an event.
pub(crate) fn of_claim(answer: &Value) -> (String, Vec<Entry>) {
    match answer {
        Value::Array(parts) => {
            let cursor = parts.first().and_then(text).unwrap_or_else(|| "0-0".to_owned());
            let mut entries = parts.get(1).map(of_list).unwrap_or_default();
            if let Some(Value::Array(gone)) = parts.get(2) {
                entries.extend(gone.iter().filter_map(text).map(Entry::gone));
            }
            (cursor, entries)
        }
        _ => ("0-0".to_owned(), Vec::new()),
    }
}

/// The entries of an `XRANGE` answer.
pub(crate) fn of_list(answer: &Value) -> Vec<Entry> {
    match answer {
        Value::Array(entries) => entries.iter().filter_map(entry).collect(),
        _ => Vec::new(),
    }
}

/// The ids of an `XPENDING` answer with a range.
pub(crate) fn of_pending(answer: &Value) -> Vec<String> {
    let Value::Array(entries) = answer else {
        return Vec::new();
    };
    let id = |entry: &Value| match entry {
        Value::Array(parts) => parts.first().and_then(text),
        _ => None,
    };
    entries.iter().filter_map(id).collect()
}

/// The position in an entry id `{position}-0`.
pub(crate) fn position(id: &str) -> Option<u64> {
    id.strip_suffix("-0")?.parse().ok()
}

fn entry(value: &Value) -> Option<Entry> {
    let Value::Array(parts) = value else { return None };
    let id = text(parts.first()?)?;
    let pairs: Vec<(&Value, &Value)> = match parts.get(1) {
        None | Some(Value::Nil) => return Some(Entry::gone(id)),
        Some(Value::Map(fields)) => fields.iter().map(|(name, value)| (name, value)).collect(),
        Some(Value::Array(fields)) => {
            let (pairs, _) = fields.as_chunks();
            pairs.iter().map(|[name, value]| (name, value)).collect()
        }
        Some(_) => Vec::new(),
    };
    Some(Entry {
        position: position(&id),
        id,
        epoch: field(&pairs, "e"),
        event: Some(envelope(field(&pairs, "ce").unwrap_or_default())),
    })
}

fn field(pairs: &[(&Value, &Value)], wanted: &str) -> Option<String> {
    let found = pairs
        .iter()
        .find(|(name, _)| text(name).as_deref() == Some(wanted));
    found.and_then(|(_, value)| text(value))
}

/// The JSON of the field `ce`; text that is not JSON becomes a string, for the app's dead letters.
fn envelope(raw: String) -> serde_json::Value {
    serde_json::from_str(&raw).unwrap_or(serde_json::Value::String(raw))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        Value::SimpleString(text) => Some(text.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn bulk(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    fn full(id: &str, ce: &str) -> Value {
        let fields = ["t", "x", "ce", ce, "e", "1-aa"].map(bulk).to_vec();
        Value::Array(vec![bulk(id), Value::Array(fields)])
    }

    #[test]
    fn both_protocols_give_the_same_entries() {
        let entries = Value::Array(vec![full("7-0", r#"{"id":"a"}"#)]);
        let resp2 = Value::Array(vec![Value::Array(vec![bulk("s"), entries.clone()])]);
        let resp3 = Value::Map(vec![(bulk("s"), entries)]);
        let expected = vec![Entry {
            id: "7-0".to_owned(),
            position: Some(7),
            epoch: Some("1-aa".to_owned()),
            event: Some(json!({"id": "a"})),
        }];
        assert_eq!(of_read(&resp2), expected);
        assert_eq!(of_read(&resp3), expected);
        assert_eq!(of_read(&Value::Nil), []);
    }

    #[test]
    fn a_trimmed_entry_has_an_id_and_no_event() {
        let answer = Value::Array(vec![Value::Array(vec![bulk("7-0"), Value::Nil])]);
        assert_eq!(
            of_list(&answer),
            [Entry {
                id: "7-0".to_owned(),
                position: Some(7),
                epoch: None,
                event: None
            }]
        );
    }

    #[test]
    fn foreign_data_is_handed_on_and_a_foreign_id_has_no_position() {
        let answer = Value::Array(vec![full("7-0", "no JSON"), full("1700000000000-3", "{}")]);
        let entries = of_list(&answer);
        assert_eq!(entries[0].event, Some(json!("no JSON")));
        assert_eq!(entries[1].position, None);
    }

    #[test]
    fn a_claim_has_the_cursor_of_the_next_one_and_names_what_the_stream_no_longer_has() {
        let answer = Value::Array(vec![
            bulk("9-0"),
            Value::Array(vec![full("8-0", "{}")]),
            Value::Array(vec![bulk("3-0")]),
        ]);
        let (cursor, entries) = of_claim(&answer);
        assert_eq!((cursor.as_str(), entries.len()), ("9-0", 2));
        assert_eq!((entries[1].position, &entries[1].event), (Some(3), &None));
    }
}
