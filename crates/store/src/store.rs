//! The store itself: opened once, cloned freely.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use tokio::sync::watch;

use crate::credential_guard::CredentialGuard;
use crate::engine::autocommit::Autocommit;
use crate::engine::connect;
use crate::engine::connect::postgres::PoolHealth;
use crate::engine::group_commit::Writer;
use crate::engine::idle_connections::IdleConnections;
use crate::engine::migrate;
use crate::engine::parameter::Bind;
use crate::engine::statement::{Built, Statement};
use crate::engine::tx::{Progress, Tx, within};
use crate::engine::writes::Writes;
use crate::error::StoreError;
use crate::list::concurrency_limit::ConcurrencyLimit;
use crate::settings::{Backend, Settings};

/// The database. Cheap to clone; all clones share its connections.
#[derive(Clone)]
pub struct Store(pub(crate) Arc<Inner>, pub(crate) Option<CredentialGuard>);

pub(crate) struct Inner {
    pub(crate) settings: Settings,
    pub(crate) backend: Backend,
    pub(crate) pool: DatabaseConnection,
    pub(crate) connections: IdleConnections,
    pub(crate) writer: Option<Writer>,
    pub(crate) health: PoolHealth,
    pub(crate) changed: watch::Sender<u64>,
    pub(crate) searches: ConcurrencyLimit,
    pub(crate) writes: Writes,
    role: Option<String>,
    warnings: Vec<String>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.backend).finish()
    }
}

impl Store {
    /// Opens the database. Does not touch its schema: see [`Store::pending_migrations`] and [`Store::migrate`].
    ///
    /// # Errors
    /// [`StoreError::Settings`] when the URL names no known database, [`StoreError::Unavailable`] when it cannot be
    /// reached.
    pub async fn connect(settings: &Settings) -> Result<Self, StoreError> {
        let opened = connect::open(settings).await?;
        let changed = watch::Sender::new(0);
        let writes = Writes::default();
        let (backend, writer) = match opened.writer {
            Some(writing) => {
                let writer = Writer::start(writing, changed.clone(), writes.clone());
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
            changed,
            searches: ConcurrencyLimit::default(),
            writes,
            role: opened.role,
            warnings: opened.warnings,
        };
        Ok(Self(Arc::new(inner), None))
    }

    /// The same database for one request: the first statement on a tenant's data checks its credential.
    pub fn guarded(&self, guard: CredentialGuard) -> Self {
        Self(Arc::clone(&self.0), Some(guard))
    }

    /// The same database, where no statement checks a credential: for what follows a change that is done.
    pub fn unguarded(&self) -> Self {
        Self(Arc::clone(&self.0), None)
    }

    /// Which database it is.
    pub fn backend(&self) -> Backend {
        self.0.backend
    }

    /// The role that statements run as; `None` on SQLite, which has none.
    pub fn role(&self) -> Option<&str> {
        self.0.role.as_deref()
    }

    /// What the operator should know about this database, e.g. a role that bypasses row-level security.
    pub fn warnings(&self) -> &[String] {
        &self.0.warnings
    }

    /// Brings the schema up to date; returns the names of the migrations that were applied. Safe to run from several
    /// processes at once.
    ///
    /// # Errors
    /// [`StoreError::Migration`]; nothing of the failed migration remains.
    pub async fn migrate(&self) -> Result<Vec<String>, StoreError> {
        migrate::run(self).await
    }

    /// The migrations that are not applied yet. Needs no right to change the schema.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreError> {
        migrate::pending(self).await
    }

    /// Whether the database answers, within two seconds.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        let mut tx = self.autocommit();
        within(Duration::from_secs(2), async {
            tx.all(&PING, ()).await.map(|_| ())
        })
        .await
    }

    /// Whether the database answers and takes writes. That it takes them is known from this process's last write; when
    /// that failed, or there was none yet, a row is written as a probe, at most once a second.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with the reason, for instance a full disk.
    pub async fn ready(&self) -> Result<(), StoreError> {
        self.ping().await?;
        self.0.writes.check(self.probe_write()).await
    }

    /// Closes the connections; what is queued for SQLite's writer is written first.
    pub async fn close(&self) {
        if let Some(writer) = &self.0.writer {
            writer.close().await;
        }
        self.0.connections.close();
        // An error here means that the pool was closed before.
        let _ = self.0.pool.close_by_ref().await;
    }

    /// Steps after each commit of this process that put rows into the outbox: a hint to look, never the truth.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// A place for statements that are a transaction of their own: PostgreSQL's pool, SQLite's readers.
    pub(crate) fn autocommit(&self) -> Tx {
        Tx::Autocommit(Autocommit {
            progress: Progress::default(),
            connections: self.0.connections.clone(),
            backend: self.0.backend,
            health: self.0.health.clone(),
            writes: self.0.writes.clone(),
        })
    }

    /// One changing statement as a transaction of its own.
    pub(crate) async fn change<P: Bind>(
        &self,
        statement: &Built<P>,
        parameters: P,
    ) -> Result<u64, StoreError> {
        let bound = statement.bind(self.0.backend, parameters)?;
        if self.0.writer.is_none() {
            return self.autocommit().change_by(&bound).await;
        }
        self.transact::<Tx, _, StoreError, _>((), move |tx| {
            let bound = bound.clone();
            Box::pin(async move { tx.change_by(&bound).await })
        })
        .await
    }
}

pub(crate) static PING: Statement<()> = Statement::new(|_| "SELECT 1".into());
