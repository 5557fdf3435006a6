//! A credential whose secret was verified. It grants no access before the comparison with the URL, which gives a `Caller`.
//!
//! Must not know: how URLs are routed.

use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use domain::api_key::{ApiKey, ApiKeyRecord};
use domain::client::ClientSecretRecord;
use domain::credential::{
    AppCaller, AppCredentialRecord, Caller, CredentialKind, CredentialStatus, OpenedDirectory, SecretHash,
    TokenId, TokenRecord,
};
use domain::scope::TenantScope;

use super::Inner;
use crate::refusal::Refusal;
use crate::tenant_url::TenantUrl;
use crate::uses::worth_noting;

/// The record of a credential: a [`TokenRecord`], an [`AppCredentialRecord`], an [`ApiKeyRecord`] or a [`ClientSecretRecord`].
pub trait CredentialRecord {
    /// The kind of credential.
    const KIND: CredentialKind;

    /// The public part, safe to log.
    fn id(&self) -> TokenId;
    /// The hash of its secret.
    fn hash(&self) -> &SecretHash;
    /// Its status at `now`.
    fn status(&self, now: DateTime<Utc>) -> CredentialStatus;
    /// Whether a client of this address may use it.
    fn allows(&self, _: IpAddr) -> bool {
        true
    }
    /// The time of this use, if it is to be written to the record.
    fn use_worth_noting(&self, _: DateTime<Utc>) -> Option<DateTime<Utc>> {
        None
    }
}

impl CredentialRecord for TokenRecord {
    const KIND: CredentialKind = CredentialKind::Token;

    fn id(&self) -> TokenId {
        self.token.id
    }

    fn hash(&self) -> &SecretHash {
        &self.hash
    }

    fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        self.token.status(now)
    }

    fn allows(&self, client: IpAddr) -> bool {
        self.token.allowed_networks.allow(client)
    }

    fn use_worth_noting(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        worth_noting(self.token.last_used_at, now)
    }
}

impl CredentialRecord for AppCredentialRecord {
    const KIND: CredentialKind = CredentialKind::App;

    fn id(&self) -> TokenId {
        self.id
    }

    fn hash(&self) -> &SecretHash {
        &self.hash
    }

    fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        Self::status(self, now)
    }
}

impl CredentialRecord for ApiKeyRecord {
    const KIND: CredentialKind = CredentialKind::ApiKey;

    fn id(&self) -> TokenId {
        self.key.id
    }

    fn hash(&self) -> &SecretHash {
        &self.hash
    }

    fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        self.key.status(now)
    }

    fn allows(&self, client: IpAddr) -> bool {
        self.key.networks.allow(client)
    }

    fn use_worth_noting(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        worth_noting(self.key.last_used_at, now)
    }
}

impl CredentialRecord for ClientSecretRecord {
    const KIND: CredentialKind = CredentialKind::ClientSecret;

    fn id(&self) -> TokenId {
        self.secret.id
    }

    fn hash(&self) -> &SecretHash {
        &self.hash
    }

    fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        self.secret.status(now)
    }

    fn use_worth_noting(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        worth_noting(self.secret.last_used_at, now)
    }
}

/// A credential with the right secret, not yet compared with the URL. Its record is private: only `admit` gives access to a
/// tenant, an app or the admin API.
#[must_use]
#[derive(derive_more::Debug)]
#[debug("Verified({})", self.id())]
#[debug(bound(R: CredentialRecord))]
pub struct Verified<R> {
    record: R,
    verifier: Arc<Inner>,
}

impl<R: CredentialRecord> Verified<R> {
    pub(super) fn new(record: R, verifier: &Arc<Inner>) -> Self {
        let verifier = Arc::clone(verifier);
        Self { record, verifier }
    }

    /// Its public part, safe to log.
    pub fn id(&self) -> TokenId {
        self.record.id()
    }
}

impl Verified<TokenRecord> {
    /// The caller, if the URL names its directory and the directory is on.
    ///
    /// # Errors
    /// As [`TenantUrl::check`].
    pub fn admit(self, url: TenantUrl<'_>) -> Result<Caller, Refusal> {
        let id = self.record.token.id;
        self.verifier.caller(self.record.opens(), id, url)
    }
}

impl Inner {
    /// The caller of a verified credential, if the URL names its directory and the directory is on.
    pub(super) fn caller(
        &self,
        opens: OpenedDirectory,
        id: TokenId,
        url: TenantUrl<'_>,
    ) -> Result<Caller, Refusal> {
        url.check(&opens.tenant_name, &opens.directory, opens.serving())
            .inspect_err(|refusal| self.counters.refused(refusal.code()))?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the secret or the signature of this tenant's credential was just found right, at its own URL"
        )]
        let scope = TenantScope::mint(opens.directory.tenant);
        Ok(Caller {
            scope,
            directory: opens.directory,
            tenant_name: opens.tenant_name,
            external_tenant_id: opens.external_tenant_id,
            credential_state: opens.state,
            token_alias: self.aliases.of(id),
            token_id: id,
        })
    }
}

impl Verified<ClientSecretRecord> {
    /// The secret, which says whose it is.
    pub fn admit(self) -> ClientSecretRecord {
        self.record
    }
}

impl Verified<AppCredentialRecord> {
    /// The app, if the URL names its own feed.
    pub fn admit(self, feed: &str) -> Option<AppCaller> {
        let AppCredentialRecord { app, app_name, .. } = self.record;
        (app_name.as_str() == feed).then_some(AppCaller { app, app_name })
    }
}

impl Verified<ApiKeyRecord> {
    /// The key with what it may do.
    pub fn admit(self) -> ApiKey {
        self.record.key
    }
}
