//! The table of errors as a page for people.
//!
//! Must not know: what a code means.

use std::fmt::Write as _;

use super::{ErrorCode, Row};

impl ErrorCode {
    /// All codes, in the order of the page.
    pub const ALL: [Self; 34] = [
        Self::Unauthorized,
        Self::DirectoryOff,
        Self::NoSuchRoute,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::GroupsNotServed,
        Self::NotImplemented,
        Self::DiscoveryFilter,
        Self::PreconditionFailed,
        Self::BulkTooLarge,
        Self::BulkConflict,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::MediaType,
        Self::InvalidSyntax,
        Self::InvalidValue,
        Self::InvalidFilter,
        Self::InvalidPath,
        Self::NoTarget,
        Self::Mutability,
        Self::Uniqueness,
        Self::TooMany,
        Self::InvalidVers,
        Self::Sensitive,
        Self::InvalidCursor,
        Self::ExpiredCursor,
        Self::InvalidCount,
        Self::Busy,
        Self::BodiesBusy,
        Self::TenantBusy,
        Self::ConnectionsBusy,
        Self::SearchesBusy,
        Self::ProfileMissing,
        Self::Unavailable,
    ];
}

/// The page `docs/reference/error-codes.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "<!-- Written by `usher reference error-codes`; change crates/http/src/scim/error.rs instead. -->\n\n\
         # Error codes\n\n\
         Every refused SCIM request is answered with a SCIM error body (RFC 7644 §3.12), whose `detail` names the attribute, \
         the rule and the next step and ends with the request id (a 401 says nothing else that tells one cause from \
         another: the log line of that id does). The code stands in the provisioning log (`usher log list`) \
         and in the gateway's log lines.\n\n\
         | code | status | `scimType` | what happened | what to do |\n| --- | --- | --- | --- | --- |\n",
    );
    for code in ErrorCode::ALL {
        let Row {
            code,
            status,
            scim_type,
            meaning,
            next_step,
        } = code.row();
        let scim_type = scim_type.map_or_else(|| "–".to_owned(), |word| format!("`{word}`"));
        let _ = writeln!(
            page,
            "| `{code}` | {status} | {scim_type} | {meaning} | {next_step} |"
        );
    }
    page.push_str(
        "\nWhat is no HTTP at all, addresses longer than 64 KB, and addresses with a character that no URL may hold unencoded \
         (a bare `\"`, `<`, `>` or letter outside ASCII: write `%22` and so on) are refused before they reach SCIM, by an empty \
         400.\n",
    );
    page
}
