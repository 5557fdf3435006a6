//! `token`: secret tokens, found by the id inside them before anything else is known.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use domain::credential::{SecretHash, Token, TokenId, TokenRecord};
use domain::id::DirectoryId;
use domain::network::AllowedNetworks;
use domain::scope::TenantScope;

use super::credential_memory::OPEN_USAGE;
use super::directory;
use super::job::{self, NewJob};
use super::names::{At, Days, FromNetwork, Limit, OfTenant, PublicId};
use super::tenant::of;
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::{columns, known, record};
use crate::engine::statement::{Opens, Statement};
use crate::error::Result;
use crate::settings::Backend;
use crate::store::Store;

pub(crate) const COLUMNS: &str = "id, tenant_id, directory_id, label, created_at, expires_at, revoked_at, last_used_at, last_used_from, \
     last_four, allowed_networks";

record!(
    Token: id tenant directory label created_at expires_at revoked_at last_used_at last_used_from last_four allowed_networks
);
record!(SecretHash: phc version);

columns! {
    IpAddr = String => |text| known("the network of a token's last use", text.parse().ok());
    AllowedNetworks = String => |text| known("the networks of a credential", text.parse().ok());
}

parameters!(&Token, |token| {
    id: token.id,
    directory: token.directory,
    label: token.label.as_deref(),
    last_four: token.last_four.as_str(),
    created_at: token.created_at,
    expires_at: token.expires_at,
    revoked_at: token.revoked_at,
    last_used_at: token.last_used_at,
    last_used_from: token.last_used_from.map(|network| network.to_string()),
    allowed_networks: token.allowed_networks.to_string(),
});

parameters!(&SecretHash, |hash| {
    hash: hash.phc.as_str(),
    hash_version: hash.version,
});

pub(crate) static INSERT: Statement<(OfTenant, &Token, &SecretHash)> = Statement::opening(
    Opens::TenantToInsert,
    |_| {
        "INSERT INTO token (tenant_id, id, directory_id, label, last_four, hash, hash_version, created_at, expires_at, \
         revoked_at, last_used_at, last_used_from, allowed_networks) \
         SELECT :tenant, :id, :directory, :label, :last_four, :hash, :hash_version, :created_at, :expires_at, :revoked_at, \
         :last_used_at, :last_used_from, :allowed_networks"
            .into()
    },
);

pub(crate) static ALL: Statement<OfTenant, Token> =
    Statement::select(|_| format!("SELECT {COLUMNS} FROM token WHERE tenant_id = :tenant"));

pub(crate) static BY_ID: Statement<(OfTenant, PublicId), Token> =
    Statement::select(|_| format!("SELECT {COLUMNS} FROM token WHERE tenant_id = :tenant AND id = :id"));

pub(crate) static REVOKE: Statement<(OfTenant, PublicId, At)> = Statement::new(|_| {
    "UPDATE token SET revoked_at = :at WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL".into()
});

pub(crate) static LIMIT: Statement<(OfTenant, PublicId, At)> = Statement::new(|_| {
    "UPDATE token SET expires_at = :at WHERE tenant_id = :tenant AND id = :id \
     AND (expires_at IS NULL OR expires_at > :at)"
        .into()
});

pub(crate) static REVOKE_ALL: Statement<(OfTenant, At)> = Statement::new(|_| {
    "UPDATE token SET revoked_at = :at WHERE tenant_id = :tenant AND revoked_at IS NULL".into()
});

/// The tokens that were not revoked, of all tenants, by id.
pub(crate) static AFTER: Statement<(PublicId, Limit), (Token, Option<i32>)> = Statement::opening(
    Opens::All("usage"),
    |_| {
        format!(
            "SELECT {COLUMNS}, noticed_days FROM token WHERE id > :id AND revoked_at IS NULL ORDER BY id LIMIT :limit"
        )
    },
);

pub(crate) static NOTE_NOTICE: Statement<(PublicId, Days)> = Statement::new(|_| {
    "UPDATE token SET noticed_days = :days WHERE id = :id AND coalesce(noticed_days, 1000) > :days AND revoked_at IS NULL"
        .into()
});

/// A request that the guard refused after all is no use of a token that had ended.
pub(crate) static NOTE_USE: Statement<(PublicId, At, FromNetwork)> = Statement::new(|_| {
    "UPDATE token SET last_used_at = :at, last_used_from = :network WHERE id = :id AND coalesce(last_used_at, 0) < :at \
     AND coalesce(revoked_at, :at) >= :at AND coalesce(expires_at, :at) >= :at"
        .into()
});

/// A `SELECT` of a row if no credential and no setting of `:tenant` was changed since it had the state `:credential_state`.
pub(crate) const UNCHANGED: &str =
    "SELECT 1 FROM tenant n WHERE n.id = :tenant AND n.credential_state = :credential_state";

/// Answers nothing; sent with a guard, it checks the credential.
pub(crate) static CHECK: Statement<OfTenant> = Statement::select(|_| "SELECT 1 WHERE :tenant IS NULL".into());

/// Everything about a presented token in one round trip.
///
/// PostgreSQL: `usher.token` opens that one row for reading; the row's tenant then opens its directory. Each step is a
/// `LATERAL` that needs the step before, so the settings are made in this order; none is compared with a column (see
/// [`crate::engine::statement`]).
pub(crate) static RECORD: Statement<PublicId, TokenRecord> = Statement::new(|on| {
    let of = |alias: &str, columns: &str| {
        let columns = columns.split(", ").map(|column| format!("{alias}.{column}"));
        columns.collect::<Vec<_>>().join(", ")
    };
    let (token, dir) = (of("t", COLUMNS), of("d", directory::COLUMNS));
    on.either(
        format!(
            "SELECT {token}, t.hash, t.hash_version, {dir}, d.name, d.external_tenant_id, d.tenant_frozen_at, d.credential_state \
             FROM (SELECT set_config('usher.token', :id, true) AS id) p \
             CROSS JOIN LATERAL (SELECT * FROM token WHERE token.id = :id AND p.id IS NOT NULL OFFSET 0) t \
             CROSS JOIN LATERAL (SELECT set_config('usher.tenant', t.tenant_id::text, true) AS tenant OFFSET 0) s \
             CROSS JOIN LATERAL (SELECT d.*, n.name, n.external_tenant_id, n.frozen_at AS tenant_frozen_at, n.credential_state \
             FROM directory d JOIN tenant n ON n.id = d.tenant_id \
             WHERE d.tenant_id = t.tenant_id AND d.id = t.directory_id AND s.tenant IS NOT NULL OFFSET 0) d"
        ),
        format!(
            "SELECT {token}, t.hash, t.hash_version, {dir}, n.name, n.external_tenant_id, n.frozen_at, n.credential_state FROM token t \
             JOIN directory d ON d.tenant_id = t.tenant_id AND d.id = t.directory_id \
             JOIN tenant n ON n.id = t.tenant_id WHERE t.id = :id"
        ),
    )
});

record!(TokenRecord: token hash directory tenant_name external_tenant_id tenant_frozen_at state);

impl AdminTx {
    /// Adds a token.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the id exists or the directory is not this tenant's, [`crate::StoreError::Unavailable`].
    pub async fn insert_token(&mut self, scope: TenantScope, new: &Token, hash: &SecretHash) -> Result<()> {
        self.executor
            .change(&INSERT, (of(scope), new, hash))
            .await
            .map(|_| ())
    }

    /// Revokes a token; `false` when the tenant has no such token, or it was revoked before.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn revoke_token(&mut self, scope: TenantScope, id: TokenId, at: DateTime<Utc>) -> Result<bool> {
        let parameters = (of(scope), PublicId(id), At(at));
        Ok(self.update_of(scope, &REVOKE, parameters).await? > 0)
    }

    /// Revokes all tokens of a tenant; how many there were to revoke.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn revoke_tokens(&mut self, scope: TenantScope, at: DateTime<Utc>) -> Result<u64> {
        self.update_of(scope, &REVOKE_ALL, (of(scope), At(at))).await
    }

    /// Lets a token end by itself at `expires_at` unless it ends before; `false` when it does, or when the tenant has
    /// no such token. Rotation: the old token stays valid for the overlap.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn limit_token(
        &mut self,
        scope: TenantScope,
        id: TokenId,
        expires_at: DateTime<Utc>,
    ) -> Result<bool> {
        let parameters = (of(scope), PublicId(id), At(expires_at));
        Ok(self.update_of(scope, &LIMIT, parameters).await? > 0)
    }
}

impl Store {
    /// Everything a request needs to know about the token it brought; one round trip.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`], [`crate::StoreError::Corrupt`].
    pub async fn token_record(&self, token_id: TokenId) -> Result<Option<TokenRecord>> {
        self.autocommit().one(&RECORD, PublicId(token_id)).await
    }

    /// The tenant's tokens, of one directory or all, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn tokens(&self, scope: TenantScope, directory: Option<DirectoryId>) -> Result<Vec<Token>> {
        let mut found = self.autocommit().all(&ALL, of(scope)).await?;
        found.retain(|token| directory.is_none_or(|directory| token.directory == directory));
        found.sort_by_key(|token| (token.created_at, token.id));
        Ok(found)
    }

    /// One of the tenant's tokens.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn token(&self, scope: TenantScope, id: TokenId) -> Result<Option<Token>> {
        let parameters = (of(scope), PublicId(id));
        self.autocommit().one(&BY_ID, parameters).await
    }

    /// Up to `limit` tokens of all tenants that were not revoked, after this one in the database's order of ids; each with the last
    /// step before its end that was noted ([`Store::note_notice`]). The last one of an answer is where the next begins.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn tokens_after(
        &self,
        after: Option<TokenId>,
        limit: usize,
    ) -> Result<Vec<(Token, Option<i32>)>> {
        let first = || known("the first id", "000000000000".parse().ok());
        let after = after.map_or_else(first, Ok)?;
        self.autocommit()
            .all(&AFTER, (PublicId(after), Limit(limit)))
            .await
    }

    /// Notes that a token has come to a step before its end, in days, and adds the jobs that tell people, in one transaction. `false`
    /// when that step, or a later one, was noted before, or the token was revoked: then nothing is added.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn note_notice(&self, id: TokenId, days: i32, tell: &[NewJob]) -> Result<bool> {
        let tell = tell.to_vec();
        self.transaction(move |executor| {
            let tell = tell.clone();
            Box::pin(async move {
                if executor.backend() == Backend::Postgres {
                    executor.rows(&OPEN_USAGE, ()).await?;
                }
                if executor.change(&NOTE_NOTICE, (PublicId(id), Days(days))).await? == 0 {
                    return Ok(false);
                }
                for new in &tell {
                    job::add(executor, new).await?;
                }
                Ok(true)
            })
        })
        .await
    }
}
