//! `deployment`: what this database is. Its environment, and whether it came back as another one: promoted from a replica, or
//! restored from a backup (ADR 0039).
//!
//! PostgreSQL says itself where it is (the function `database_identity`, migration 0010). A SQLite file does not know that it
//! was replaced, so a small file beside it knows the identity and the last row of the outbox: a database that has another
//! identity, or ends before that row, is an older copy.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use domain::environment::Environment;
use serde::{Deserialize, Serialize};

use super::epoch;
use super::names::{Current, EnvironmentName};
use crate::engine::executor::Executor;
use crate::engine::read::record;
use crate::engine::statement::Statement;
use crate::error::{Result, StoreError};
use crate::store::Store;

/// The interval at which the file beside the database is written, at most. What it misses of the last changes before a kill
/// makes it no wrong witness: it never knows more than the database.
const NOTE: Duration = Duration::from_secs(1);

pub(crate) static READ: Statement<(), Deployment> =
    Statement::new(|_| "SELECT id, environment, database_identity FROM deployment".into());

/// Names the environment of a deployment that has none.
pub(crate) static CLAIM: Statement<EnvironmentName<'_>> =
    Statement::new(|_| "UPDATE deployment SET environment = :environment WHERE environment IS NULL".into());

/// Changes nothing when another process has noted this identity meanwhile.
pub(crate) static ADOPT: Statement<Current<'_>> = Statement::new(|on| {
    let differs = on.either("IS DISTINCT FROM", "IS NOT");
    format!("UPDATE deployment SET database_identity = :current WHERE database_identity {differs} :current")
});

/// An identity for a SQLite database.
pub(crate) static DRAW: Statement<(), String> = Statement::new(|on| {
    on.either(
        "SELECT gen_random_uuid()::text",
        "SELECT lower(hex(randomblob(16)))",
    )
    .into()
});

/// SQLite: the last row that the outbox ever had.
pub(crate) static LAST_ROW: Statement<(), i64> = Statement::new(|on| {
    on.either(
        "SELECT 0::bigint",
        "SELECT seq FROM sqlite_sequence WHERE name = 'outbox'",
    )
    .into()
});

/// What the database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployment {
    /// Drawn when the schema was made; a dump has it too. Tells two deployments apart that share a Redis.
    pub id: String,
    /// The environment that it was made for; `None` before the first `usher migrate` of a version that writes it.
    pub environment: Option<Environment>,
    /// Where it was when positions were last given out; `None` before that.
    pub(crate) identity: Option<String>,
}

record!(Deployment: id environment identity);

/// Notes a changed identity; `renew` begins another epoch of every feed, unless another process did so meanwhile.
pub(crate) async fn adopt(executor: &mut Executor, current: &str, renew: bool) -> Result<bool> {
    let is_first = executor.change(&ADOPT, Current(current)).await? > 0;
    if is_first && renew {
        executor.change(&epoch::RENEW_ALL, ()).await?;
    }
    Ok(is_first && renew)
}

/// Compares the database with the file beside it, once a process. A database that neither has an identity yet nor had a file is new.
pub(crate) async fn check_file(executor: &mut Executor, known: &KnownIdentity) -> Result<bool> {
    let noted = executor
        .one(&READ, ())
        .await?
        .and_then(|deployment| deployment.identity);
    let last_row = executor.one(&LAST_ROW, ()).await?.unwrap_or_default();
    let is_same = match (&noted, &known.0) {
        (None, None) => true,
        (Some(noted), Some(file)) => *noted == file.identity && file.last_row <= last_row,
        _ => false,
    };
    if is_same && noted.is_some() {
        return Ok(false);
    }
    let next = executor.one(&DRAW, ()).await?.unwrap_or_default();
    adopt(executor, &next, !is_same).await
}

/// The file beside a SQLite database.
#[derive(Debug)]
pub(crate) struct IdentityFile {
    path: PathBuf,
    state: Mutex<FileState>,
}

#[derive(Debug, Default)]
struct FileState {
    is_checked: bool,
    written_at: Option<Instant>,
}

/// Its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Noted {
    /// As in the database.
    identity: String,
    /// The last row of the outbox.
    last_row: i64,
}

/// What a process finds in the file at its start; `None` without a file that can be read.
#[derive(Debug, Clone)]
pub(crate) struct KnownIdentity(Option<Noted>);

impl IdentityFile {
    /// For a database file.
    pub(crate) fn beside(database: &Path) -> Self {
        let mut path = database.as_os_str().to_owned();
        path.push("-identity");
        Self {
            path: path.into(),
            state: Mutex::default(),
        }
    }

    /// What the file says; `None` when this process has compared it already.
    pub(crate) fn unchecked(&self) -> Option<KnownIdentity> {
        if self.state().is_checked {
            return None;
        }
        let text = std::fs::read(&self.path).ok();
        let noted = text.and_then(|text| serde_json::from_slice(&text).ok());
        Some(KnownIdentity(noted))
    }

    /// Whether this process has compared it with the database.
    pub(crate) fn is_checked(&self) -> bool {
        self.state().is_checked
    }

    /// This process has compared it with the database, in a transaction that is committed.
    pub(crate) fn set_checked(&self) {
        self.state().is_checked = true;
    }

    fn state(&self) -> MutexGuard<'_, FileState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the file is to be written.
    pub(crate) fn is_due(&self) -> bool {
        let state = self.state();
        state.written_at.is_none_or(|at| at.elapsed() >= NOTE)
    }

    /// Replaces the file, readable for its owner alone.
    fn write(&self, noted: &Noted) -> Result<()> {
        self.state().written_at = Some(Instant::now());
        let next = self.path.with_extension("db-identity-next");
        let written = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&next)
            .and_then(|mut file| {
                serde_json::to_writer(&mut file, noted)
                    .map_err(Into::into)
                    .and_then(|()| file.flush())
                    .and_then(|()| file.sync_all())
            })
            .and_then(|()| std::fs::rename(&next, &self.path));
        written.map_err(|error| {
            StoreError::Settings(format!("{} cannot be written: {error}", self.path.display()))
        })?;
        Ok(())
    }
}

impl Store {
    /// What the database says of itself.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn deployment(&self) -> Result<Deployment> {
        let found = self.autocommit().one(&READ, ()).await?;
        found.ok_or_else(|| StoreError::Corrupt("the table deployment has no row".into()))
    }

    /// Writes the environment of a database that has none yet, and answers the one that it has then.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]; on PostgreSQL only the tables' owner may write it.
    pub async fn claim_environment(&self, environment: Environment) -> Result<Environment> {
        if let Some(found) = self.deployment().await?.environment {
            return Ok(found);
        }
        self.change(&CLAIM, EnvironmentName(environment.as_str())).await?;
        Ok(self.deployment().await?.environment.unwrap_or(environment))
    }

    /// Writes the file beside a SQLite database. When it cannot, positions are given out all the same.
    pub(crate) async fn note_identity(&self, file: &IdentityFile) {
        if let Err(error) = self.write_identity(file).await {
            tracing::warn!(%error, "an older copy of the database could not be told from it");
        }
    }

    async fn write_identity(&self, file: &IdentityFile) -> Result<()> {
        let mut executor = self.autocommit();
        let identity = executor
            .one(&READ, ())
            .await?
            .and_then(|deployment| deployment.identity);
        let last_row = executor.one(&LAST_ROW, ()).await?.unwrap_or_default();
        match identity {
            Some(identity) => file.write(&Noted { identity, last_row }),
            None => Ok(()),
        }
    }
}
