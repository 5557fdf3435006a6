//! The relay's arithmetic, pure: where to continue if the stream has another end than expected, what may be
//! trimmed, the size of a batch, when to wait for consumers.

use domain::position::Position;
use store::FeedEvent;

/// The end of a stream, and the position to continue from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Cursor {
    /// The position of the entry that Redis generated last, as last read; 0 before the first.
    pub tail: Position,
    /// Everything up to this position is in the stream, or acknowledged by all groups and no longer needed.
    pub done: Position,
}

/// The stream ends at `last`. Lower than expected: Redis lost its newest entries, send them again. Higher: another relay was
/// ahead, or an answer was lost. `head` is the feed's newest position, `floor` the highest position that the group does not need
/// in the stream any more (a refill begins after it).
pub(super) fn realign(last: Position, head: Position, floor: Position) -> Cursor {
    Cursor {
        tail: last,
        done: last.max(floor.min(head)),
    }
}

/// The highest position that need not be in the stream: acknowledged by every group, and not among the newest
/// `keep`.
pub(super) fn floor(acknowledged: Position, tail: Position, keep: i64) -> Position {
    acknowledged.min(tail.back(keep))
}

/// The number of leading events that fit into one append: bounded by bytes, at least one.
pub(super) fn batch_len(events: &[FeedEvent], max_bytes: usize) -> usize {
    let mut bytes = 0_usize;
    let fits = events.iter().take_while(|event| {
        bytes = bytes.saturating_add(event.body.len());
        bytes <= max_bytes
    });
    fits.count().max(1).min(events.len())
}

/// The number of entries that the stream may take before the slowest group must acknowledge.
pub(super) fn room(done: Position, acknowledged: Position, max_unacknowledged: i64) -> usize {
    let free = max_unacknowledged.saturating_sub(done.since(acknowledged));
    usize::try_from(free).unwrap_or(0)
}

/// The first and the last position that the group has neither acknowledged nor been sent, and that the database no longer has.
pub(super) fn missing(
    done: Position,
    acknowledged: Position,
    oldest: Position,
) -> Option<(Position, Position)> {
    let needed = done.max(acknowledged).next();
    (needed < oldest).then(|| (needed, oldest.back(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{EventId, TenantId};
    use uuid::Uuid;

    fn position(number: i64) -> Position {
        Position::new(number).expect("from 0")
    }

    fn at(tail: i64, done: i64) -> Cursor {
        Cursor {
            tail: position(tail),
            done: position(done),
        }
    }

    #[test]
    fn a_lost_tail_rewinds_and_a_relay_ahead_moves_forward() {
        // (actual end, head, floor) -> decision
        let table = [
            (0, 100, 0, at(0, 0)),     // wiped, nothing acknowledged: everything again
            (0, 100, 60, at(0, 60)),   // wiped: the refill begins after the floor
            (40, 100, 60, at(40, 60)), // a gap that all groups have acknowledged is no gap
            (80, 100, 60, at(80, 80)), // a lost tail
            (100, 100, 0, at(100, 100)),
            (0, 0, 0, at(0, 0)),
        ];
        for (actual, head, floor, expected) in table {
            assert_eq!(
                realign(position(actual), position(head), position(floor)),
                expected,
                "{actual} {head} {floor}"
            );
        }
    }

    #[test]
    fn nothing_unacknowledged_and_none_of_the_newest_is_given_up() {
        let table = [
            (0, 1000, 10, 0),
            (500, 1000, 10, 500),
            (1000, 1000, 10, 990),
            (5, 5, 100, 0),
            (7, 5, 0, 5),
        ];
        for (acknowledged, tail, keep, expected) in table {
            assert_eq!(
                floor(position(acknowledged), position(tail), keep),
                position(expected),
                "{acknowledged} {tail} {keep}"
            );
        }
    }

    fn event(at: i64, bytes: usize) -> FeedEvent {
        FeedEvent {
            position: position(at),
            id: EventId::from_uuid(Uuid::nil()),
            event_type: "usher.identity.created.v1".to_owned(),
            tenant: TenantId::from_uuid(Uuid::nil()),
            source: String::new(),
            sequence: String::new(),
            body: "x".repeat(bytes),
        }
    }

    #[test]
    fn a_batch_is_bounded_by_bytes_but_never_empty() {
        let events = [event(1, 10), event(2, 10), event(3, 10)];
        for (max, expected) in [(100, 3), (30, 3), (29, 2), (10, 1), (1, 1)] {
            assert_eq!(batch_len(&events, max), expected, "{max}");
        }
        assert_eq!(batch_len(&[], 10), 0);
    }

    #[test]
    fn a_silent_consumer_leaves_no_room_at_its_limit() {
        for (done, acknowledged, max, expected) in
            [(0, 0, 10, 10), (10, 0, 10, 0), (15, 0, 10, 0), (15, 10, 10, 5)]
        {
            assert_eq!(room(position(done), position(acknowledged), max), expected);
        }
    }

    #[test]
    fn what_the_group_never_got_and_nobody_has_any_more_is_missing() {
        let missing = |done, acknowledged, oldest| {
            let found = missing(position(done), position(acknowledged), position(oldest));
            found.map(|(from, to)| (from.number(), to.number()))
        };
        assert_eq!(missing(4, 0, 5), None);
        assert_eq!(missing(4, 0, 7), Some((5, 6)));
        assert_eq!(missing(4, 6, 7), None, "acknowledged before the stream was wiped");
        assert_eq!(missing(0, 4, 7), Some((5, 6)));
    }
}
