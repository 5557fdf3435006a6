//! `client_secret`: the secrets of OAuth clients, found by the id inside them.

use chrono::{DateTime, Utc};
use domain::client::{ClientSecret, ClientSecretRecord, is_full};
use domain::credential::{SecretHash, TokenId};
use domain::scope::TenantScope;

use super::client;
use super::names::{At, ClientId, OfTenant, PublicId};
use super::tenant::of;
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::record;
use crate::engine::statement::{Opens, Statement};
use crate::error::{Result, StoreError};
use crate::store::Store;

const COLUMNS: &str = "id, tenant_id, client_id, last_four, created_at, expires_at, revoked_at, last_used_at";

record!(ClientSecret: id tenant client last_four created_at expires_at revoked_at last_used_at);
record!(ClientSecretRecord: secret hash);

parameters!(&ClientSecret, |secret| {
    id: secret.id,
    client: secret.client,
    last_four: secret.last_four.as_str(),
    created_at: secret.created_at,
    expires_at: secret.expires_at,
});

pub(crate) static INSERT: Statement<(OfTenant, &ClientSecret, &SecretHash)> = Statement::opening(
    Opens::TenantToInsert,
    |_| {
        "INSERT INTO client_secret (tenant_id, id, client_id, last_four, hash, hash_version, created_at, expires_at) \
         SELECT :tenant, :id, :client, :last_four, :hash, :hash_version, :created_at, :expires_at"
            .into()
    },
);

pub(crate) static ALL: Statement<(OfTenant, ClientId), ClientSecret> = Statement::select(|_| {
    format!("SELECT {COLUMNS} FROM client_secret WHERE tenant_id = :tenant AND client_id = :client")
});

/// PostgreSQL: `usher.token` opens that one row for reading.
pub(crate) static BY_ID: Statement<PublicId, ClientSecretRecord> = Statement::new(|on| {
    on.either(
        format!(
            "SELECT t.* FROM (SELECT set_config('usher.token', :id, true) AS id) p CROSS JOIN LATERAL \
             (SELECT {COLUMNS}, hash, hash_version FROM client_secret WHERE client_secret.id = :id AND p.id IS NOT NULL OFFSET 0) t"
        ),
        format!("SELECT {COLUMNS}, hash, hash_version FROM client_secret WHERE id = :id"),
    )
});

pub(crate) static REVOKE: Statement<(OfTenant, ClientId, PublicId, At)> = Statement::new(|_| {
    "UPDATE client_secret SET revoked_at = :at WHERE tenant_id = :tenant AND client_id = :client AND id = :id AND revoked_at IS NULL"
        .into()
});

pub(crate) static NOTE_USE: Statement<(PublicId, At)> = Statement::new(|_| {
    "UPDATE client_secret SET last_used_at = :at WHERE id = :id AND coalesce(last_used_at, 0) < :at".into()
});

impl AdminTx {
    /// Adds a secret to a client, unless it is full ([`is_full`]) when the new one is made. The client is locked before
    /// its secrets are counted, so that two additions at the same time do not both find room.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the client has as many, the id exists or the client is not this tenant's,
    /// [`crate::StoreError::Unavailable`].
    pub async fn insert_client_secret(
        &mut self,
        scope: TenantScope,
        new: &ClientSecret,
        hash: &SecretHash,
    ) -> Result<()> {
        let client = (of(scope), PublicId(new.client));
        self.executor.one(&client::LOCK, client).await?;
        let others = (of(scope), ClientId(new.client));
        if is_full(&self.executor.all(&ALL, others).await?, new.created_at) {
            return Err(StoreError::Conflict(
                "the client has as many usable secrets as it may".into(),
            ));
        }
        self.executor
            .change(&INSERT, (of(scope), new, hash))
            .await
            .map(|_| ())
    }

    /// Revokes a secret of a client; `false` when the client has no such secret, or it was revoked before.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn revoke_client_secret(
        &mut self,
        scope: TenantScope,
        client: TokenId,
        id: TokenId,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let parameters = (of(scope), ClientId(client), PublicId(id), At(at));
        Ok(self.update_of(scope, &REVOKE, parameters).await? > 0)
    }
}

impl Store {
    /// What a request for an access token needs to know about the secret it brought.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn client_secret(&self, id: TokenId) -> Result<Option<ClientSecretRecord>> {
        self.autocommit().one(&BY_ID, PublicId(id)).await
    }

    /// The secrets of one of the tenant's clients, usable or not, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn client_secrets(&self, scope: TenantScope, client: TokenId) -> Result<Vec<ClientSecret>> {
        let of_client = (of(scope), ClientId(client));
        let mut found = self.autocommit().all(&ALL, of_client).await?;
        found.sort_by_key(|secret| (secret.created_at, secret.id));
        Ok(found)
    }
}
