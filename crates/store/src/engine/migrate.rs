//! Running the migrations: one process at a time, and a list of what is missing for roles that may not change the
//! schema.

use migrations::{GRANTS, Grants, Migrator, MigratorTrait};
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbErr, IntoDatabaseExecutor, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};

use crate::engine::connect::postgres;
use crate::engine::read::Columns;
use crate::engine::retry_budget::{Resend, RetryBudget};
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;

/// The key of the advisory lock: "usher" in ASCII.
const LOCK: i64 = 0x75_73_68_65_72;

pub(crate) async fn pending(store: &Store) -> Result<Vec<String>> {
    names(&store.inner.pool).await
}

async fn names<C: ConnectionTrait>(connection: &C) -> Result<Vec<String>> {
    let pending = Migrator::get_pending_migrations_read_only(connection)
        .await
        .map_err(too_new)?;
    Ok(pending
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect())
}

pub(crate) async fn run(store: &Store) -> Result<Vec<String>> {
    match store.inner.backend {
        Backend::Postgres => on_postgres(store).await,
        Backend::Sqlite => on_sqlite(store).await,
    }
}

/// On one connection of its own, under a lock that other migrating processes wait for.
async fn on_postgres(store: &Store) -> Result<Vec<String>> {
    let connection = postgres::open_for_migration(&store.inner.settings).await?;
    for text in [
        "SET lock_timeout = 0",
        &format!("SELECT pg_advisory_lock({LOCK})"),
        "SET lock_timeout = '5s'",
    ] {
        let statement = Statement::from_string(Backend::Postgres.driver(), text);
        connection.execute_raw(statement).await.map_err(StoreError::of)?;
    }
    let applied = match up(&connection).await {
        Ok(applied) => grant(&connection).await.map(|()| applied),
        Err(error) => Err(error),
    };
    // Closing the session releases the lock; an error here changes nothing.
    let _ = connection.close().await;
    applied
}

/// Gives the deployment's roles the rights of this version, and no others (ADR 0033). Each role's file is one transaction, as
/// every text of several statements is.
async fn grant(connection: &DatabaseConnection) -> Result<()> {
    for Grants { role, sql } in &GRANTS {
        // In a deployment with one role of that name, it owns the tables.
        let asked = "SELECT quote_ident(current_schema()) FROM pg_roles WHERE rolname = $1 AND rolname <> current_user";
        let asked = Statement::from_sql_and_values(Backend::Postgres.driver(), asked, [(*role).into()]);
        let Some(row) = connection.query_one_raw(asked).await.map_err(StoreError::of)? else {
            continue;
        };
        let schema: String = Columns::of(&row).next()?;
        // What this owner makes later is for no other role until a file grants it.
        let later = ["TABLES", "SEQUENCES"].map(|kind| {
            format!(
                "ALTER DEFAULT PRIVILEGES REVOKE ALL ON {kind} FROM {role}; \
                 ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} REVOKE ALL ON {kind} FROM {role};"
            )
        });
        let text = format!("{}\n{sql}", later.join(" "));
        connection
            .execute_unprepared(&text)
            .await
            .map_err(|error| unfinished(&error.to_string()))?;
    }
    Ok(())
}

/// In one transaction of SQLite, which another process that migrates at the same moment waits for: it then finds nothing to
/// do. A migration that fails leaves the file as it was.
async fn on_sqlite(store: &Store) -> Result<Vec<String>> {
    let settings = crate::settings::Settings {
        max_connections: 1,
        ..store.inner.settings.clone()
    };
    let connection = crate::engine::connect::sqlite::open_for_migration(&settings).await?;
    let applied = in_one_transaction(&connection, &store.inner.health).await;
    let _ = connection.close().await;
    applied
}

async fn in_one_transaction(
    connection: &DatabaseConnection,
    health: &postgres::PoolHealth,
) -> Result<Vec<String>> {
    let mut retries = RetryBudget::new();
    let transaction = loop {
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        match connection.begin_with_options(options).await {
            Ok(transaction) => break transaction,
            Err(error) => retries.wait_after(&error, Resend::Always, health).await?,
        }
    };
    let applied = up(&transaction).await?;
    transaction.commit().await.map_err(StoreError::of)?;
    Ok(applied)
}

async fn up<C: ConnectionTrait>(connection: &C) -> Result<Vec<String>>
where
    for<'c> &'c C: IntoDatabaseExecutor<'c>,
{
    let pending = names(connection).await?;
    if !pending.is_empty() {
        Migrator::up(connection, None)
            .await
            .map_err(|error| unfinished(&error.to_string()))?;
    }
    Ok(pending)
}

/// The migrator has one error of its own: the database has a migration that this program does not know.
fn too_new(error: DbErr) -> StoreError {
    match error {
        DbErr::Custom(_) => StoreError::Migration(
            "the database's schema was made by a newer version of usher: start that version again, or restore the backup \
             from before its migration"
                .to_owned(),
        ),
        other => StoreError::of(other),
    }
}

fn unfinished(error: &str) -> StoreError {
    let next = if error.contains("permission denied") {
        "; run usher migrate as the role that owns the tables (deploy/postgres-roles.sql)"
    } else {
        ""
    };
    StoreError::Migration(format!("the migration did not finish: {error}{next}"))
}
