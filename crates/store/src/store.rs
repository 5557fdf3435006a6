//! The store itself: opened once, cloned freely.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use sea_orm::DatabaseConnection;
use tokio::sync::watch;

use crate::credential_guard::CredentialGuard;
use crate::engine::autocommit::Autocommit;
use crate::engine::connect;
use crate::engine::connect::postgres::PoolHealth;
use crate::engine::executor::{Executor, Progress, within};
use crate::engine::group_commit::Writer;
use crate::engine::idle_connections::IdleConnections;
use crate::engine::migrate;
use crate::engine::parameter::Bind;
use crate::engine::retry_budget::Resend;
use crate::engine::statement::{Bound, Statement};
use crate::engine::writes::Writes;
use crate::error::{Result, StoreError};
use crate::list::concurrency_limit::ConcurrencyLimit;
use crate::settings::{Backend, Settings};
use crate::tables::deployment::IdentityFile;

/// The database. Cheap to clone; all clones share its connections.
#[derive(Clone)]
pub struct Store {
    pub(crate) inner: Arc<Inner>,
    /// Checked by the first statement on a tenant's data.
    pub(crate) guard: Option<CredentialGuard>,
}

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) backend: Backend,
    pub(crate) pool: DatabaseConnection,
    pub(crate) connections: IdleConnections,
    pub(crate) writer: Option<Writer>,
    pub(crate) health: PoolHealth,
    pub(crate) search_limit: ConcurrencyLimit,
    pub(crate) writes: Writes,
    pub(crate) identity_file: Option<IdentityFile>,
    role: Option<String>,
    warnings: Vec<String>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.inner.backend).finish()
    }
}

impl Store {
    /// Opens the database. Does not touch its schema: see [`Store::pending_migrations`] and [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Settings`] when the URL names no known database, [`StoreError::Unavailable`] when it cannot be
    /// reached.
    pub async fn connect(settings: &Settings) -> Result<Self> {
        let opened = connect::open(settings).await?;
        let writes = Writes::default();
        let (backend, writer) = match opened.writer {
            Some(writing) => {
                let writer = Writer::start(writing, writes.clone());
                (Backend::Sqlite, Some(writer))
            }
            None => (Backend::Postgres, None),
        };
        let inner = Inner {
            settings: settings.clone(),
            backend,
            connections: IdleConnections::new(&opened.pool, backend, settings, opened.health.clone()),
            pool: opened.pool,
            writer,
            health: opened.health,
            search_limit: ConcurrencyLimit::default(),
            writes,
            identity_file: opened.file.as_deref().map(IdentityFile::beside),
            role: opened.role,
            warnings: opened.warnings,
        };
        Ok(Self {
            inner: Arc::new(inner),
            guard: None,
        })
    }

    /// The same database for one request: the first statement on a tenant's data checks its credential.
    pub fn guarded(&self, guard: CredentialGuard) -> Self {
        Self {
            guard: Some(guard),
            ..self.clone()
        }
    }

    /// The same database, where no statement checks a credential: for what follows a change that is done.
    pub fn unguarded(&self) -> Self {
        Self {
            guard: None,
            ..self.clone()
        }
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.inner.backend
    }

    /// The role that statements run as; `None` on SQLite, which has none.
    pub fn role(&self) -> Option<&str> {
        self.inner.role.as_deref()
    }

    /// What the operator should know about this database, e.g. a role that bypasses row-level security.
    pub fn warnings(&self) -> &[String] {
        &self.inner.warnings
    }

    /// Brings the schema up to date; returns the names of the migrations that were applied. Safe to run from several
    /// processes at once.
    ///
    /// # Errors
    /// [`StoreError::Migration`]; nothing of the failed migration remains.
    pub async fn migrate(&self) -> Result<Vec<String>> {
        migrate::run(self).await
    }

    /// The migrations that are not applied yet. Needs no right to change the schema.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pending_migrations(&self) -> Result<Vec<String>> {
        migrate::pending(self).await
    }

    /// Whether the database answers, within two seconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<()> {
        let mut executor = self.autocommit();
        let answer = executor.one(&PING, ());
        within(Duration::from_secs(2), answer).await.map(|_| ())
    }

    /// Whether the database answers and takes writes. That it takes them is known from this process's last write; when
    /// that failed, or there was none yet, a row is written as a probe, at most once a second.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with the reason, for instance a full disk.
    pub async fn ready(&self) -> Result<()> {
        self.ping().await?;
        self.inner.writes.check(self.probe_write()).await
    }

    /// Closes the connections; what is queued for SQLite's writer is written first.
    pub async fn close(&self) {
        if let Some(file) = self.inner.identity_file.as_ref().filter(|file| file.is_checked()) {
            // What is missing in it is no wrong witness.
            self.note_identity(file).await;
        }
        if let Some(writer) = &self.inner.writer {
            writer.close().await;
        }
        self.inner.connections.close();
        // An error here means that the pool was closed before.
        let _ = self.inner.pool.close_by_ref().await;
    }

    /// Steps after each commit of this process that put rows into the outbox: a hint to read it, which may be missing.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.writes.of_outbox()
    }

    /// For statements that are transactions of their own: PostgreSQL's pool, SQLite's readers.
    pub(crate) fn autocommit(&self) -> Executor {
        Executor::Autocommit(Autocommit {
            store: Arc::clone(&self.inner),
            progress: Progress::default(),
        })
    }

    /// Runs statements that belong to no tenant in one transaction.
    pub(crate) async fn transaction<T, F>(&self, work: F) -> Result<T>
    where
        F: for<'t> Fn(&'t mut Executor) -> BoxFuture<'t, Result<T>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.transact::<Executor, T, StoreError, F>((), work).await
    }

    /// One changing statement as a transaction of its own.
    pub(crate) async fn change<P: Bind>(&self, statement: &Statement<P>, parameters: P) -> Result<u64> {
        let bound = statement.bind(self.backend(), parameters, None)?;
        if self.inner.writer.is_none() {
            return self.autocommit().change_by(&bound, Resend::Always).await;
        }
        self.change_after(None, bound).await
    }

    /// One changing statement in a transaction; on PostgreSQL after `open`, which opens its rows.
    pub(crate) async fn change_after(&self, open: Option<Bound>, change: Bound) -> Result<u64> {
        let open = open.filter(|_| self.backend() == Backend::Postgres);
        self.transaction(move |executor| {
            let (open, change) = (open.clone(), change.clone());
            Box::pin(async move {
                if let Some(open) = &open {
                    executor.rows_of(open).await?;
                }
                executor.change_by(&change, Resend::Always).await
            })
        })
        .await
    }
}

pub(crate) static PING: Statement<()> = Statement::new(|_| "SELECT 1".into());
