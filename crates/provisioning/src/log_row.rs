//! The row of the provisioning log that an operation writes.

use domain::event::Event;
use domain::id::ResourceId;
use domain::log::{LogAction, LogEntry, LogStatus};
use domain::trace::TraceParent;
use serde_json::Value;

use crate::error::Error;
use crate::resource::ManagedResource;
use crate::unit_of_work::UnitOfWork;

/// The parts of a request that were not applied.
#[derive(Default)]
pub(crate) struct LeftOut<'a> {
    /// Attributes that this directory does not have.
    pub ignored: &'a [String],
    /// Members to add that this directory does not have.
    pub unknown: &'a [String],
}

impl LeftOut<'_> {
    /// As text; `None` when everything was applied.
    fn words(&self) -> Option<String> {
        let ignored = (!self.ignored.is_empty()).then(|| left_out(self.ignored));
        let unknown = (!self.unknown.is_empty()).then(|| skipped(self.unknown));
        match (ignored, unknown) {
            (Some(ignored), Some(unknown)) => Some(format!("{unknown} {ignored}")),
            (one, other) => one.or(other),
        }
    }
}

/// The attributes that were dropped, as text of bounded length, whatever the number and length of their names.
fn left_out(ignored: &[String]) -> String {
    format!(
        "Not part of this directory and left out: {}",
        named(ignored, 50, 160)
    )
}

/// The members that were skipped, as text of bounded length; ids are the client's texts.
fn skipped(unknown: &[String]) -> String {
    format!(
        "{} of the members to be added are not in this directory, or are the group itself, and were skipped: {}. If the \
         identity provider still refers to them, restart its provisioning so that it matches them again.",
        unknown.len(),
        named(unknown, 10, 64)
    )
}

/// The first `shown` texts, each cut to `length` characters, and the number of the others.
fn named(texts: &[String], shown: usize, length: usize) -> String {
    let short = |text: &String| text.chars().take(length).collect::<String>();
    let names: Vec<String> = texts.iter().take(shown).map(short).collect();
    let more = match texts.len().saturating_sub(shown) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", names.join(", "))
}

impl UnitOfWork {
    /// The row of a change, or of a request that changed nothing (`event` is `None`).
    pub(crate) fn row<R: ManagedResource>(
        &self,
        resource: &R,
        event: Option<&Event>,
        left_out: &LeftOut<'_>,
    ) -> LogEntry {
        let detail = left_out.words();
        let status = match (&detail, event) {
            (Some(_), _) => LogStatus::Warning,
            (None, Some(_)) => LogStatus::Success,
            (None, None) => LogStatus::Skipped,
        };
        let entry = LogEntry {
            action: event.map_or(LogAction::Other, |event| event.action),
            status,
            detail,
            event: event.map(|event| event.id),
            changed: event.map(|event| event.changed.clone()).unwrap_or_default(),
            ..self.about(resource)
        };
        self.records.add(&entry);
        entry
    }

    /// The warning that another identity has the same `externalId`, where it is no key of the directory: allowed, but rarely
    /// intended. It is written after the save, by a statement of its own. If it cannot be written, the identity stays saved:
    /// the row is a hint for the operator, and a filter on `externalId` still finds both.
    pub(crate) fn shared_external_id<R: ManagedResource>(&self, identity: &R) -> LogEntry {
        LogEntry {
            status: LogStatus::Warning,
            detail: Some(format!(
                "Another identity of the {} directory has the same externalId. It is not the key there, so both are kept; whoever \
                 matches by it finds two. Map a value to externalId that no two people share, such as the object id.",
                self.profile.name
            )),
            ..self.about(identity)
        }
    }

    /// The row of a refusal.
    pub(crate) fn refused(&self, subject: LogSubject, error: &Error) -> LogEntry {
        LogEntry {
            resource: subject.resource,
            external_id: subject.external_id,
            user_name: subject.user_name,
            action: subject.action,
            code: Some(error.code().to_owned()),
            detail: Some(error.to_string()),
            ..self.blank()
        }
    }

    fn about<R: ManagedResource>(&self, resource: &R) -> LogEntry {
        LogEntry {
            resource: Some(resource.id().into()),
            external_id: resource.resource().external_id().map(str::to_owned),
            user_name: resource.name().map(str::to_owned),
            ..self.blank()
        }
    }

    /// A row with directory, time, token and request only.
    fn blank(&self) -> LogEntry {
        LogEntry {
            request: self.request.id,
            at: self.at,
            directory: self.directory(),
            resource: None,
            external_id: None,
            user_name: None,
            action: LogAction::Other,
            status: LogStatus::Failure,
            code: None,
            detail: None,
            event: None,
            changed: Vec::new(),
            token_id: self.caller().token_id,
            trace_id: self.request.traceparent.map(TraceParent::trace_id),
        }
    }
}

/// The resource of a refused request, as far as it is known.
#[derive(Default)]
pub(crate) struct LogSubject {
    pub resource: Option<ResourceId>,
    pub external_id: Option<String>,
    pub user_name: Option<String>,
    pub action: LogAction,
}

impl LogSubject {
    /// From a body that may be invalid in every other way.
    pub(crate) fn of_body<R: ManagedResource>(action: LogAction, body: &Value) -> Self {
        let text = |name: &str| {
            let fields = body.as_object()?;
            let (_, value) = fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            // Longer than any real name is cut. The database takes no U+0000, for which the request is refused.
            let kept = |c| if c == '\0' { '\u{fffd}' } else { c };
            value
                .as_str()
                .map(|text| text.chars().take(256).map(kept).collect())
        };
        Self {
            resource: None,
            external_id: text("externalId"),
            user_name: text(R::NAME),
            action,
        }
    }

    /// Known by its id only.
    pub(crate) fn of_id(action: LogAction, id: impl Into<ResourceId>) -> Self {
        Self {
            resource: Some(id.into()),
            action,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_left_out_is_named_within_bounds() {
        let names = |count: usize| (0..count).map(|n| format!("k{n}")).collect::<Vec<_>>();
        assert_eq!(
            left_out(&names(2)),
            "Not part of this directory and left out: k0, k1"
        );
        assert!(left_out(&names(120_000)).ends_with("k49 and 119950 more"));
        assert!(left_out(&["x".repeat(100_000)]).len() < 300);
    }

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
