//! The decisions about a look, as tables.

use std::collections::HashMap;

use super::*;
use crate::stream::look::{Calls, Entry, Group as Found};

fn at(number: i64) -> Position {
    Position::new(number).expect("from 0")
}

fn epoch(text: &str) -> Epoch {
    text.parse().expect("an epoch")
}

fn stream(first: i64, last: i64, entry_epoch: Option<&str>) -> Stream {
    let entry = |position| Entry {
        id: EntryId::at(at(position)),
        event: Some(format!("evt_{position}")),
        epoch: entry_epoch.map(epoch),
    };
    Stream {
        first: Some(EntryId::at(at(first))),
        tail: Some(entry(last)),
        last: EntryId::at(at(last)),
        length: last - first + 1,
        max_deleted: EntryId::at(at(0)),
    }
}

fn look(companion: Option<(&str, &str)>, stream: Option<Stream>) -> Look {
    let mut fields = HashMap::new();
    if let Some((epoch, deployment)) = companion {
        fields.insert("epoch".to_owned(), epoch.to_owned());
        fields.insert("deployment".to_owned(), deployment.to_owned());
    }
    Look {
        companion: fields,
        stream,
        ..Look::default()
    }
}

fn judged(look: &Look, head: i64, event_at_tail: Option<&str>) -> Standing {
    let ours = Ours {
        epoch: &epoch("2-aa"),
        deployment: "us",
        head: at(head),
        event_at_tail,
        is_taken_over: false,
    };
    standing(look, ours)
}

#[test]
fn the_companion_says_whose_a_stream_is() {
    let mine = || Some(stream(1, 9, Some("2-aa")));
    let table = [
        (Some(("2-aa", "us")), Standing::Ours),
        (Some(("1-bb", "us")), Standing::Anew),
        (Some(("2-bb", "us")), Standing::Newer { above: 2 }),
        (Some(("7-bb", "us")), Standing::Newer { above: 7 }),
        (Some(("1-bb", "them")), Standing::Theirs("them".to_owned())),
        (None, Standing::Unnamed),
    ];
    for (companion, expected) in table {
        assert_eq!(
            judged(&look(companion, mine()), 9, None),
            expected,
            "{companion:?}"
        );
    }
    assert_eq!(judged(&look(None, None), 9, None), Standing::Anew);
    assert_eq!(
        judged(&look(Some(("3-bb", "us")), None), 9, None),
        Standing::Newer { above: 3 }
    );
}

#[test]
fn the_last_entry_is_compared_with_the_event_at_its_position() {
    let named = |stream| look(Some(("2-aa", "us")), Some(stream));
    let mine = named(stream(1, 9, Some("2-aa")));
    assert_eq!(judged(&mine, 9, Some("evt_9")), Standing::Ours);
    assert_eq!(judged(&mine, 9, Some("evt_x")), Standing::Newer { above: 0 });
    assert_eq!(
        judged(&mine, 8, None),
        Standing::Newer { above: 0 },
        "beyond the head"
    );
    let unmarked = stream(1, 9, None);
    let foreign = Standing::Foreign(EntryId::at(at(9)));
    assert_eq!(judged(&named(unmarked.clone()), 8, None), foreign);
    assert_eq!(judged(&look(None, Some(unmarked.clone())), 8, None), foreign);
    assert_eq!(
        judged(&look(None, Some(unmarked)), 9, Some("evt_x")),
        Standing::Newer { above: 0 }
    );
    let later = look(None, Some(stream(1, 9, Some("5-cc"))));
    assert_eq!(judged(&later, 9, None), Standing::Newer { above: 5 });
}

#[test]
fn an_empty_stream_that_ended_beyond_the_head_shows_an_older_database() {
    let empty = Stream {
        first: None,
        tail: None,
        length: 0,
        ..stream(1, 9, None)
    };
    let named = look(Some(("2-aa", "us")), Some(empty.clone()));
    assert_eq!(judged(&named, 9, None), Standing::Ours);
    assert_eq!(judged(&named, 8, None), Standing::Newer { above: 0 });
    let foreign = Standing::Foreign(EntryId::at(at(9)));
    assert_eq!(judged(&look(None, Some(empty)), 8, None), foreign);
}

#[test]
fn an_entry_that_no_relay_wrote_is_foreign() {
    for change in [
        |entry: &mut Entry| entry.id.part = 1,
        |entry: &mut Entry| entry.event = None,
    ] {
        let mut changed = stream(1, 9, None);
        let tail = changed.tail.as_mut().expect("an entry");
        change(tail);
        let id = tail.id;
        let found = look(Some(("2-aa", "us")), Some(changed));
        assert_eq!(judged(&found, 20, None), Standing::Foreign(id));
    }
}

#[test]
fn what_is_not_acknowledged_and_missing_is_a_hole() {
    let whole = stream(5, 20, None);
    assert!(!has_hole(&whole, at(4), at(1)));
    assert!(has_hole(&whole, at(3), at(1)), "4 is gone");
    assert!(!has_hole(&whole, at(3), at(5)), "the database has no 4 either");
    assert!(!has_hole(&whole, at(20), at(1)), "all is acknowledged");
    let deleted = Stream {
        length: 15,
        max_deleted: EntryId::at(at(10)),
        ..whole.clone()
    };
    assert!(has_hole(&deleted, at(9), at(1)));
    assert!(!has_hole(&deleted, at(10), at(1)));
    let empty = Stream {
        first: None,
        length: 0,
        ..whole
    };
    assert!(has_hole(&empty, at(19), at(1)));
    assert!(!has_hole(&empty, at(20), at(1)));
}

fn with_group(delivered: i64, pending: i64, oldest: Option<i64>) -> Look {
    let mut found = look(Some(("2-aa", "us")), Some(stream(1, 30, None)));
    found.companion.insert("run".to_owned(), "one".to_owned());
    found.companion.insert("calls".to_owned(), "0/0".to_owned());
    found.companion.insert("acks".to_owned(), "7".to_owned());
    found.calls = Calls {
        run: "one".to_owned(),
        by_hand: "0/0".to_owned(),
        acks: "8".to_owned(),
    };
    found.group = Some(Found {
        delivered: EntryId::at(at(delivered)),
        pending,
        oldest_pending: oldest.map(|oldest| EntryId::at(at(oldest))),
        is_marked: true,
    });
    found
}

#[test]
fn a_group_is_believed_until_somebody_can_have_dropped_entries() {
    let settled = with_group(20, 0, None);
    assert_eq!(group(&settled, at(5), false), Group::Believed);
    type Change = fn(&mut Look);
    let changes: [(Change, Doubt); 4] = [
        (|look| look.calls.acks = "7".to_owned(), Doubt::Unacknowledged),
        (|look| look.calls.by_hand = "1/0".to_owned(), Doubt::ByHand),
        (|look| look.calls.run = "two".to_owned(), Doubt::Restarted),
        (
            |look| look.group.as_mut().expect("a group").is_marked = false,
            Doubt::Remade,
        ),
    ];
    for (change, doubt) in changes {
        let mut touched = settled.clone();
        change(&mut touched);
        assert_eq!(group(&touched, at(5), false), Group::Doubted(doubt));
        assert_eq!(group(&touched, at(20), false), Group::Believed, "nothing to lose");
        let mut pending = with_group(20, 15, Some(6));
        change(&mut pending);
        assert_eq!(group(&pending, at(5), false), Group::Believed, "all is pending");
        let mut fewer = with_group(20, 14, Some(7));
        change(&mut fewer);
        assert_eq!(group(&fewer, at(5), false), Group::Doubted(doubt));
    }
}

#[test]
fn a_group_ahead_of_the_stream_is_doubted_and_one_behind_follows() {
    assert_eq!(
        group(&with_group(31, 0, None), at(5), false),
        Group::Doubted(Doubt::Ahead)
    );
    assert_eq!(
        group(&with_group(31, 0, None), at(31), false),
        Group::Believed,
        "a stream that is being filled again"
    );
    assert_eq!(group(&with_group(5, 0, None), at(9), true), Group::Behind);
    assert_eq!(
        group(&with_group(5, 0, None), at(9), false),
        Group::Believed,
        "set back by hand: it reads again"
    );
    assert_eq!(group(&with_group(5, 1, Some(5)), at(9), true), Group::Believed);
    assert_eq!(group(&look(None, None), at(9), true), Group::Missing);
}
