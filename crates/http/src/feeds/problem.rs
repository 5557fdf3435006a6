//! The errors of feeds: problem details (RFC 9457) that name the field, the rule and the next step.

use crate::error_table::{Failure, error_table};

error_table! {
    /// Why a request to a feed was not served; the table says the title of the answer and, where it is fixed, its detail.
    pub(super) enum ProblemCode {
        Unauthorized "unauthorized" 401:
            "The app credential is missing or not valid"
            "send the app's credential as \"Authorization: Bearer usherapp_…\"; \"usher app create\" shows it once";

        // The same answer for another app's feed and for none.
        NoSuchFeed "noSuchFeed" 404:
            "There is no such feed"
            "there is no feed of this name for this credential: use the feed URL that \"usher app create\" showed";

        InvalidValue "invalidValue" 400: "A value cannot be used";
        EpochChanged "epochChanged" 409: "The feed has begun another epoch";
        AheadOfFeed "aheadOfFeed" 409: "The position lies beyond the feed's end";
        PastRetention "pastRetention" 410: "Events after the position are no longer kept";
        MethodNotAllowed "methodNotAllowed" 405: "Another method is needed";
        TooMany "tooMany" 429: "Too many at once";

        ProfileUnusable "profileUnusable" 503:
            "A snapshot needs a directory whose profile cannot be used: a fault of the gateway's set-up";

        Unavailable "unavailable" 503:
            "The feed cannot be read right now"
            "the database does not answer: try again; nothing is lost";
    }
}

/// Seconds after which to ask again for what only an operator can mend.
const UNTIL_MENDED: u64 = 30;

/// A refusal.
pub(super) type Problem = Failure<ProblemCode>;

impl Problem {
    /// A value that cannot be used: its field, what is allowed and what to do.
    pub fn value(field: &'static str, detail: impl Into<String>) -> Self {
        Self::with(ProblemCode::InvalidValue, detail).about(field)
    }
}

impl From<events::FeedError> for Problem {
    fn from(error: events::FeedError) -> Self {
        use events::FeedError;
        let detail = error.to_string();
        match error {
            FeedError::TooManyReads { .. } => Self::with(ProblemCode::TooMany, detail).after(1),
            FeedError::EpochChanged { .. } => Self::with(ProblemCode::EpochChanged, detail).about("epoch"),
            FeedError::AheadOfFeed { field, .. } => Self::with(ProblemCode::AheadOfFeed, detail).about(field),
            FeedError::BadCursor => Self::value("cursor", detail),
            FeedError::ProfileUnusable { .. } => {
                tracing::error!(%detail, "a snapshot stops at a directory, and with it every app that needs one");
                Self::with(ProblemCode::ProfileUnusable, detail).after(UNTIL_MENDED)
            }
            FeedError::PastRetention { .. } => Self::with(ProblemCode::PastRetention, detail).about("after"),
            FeedError::UnknownGroup { .. } => Self::value("group", detail),
            FeedError::NoFeed => Self::of(ProblemCode::NoSuchFeed),
            FeedError::Store(error) => error.into(),
        }
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        tracing::warn!(%error, "a feed could not be served");
        Self::of(ProblemCode::Unavailable).after(1)
    }
}
