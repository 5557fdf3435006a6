//! Operators' records: tenants, directories, tokens, apps; and the credentials that requests present. Used by
//! `crates/admin` and, for the two tenant-less reads, by `crates/http`.

use chrono::{DateTime, Utc};
use domain::credential::{AppCredentialRecord, SecretHash, Token, TokenRecord};
use domain::id::{AppId, DirectoryId};
use domain::scope::TenantScope;
use domain::tenant::{App, Directory, Switch, Tenant};
use sea_orm::{QueryResult, Value};

use crate::error::StoreError;
use crate::feed::open_door;
use crate::settings::Backend;
use crate::sql::{Rows, Sql, tenant_value, text};
use crate::store::Store;
use crate::table::{app, directory, feed, tenant, token};
use crate::tx::Tx;

/// The two reads without a tenant, and the note they leave.
impl Store {
    /// Everything a request needs to know about the token it brought; one round trip, never cached.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn token_record(&self, token_id: &str) -> Result<Option<TokenRecord>, StoreError> {
        let row = self
            .outside()
            .one(&token::RECORD, vec![Value::from(token_id)])
            .await?;
        row.as_ref().map(token::read_record).transpose()
    }

    /// What is known of an app's credential; one round trip.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn app_credential(&self, id: &str) -> Result<Option<AppCredentialRecord>, StoreError> {
        let text = format!("{} WHERE c.id = $1", app::CREDENTIAL);
        let rows = self.outside().all_of(&text, vec![Value::from(id)]).await?;
        rows.first().map(app::read_credential).transpose()
    }

    /// Notes when tokens last opened a request. Out of band: a request never waits for it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn touch_tokens(&self, uses: &[(String, DateTime<Utc>)]) -> Result<(), StoreError> {
        if uses.is_empty() {
            return Ok(());
        }
        let uses = uses.to_vec();
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let uses = uses.clone();
            Box::pin(async move {
                if tx.backend() == Backend::Postgres {
                    tx.all_of("SELECT set_config('usher.door', 'usage', true)", Vec::new())
                        .await?;
                }
                for (id, at) in uses {
                    let values = vec![Value::from(id), Value::from(at.timestamp_millis())];
                    let note =
                        "UPDATE token SET last_used_at = $2 WHERE id = $1 AND coalesce(last_used_at, 0) < $2";
                    tx.change_by(note, values).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// Tenants and directories.
impl Store {
    /// Adds a tenant.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken, [`StoreError::Unavailable`].
    pub async fn create_tenant(&self, new: &Tenant) -> Result<(), StoreError> {
        let sql = Sql::same(&format!(
            "INSERT INTO tenant ({}) VALUES ($1, $2, $3, $4)",
            tenant::COLUMNS
        ));
        self.change(&sql, tenant::values(new)).await.map(|_| ())
    }

    /// The tenant of that name.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn tenant_by_name(&self, name: &str) -> Result<Option<Tenant>, StoreError> {
        let text = format!("SELECT {} FROM tenant WHERE name = $1", tenant::COLUMNS);
        let rows = self.outside().all_of(&text, vec![Value::from(name)]).await?;
        rows.first().map(tenant::read).transpose()
    }

    /// All tenants, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn tenants(&self) -> Result<Vec<Tenant>, StoreError> {
        let text = format!("SELECT {} FROM tenant ORDER BY name", tenant::COLUMNS);
        self.outside()
            .all_of(&text, Vec::new())
            .await?
            .iter()
            .map(tenant::read)
            .collect()
    }

    /// Adds a directory.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the tenant has one of that profile, [`StoreError::Unavailable`].
    pub async fn create_directory(&self, scope: TenantScope, new: &Directory) -> Result<(), StoreError> {
        let sql = Sql::insert(
            "INSERT INTO directory (tenant_id, id, profile, provider, switch, created_at) \
             SELECT :tenant, $2, $3, $4, $5, $6 :from",
        );
        let values = vec![
            Value::from(new.id.uuid()),
            Value::from(new.profile.as_str()),
            Value::from(new.provider.as_str()),
            Value::from(directory::word(new.switch)),
            Value::from(new.created_at.timestamp_millis()),
        ];
        self.change_of(scope, &sql, values).await.map(|_| ())
    }

    /// The tenant's directories, by profile.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directories(&self, scope: TenantScope) -> Result<Vec<Directory>, StoreError> {
        let select = format!(
            "SELECT {} FROM directory WHERE tenant_id = :tenant",
            directory::COLUMNS
        );
        let rows = self.all_of(scope, &select, Vec::new()).await?;
        let mut found = rows.iter().map(directory::read).collect::<Result<Vec<_>, _>>()?;
        found.sort_by(|one, other| one.profile.cmp(&other.profile));
        Ok(found)
    }

    /// The tenant's directory of that profile.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn directory(
        &self,
        scope: TenantScope,
        profile: &str,
    ) -> Result<Option<Directory>, StoreError> {
        let select = format!(
            "SELECT {} FROM directory WHERE tenant_id = :tenant AND profile = $2",
            directory::COLUMNS
        );
        let rows = self.all_of(scope, &select, vec![Value::from(profile)]).await?;
        rows.first().map(directory::read).transpose()
    }

    /// Turns a directory on or off; `false` when the tenant has no such directory.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn switch_directory(
        &self,
        scope: TenantScope,
        id: DirectoryId,
        switch: Switch,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE directory SET switch = $3 WHERE tenant_id = :tenant AND id = $2";
        let values = vec![Value::from(id.uuid()), Value::from(directory::word(switch))];
        Ok(self.update_of(scope, text, values).await? > 0)
    }
}

/// Tokens.
impl Store {
    /// Adds a token.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id exists or the directory is not this tenant's, [`StoreError::Unavailable`].
    pub async fn insert_token(
        &self,
        scope: TenantScope,
        new: &Token,
        hash: &SecretHash,
    ) -> Result<(), StoreError> {
        let sql = Sql::insert(
            "INSERT INTO token (tenant_id, id, directory_id, label, last_four, hash, hash_version, created_at, expires_at, \
             revoked_at, last_used_at) SELECT :tenant, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 :from",
        );
        let values = vec![
            Value::from(new.id.as_str()),
            Value::from(new.directory.uuid()),
            text(new.label.as_deref()),
            Value::from(new.last_four.as_str()),
            Value::from(hash.phc.as_str()),
            Value::from(hash.version),
            Value::from(new.created_at.timestamp_millis()),
            time(new.expires_at),
            time(new.revoked_at),
            time(new.last_used_at),
        ];
        self.change_of(scope, &sql, values).await.map(|_| ())
    }

    /// The tenant's tokens, of one directory or all, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn tokens(
        &self,
        scope: TenantScope,
        directory: Option<DirectoryId>,
    ) -> Result<Vec<Token>, StoreError> {
        let select = format!("SELECT {} FROM token WHERE tenant_id = :tenant", token::COLUMNS);
        let rows = self.all_of(scope, &select, Vec::new()).await?;
        let mut found = rows.iter().map(token::read).collect::<Result<Vec<_>, _>>()?;
        found.retain(|token| directory.is_none_or(|directory| token.directory == directory));
        found.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(found)
    }

    /// One of the tenant's tokens.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn token(&self, scope: TenantScope, id: &str) -> Result<Option<Token>, StoreError> {
        let select = format!(
            "SELECT {} FROM token WHERE tenant_id = :tenant AND id = $2",
            token::COLUMNS
        );
        let rows = self.all_of(scope, &select, vec![Value::from(id)]).await?;
        rows.first().map(token::read).transpose()
    }

    /// Takes a token back; `false` when the tenant has no such token, or it was taken back before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revoke_token(
        &self,
        scope: TenantScope,
        id: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text =
            "UPDATE token SET revoked_at = $3 WHERE tenant_id = :tenant AND id = $2 AND revoked_at IS NULL";
        Ok(self
            .update_of(
                scope,
                text,
                vec![Value::from(id), Value::from(at.timestamp_millis())],
            )
            .await?
            > 0)
    }

    /// Lets a token end by itself at `expires_at` unless it ends before; `false` when it does, or when the tenant has
    /// no such token. Rotation: the old token lives on for the overlap.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn limit_token(
        &self,
        scope: TenantScope,
        id: &str,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let text = "UPDATE token SET expires_at = $3 WHERE tenant_id = :tenant AND id = $2 \
                    AND (expires_at IS NULL OR expires_at > $3)";
        let values = vec![Value::from(id), Value::from(expires_at.timestamp_millis())];
        Ok(self.update_of(scope, text, values).await? > 0)
    }
}

/// Apps.
impl Store {
    /// Adds an app with its feed and its first credential. The feed begins with everything the outbox still holds, in
    /// the outbox's order, from position 1.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the name is taken, [`StoreError::Unavailable`].
    pub async fn create_app(
        &self,
        new: &App,
        credential_id: &str,
        hash: &SecretHash,
    ) -> Result<(), StoreError> {
        let (new, credential) = (new.clone(), (credential_id.to_owned(), hash.clone()));
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let (new, credential) = (new.clone(), credential.clone());
            Box::pin(async move { create_app(tx, &new, &credential).await })
        })
        .await
    }

    /// The app of that name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_by_name(&self, name: &str) -> Result<Option<App>, StoreError> {
        let text = format!("SELECT {} FROM app WHERE name = $1", app::COLUMNS);
        let rows = self.outside().all_of(&text, vec![Value::from(name)]).await?;
        rows.first().map(app::read).transpose()
    }

    /// All apps, by name.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn apps(&self) -> Result<Vec<App>, StoreError> {
        let text = format!("SELECT {} FROM app ORDER BY name", app::COLUMNS);
        self.outside()
            .all_of(&text, Vec::new())
            .await?
            .iter()
            .map(app::read)
            .collect()
    }

    /// An app's credentials, oldest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn app_credentials(&self, app: AppId) -> Result<Vec<AppCredentialRecord>, StoreError> {
        let text = format!(
            "{} WHERE c.app_id = $1 ORDER BY c.created_at, c.id",
            app::CREDENTIAL
        );
        let rows = self
            .outside()
            .all_of(&text, vec![Value::from(app.uuid())])
            .await?;
        rows.iter().map(app::read_credential).collect()
    }

    /// Adds a credential to an app.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the id exists or the app does not, [`StoreError::Unavailable`].
    pub async fn insert_app_credential(
        &self,
        app: AppId,
        id: &str,
        hash: &SecretHash,
        created_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let values = credential_values(app, id, hash, created_at);
        self.change(&Sql::same(INSERT_CREDENTIAL), values)
            .await
            .map(|_| ())
    }

    /// Takes an app's credential back; `false` when there is none such, or it was taken back before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn revoke_app_credential(&self, id: &str, at: DateTime<Utc>) -> Result<bool, StoreError> {
        let sql = Sql::same("UPDATE app_credential SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL");
        Ok(self
            .change(&sql, vec![Value::from(id), Value::from(at.timestamp_millis())])
            .await?
            > 0)
    }

    /// Lets an app's credential end by itself at `expires_at` unless it ends before.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn limit_app_credential(
        &self,
        id: &str,
        expires_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = Sql::same(
            "UPDATE app_credential SET expires_at = $2 WHERE id = $1 AND (expires_at IS NULL OR expires_at > $2)",
        );
        Ok(self
            .change(
                &sql,
                vec![Value::from(id), Value::from(expires_at.timestamp_millis())],
            )
            .await?
            > 0)
    }
}

/// One tenant's records, statement by statement.
impl Store {
    async fn all_of(
        &self,
        scope: TenantScope,
        select: &str,
        rest: Vec<Value>,
    ) -> Result<Vec<QueryResult>, StoreError> {
        self.outside()
            .all(&Sql::select(select, Rows::Read), self.values(scope, rest))
            .await
    }

    async fn change_of(&self, scope: TenantScope, sql: &Sql, rest: Vec<Value>) -> Result<u64, StoreError> {
        self.change(sql, self.values(scope, rest)).await
    }

    /// An `UPDATE`, which row-level security must be opened for beforehand.
    async fn update_of(
        &self,
        scope: TenantScope,
        text: &'static str,
        rest: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let values = self.values(scope, rest);
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let values = values.clone();
            Box::pin(async move {
                if tx.backend() == Backend::Sqlite {
                    return tx.change_by(&text.replace(":tenant", "$1"), values).await;
                }
                let tenant = values.first().cloned().into_iter().collect();
                tx.all_of("SELECT set_config('usher.tenant', $1, true)", tenant)
                    .await?;
                tx.change_by(&text.replace(":tenant", "$1::uuid"), values).await
            })
        })
        .await
    }

    fn values(&self, scope: TenantScope, rest: Vec<Value>) -> Vec<Value> {
        let mut values = vec![tenant_value(self.backend(), scope.tenant())];
        values.extend(rest);
        values
    }
}

const INSERT_CREDENTIAL: &str =
    "INSERT INTO app_credential (id, app_id, hash, hash_version, created_at) VALUES ($1, $2, $3, $4, $5)";

fn credential_values(app: AppId, id: &str, hash: &SecretHash, created_at: DateTime<Utc>) -> Vec<Value> {
    vec![
        Value::from(id),
        Value::from(app.uuid()),
        Value::from(hash.phc.as_str()),
        Value::from(hash.version),
        Value::from(created_at.timestamp_millis()),
    ]
}

fn time(time: Option<DateTime<Utc>>) -> Value {
    Value::from(time.map(|time| time.timestamp_millis()))
}

async fn create_app(tx: &mut Tx, new: &App, (id, hash): &(String, SecretHash)) -> Result<(), StoreError> {
    let app = Value::from(new.id.uuid());
    let created = Value::from(new.created_at.timestamp_millis());
    if tx.backend() == Backend::Postgres {
        tx.all_of(feed::LOCK_FEEDS, Vec::new()).await?;
        open_door(tx).await?;
    }
    let insert = format!("INSERT INTO app ({}) VALUES ($1, $2, $3)", app::COLUMNS);
    tx.change_by(
        &insert,
        vec![app.clone(), Value::from(new.name.as_str()), created.clone()],
    )
    .await?;
    let insert = "INSERT INTO feed (app_id, head, published, created_at) VALUES ($1, 0, 0, $2)";
    tx.change_by(insert, vec![app.clone(), created]).await?;
    tx.change_by(
        INSERT_CREDENTIAL,
        credential_values(new.id, id, hash, new.created_at),
    )
    .await?;
    tx.change(&feed::BACKFILL, vec![app.clone()]).await?;
    tx.change(&feed::SET_HEAD, vec![app]).await?;
    Ok(())
}
