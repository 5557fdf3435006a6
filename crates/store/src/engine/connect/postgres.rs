//! PostgreSQL: time-outs at connect, and connections that turned useless are found out without a ping a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use sqlx::Executor;

use super::{Opened, options};
use crate::engine::read::Columns;
use crate::error::{Result, StoreError};
use crate::settings::{Backend, Settings};

/// A statement that takes longer is ended by the server; the caller repeats or answers 503.
const STATEMENT_TIMEOUT: &str = "15s";
/// Waiting for a lock longer than this is trouble (a long `LOCK TABLE`, a stuck session), not load.
const LOCK_TIMEOUT: &str = "3s";
/// A transaction that is idle for this long belongs to a process that has ended.
const IDLE_TRANSACTION_TIMEOUT: &str = "30s";
/// How long after trouble older connections are tested before each use.
const SUSPICIOUS_FOR: Duration = Duration::from_mins(2);

/// Remembers when a connection was last found to be lost, or its server to take no writes.
///
/// A demoted primary keeps its sessions alive and answers pings; only a write fails (SQLSTATE 25006). After the first
/// such error every connection older than it is asked `SHOW transaction_read_only` before it is used again.
#[derive(Debug, Clone)]
pub(crate) struct PoolHealth(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    /// Milliseconds after `start`, plus one; 0: never.
    raised: AtomicU64,
}

impl PoolHealth {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Inner {
            start: Instant::now(),
            raised: AtomicU64::new(0),
        }))
    }

    /// Every connection that exists now is to be tested.
    pub(crate) fn raise(&self) {
        let now = u64::try_from(self.0.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1);
        self.0.raised.store(now + 1, Ordering::Relaxed);
    }

    /// Whether there was trouble lately, so that connections are tested before each use.
    pub(crate) fn is_fresh(&self) -> bool {
        self.covers(Duration::MAX)
    }

    /// Whether a connection of this age is to be tested.
    fn covers(&self, age: Duration) -> bool {
        match self.0.raised.load(Ordering::Relaxed) {
            0 => false,
            raised => {
                let raised = Duration::from_millis(raised - 1);
                let since = self.0.start.elapsed().saturating_sub(raised);
                age >= since && since < SUSPICIOUS_FOR
            }
        }
    }
}

/// Opens the pool.
pub(super) async fn open(settings: &Settings) -> Result<Opened> {
    let health = PoolHealth::new();
    let timeouts = [STATEMENT_TIMEOUT, LOCK_TIMEOUT];
    let pool = connect(settings, settings.max_connections, timeouts, health.clone()).await?;
    let (role, warnings) = role(&pool).await?;
    Ok(Opened {
        pool,
        writer: None,
        file: None,
        health,
        role: Some(role),
        warnings,
    })
}

/// One connection for migrations, which may take their time.
pub(crate) async fn open_for_migration(settings: &Settings) -> Result<DatabaseConnection> {
    connect(settings, 1, ["0", "5s"], PoolHealth::new()).await
}

async fn connect(
    settings: &Settings,
    connections: u32,
    [statement_timeout, lock_timeout]: [&'static str; 2],
    health: PoolHealth,
) -> Result<DatabaseConnection> {
    let url = settings.url.replacen("postgresql:", "postgres:", 1);
    let mut options = options(settings, &url, connections);
    options
        .test_before_acquire_if_idle_for(Duration::from_secs(30))
        .map_sqlx_postgres_opts(move |connection| {
            // There are more statements than the driver keeps by itself (100), and each is prepared once.
            let connection = connection.application_name("usher").statement_cache_capacity(300);
            connection.options([
                ("statement_timeout", statement_timeout),
                ("lock_timeout", lock_timeout),
                ("idle_in_transaction_session_timeout", IDLE_TRANSACTION_TIMEOUT),
                // Whatever is read is found, in order, by an index that was made for it (ADR 0029). Without these, plans made
                // while a table is empty, or one tenant's share of it unknown, read it from end to end when it is full.
                ("enable_seqscan", "off"),
                ("enable_bitmapscan", "off"),
                // Compiling a plan takes longer than any of ours runs.
                ("jit", "off"),
            ])
        })
        .map_sqlx_postgres_before_acquire(move |connection, metadata| {
            let suspected = health.covers(metadata.age);
            Box::pin(async move { Ok(!suspected || takes_writes(connection).await?) })
        });
    Database::connect(options).await.map_err(StoreError::of)
}

/// Asks a connection that may be useless; an error or a hanging server means that it is.
async fn takes_writes(connection: &mut sqlx::postgres::PgConnection) -> Result<bool, sqlx::Error> {
    let asked = tokio::time::timeout(
        Duration::from_secs(2),
        connection.fetch_one("SHOW transaction_read_only"),
    )
    .await;
    let Ok(Ok(row)) = asked else { return Ok(false) };
    let answer: String = sqlx::Row::try_get(&row, 0)?;
    Ok(answer == "off")
}

/// The role of our sessions, and a warning if it may do too much.
async fn role(pool: &DatabaseConnection) -> Result<(String, Vec<String>)> {
    let text = "SELECT rolname::text, rolsuper, rolbypassrls, to_regclass('token') IS NOT NULL \
                AND coalesce(has_table_privilege(to_regclass('token'), 'INSERT'), false) \
                FROM pg_roles WHERE rolname = current_user";
    let asked = Statement::from_string(Backend::Postgres.driver(), text);
    let row = pool.query_one_raw(asked).await.map_err(StoreError::of)?;
    let Some(row) = row else {
        return Ok((String::new(), Vec::new()));
    };
    let mut columns = Columns::of(&row);
    let role: String = columns.next()?;
    let (superuser, bypasses, writes_tokens): (bool, bool, bool) =
        (columns.next()?, columns.next()?, columns.next()?);
    let what = match (superuser, bypasses, writes_tokens) {
        (true, ..) => "is a superuser and so bypasses row-level security, the second lock between tenants",
        (_, true, _) => "has BYPASSRLS and so bypasses row-level security, the second lock between tenants",
        (.., true) => "may write tokens and credentials, which the server never does",
        _ => return Ok((role, Vec::new())),
    };
    let warning = format!(
        "the database role {role} {what}: give the server the role usher_app (deploy/postgres-roles.sql)"
    );
    Ok((role, vec![warning]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_older_than_the_trouble_are_tested() {
        let health = PoolHealth::new();
        assert!(!health.covers(Duration::from_hours(1)));
        health.raise();
        assert!(health.covers(Duration::from_hours(1)));
        std::thread::sleep(Duration::from_millis(20));
        assert!(!health.covers(Duration::ZERO));
    }
}
