//! One look at a feed in Redis: the stream, its companion, the app's group, and the server's counts of commands, all of one
//! moment (`look.lua`).

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::feed::Epoch;
use domain::position::Position;
use redis::{Script, Value};
use serde::Deserialize;

use super::fault::Fault;
use super::groups::{CONSUMER, field, text};
use super::key::{EntryId, StreamKey};
use super::link::Link;

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("look.lua")));

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Look {
    /// The fields of the companion; empty when it does not exist.
    pub companion: HashMap<String, String>,
    /// The stream; `None` when it does not exist.
    pub stream: Option<Stream>,
    /// The app's group; `None` when it does not exist.
    pub group: Option<Group>,
    /// The server's counts.
    pub calls: Calls,
}

/// A stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    /// The oldest entry's id; `None` in an empty stream.
    pub first: Option<EntryId>,
    /// The newest entry; `None` in an empty stream.
    pub tail: Option<Entry>,
    /// The id generated last; trimming and deleting do not change it.
    pub last: EntryId,
    /// The number of entries.
    pub length: i64,
    /// The greatest id that `XDEL` removed.
    pub max_deleted: EntryId,
}

/// An entry, as far as it says whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The id of its event; `None` when it has none.
    pub event: Option<String>,
    /// Its epoch; entries of versions before there were epochs have none.
    pub epoch: Option<Epoch>,
}

/// A consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// The id delivered last.
    pub delivered: EntryId,
    /// How many entries were delivered and not acknowledged.
    pub pending: i64,
    /// The oldest of them.
    pub oldest_pending: Option<EntryId>,
    /// Whether it is as the relay made it: a group that was removed and made by hand lacks the relay's consumer.
    pub is_marked: bool,
}

impl Group {
    /// Everything up to this position was delivered and is not pending any more.
    pub fn settled(&self) -> Position {
        self.oldest_pending
            .map_or(self.delivered.position, |oldest| oldest.position.back(1))
    }
}

/// How often the commands were called by which entries stop being pending, or a group moves, without acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Calls {
    /// The run of the server; its counts begin at 0.
    pub run: String,
    /// `XGROUP DELCONSUMER` and `XGROUP SETID`, of anybody on any key.
    pub by_hand: String,
    /// `XACK`, of anybody on any key.
    pub acks: String,
}

/// Takes a look. `group` is the app's.
pub(crate) async fn look(link: &Link, key: &StreamKey, group: &str) -> Result<Look, Fault> {
    let mut call = SCRIPT.prepare_invoke();
    call.key(key.as_str()).key(key.companion()).arg(group);
    let found: (
        HashMap<String, String>,
        Value,
        Vec<Value>,
        Value,
        Vec<Value>,
        String,
    ) = link
        .with(async |connection| call.invoke_async(connection).await)
        .await?;
    let (companion, stream, groups, pending, consumers, info) = found;
    Ok(Look {
        companion,
        stream: read_stream(&stream)?,
        group: read_group(&groups, &pending, &consumers, group),
        calls: read_calls(&info),
    })
}

fn id_at(answer: &Value, name: &str) -> Option<EntryId> {
    field::<String>(answer, name).and_then(|id| EntryId::parse(&id))
}

fn read_stream(answer: &Value) -> Result<Option<Stream>, Fault> {
    if matches!(answer, Value::Array(parts) if parts.is_empty()) {
        return Ok(None);
    }
    let last = id_at(answer, "last-generated-id")
        .ok_or_else(|| Fault::Refused("XINFO STREAM has no last-generated-id".to_owned()))?;
    let entry = |name| field::<Value>(answer, name).as_ref().and_then(read_entry);
    Ok(Some(Stream {
        first: entry("first-entry").map(|entry| entry.id),
        tail: entry("last-entry"),
        last,
        length: field(answer, "length").unwrap_or_default(),
        max_deleted: id_at(answer, "max-deleted-entry-id").unwrap_or(EntryId::at(Position::START)),
    }))
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// The `id` of an event's text.
pub(crate) fn event_id(body: &str) -> Option<String> {
    serde_json::from_str::<Named>(body).ok().map(|named| named.id)
}

fn read_entry(answer: &Value) -> Option<Entry> {
    let Value::Array(parts) = answer else { return None };
    let [id, fields] = parts.as_slice() else {
        return None;
    };
    Some(Entry {
        id: EntryId::parse(&text(id)?)?,
        event: field::<String>(fields, "ce").and_then(|body| event_id(&body)),
        epoch: field::<String>(fields, "e").and_then(|epoch| epoch.parse().ok()),
    })
}

fn read_group(groups: &[Value], pending: &Value, consumers: &[Value], name: &str) -> Option<Group> {
    let named = |answer: &&Value, wanted| field::<String>(answer, "name").as_deref() == Some(wanted);
    let group = groups.iter().find(|group| named(group, name))?;
    let oldest = match pending {
        Value::Array(parts) => parts.get(1).and_then(text),
        _ => None,
    };
    Some(Group {
        delivered: id_at(group, "last-delivered-id")?,
        pending: field(group, "pending")?,
        oldest_pending: oldest.and_then(|id| EntryId::parse(&id)),
        is_marked: consumers.iter().any(|consumer| named(&consumer, CONSUMER)),
    })
}

fn read_calls(info: &str) -> Calls {
    let after = |name: &str| info.lines().find_map(|line| line.trim().strip_prefix(name));
    let count = |command: &str| {
        after(&format!("cmdstat_{command}:calls="))
            .and_then(|rest| rest.split(',').next())
            .unwrap_or("0")
    };
    Calls {
        run: after("run_id:").unwrap_or_default().to_owned(),
        by_hand: format!("{}/{}", count("xgroup|delconsumer"), count("xgroup|setid")),
        acks: count("xack").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_read_and_absent_ones_are_zero() {
        let info = "# Server\r\nrun_id:abc\r\n# Commandstats\r\ncmdstat_xgroup|setid:calls=3,usec=1\r\n\
                    cmdstat_xgroup|create:calls=9,usec=1\r\ncmdstat_xack:calls=12,usec=1\r\n";
        let calls = read_calls(info);
        assert_eq!((calls.run.as_str(), calls.by_hand.as_str()), ("abc", "0/3"));
        assert_eq!((calls.acks.as_str(), read_calls("").acks.as_str()), ("12", "0"));
    }

    #[test]
    fn an_entry_says_which_event_of_which_epoch_it_is() {
        let word = |word: &str| Value::BulkString(word.as_bytes().to_vec());
        let fields = ["ce", r#"{"id":"evt_1"}"#, "e", "2-ab"].map(word).to_vec();
        let entry = Value::Array(vec![word("7-0"), Value::Array(fields)]);
        let entry = read_entry(&entry).expect("an entry");
        assert_eq!(entry.event.as_deref(), Some("evt_1"));
        assert_eq!(entry.epoch.expect("an epoch").to_string(), "2-ab");
    }
}
