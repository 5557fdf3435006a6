//! `oauth_key`: the keys that sign access tokens (ADR 0043). Only the server's role reads the private parts.

use domain::client::{OauthKey, OauthKeyRecord};

use super::names::Kid;
use crate::admin_tx::AdminTx;
use crate::engine::parameter::parameters;
use crate::engine::read::record;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;

const COLUMNS: &str = "id, x, y, created_at, signs_from";

record!(OauthKey: id x y created_at signs_from);
record!(OauthKeyRecord: key pkcs8);

parameters!(&OauthKeyRecord, |record| {
    id: record.key.id.as_str(),
    x: record.key.x.as_str(),
    y: record.key.y.as_str(),
    pkcs8: record.pkcs8.as_str(),
    created_at: record.key.created_at,
    signs_from: record.key.signs_from,
});

pub(crate) static INSERT: Statement<&OauthKeyRecord> = Statement::new(|_| {
    format!("INSERT INTO oauth_key ({COLUMNS}, pkcs8) VALUES (:id, :x, :y, :created_at, :signs_from, :pkcs8)")
});

pub(crate) static ALL: Statement<(), OauthKey> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM oauth_key ORDER BY signs_from, id"));

pub(crate) static SIGNING: Statement<(), OauthKeyRecord> =
    Statement::new(|_| format!("SELECT {COLUMNS}, pkcs8 FROM oauth_key ORDER BY signs_from, id"));

pub(crate) static DELETE: Statement<Kid<'_>> =
    Statement::new(|_| "DELETE FROM oauth_key WHERE id = :kid".into());

impl AdminTx {
    /// Adds a key, and takes others away.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn change_oauth_keys(&mut self, new: Option<&OauthKeyRecord>, remove: &[String]) -> Result<()> {
        for id in remove {
            self.executor.change(&DELETE, Kid(id)).await?;
        }
        if let Some(new) = new {
            self.executor.change(&INSERT, new).await?;
        }
        Ok(())
    }
}

impl Store {
    /// The keys without their private parts, oldest first.
    ///
    /// # Errors
    /// As [`Store::token_record`].
    pub async fn oauth_keys(&self) -> Result<Vec<OauthKey>> {
        self.autocommit().all(&ALL, ()).await
    }

    /// The keys with their private parts, oldest first.
    ///
    /// # Errors
    /// [`crate::StoreError::Forbidden`] for any role but the server's; as [`Store::token_record`].
    pub async fn oauth_signing_keys(&self) -> Result<Vec<OauthKeyRecord>> {
        self.autocommit().all(&SIGNING, ()).await
    }
}
