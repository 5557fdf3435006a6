//! The provisioning log: one row for each SCIM request with an effect or an error, in the words of Microsoft's own log
//! (`provisioningObjectSummary`), so that both can be compared.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::credential::TokenId;
use crate::id::{DirectoryId, EventId, RequestId, ResourceId};

/// The action of a request on one resource.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum LogAction {
    /// It was created.
    Create,
    /// It changed.
    Update,
    /// `active` went from true to false.
    Disable,
    /// `active` went from false to true.
    Reactivate,
    /// It was deleted.
    Delete,
    /// Nothing changed, or nothing was reached.
    #[default]
    Other,
}

impl LogAction {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The result of a request.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum LogStatus {
    /// Applied.
    Success,
    /// Accepted, nothing to do.
    Skipped,
    /// Applied, with something left out (`detail` says what).
    Warning,
    /// Refused.
    Failure,
}

impl LogStatus {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the log.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// One row of the provisioning log.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// The request.
    pub request: RequestId,
    /// The time of the request.
    pub at: DateTime<Utc>,
    /// The directory of the request.
    pub directory: DirectoryId,
    /// The identity or group, if the request reached one.
    pub resource: Option<ResourceId>,
    /// Its `externalId` (Entra's objectId), to find "what happened to this person".
    pub external_id: Option<String>,
    /// The identity's `userName`, or the group's `displayName`, for the same search.
    pub user_name: Option<String>,
    /// The action.
    pub action: LogAction,
    /// The result.
    pub status: LogStatus,
    /// A stable code from the table of errors when it failed, e.g. `uniqueness`.
    pub code: Option<String>,
    /// The error text of the response, or the ignored attributes.
    pub detail: Option<String>,
    /// The event that reports it.
    pub event: Option<EventId>,
    /// Which attributes changed (paths only).
    pub changed: Vec<String>,
    /// The token's public part.
    pub token_id: TokenId,
    /// The trace, as 32 hexadecimal digits, when there is one.
    pub trace_id: Option<String>,
}

impl LogEntry {
    /// The same without personal data: of `userName` and `externalId` no more than is needed to recognise them, and of the text
    /// nothing that was quoted or looks like an address.
    #[must_use]
    pub fn masked(self) -> Self {
        let known: Vec<&str> = [&self.user_name, &self.external_id]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        Self {
            detail: self
                .detail
                .as_deref()
                .map(|detail| without_values(detail, &known)),
            user_name: self.user_name.as_deref().map(masked),
            external_id: self.external_id.as_deref().map(masked),
            ..self
        }
    }
}

/// The first letter, and the domain of an address: `ann@contoso.com` becomes `a***@contoso.com`. Of a short one nothing.
pub fn masked(value: &str) -> String {
    let (local, domain) = match value.rsplit_once('@') {
        Some((local, domain)) => (local, Some(domain)),
        None => (value, None),
    };
    let first = local.chars().next().filter(|_| local.chars().count() > 2);
    let first = first.map(String::from).unwrap_or_default();
    match domain {
        Some(domain) => format!("{first}***@{domain}"),
        None => format!("{first}***"),
    }
}

/// A text of an error without the values in it: what stands between quotation marks, words with an `@`, and what is known to be a
/// person's.
fn without_values(text: &str, known: &[&str]) -> String {
    const GONE: &str = "***";
    let mut text = text.to_owned();
    for value in known.iter().filter(|value| value.len() > 2) {
        text = text.replace(*value, GONE);
    }
    // An odd number of marks leaves the last part between them.
    let parts = text.split('"').enumerate();
    let parts = parts.map(|(index, part)| if index % 2 == 1 { GONE } else { part });
    let text = parts.collect::<Vec<_>>().join("\"");
    let words = text.split(' ');
    let words = words.map(|word| if word.contains('@') { GONE } else { word });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_can_be_recognised_and_not_read() {
        for (value, shown) in [
            ("ann@contoso.com", "a***@contoso.com"),
            ("a@contoso.com", "***@contoso.com"),
            ("a@b@contoso.com", "a***@contoso.com"),
            ("Ann Miller", "A***"),
            ("Zoë", "Z***"),
            ("é1", "***"),
            ("", "***"),
        ] {
            assert_eq!(masked(value), shown, "{value}");
        }
    }

    #[test]
    fn a_text_loses_its_values() {
        let known = ["ann@contoso.com", "e-0042"];
        for (text, shown) in [
            ("userName \"Ann@x\" is taken", "userName \"***\" is taken"),
            ("ann@contoso.com and ann@fabrikam.com", "*** and ***"),
            ("of e-0042: send it", "of ***: send it"),
            ("an open \"mark Ann", "an open \"***"),
            ("left out: nickName, title", "left out: nickName, title"),
        ] {
            assert_eq!(without_values(text, &known), shown);
        }
    }
}
