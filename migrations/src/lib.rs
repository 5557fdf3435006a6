//! The database's history: every change of the schema, in order, for PostgreSQL and SQLite.
//!
//! Knows SQL and nothing else: no domain type, no room of the house. A migration that has been released is never
//! edited; the next one changes what it made (expand, backfill, contract: one release apart, so that the binary of
//! yesterday runs on the schema of today). The SQL itself is in `migrations/sql/`, one file a database, because that
//! is what an operator wants to read before running it; start with `sql/0001_foundation.postgres.sql`.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

mod m0001_foundation;
mod m0002_groups;
mod m0003_directory_extension;

/// All migrations, oldest first; `store` runs them.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_foundation::Migration),
            Box::new(m0002_groups::Migration),
            Box::new(m0003_directory_extension::Migration),
        ]
    }
}
