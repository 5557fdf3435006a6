//! `token_renewal`: the renewals of tokens, each with its steps (ADR 0051).

use domain::continuity::{Renewal, Step};
use domain::credential::TokenId;
use domain::id::{DirectoryId, RenewalId};
use domain::scope::TenantScope;
use uuid::Uuid;

use super::continuity::key;
use super::job::{self, NewJob};
use super::names::{After, DirectoryKey, Id, Limit, OfTenant};
use super::tenant::{OPEN, of};
use crate::admin_tx::AdminTx;
use crate::engine::executor::Executor;
use crate::engine::parameter::parameters;
use crate::engine::read::{columns, known, record};
use crate::engine::statement::{Opens, Statement};
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;

const COLUMNS: &str = "tenant_id, directory_id, id, step, retiring, new_token, planned_at, issued_at, validated_at, write_began_at, \
                       written_at, used_at, ended_at, told_at, attempts, last_error, version";

record!(
    Renewal: tenant directory id step retiring new_token planned_at issued_at validated_at write_began_at written_at used_at
    ended_at told_at attempts last_error version
);

columns! {
    Step = String => |word| known("the step of a renewal", word.parse().ok());
}

parameters!(&Renewal, |renewal| {
    directory: renewal.directory,
    id: renewal.id,
    step: renewal.step.as_str(),
    retiring: renewal.retiring.iter().map(TokenId::as_str).collect::<Vec<_>>().join(" "),
    new_token: renewal.new_token,
    planned_at: renewal.planned_at,
    issued_at: renewal.issued_at,
    validated_at: renewal.validated_at,
    write_began_at: renewal.write_began_at,
    written_at: renewal.written_at,
    used_at: renewal.used_at,
    ended_at: renewal.ended_at,
    told_at: renewal.told_at,
    attempts: renewal.attempts,
    last_error: renewal.last_error.as_deref(),
    version: renewal.version,
});

pub(crate) static INSERT: Statement<(OfTenant, &Renewal)> = Statement::opening(Opens::TenantToInsert, |_| {
    format!(
        "INSERT INTO token_renewal ({COLUMNS}) SELECT :tenant, :directory, :id, :step, :retiring, :new_token, :planned_at, \
         :issued_at, :validated_at, :write_began_at, :written_at, :used_at, :ended_at, :told_at, :attempts, :last_error, :version"
    )
});

/// Only if nobody has changed it since it was read.
pub(crate) static SAVE: Statement<(OfTenant, &Renewal)> = Statement::new(|_| {
    "UPDATE token_renewal SET step = :step, retiring = :retiring, new_token = :new_token, planned_at = :planned_at, \
     issued_at = :issued_at, validated_at = :validated_at, write_began_at = :write_began_at, written_at = :written_at, \
     used_at = :used_at, ended_at = :ended_at, told_at = :told_at, attempts = :attempts, last_error = :last_error, \
     version = version + 1 WHERE tenant_id = :tenant AND directory_id = :directory AND id = :id AND version = :version"
        .into()
});

pub(crate) static OF_DIRECTORY: Statement<(DirectoryKey, Limit), Renewal> = Statement::select(|_| {
    format!(
        "SELECT {COLUMNS} FROM token_renewal WHERE tenant_id = :tenant AND directory_id = :directory ORDER BY id DESC LIMIT :limit"
    )
});

pub(crate) static BY_ID: Statement<(DirectoryKey, Id), Renewal> = Statement::select(|_| {
    format!(
        "SELECT {COLUMNS} FROM token_renewal WHERE tenant_id = :tenant AND directory_id = :directory AND id = :id"
    )
});

/// Those of all tenants that have not ended.
pub(crate) static UNENDED: Statement<(After, Limit), Renewal> = Statement::opening(
    Opens::All("usage"),
    |_| {
        format!(
            "SELECT {COLUMNS} FROM token_renewal WHERE ended_at IS NULL AND id > :after ORDER BY id LIMIT :limit"
        )
    },
);

/// Saves a renewal; it must be as it was read.
async fn save(executor: &mut Executor, scope: TenantScope, renewal: &Renewal) -> Result<()> {
    if executor.backend() == Backend::Postgres {
        executor.rows(&OPEN, of(scope)).await?;
    }
    match executor.change(&SAVE, (of(scope), renewal)).await? {
        0 => Err(StoreError::Conflict(
            "this renewal was changed by another process at the same moment".into(),
        )),
        _ => Ok(()),
    }
}

impl AdminTx {
    /// Adds a renewal.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when the directory has one that has not ended, [`StoreError::Unavailable`].
    pub async fn insert_renewal(&mut self, scope: TenantScope, new: &Renewal) -> Result<()> {
        self.executor.change(&INSERT, (of(scope), new)).await.map(|_| ())
    }

    /// Changes a renewal that was read with this version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another process has changed it since, [`StoreError::Unavailable`].
    pub async fn save_renewal(&mut self, scope: TenantScope, renewal: &Renewal) -> Result<()> {
        save(&mut self.executor, scope, renewal).await
    }
}

impl Store {
    /// The renewals of a directory, newest first.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn renewals(
        &self,
        scope: TenantScope,
        directory: DirectoryId,
        limit: usize,
    ) -> Result<Vec<Renewal>> {
        let parameters = (key(scope, directory), Limit(limit));
        let mut found = self.autocommit().all(&OF_DIRECTORY, parameters).await?;
        found.sort_by_key(|renewal| std::cmp::Reverse(renewal.id));
        Ok(found)
    }

    /// One of them.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn renewal(
        &self,
        scope: TenantScope,
        directory: DirectoryId,
        id: RenewalId,
    ) -> Result<Option<Renewal>> {
        let parameters = (key(scope, directory), Id(id.uuid()));
        self.autocommit().one(&BY_ID, parameters).await
    }

    /// Up to `limit` renewals of all tenants that have not ended, after this one.
    ///
    /// # Errors
    /// As [`Store::tenant_by_name`].
    pub async fn open_renewals(&self, after: Option<RenewalId>, limit: usize) -> Result<Vec<Renewal>> {
        let after = After(after.map_or(Uuid::nil(), RenewalId::uuid));
        let mut found = self.autocommit().all(&UNENDED, (after, Limit(limit))).await?;
        found.sort_by_key(|renewal| renewal.id);
        Ok(found)
    }

    /// Notes how far a renewal is, where that is no operator's change, and adds the jobs that tell of it, in one transaction.
    ///
    /// # Errors
    /// As [`AdminTx::save_renewal`].
    pub async fn note_renewal(&self, scope: TenantScope, renewal: &Renewal, tell: &[NewJob]) -> Result<()> {
        let noted = (renewal.clone(), tell.to_vec());
        self.transaction(move |executor| {
            let (renewal, tell) = noted.clone();
            Box::pin(async move {
                save(executor, scope, &renewal).await?;
                for new in &tell {
                    job::add(executor, new).await?;
                }
                Ok(())
            })
        })
        .await
    }
}
