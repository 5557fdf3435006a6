//! `client`: OAuth clients (ADR 0043), and everything that a request with an access token needs to know about its client.

use chrono::{DateTime, Utc};
use domain::client::{Client, ClientRecord, Federation};
use domain::credential::{OpenedDirectory, SecretHash, TokenId};
use domain::id::DirectoryId;
use domain::scope::TenantScope;

use super::names::{At, OfTenant, PublicId};
use super::tenant::of;
use super::{client_secret, directory};
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::{Columns, Read, columns, known, record};
use crate::engine::statement::{Opens, Statement};
use crate::error::Result;
use crate::store::Store;

const COLUMNS: &str = "id, tenant_id, directory_id, label, epoch, issuer, audiences, subject, entra_tenant, keys_url, created_at, \
     revoked_at";

record!(Client: id tenant directory label epoch federation created_at revoked_at);
record!(ClientRecord: client secrets access_token_seconds opens);
record!(OpenedDirectory: directory tenant_name external_tenant_id tenant_frozen_at state);

/// Five columns, all of them or none.
impl Read for Option<Federation> {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (issuer, audiences): (Option<String>, Option<String>) = columns.next()?;
        let (subject, entra_tenant): (Option<String>, Option<String>) = columns.next()?;
        let keys_url: Option<String> = columns.next()?;
        let federation = match (issuer, audiences, subject, entra_tenant, keys_url) {
            (None, None, None, None, None) => None,
            (Some(issuer), Some(audiences), Some(subject), Some(entra_tenant), Some(keys_url)) => {
                Some(Federation {
                    issuer,
                    audiences: audiences.split(' ').map(str::to_owned).collect(),
                    subject,
                    entra_tenant,
                    keys_url,
                })
            }
            _ => return known("the federated identity of a client", None),
        };
        Ok(federation)
    }
}

columns! {
    // With a blank between them.
}

fn federated<'c>(client: &'c Client, value: fn(&'c Federation) -> &'c str) -> Option<&'c str> {
    client.federation.as_ref().map(value)
}

parameters!(&Client, |client| {
    id: client.id,
    directory: client.directory,
    label: client.label.as_deref(),
    epoch: client.epoch,
    issuer: federated(client, |federation| &federation.issuer),
    audiences: client.federation.as_ref().map(|federation| federation.audiences.join(" ")),
    subject: federated(client, |federation| &federation.subject),
    entra_tenant: federated(client, |federation| &federation.entra_tenant),
    keys_url: federated(client, |federation| &federation.keys_url),
    created_at: client.created_at,
});

pub(crate) static INSERT: Statement<(OfTenant, &Client)> = Statement::opening(Opens::TenantToInsert, |_| {
    "INSERT INTO client (tenant_id, id, directory_id, label, epoch, issuer, audiences, subject, entra_tenant, keys_url, created_at) \
     SELECT :tenant, :id, :directory, :label, :epoch, :issuer, :audiences, :subject, :entra_tenant, :keys_url, :created_at"
        .into()
});

pub(crate) static ALL: Statement<OfTenant, Client> =
    Statement::select(|_| format!("SELECT {COLUMNS} FROM client WHERE tenant_id = :tenant"));

/// Until the transaction ends, no other one counts or adds secrets of this client.
pub(crate) static LOCK: Statement<(OfTenant, PublicId), String> =
    Statement::opening(Opens::TenantForUpdate, |_| {
        "SELECT id FROM client WHERE tenant_id = :tenant AND id = :id".into()
    });

pub(crate) static REVOKE: Statement<(OfTenant, PublicId, At)> = Statement::new(|_| {
    "UPDATE client SET revoked_at = :at WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL".into()
});

pub(crate) static REVOKE_ALL: Statement<(OfTenant, At)> = Statement::new(|_| {
    "UPDATE client SET revoked_at = :at WHERE tenant_id = :tenant AND revoked_at IS NULL".into()
});

pub(crate) static END_TOKENS: Statement<(OfTenant, PublicId)> = Statement::new(|_| {
    "UPDATE client SET epoch = epoch + 1 WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL".into()
});

/// Everything about a client in one round trip; as [`super::token::RECORD`], which says how its rows are opened.
pub(crate) static RECORD: Statement<PublicId, ClientRecord> = Statement::new(|on| {
    let of = |alias: &str, columns: &str| {
        let columns = columns.split(", ").map(|column| format!("{alias}.{column}"));
        columns.collect::<Vec<_>>().join(", ")
    };
    let (client, dir) = (of("c", COLUMNS), of("d", directory::COLUMNS));
    let ids = on.either("string_agg(x.id, ' ')", "group_concat(x.id, ' ')");
    let secrets = format!(
        "coalesce((SELECT {ids} FROM client_secret x WHERE x.tenant_id = c.tenant_id AND x.client_id = c.id \
         AND x.revoked_at IS NULL), '')"
    );
    let seconds = "coalesce((SELECT o.access_token_seconds FROM directory_oauth o WHERE o.tenant_id = c.tenant_id \
                   AND o.directory_id = c.directory_id), 3600)";
    on.either(
        format!(
            "SELECT {client}, d.secrets, d.seconds, {dir}, d.name, d.external_tenant_id, d.tenant_frozen_at, d.credential_state \
             FROM (SELECT set_config('usher.token', :id, true) AS id) p \
             CROSS JOIN LATERAL (SELECT * FROM client WHERE client.id = :id AND p.id IS NOT NULL OFFSET 0) c \
             CROSS JOIN LATERAL (SELECT set_config('usher.tenant', c.tenant_id::text, true) AS tenant OFFSET 0) s \
             CROSS JOIN LATERAL (SELECT d.*, n.name, n.external_tenant_id, n.frozen_at AS tenant_frozen_at, n.credential_state, \
             {secrets} AS secrets, {seconds} AS seconds \
             FROM directory d JOIN tenant n ON n.id = d.tenant_id \
             WHERE d.tenant_id = c.tenant_id AND d.id = c.directory_id AND s.tenant IS NOT NULL OFFSET 0) d"
        ),
        format!(
            "SELECT {client}, {secrets}, {seconds}, {dir}, n.name, n.external_tenant_id, n.frozen_at, n.credential_state FROM client c \
             JOIN directory d ON d.tenant_id = c.tenant_id AND d.id = c.directory_id \
             JOIN tenant n ON n.id = c.tenant_id WHERE c.id = :id"
        ),
    )
});

impl AdminTx {
    /// Adds a client, with its first secret unless it has a federated identity.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the id exists or the directory is not this tenant's, [`crate::StoreError::Unavailable`].
    pub async fn insert_client(
        &mut self,
        scope: TenantScope,
        new: &Client,
        secret: Option<(&domain::client::ClientSecret, &SecretHash)>,
    ) -> Result<()> {
        self.executor.change(&INSERT, (of(scope), new)).await?;
        if let Some((secret, hash)) = secret {
            self.executor
                .change(&client_secret::INSERT, (of(scope), secret, hash))
                .await?;
        }
        Ok(())
    }

    /// Revokes a client with all its access tokens; `false` when the tenant has no such client, or it was revoked before.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn revoke_client(
        &mut self,
        scope: TenantScope,
        id: TokenId,
        at: DateTime<Utc>,
    ) -> Result<bool> {
        let parameters = (of(scope), PublicId(id), At(at));
        Ok(self.update_of(scope, &REVOKE, parameters).await? > 0)
    }

    /// Revokes all clients of a tenant; how many there were to revoke.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn revoke_clients(&mut self, scope: TenantScope, at: DateTime<Utc>) -> Result<u64> {
        self.update_of(scope, &REVOKE_ALL, (of(scope), At(at))).await
    }

    /// Ends all access tokens of a client that were made until now; `false` when the tenant has no such client, or it was revoked.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn end_client_tokens(&mut self, scope: TenantScope, id: TokenId) -> Result<bool> {
        let parameters = (of(scope), PublicId(id));
        Ok(self.update_of(scope, &END_TOKENS, parameters).await? > 0)
    }
}

impl Store {
    /// Everything a request needs to know about a client; one round trip.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn client_record(&self, id: TokenId) -> Result<Option<ClientRecord>> {
        self.autocommit().one(&RECORD, PublicId(id)).await
    }

    /// The tenant's clients, of one directory or all, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn clients(&self, scope: TenantScope, directory: Option<DirectoryId>) -> Result<Vec<Client>> {
        let mut found = self.autocommit().all(&ALL, of(scope)).await?;
        found.retain(|client| directory.is_none_or(|directory| client.directory == directory));
        found.sort_by_key(|client| (client.created_at, client.id));
        Ok(found)
    }
}
