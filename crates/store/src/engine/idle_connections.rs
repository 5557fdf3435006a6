//! Connections for statements outside a transaction, kept idle between two of them.
//!
//! The driver's pool asks a connection whether it is still alive each time it comes back: a round trip a statement, and
//! on SQLite two more thread switches. A statement that went well has shown that already, so its connection waits
//! here for the next one instead. It goes back to the pool, and is tested there, after an error or a
//! caller that left early, when it was idle or out for long, after trouble ([`PoolHealth`]), or when a task waits for the pool.
//!
//! A connection is given to the thread that used it last where possible: its socket wakes that thread's runtime, and
//! no other one in between.
//!
//! Knows no table and no meaning of errors; read next: [`crate::engine::executor`].

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use sea_orm::{ConnAcquireErr, DatabaseConnection, DbErr, QueryResult, RuntimeErr};
use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::engine::connect::postgres::PoolHealth;
use crate::engine::statement::Bound;
use crate::engine::transaction::Transaction;
use crate::engine::wire::Wire;
use crate::settings::{Backend, Settings};

/// A connection that waited longer goes through the pool, which tests it: a firewall may have forgotten it.
const IDLE: Duration = Duration::from_secs(30);
/// A connection that was out of the pool for longer goes back, so that the pool's longest life holds.
const OUT: Duration = Duration::from_mins(10);

/// The idle connections.
#[derive(Clone)]
pub(crate) struct IdleConnections(Arc<Inner>);

struct Inner {
    pool: Pool,
    idle: Mutex<Vec<Idle>>,
    /// As many statements at a time as the pool has connections: a task with a permit finds one, here or in the pool, unless
    /// transactions have them.
    permits: Semaphore,
    acquire_timeout: Duration,
    /// How many wait for the pool; while one does, connections go back instead of being parked.
    waiting: AtomicUsize,
    closed: AtomicBool,
    health: PoolHealth,
}

enum Pool {
    Postgres(PgPool),
    Sqlite(SqlitePool),
}

impl Pool {
    /// How many connections it may open.
    fn connections(&self) -> usize {
        let most = match self {
            Self::Postgres(pool) => pool.options().get_max_connections(),
            Self::Sqlite(pool) => pool.options().get_max_connections(),
        };
        usize::try_from(most).unwrap_or(1).max(1)
    }
}

enum Pooled {
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
}

impl Pooled {
    fn wire(&mut self) -> Wire<'_> {
        match self {
            Self::Postgres(connection) => Wire::Postgres(connection),
            Self::Sqlite(connection) => Wire::Sqlite(connection),
        }
    }
}

struct Idle {
    pooled: Pooled,
    thread: ThreadId,
    out_since: Instant,
    idle_since: Instant,
}

/// A connection in use; dropped without [`IdleConnections::give_back`], it goes back to the pool.
struct Leased<'l> {
    pooled: Pooled,
    out_since: Instant,
    _permit: SemaphorePermit<'l>,
}

/// Counts a task that waits for the pool.
struct Waiting<'l>(&'l AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl IdleConnections {
    pub(crate) fn new(
        connection: &DatabaseConnection,
        backend: Backend,
        settings: &Settings,
        health: PoolHealth,
    ) -> Self {
        let pool = match backend {
            Backend::Postgres => Pool::Postgres(connection.get_postgres_connection_pool().clone()),
            Backend::Sqlite => Pool::Sqlite(connection.get_sqlite_connection_pool().clone()),
        };
        Self(Arc::new(Inner {
            permits: Semaphore::new(pool.connections()),
            pool,
            idle: Mutex::default(),
            acquire_timeout: settings.acquire_timeout,
            waiting: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            health,
        }))
    }

    /// All rows of a statement.
    pub(crate) async fn all(&self, statement: &Bound) -> Result<Vec<QueryResult>, DbErr> {
        let mut leased = self.take().await?;
        let rows = leased.pooled.wire().all(statement).await?;
        self.give_back(leased);
        Ok(rows)
    }

    /// How many rows a statement changed.
    pub(crate) async fn execute(&self, statement: &Bound) -> Result<u64, DbErr> {
        let mut leased = self.take().await?;
        let changed = leased.pooled.wire().execute(statement).await?;
        self.give_back(leased);
        Ok(changed)
    }

    /// Begins a transaction on a connection of the pool; `None` on SQLite, whose transactions are the writer's.
    pub(crate) async fn begin(&self) -> Result<Option<Transaction>, DbErr> {
        let Pool::Postgres(pool) = &self.0.pool else {
            return Ok(None);
        };
        let waiting = self.free_one();
        let connection = pool.acquire().await.map_err(not_acquired)?;
        drop(waiting);
        Transaction::begin(connection).await.map(Some)
    }

    /// Before asking the pool for a connection: gives one back if it has none left, and keeps giving back until the
    /// answer is dropped.
    fn free_one(&self) -> Waiting<'_> {
        let waiting = self.0.waiting.fetch_add(1, Ordering::Relaxed) + 1;
        let (open, idle) = match &self.0.pool {
            Pool::Postgres(pool) => (pool.size(), pool.num_idle()),
            Pool::Sqlite(pool) => (pool.size(), pool.num_idle()),
        };
        let most = self.0.pool.connections();
        let full = usize::try_from(open).unwrap_or(usize::MAX) >= most;
        // The driver counts an idle connection after it lets others take it, so the count is below zero for a moment, and then a
        // huge number: nothing is idle there.
        let idle = if idle > most { 0 } else { idle };
        if full && idle < waiting {
            let one = self.idle().pop();
            drop(one);
        }
        Waiting(&self.0.waiting)
    }

    /// Gives all connections back for good, before the pool is closed.
    pub(crate) fn close(&self) {
        self.0.closed.store(true, Ordering::Relaxed);
        self.idle().clear();
    }

    async fn take(&self) -> Result<Leased<'_>, DbErr> {
        let inner = &*self.0;
        let timed_out = || not_acquired(sqlx::Error::PoolTimedOut);
        let permit = match inner.permits.try_acquire() {
            Ok(permit) => permit,
            Err(_) => tokio::time::timeout(inner.acquire_timeout, inner.permits.acquire())
                .await
                .map_err(|_| timed_out())?
                .map_err(|_| timed_out())?,
        };
        if let Some(idle) = self.take_idle() {
            return Ok(Leased {
                pooled: idle.pooled,
                out_since: idle.out_since,
                _permit: permit,
            });
        }
        let _waiting = self.free_one();
        let pooled = match &inner.pool {
            Pool::Postgres(pool) => pool.acquire().await.map(Pooled::Postgres),
            Pool::Sqlite(pool) => pool.acquire().await.map(Pooled::Sqlite),
        };
        Ok(Leased {
            pooled: pooled.map_err(not_acquired)?,
            out_since: Instant::now(),
            _permit: permit,
        })
    }

    /// An idle connection, this thread's if there is one; stale ones go back to the pool.
    fn take_idle(&self) -> Option<Idle> {
        let here = std::thread::current().id();
        let trouble = self.0.health.is_fresh();
        let mut idle = self.idle();
        idle.retain(|pooled| {
            !trouble && pooled.idle_since.elapsed() < IDLE && pooled.out_since.elapsed() < OUT
        });
        match idle.iter().rposition(|pooled| pooled.thread == here) {
            Some(at) => Some(idle.swap_remove(at)),
            None => idle.pop(),
        }
    }

    fn give_back(&self, leased: Leased<'_>) {
        let inner = &*self.0;
        if inner.health.is_fresh() || inner.closed.load(Ordering::Relaxed) {
            return;
        }
        let idle = Idle {
            pooled: leased.pooled,
            thread: std::thread::current().id(),
            out_since: leased.out_since,
            idle_since: Instant::now(),
        };
        let mut all = self.idle();
        // Read under the lock, under which a waiting task takes an idle connection: one of the two sees the other.
        if inner.waiting.load(Ordering::Relaxed) == 0 {
            all.push(idle);
        } else {
            drop(all);
            drop(idle);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn not_acquired(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        error => DbErr::Conn(RuntimeErr::SqlxError(Arc::new(error))),
    }
}
