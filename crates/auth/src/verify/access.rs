//! An access token whose signature was verified, with its record. As a pasted token it opens nothing before the comparison with the URL.
//!
//! Must not know: how signatures are verified ([`crate::access`]), how URLs are routed.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::credential::{Caller, CredentialKind, LastUse, Memory, TokenId};

use super::{Inner, Verifier};
use crate::access::{AccessClaims, AccessRecord};
use crate::rate_limiter::network;
use crate::refusal::{Reason, Refusal};
use crate::tenant_url::TenantUrl;
use crate::uses::worth_noting;

/// A good access token, not yet compared with the URL.
#[must_use]
#[derive(derive_more::Debug)]
#[debug("VerifiedAccess({id})")]
pub struct VerifiedAccess {
    record: AccessRecord,
    id: TokenId,
    verifier: Arc<Inner>,
}

impl Verifier {
    /// Checks the claims of an access token by the record that was read for them during this request.
    ///
    /// # Errors
    /// `Unauthorized` with the reason for the log.
    pub fn verify_access(
        &self,
        claims: &AccessClaims,
        record: Option<AccessRecord>,
        now: DateTime<Utc>,
        client: IpAddr,
    ) -> Result<VerifiedAccess, Refusal> {
        let checked = match record {
            None => Err(Reason::UnknownId),
            Some(record) => record.check(claims, now, client.to_canonical()).map(|()| record),
        };
        let record = checked.map_err(|reason| self.refused(Refusal::Unauthorized(reason)))?;
        if let AccessRecord::Token(own) = &record {
            let from = network(client);
            let last = worth_noting(own.token.last_used_at, now).map(|at| LastUse { at, from });
            let none = Memory::default();
            self.inner
                .uses
                .note(CredentialKind::Token, own.token.id, last, &none);
        }
        Ok(VerifiedAccess {
            record,
            id: claims.record_id(),
            verifier: Arc::clone(&self.inner),
        })
    }

    /// A token that Entra made, which was checked against what this directory accepts. `id` stands for it in logs.
    pub fn verified_entra(&self, record: AccessRecord, id: TokenId) -> VerifiedAccess {
        VerifiedAccess {
            record,
            id,
            verifier: Arc::clone(&self.inner),
        }
    }

    /// Counts a refusal that was decided elsewhere.
    pub fn count_refusal(&self, refusal: Refusal) -> Refusal {
        self.refused(refusal)
    }
}

impl VerifiedAccess {
    /// What stands for it in logs: its client, or the token itself.
    pub const fn id(&self) -> TokenId {
        self.id
    }

    /// The caller, if the URL names its directory and the directory is on.
    ///
    /// # Errors
    /// As [`TenantUrl::check`].
    pub fn admit(self, url: TenantUrl<'_>) -> Result<Caller, Refusal> {
        self.verifier.caller(self.record.opens(), self.id, url)
    }
}
