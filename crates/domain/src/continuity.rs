//! Token continuity (ADR 0051): a new secret is written into the customer's Entra app, and the old one ends when the new one is seen
//! in use. Pure: what is set for a directory, the steps of one renewal, and what comes next.
//!
//! Must not know: Microsoft Graph, databases.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::credential::{CredentialStatus, Token, TokenId};
use crate::id::{DirectoryId, RenewalId, TenantId};

/// The id of a synchronization job of Microsoft Graph, such as `scim.86b1f3a4…`; it is a part of addresses.
#[derive(Debug, Clone, PartialEq, Eq, derive_more::Display)]
pub struct SyncJob(String);

/// A text that is no [`SyncJob`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the id of a synchronization job is 1 to 200 letters, digits, '.', '_' and '-', and begins with a letter or a digit"
)]
pub struct SyncJobError;

impl SyncJob {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SyncJob {
    type Err = SyncJobError;

    fn from_str(text: &str) -> Result<Self, SyncJobError> {
        let fits = (1..=200).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        fits.then(|| Self(text.to_owned())).ok_or(SyncJobError)
    }
}

/// What stands beside address and secret in an Entra app, and may be written again: Graph replaces the whole collection and shows
/// nothing of it, so whoever writes has to know the rest. No secret is among them.
pub const KEPT_KEYS: [&str; 8] = [
    "AuthenticationType",
    "EnforceDomain",
    "HardDeletesEnabled",
    "PerformInboundEntitlementGrants",
    "SkipOutOfScopeDeletions",
    "SyncAll",
    "SyncNotificationSettings",
    "UpdateKeyOnSoftDelete",
];

/// What is set for a directory whose customer consented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Continuity {
    /// The tenant.
    pub tenant: TenantId,
    /// The directory.
    pub directory: DirectoryId,
    /// The customer's Entra tenant.
    pub entra_tenant: Uuid,
    /// The object id of the Entra app's service principal.
    pub service_principal: Uuid,
    /// Its synchronization job.
    pub job: SyncJob,
    /// The Tenant URL as it stands in Entra.
    pub base_address: String,
    /// What else is written beside it, each of [`KEPT_KEYS`].
    pub kept: BTreeMap<String, String>,
    /// How long before the token's end a renewal begins by itself.
    pub before: TimeDelta,
    /// How long a new token is valid.
    pub life: TimeDelta,
    /// Since when it is set so.
    pub set_at: DateTime<Utc>,
}

/// How far a renewal is. The words are kept in the database.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "lowercase")]
pub enum Step {
    /// It is to be done.
    Planned,
    /// There is a new token, which only the process that made it knows.
    Issued,
    /// Entra has tried the new token with success.
    Validated,
    /// Entra has the new token.
    Written,
    /// A request was made with the new token after it was written.
    Used,
    /// The old tokens have ended: all is done.
    Retired,
    /// It was given up.
    Stopped,
}

impl Step {
    /// All of them, in their order.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the database, on the command line and in the API.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// Whether the new token still has to be brought to Entra.
    pub const fn is_before_written(self) -> bool {
        matches!(self, Self::Planned | Self::Issued | Self::Validated)
    }
}

/// One renewal of a directory's token. The new secret is in none of its fields: it exists only in the memory of the process that
/// issues and writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal {
    /// Its id.
    pub id: RenewalId,
    /// The tenant.
    pub tenant: TenantId,
    /// The directory.
    pub directory: DirectoryId,
    /// How far it is.
    pub step: Step,
    /// The tokens that end when the new one is in use: the old one, and each of which nobody knows whether Entra has it.
    pub retiring: Vec<TokenId>,
    /// The new token.
    pub new_token: Option<TokenId>,
    /// When it was begun.
    pub planned_at: DateTime<Utc>,
    /// When the present new token was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// When Entra had tried it.
    pub validated_at: Option<DateTime<Utc>>,
    /// When it was first sent to be written: from then on Entra may have it.
    pub write_began_at: Option<DateTime<Utc>>,
    /// When Entra said that it has it.
    pub written_at: Option<DateTime<Utc>>,
    /// When it was seen in use.
    pub used_at: Option<DateTime<Utc>>,
    /// When the renewal ended, done or given up.
    pub ended_at: Option<DateTime<Utc>>,
    /// When people were told that it does not go on.
    pub told_at: Option<DateTime<Utc>>,
    /// Failed attempts.
    pub attempts: i32,
    /// Why the last one failed, or why the renewal was given up.
    pub last_error: Option<String>,
    /// Rises with each change: a change of an older version is refused.
    pub version: i32,
}

impl Renewal {
    /// A renewal that replaces these tokens.
    pub const fn new(
        id: RenewalId,
        (tenant, directory): (TenantId, DirectoryId),
        retiring: Vec<TokenId>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            tenant,
            directory,
            step: Step::Planned,
            retiring,
            new_token: None,
            planned_at: now,
            issued_at: None,
            validated_at: None,
            write_began_at: None,
            written_at: None,
            used_at: None,
            ended_at: None,
            told_at: None,
            attempts: 0,
            last_error: None,
            version: 0,
        }
    }

    /// Drops a new token whose secret is lost, or was refused. The token is to be revoked now if it is returned; one that may be in
    /// Entra ends with the old ones instead, because Entra may be using it.
    pub fn without_new_token(&self) -> (Self, Option<TokenId>) {
        let mut next = Self {
            step: Step::Planned,
            new_token: None,
            issued_at: None,
            validated_at: None,
            write_began_at: None,
            ..self.clone()
        };
        match (self.new_token, self.write_began_at) {
            (Some(token), Some(_)) => {
                next.retiring.push(token);
                (next, None)
            }
            (token, _) => (next, token),
        }
    }

    /// There is a new token.
    pub fn issued(&self, token: TokenId, now: DateTime<Utc>) -> Self {
        Self {
            step: Step::Issued,
            new_token: Some(token),
            issued_at: Some(now),
            ..self.clone()
        }
    }

    /// Entra has tried it.
    pub fn validated(&self, now: DateTime<Utc>) -> Self {
        Self {
            step: Step::Validated,
            validated_at: Some(now),
            ..self.clone()
        }
    }

    /// It is about to be sent.
    pub fn writing(&self, now: DateTime<Utc>) -> Self {
        Self {
            write_began_at: self.write_began_at.or(Some(now)),
            ..self.clone()
        }
    }

    /// Entra refused it without taking it.
    pub fn not_written(&self) -> Self {
        Self {
            write_began_at: None,
            ..self.clone()
        }
    }

    /// Entra has it.
    pub fn written(&self, now: DateTime<Utc>) -> Self {
        Self {
            step: Step::Written,
            written_at: Some(now),
            last_error: None,
            ..self.clone()
        }
    }

    /// It was seen in use.
    pub fn used(&self, now: DateTime<Utc>) -> Self {
        Self {
            step: Step::Used,
            used_at: Some(now),
            // What people were told of is over.
            told_at: None,
            last_error: None,
            ..self.clone()
        }
    }

    /// All is done.
    pub fn retired(&self, now: DateTime<Utc>) -> Self {
        Self {
            step: Step::Retired,
            ended_at: Some(now),
            ..self.clone()
        }
    }

    /// It is given up.
    pub fn stopped(&self, now: DateTime<Utc>, why: &str) -> Self {
        Self {
            step: Step::Stopped,
            ended_at: Some(now),
            last_error: Some(why.to_owned()),
            ..self.clone()
        }
    }

    /// An attempt failed.
    pub fn failed(&self, why: &str) -> Self {
        Self {
            attempts: self.attempts + 1,
            last_error: Some(why.to_owned()),
            ..self.clone()
        }
    }

    /// People were told that it does not go on, and why.
    pub fn told(&self, now: DateTime<Utc>, why: &str) -> Self {
        Self {
            told_at: Some(now),
            last_error: Some(why.to_owned()),
            ..self.clone()
        }
    }

    /// What it waits for, in words for people.
    pub const fn waits_for(&self) -> &'static str {
        match self.step {
            Step::Planned => "a new token is to be issued",
            Step::Issued => "Entra is to try the new token",
            Step::Validated => "the new token is to be written into Entra",
            Step::Written => "Entra is to use the new token",
            Step::Used => "the old token is to be unused for a while, and then ends",
            Step::Retired => "nothing: the old token has ended",
            Step::Stopped => "nothing: it was given up",
        }
    }
}

/// The token of a directory that its identity provider uses: the usable one that was used last.
pub fn in_use(tokens: &[Token], now: DateTime<Utc>) -> Option<&Token> {
    let usable = tokens
        .iter()
        .filter(|token| token.status(now) == CredentialStatus::Active);
    usable
        .filter(|token| token.last_used_at.is_some())
        .max_by_key(|token| token.last_used_at)
}

/// The token that a renewal has to begin for: the one in use, if it ends within [`Continuity::before`].
pub fn due<'t>(continuity: &Continuity, tokens: &'t [Token], now: DateTime<Utc>) -> Option<&'t Token> {
    in_use(tokens, now).filter(|token| token.expires_at.is_some_and(|end| end - now <= continuity.before))
}

/// How long a renewal waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waits {
    /// For how long no request must have been made with an old token before it ends: a cycle of Entra goes on with the secret that it
    /// began with.
    pub quiet: TimeDelta,
    /// After which time without the expected use people are told.
    pub limit: TimeDelta,
}

/// What comes next for a renewal whose new token is in Entra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nothing yet.
    Wait,
    /// The new token was seen in use.
    Used,
    /// These tokens end; it may be none.
    Retire(Vec<TokenId>),
    /// People are to be told.
    Tell(&'static str),
    /// It is given up.
    Stop(&'static str),
}

/// Why people are told when the new token is not used.
pub const NEVER_USED: &str = "the new token was written into Entra and has not been used since: the old one stays. Somebody may have \
                              saved another token there, or provisioning is stopped or in quarantine: look at Provisioning in Entra, \
                              then begin a new renewal";
/// Why people are told when the old token goes on being used.
pub const STILL_USED: &str = "the new token is in use, and the old one is, too: something else than this Entra app has the old one. It \
                              stays until its own end: find who uses it, or revoke it";
/// Why a renewal is given up when its new token ends.
pub const NEW_ENDED: &str = "the new token was revoked or has ended meanwhile: begin a new renewal";

/// What comes next, with the tokens of the directory.
pub fn next(renewal: &Renewal, tokens: &[Token], waits: Waits, now: DateTime<Utc>) -> Next {
    let find = |id: TokenId| {
        tokens
            .iter()
            .find(|token| token.id == id && token.status(now) == CredentialStatus::Active)
    };
    let old: Vec<&Token> = renewal.retiring.iter().filter_map(|id| find(*id)).collect();
    let tell = |since: Option<DateTime<Utc>>, why| {
        let is_late = since.is_some_and(|since| now - since >= waits.limit);
        if is_late && renewal.told_at.is_none() {
            Next::Tell(why)
        } else {
            Next::Wait
        }
    };
    if !matches!(renewal.step, Step::Written | Step::Used) {
        return Next::Wait;
    }
    let Some(new) = renewal.new_token.and_then(find) else {
        return Next::Stop(NEW_ENDED);
    };
    match renewal.step {
        // Entra also uses it when it tries it, which is before it is written.
        Step::Written if new.last_used_at > renewal.written_at => Next::Used,
        Step::Written => tell(renewal.written_at, NEVER_USED),
        _ => {
            let is_quiet = |at: Option<DateTime<Utc>>| at.is_none_or(|at| now - at >= waits.quiet);
            if is_quiet(renewal.used_at) && old.iter().all(|token| is_quiet(token.last_used_at)) {
                Next::Retire(old.iter().map(|token| token.id).collect())
            } else {
                tell(renewal.used_at, STILL_USED)
            }
        }
    }
}

#[cfg(test)]
mod tests;
