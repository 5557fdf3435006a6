//! What the errors of SCIM ([`crate::scim::error`]), of feeds (`feeds::problem`) and of the admin API (`admin::problem`) have in common: a table with a row for each
//! code, and the head of the answer.
//!
//! Must not know: the codes, or the format of a body.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponseBuilder};
use scim::ScimType;

use crate::observe::Facts;

/// A row of a table of errors.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The stable code, as in the provisioning log.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The RFC's keyword, where it has one.
    pub scim_type: Option<ScimType>,
    /// What happened.
    pub meaning: &'static str,
    /// What to do about it; empty where only the exact text of an error can say it.
    pub next_step: &'static str,
}

/// An enum of error codes, made by `error_table!`.
pub trait Code: Copy {
    /// Its row.
    fn row(self) -> &'static Row;
}

/// Makes an enum of error codes from its table, so that each code has one row and each row one code. A row: variant, code,
/// status, RFC's keyword (where there is one), what happened, what to do (where it is always the same).
macro_rules! error_table {
    (@keyword) => { None };
    (@keyword $keyword:ident) => { Some(::scim::ScimType::$keyword) };
    ($(#[$attribute:meta])* $visibility:vis enum $name:ident {
        $($variant:ident $code:literal $status:literal $($keyword:ident)?: $meaning:literal $($next:literal)?;)*
    }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        $visibility enum $name {
            $(#[doc = $meaning] $variant,)*
        }

        impl $name {
            /// The rows, in the order of the variants.
            $visibility const TABLE: &[$crate::error_table::Row] = &[$($crate::error_table::Row {
                code: $code,
                status: $status,
                scim_type: $crate::error_table::error_table!(@keyword $($keyword)?),
                meaning: $meaning,
                next_step: concat!($($next)?),
            },)*];
        }

        impl $crate::error_table::Code for $name {
            #[expect(clippy::indexing_slicing, reason = "each variant has its row, in the same order")]
            fn row(self) -> &'static $crate::error_table::Row {
                &Self::TABLE[self as usize]
            }
        }
    };
}
pub(crate) use error_table;

/// A request that is not served: a row of a table, with the exact words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure<C = crate::scim::error::ErrorCode> {
    /// The code.
    pub code: C,
    /// The text for the reader: what is wrong, and what to do.
    pub detail: String,
    /// The parameter or member that is wrong, where the answer names it apart.
    pub field: Option<Cow<'static, str>>,
    /// Seconds after which to try again.
    pub retry_after: Option<u64>,
    /// The methods that the address takes, for 405.
    pub allow: Option<&'static str>,
}

impl<C: Code> Failure<C> {
    /// With an exact text. A 503 is to be tried again after five seconds.
    pub fn with(code: C, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            field: None,
            retry_after: (code.row().status == 503).then_some(5),
            allow: None,
        }
    }

    /// To be tried again after so many seconds.
    #[must_use]
    pub const fn after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// With the methods that the address takes.
    #[must_use]
    pub const fn allow(mut self, methods: &'static str) -> Self {
        self.allow = Some(methods);
        self
    }

    /// The row of its code.
    pub fn row(&self) -> &'static Row {
        self.code.row()
    }

    /// Whether the gateway is at fault, and not the request.
    pub fn is_fault(&self) -> bool {
        self.row().status >= 500
    }

    /// The text with the id of the request, by which its line in the log is found.
    pub fn detail_with_id(&self, request: &HttpRequest) -> String {
        match Facts::of(request) {
            Some(facts) => format!("{} (request id {})", self.detail, facts.request),
            None => self.detail.clone(),
        }
    }

    /// The answer up to its body; the log gets the code.
    pub fn begin_answer(&self, request: &HttpRequest) -> HttpResponseBuilder {
        let row = self.row();
        Facts::record(request, |facts| facts.code = Some(row.code));
        let status = StatusCode::from_u16(row.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = HttpResponseBuilder::new(status);
        if status == StatusCode::UNAUTHORIZED {
            answer.insert_header((WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            answer.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(methods) = self.allow {
            answer.insert_header((ALLOW, methods));
        }
        answer
    }
}
