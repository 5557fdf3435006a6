//! What is told of an operation on a group: its events and its row in the provisioning log.

use domain::event::Event;
use domain::event::group::{GroupChange, from_group_change};
use domain::group::{Group, MembersChanged};
use domain::log::{LogAction, LogEntry, LogStatus};
use serde_json::Value;

use crate::unit_of_work::{LogSubject, UnitOfWork, left_out};

/// What a request said and what was not done for it.
pub(super) struct LeftOut<'a> {
    /// Attributes that groups of this directory do not have.
    pub ignored: &'a [String],
    /// Members to be that this directory does not have.
    pub unknown: &'a [String],
}

impl LeftOut<'_> {
    /// In words, for the log; `None` when everything was done.
    fn words(&self) -> Option<String> {
        let ignored = (!self.ignored.is_empty()).then(|| left_out(self.ignored));
        let unknown = (!self.unknown.is_empty()).then(|| skipped(self.unknown));
        match (ignored, unknown) {
            (Some(ignored), Some(unknown)) => Some(format!("{unknown} {ignored}")),
            (one, other) => one.or(other),
        }
    }
}

/// The members that were skipped, in words within bounds: ids are the client's texts.
fn skipped(unknown: &[String]) -> String {
    const SHOWN: usize = 10;
    let short = |id: &String| id.chars().take(64).collect::<String>();
    let ids: Vec<String> = unknown.iter().take(SHOWN).map(short).collect();
    let more = match unknown.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "{} of the members to be added are not in this directory, or are the group itself, and were skipped: {}{more}. If the \
         identity provider still refers to them, restart its provisioning so that it matches them again.",
        unknown.len(),
        ids.join(", ")
    )
}

impl UnitOfWork {
    /// The events of a change of a group; none when nothing effectively changed.
    pub(super) fn group_events(
        &self,
        before: Option<&Group>,
        after: Option<&Group>,
        members: &MembersChanged,
    ) -> Vec<Event> {
        let change = GroupChange {
            before,
            after,
            members,
        };
        let cause = self.call.cause(self.method, &self.caller.token_alias);
        from_group_change(self.origin(), &cause, self.ids.as_ref(), self.at, change)
    }

    /// The log row of a change, or of a call that changed nothing (no events). A change of several events points to the
    /// first.
    pub(super) fn group_row(&self, group: &Group, events: &[Event], left_out: &LeftOut<'_>) -> LogEntry {
        let event = events.first();
        let detail = left_out.words();
        let status = match (&detail, event) {
            (Some(_), _) => LogStatus::Warning,
            (None, Some(_)) => LogStatus::Success,
            (None, None) => LogStatus::Skipped,
        };
        LogEntry {
            resource: Some(group.id.into()),
            external_id: group.resource.external_id().map(str::to_owned),
            user_name: group.resource.display_name().map(str::to_owned),
            action: event.map_or(LogAction::Other, |event| event.action),
            status,
            detail,
            event: event.map(|event| event.id),
            changed: event.map(|event| event.changed.clone()).unwrap_or_default(),
            ..self.blank()
        }
    }
}

/// Whom a refused body was about, as far as it can be told.
pub(super) fn subject(action: LogAction, body: &Value) -> LogSubject {
    LogSubject::named_by(action, body, "displayName")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skipped_members_are_counted_and_named_within_bounds() {
        let unknown: Vec<String> = (0..25).map(|n| format!("idn_{n}")).collect();
        let words = skipped(&unknown);
        assert!(words.starts_with("25 of the members to be added"), "{words}");
        assert!(
            words.contains("idn_0, idn_1,") && words.contains("idn_9 and 15 more."),
            "{words}"
        );
        assert!(skipped(&["x".repeat(100_000)]).len() < 400);
    }
}
