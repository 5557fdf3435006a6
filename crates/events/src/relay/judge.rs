//! What a look at Redis means, pure: whose the stream is (ADR 0039), whether all that is needed is in it, and whether its group
//! says what was acknowledged (ADR 0040).

use domain::feed::Epoch;
use domain::position::Position;

use crate::stream::key::EntryId;
use crate::stream::look::{Look, Stream};

/// What the database says of the feed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ours<'a> {
    pub epoch: &'a Epoch,
    pub deployment: &'a str,
    pub head: Position,
    /// The id of the event at the position of the stream's last entry, if that was looked up and is kept.
    pub event_at_tail: Option<&'a str>,
    /// Whether an operator began the present epoch, so that the stream is ours whoever filled it.
    pub is_taken_over: bool,
}

/// Whose a stream is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// This feed's, in its present epoch.
    Ours,
    /// The same, filled by a version that wrote no companion.
    Unnamed,
    /// It is to be filled from the beginning: there is none, or it has an earlier epoch.
    Anew,
    /// It has what this database does not know: the database is older. The next epoch's number must be above this one.
    Newer { above: i64 },
    /// Another deployment fills it.
    Theirs(String),
    /// It ends at an entry that no relay wrote, or that this database never gave out.
    Foreign(EntryId),
}

pub(super) fn standing(look: &Look, ours: Ours<'_>) -> Standing {
    if ours.is_taken_over {
        return Standing::Anew;
    }
    if let Some(theirs) = look
        .companion
        .get("deployment")
        .filter(|id| *id != ours.deployment)
    {
        return Standing::Theirs(theirs.clone());
    }
    let named: Option<Epoch> = look.companion.get("epoch").and_then(|epoch| epoch.parse().ok());
    let Some(stream) = &look.stream else {
        return match named {
            Some(epoch) if is_later(&epoch, ours.epoch) => Standing::Newer { above: epoch.number },
            _ => Standing::Anew,
        };
    };
    match &named {
        Some(epoch) if epoch == ours.epoch => by_tail(stream, ours, true),
        Some(epoch) if is_later(epoch, ours.epoch) => Standing::Newer { above: epoch.number },
        Some(_) => Standing::Anew,
        None => by_tail(stream, ours, false),
    }
}

/// Another epoch that did not end before ours began.
fn is_later(epoch: &Epoch, ours: &Epoch) -> bool {
    epoch != ours && epoch.number >= ours.number
}

fn by_tail(stream: &Stream, ours: Ours<'_>, is_named: bool) -> Standing {
    let same = if is_named {
        Standing::Ours
    } else {
        Standing::Unnamed
    };
    let is_beyond = |id: EntryId| id.part != 0 || id.position > ours.head;
    let Some(tail) = &stream.tail else {
        return match (is_beyond(stream.last), is_named) {
            (false, _) => same,
            (true, true) => Standing::Newer { above: 0 },
            (true, false) => Standing::Foreign(stream.last),
        };
    };
    let Some(event) = tail.event.as_deref().filter(|_| tail.id.part == 0) else {
        return Standing::Foreign(tail.id);
    };
    if let Some(epoch) = tail.epoch.as_ref().filter(|epoch| *epoch != ours.epoch) {
        return if is_later(epoch, ours.epoch) {
            Standing::Newer { above: epoch.number }
        } else {
            Standing::Anew
        };
    }
    if is_beyond(tail.id) && tail.epoch.is_none() {
        return Standing::Foreign(tail.id);
    }
    if is_beyond(stream.last) || ours.event_at_tail.is_some_and(|known| known != event) {
        return Standing::Newer { above: 0 };
    }
    same
}

/// Whether entries are missing that the group has not acknowledged and the database still has.
pub(super) fn has_hole(stream: &Stream, acknowledged: Position, oldest: Position) -> bool {
    let needed = acknowledged.next().max(oldest);
    let last = stream.last.position;
    if last < needed {
        return false;
    }
    let Some(first) = stream.first.map(|first| first.position) else {
        return true;
    };
    // A relay that began after a hole in the database leaves one in the stream, too: then nothing was deleted.
    let is_short = stream.length <= last.since(first) && stream.max_deleted.position > acknowledged;
    first > needed || is_short
}

/// Why what a group says is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It is ahead of the stream's end.
    Ahead,
    /// Somebody removed it and made another one.
    Remade,
    /// Somebody called `XGROUP DELCONSUMER` or `XGROUP SETID` since the last look.
    ByHand,
    /// The server started since the last look, so that nobody knows what was called.
    Restarted,
    /// Entries stopped being pending, or never were, and nobody called `XACK` since the last look.
    Unacknowledged,
}

/// What is to be done with the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    /// What it says counts.
    Believed,
    /// There is none.
    Missing,
    /// The app acknowledged elsewhere (over HTTP) what this group was not given: it goes on after that.
    Behind,
    /// It goes back to what is acknowledged, and entries are given again.
    Doubted(Doubt),
}

/// `has_moved`: whether the acknowledgement in the database moved since the last look.
pub(super) fn group(look: &Look, acknowledged: Position, has_moved: bool) -> Group {
    let (Some(stream), Some(group)) = (&look.stream, &look.group) else {
        return Group::Missing;
    };
    if group.delivered > stream.last.max(EntryId::at(acknowledged)) {
        return Group::Doubted(Doubt::Ahead);
    }
    let delivered = group.delivered.position;
    // Positions have no gaps: when as many are pending as were delivered after the acknowledgement, none vanished.
    let is_accounted = delivered <= acknowledged
        || (group.pending == delivered.since(acknowledged) && group.settled() >= acknowledged);
    // What was never in the stream needs no acknowledgement.
    let has_settled = group.settled() > acknowledged
        && stream
            .first
            .is_some_and(|first| first.position <= group.settled());
    let counts = |doubt: &Doubt| *doubt != Doubt::Unacknowledged || has_settled;
    if let Some(doubt) = doubt(look, group.is_marked)
        .filter(counts)
        .filter(|_| !is_accounted)
    {
        return Group::Doubted(doubt);
    }
    if has_moved && delivered < acknowledged && group.pending == 0 {
        return Group::Behind;
    }
    Group::Believed
}

/// Whether entries can have stopped being pending without acknowledgement since the look that the companion knows.
fn doubt(look: &Look, is_marked: bool) -> Option<Doubt> {
    let known = |name| look.companion.get(name);
    let (run, by_hand) = (known("run")?, known("calls")?);
    if !is_marked {
        Some(Doubt::Remade)
    } else if *run != look.calls.run {
        Some(Doubt::Restarted)
    } else if *by_hand != look.calls.by_hand {
        Some(Doubt::ByHand)
    } else {
        (known("acks") == Some(&look.calls.acks)).then_some(Doubt::Unacknowledged)
    }
}

#[cfg(test)]
mod tests;
