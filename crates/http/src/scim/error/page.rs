//! The tables of errors as a page of the documentation.
//!
//! Must not know: what a code means.

use std::fmt::Write as _;

use super::ErrorCode;
use crate::admin::problem::AdminCode;
use crate::error_table::Row;
use crate::oauth::problem::OauthCode;

/// The page `docs/reference/error-codes.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "<!-- Written by `usher reference error-codes`; change crates/http/src/scim/error.rs or crates/http/src/admin/problem.rs instead. -->\n\n\
         # Error codes\n\n\
         Every refused SCIM request is answered with a SCIM error body (RFC 7644 §3.12), whose `detail` names the attribute, \
         the rule and the next step and ends with the request id (a 401 says nothing else that tells one cause from \
         another: the log line of that id does). The code stands in the provisioning log (`usher log list`) \
         and in the gateway's log lines.\n\n\
         | code | status | `scimType` | what happened | what to do |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in ErrorCode::TABLE {
        let Row {
            code,
            status,
            scim_type,
            meaning,
            next_step,
        } = row;
        let scim_type = scim_type.map_or_else(|| "–".to_owned(), |word| format!("`{word}`"));
        let _ = writeln!(
            page,
            "| `{code}` | {status} | {scim_type} | {meaning} | {next_step} |"
        );
    }
    page.push_str(
        "\n## The admin API\n\nA refused request to `/admin/v1` is answered with problem details (RFC 9457), whose `code` is one of these.\n\n\
         | code | status | what happened | what to do |\n| --- | --- | --- | --- |\n",
    );
    for row in AdminCode::TABLE {
        let next = if row.next_step.is_empty() {
            "what its `detail` says"
        } else {
            row.next_step
        };
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {next} |",
            row.code, row.status, row.meaning
        );
    }
    page.push_str(
        "\n## OAuth\n\nA refused request to `/oauth/token` is answered as RFC 6749 §5.2 says, with one of these as `error` and a text for people as \
         `error_description`. A refused request to `/provisioning/token` is answered as one to the admin API.\n\n\
         | `error` | status | what happened | what to do |\n| --- | --- | --- | --- |\n",
    );
    for row in OauthCode::TABLE {
        let Row {
            code,
            status,
            meaning,
            next_step,
            ..
        } = row;
        let _ = writeln!(page, "| `{code}` | {status} | {meaning} | {next_step} |");
    }
    page.push_str(
        "\n## Neither\n\nWhat is no HTTP at all, addresses longer than 64 KB, and addresses with a character that no URL may hold unencoded \
         (a bare `\"`, `<`, `>` or letter outside ASCII: write `%22` and so on) are refused before they reach SCIM, by an empty \
         400.\n",
    );
    page
}
