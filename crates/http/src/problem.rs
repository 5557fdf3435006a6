//! Problem details (RFC 9457): how feeds and the admin API answer a request that is not served. SCIM has a form of its own
//! ([`crate::scim::error`]).
//!
//! Must not know: the codes.

use std::borrow::Cow;

use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use crate::error_table::{Code, Failure, Row};

/// The media type.
pub const MEDIA_TYPE: &str = "application/problem+json";

impl<C: Code> Failure<C> {
    /// With the detail of the table.
    pub fn of(code: C) -> Self {
        Self::with(code, code.row().next_step)
    }

    /// About a parameter or member.
    #[must_use]
    pub fn about(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: Some(field.into()),
            ..self
        }
    }

    /// The answer. A 401 says the same to every client, but for the id by which the log line is found that says more.
    pub fn problem(&self, request: &HttpRequest) -> HttpResponse {
        let Row {
            code,
            status,
            meaning,
            ..
        } = self.row();
        let detail = if *status == 401 {
            self.detail_with_id(request)
        } else {
            self.detail.clone()
        };
        let mut body = json!({
            "type": format!("urn:usher:problem:{code}"),
            "title": meaning,
            "status": status,
            "code": code,
            "detail": detail,
        });
        if let (Some(field), Some(members)) = (&self.field, body.as_object_mut()) {
            members.insert("field".to_owned(), field.as_ref().into());
        }
        let mut answer = self.begin_answer(request);
        answer.content_type(MEDIA_TYPE).body(body.to_string())
    }
}
