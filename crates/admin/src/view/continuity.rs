//! Token continuity: what is set for a directory, and its renewals.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use domain::continuity::Step;
use domain::credential::TokenId;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use super::one_of;
use crate::Context;
use crate::continuity::{NamedRenewal, Setting};
use crate::once::Made;

/// Whether new tokens of a directory are written into its customer's Entra app, and where that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Continuity")]
pub struct ContinuityView {
    /// The name of the tenant.
    pub tenant: String,
    /// The profile of the directory.
    pub profile: String,
    /// Whether they are; without it, all the others are null.
    pub on: bool,
    /// The customer's Entra tenant.
    pub entra_tenant: Option<String>,
    /// The object id of the Entra app's service principal.
    pub service_principal: Option<String>,
    /// Its synchronization job.
    pub job: Option<String>,
    /// The Tenant URL that is written beside the token.
    pub tenant_url: Option<String>,
    /// What else is written beside it: Microsoft Graph replaces everything.
    pub kept: Option<BTreeMap<String, String>>,
    /// How many seconds before the token's end a renewal begins by itself.
    pub before_seconds: Option<i64>,
    /// For how many seconds a new token is valid.
    pub ttl_seconds: Option<i64>,
    /// Since when it is set so.
    pub set_at: Option<DateTime<Utc>>,
}

impl From<&Setting> for ContinuityView {
    fn from(setting: &Setting) -> Self {
        let continuity = setting.continuity.as_ref();
        Self {
            tenant: setting.tenant.to_string(),
            profile: setting.directory.profile.to_string(),
            on: continuity.is_some(),
            entra_tenant: continuity.map(|one| one.entra_tenant.to_string()),
            service_principal: continuity.map(|one| one.service_principal.to_string()),
            job: continuity.map(|one| one.job.to_string()),
            tenant_url: continuity.map(|one| one.base_address.clone()),
            kept: continuity.map(|one| one.kept.clone()),
            before_seconds: continuity.map(|one| one.before.num_seconds()),
            ttl_seconds: continuity.map(|one| one.life.num_seconds()),
            set_at: continuity.map(|one| one.set_at),
        }
    }
}

/// A renewal of a directory's token, with the time of each of its steps; no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Renewal")]
pub struct RenewalView {
    /// Its id: `ren_…`.
    pub id: String,
    /// The name of the tenant.
    pub tenant: String,
    /// The profile of the directory.
    pub profile: String,
    /// How far it is.
    #[schemars(schema_with = "steps")]
    pub step: &'static str,
    /// What it waits for, in words.
    pub waits_for: &'static str,
    /// The tokens that end when the new one is in use, by their ids.
    pub retiring: Vec<String>,
    /// The id of the new token.
    pub new_token: Option<String>,
    /// When it was begun.
    pub planned_at: DateTime<Utc>,
    /// When the present new token was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// When Entra had tried it.
    pub validated_at: Option<DateTime<Utc>>,
    /// When it was written into Entra.
    pub written_at: Option<DateTime<Utc>>,
    /// When it was seen in use.
    pub used_at: Option<DateTime<Utc>>,
    /// When the renewal ended: the old tokens had, or it was given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// When people were told that it does not go on.
    pub told_at: Option<DateTime<Utc>>,
    /// Failed attempts.
    pub attempts: i32,
    /// Why the last one failed, or why it does not go on.
    pub last_error: Option<String>,
}

fn steps(_: &mut SchemaGenerator) -> Schema {
    one_of(Step::ALL)
}

impl From<&NamedRenewal> for RenewalView {
    fn from(named: &NamedRenewal) -> Self {
        let renewal = &named.renewal;
        Self {
            id: renewal.id.to_string(),
            tenant: named.tenant.to_string(),
            profile: named.directory.profile.to_string(),
            step: renewal.step.as_str(),
            waits_for: renewal.waits_for(),
            retiring: renewal.retiring.iter().map(TokenId::to_string).collect(),
            new_token: renewal.new_token.map(|token| token.to_string()),
            planned_at: renewal.planned_at,
            issued_at: renewal.issued_at,
            validated_at: renewal.validated_at,
            written_at: renewal.written_at,
            used_at: renewal.used_at,
            ended_at: renewal.ended_at,
            told_at: renewal.told_at,
            attempts: renewal.attempts,
            last_error: renewal.last_error.clone(),
        }
    }
}

impl Made for NamedRenewal {
    type View = RenewalView;

    fn view(&self, _: &Context) -> RenewalView {
        RenewalView::from(self)
    }
}
