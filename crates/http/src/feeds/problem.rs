//! What a feed answers when it refuses: problem details (RFC 9457) that name the field, the rule and the next step.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::observe::Facts;

/// Every way to be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemCode {
    /// No, or no valid, app credential.
    Unauthorized,
    /// Not this app's feed, or no feed.
    NoSuchFeed,
    /// A query parameter or body field is wrong.
    InvalidValue,
    /// The reader's position lies beyond the feed's end.
    AheadOfFeed,
    /// Events after the reader's position are gone.
    PastRetention,
    /// Another method.
    MethodNotAllowed,
    /// Too many waiting reads.
    TooMany,
    /// Our fault, for a moment.
    Unavailable,
}

impl ProblemCode {
    /// Status, stable code and title, in one table.
    const fn row(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "The app credential is missing or not valid",
            ),
            Self::NoSuchFeed => (StatusCode::NOT_FOUND, "noSuchFeed", "There is no such feed"),
            Self::InvalidValue => (StatusCode::BAD_REQUEST, "invalidValue", "A value cannot be used"),
            Self::AheadOfFeed => (
                StatusCode::CONFLICT,
                "aheadOfFeed",
                "The position lies beyond the feed's end",
            ),
            Self::PastRetention => (
                StatusCode::GONE,
                "pastRetention",
                "Events after the position are no longer kept",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "methodNotAllowed",
                "Another method is needed",
            ),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "tooMany", "Too many at once"),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The feed cannot be read right now",
            ),
        }
    }
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    code: ProblemCode,
    detail: String,
    field: Option<&'static str>,
    allow: Option<&'static str>,
    retry_after: Option<u64>,
}

impl Problem {
    /// A refusal with its text: the rule and the next step.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            allow: None,
            retry_after: None,
        }
    }

    /// A value that cannot be used: its field, what is allowed and what to do.
    pub fn value(field: &'static str, detail: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            ..Self::new(ProblemCode::InvalidValue, detail)
        }
    }

    /// The same answer for every refused credential.
    pub fn unauthorized() -> Self {
        Self::new(
            ProblemCode::Unauthorized,
            "send the app's credential as \"Authorization: Bearer usherapp_…\"; \"usher app create\" shows it once",
        )
    }

    /// The same answer for another app's feed and for none.
    pub fn no_such_feed() -> Self {
        Self::new(
            ProblemCode::NoSuchFeed,
            "there is no feed of this name for this credential: use the feed URL that \"usher app create\" showed",
        )
    }

    /// The database's fault, for a moment.
    pub fn database_away() -> Self {
        let detail = "the database does not answer: try again; nothing is lost";
        Self::new(ProblemCode::Unavailable, detail).after(1)
    }

    /// The methods that are taken.
    pub fn allow(self, methods: &'static str) -> Self {
        Self {
            allow: Some(methods),
            ..self
        }
    }

    /// When to try again, in seconds.
    pub fn after(self, seconds: u64) -> Self {
        Self {
            retry_after: Some(seconds),
            ..self
        }
    }

    /// The response.
    pub fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let (status, code, title) = self.code.row();
        Facts::record(request, |facts| facts.code = Some(code));
        let mut body = json!({
            "type": format!("urn:usher:problem:{code}"),
            "title": title,
            "status": status.as_u16(),
            "code": code,
            "detail": self.detail,
        });
        if let (Some(field), Some(members)) = (self.field, body.as_object_mut()) {
            members.insert("field".to_owned(), field.into());
        }
        let mut response = HttpResponse::build(status);
        response.content_type("application/problem+json");
        if self.code == ProblemCode::Unauthorized {
            response.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(methods) = self.allow {
            response.insert_header((ALLOW, methods));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((RETRY_AFTER, seconds.to_string()));
        }
        response.body(body.to_string())
    }
}

impl From<events::FeedError> for Problem {
    fn from(error: events::FeedError) -> Self {
        use events::FeedError;
        let detail = error.to_string();
        match error {
            FeedError::TooManyWaiters => Self::new(ProblemCode::TooMany, detail).after(1),
            FeedError::AheadOfFeed { .. } => Self {
                field: Some("after"),
                ..Self::new(ProblemCode::AheadOfFeed, detail)
            },
            FeedError::PastRetention { .. } => Self {
                field: Some("after"),
                ..Self::new(ProblemCode::PastRetention, detail)
            },
            FeedError::BeyondHead { .. } => Self::value("pos", detail),
            FeedError::UnknownGroup { .. } => Self::value("group", detail),
            FeedError::NoFeed => Self::no_such_feed(),
            FeedError::Store(error) => error.into(),
        }
    }
}

impl From<store::StoreError> for Problem {
    fn from(error: store::StoreError) -> Self {
        tracing::warn!(%error, "a feed could not be served");
        Self::database_away()
    }
}
