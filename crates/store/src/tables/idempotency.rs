//! `idempotency`: which creation a caller's Idempotency-Key stands for, and its answer (ADR 0049).
//!
//! A key is claimed by the request that does the creation; the transaction that creates writes the answer, and only while the claim
//! is still its own. So a creation is made once, whichever request dies when.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::names::Before;
use crate::admin_tx::AdminTx;
use crate::engine::parameter::{names, parameters};
use crate::engine::read::record;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long a request may take before another one with the same key does it instead.
const CLAIMED: TimeDelta = TimeDelta::seconds(30);

/// A request that is to be done once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Who asks, as the audit log names it.
    pub caller: String,
    /// The digest of the key.
    pub key: String,
    /// The digest of what is asked for.
    pub digest: String,
    /// Tells this request apart from others with the same key.
    pub id: Uuid,
    /// Now.
    pub at: DateTime<Utc>,
}

/// What a key stands for when a request comes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claimed {
    /// Nothing yet: this request is to do it.
    First,
    /// It was done, with this answer.
    Done(String),
    /// Another request is doing it.
    UnderWay,
    /// Something else was asked for with it.
    Other,
}

pub(crate) struct Row {
    digest: String,
    answer: Option<String>,
}

record!(Row: digest answer);

parameters!(&Claim, |claim| {
    caller: claim.caller.as_str(),
    key: claim.key.as_str(),
    digest: claim.digest.as_str(),
    claim: claim.id,
    at: claim.at,
    until: claim.at + CLAIMED,
    before: claim.at - KEPT,
});

names! {
    Caller<'a>(&'a str) = caller;
    KeyDigest<'a>(&'a str) = key;
    ClaimId(Uuid) = claim;
    Answer<'a>(&'a str) = answer;
}

type OfKey<'a> = (Caller<'a>, KeyDigest<'a>);

impl Claim {
    fn key(&self) -> OfKey<'_> {
        (Caller(&self.caller), KeyDigest(&self.key))
    }
}

/// Takes a key that is new, whose answer is no longer kept, or whose request died before it created anything.
pub(crate) static CLAIM: Statement<&Claim> = Statement::new(|_| {
    "INSERT INTO idempotency (caller, key, digest, claim, created_at, claimed_until) \
     VALUES (:caller, :key, :digest, :claim, :at, :until) ON CONFLICT (caller, key) DO UPDATE \
     SET digest = excluded.digest, claim = excluded.claim, created_at = excluded.created_at, \
     claimed_until = excluded.claimed_until, answer = NULL \
     WHERE idempotency.created_at <= :before OR (idempotency.answer IS NULL AND (idempotency.claimed_until <= :at \
     OR idempotency.claim = :claim))"
        .into()
});

pub(crate) static READ: Statement<OfKey<'_>, Row> =
    Statement::new(|_| "SELECT digest, answer FROM idempotency WHERE caller = :caller AND key = :key".into());

pub(crate) static ANSWER: Statement<(OfKey<'_>, ClaimId, Answer<'_>)> = Statement::new(|_| {
    "UPDATE idempotency SET answer = :answer WHERE caller = :caller AND key = :key AND claim = :claim AND answer IS NULL".into()
});

pub(crate) static GIVE_BACK: Statement<(OfKey<'_>, ClaimId)> = Statement::new(|_| {
    "DELETE FROM idempotency WHERE caller = :caller AND key = :key AND claim = :claim AND answer IS NULL"
        .into()
});

/// All at once: a day has no more of them than creations were made.
pub(crate) static PRUNE: Statement<Before> =
    Statement::new(|_| "DELETE FROM idempotency WHERE created_at >= 0 AND created_at < :before".into());

impl Store {
    /// Claims a key for a request, or says what it stands for.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`], [`crate::StoreError::Forbidden`] with another database role than the operators'.
    pub async fn claim_key(&self, claim: &Claim) -> Result<Claimed> {
        if self.change(&CLAIM, claim).await? > 0 {
            return Ok(Claimed::First);
        }
        let row = self.autocommit().one(&READ, claim.key()).await?;
        Ok(match row {
            Some(row) if row.digest != claim.digest => Claimed::Other,
            Some(Row {
                answer: Some(answer), ..
            }) => Claimed::Done(answer),
            // Also when it was given back a moment ago: it is tried again.
            Some(_) | None => Claimed::UnderWay,
        })
    }

    /// Gives a key back whose request has created nothing, so that a repeat tries it again; a key with an answer stays.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`]; the claim then ends by itself after half a minute.
    pub async fn give_back_key(&self, claim: &Claim) -> Result<()> {
        let own = (claim.key(), ClaimId(claim.id));
        self.change(&GIVE_BACK, own).await.map(|_| ())
    }

    /// Deletes what is older than 24 hours.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn prune_keys(&self, now: DateTime<Utc>) -> Result<u64> {
        self.change(&PRUNE, Before(now - KEPT)).await
    }
}

impl AdminTx {
    /// Keeps the answer of a creation that this transaction makes; `false` when the claim is no longer the request's own, and the
    /// transaction must not be committed.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn keep_answer(&mut self, claim: &Claim, answer: &str) -> Result<bool> {
        let own = (claim.key(), ClaimId(claim.id), Answer(answer));
        let kept = self.executor.change(&ANSWER, own).await?;
        Ok(kept > 0)
    }
}
