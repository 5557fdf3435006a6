//! A row of the audit log, and what its verification found.

use chrono::{DateTime, SecondsFormat};
use domain::audit::AuditRow;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::audit::NamedChain;
use crate::audit::verify::Report;

/// What somebody did, as one row of a chain.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "AuditRow")]
pub struct AuditView {
    /// The chain: `platform`, or the tenant's id.
    pub chain: String,
    /// The tenant's name; null for the platform's chain.
    pub tenant: Option<String>,
    /// Its number in the chain: 1, 2, 3, … without a gap.
    pub row: i64,
    /// When it was done.
    #[schemars(with = "Option<DateTime<chrono::Utc>>")]
    pub at: Option<String>,
    /// Who did it: `cli:alice@ops1`, `api-key:…`, `system`.
    pub actor: String,
    /// What was done, such as `token.issue`.
    pub action: String,
    /// To what, such as `token:3pX9Kd2Qa7Lm`.
    pub target: String,
    /// `success` or `refused`.
    pub outcome: String,
    /// Why, in the words of whoever did it.
    pub reason: Option<String>,
    /// The address it came from.
    pub ip: Option<String>,
    /// The id of the request or command.
    pub request_id: String,
    /// Settings before and after, ends, names.
    pub details: Value,
    /// The hash of the row before.
    pub previous_hash: String,
    /// The hash of this row.
    pub hash: String,
}

impl AuditView {
    /// A row of this chain.
    pub fn of(named: &NamedChain, row: &AuditRow) -> Self {
        let at = DateTime::from_timestamp_millis(row.at);
        Self {
            chain: row.chain.to_string(),
            tenant: named.tenant.as_ref().map(ToString::to_string),
            row: row.seq,
            at: at.map(|at| at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            actor: row.actor.clone(),
            action: row.action.clone(),
            target: row.target.clone(),
            outcome: row.outcome.clone(),
            reason: row.reason.clone(),
            ip: row.ip.clone(),
            request_id: row.request.clone(),
            details: serde_json::from_str(&row.details).unwrap_or_else(|_| json!(row.details)),
            previous_hash: row.previous.clone(),
            hash: row.hash.clone(),
        }
    }
}

/// What the verification of a chain found. Without a checkpoint from outside the database, a chain that was rewritten whole looks
/// whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditReport {
    /// The chain: `platform`, or the tenant's id.
    pub chain: String,
    /// The tenant's name; null for the platform's chain.
    pub tenant: Option<String>,
    /// Its last row, or its last good one.
    pub rows: i64,
    /// The first row that is wrong; null when there is none.
    pub fault: Option<AuditFault>,
}

/// A row that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditFault {
    /// Its number.
    pub row: i64,
    /// What is wrong, as a word.
    pub kind: &'static str,
    /// What is wrong.
    pub text: String,
}

impl From<&Report> for AuditReport {
    fn from(report: &Report) -> Self {
        Self {
            chain: report.named.chain.to_string(),
            tenant: report.named.tenant.as_ref().map(ToString::to_string),
            rows: report.rows,
            fault: report.fault.as_ref().map(|fault| AuditFault {
                row: fault.seq,
                kind: fault.kind.as_str(),
                text: fault.kind.to_string(),
            }),
        }
    }
}
