//! The first schema: tenants, directories, tokens, identities, outbox, feeds and the provisioning log.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// See `sql/0001_foundation.*.sql`, which say why each table looks as it does.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0001_foundation"
    }
}

#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait wants the very signature that the trait has"
)]
#[async_trait::async_trait]
impl MigrationTrait for Migration {
    /// SQLite's migrations run outside a transaction unless asked; half a schema helps nobody.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DatabaseBackend::Postgres => include_str!("../sql/0001_foundation.postgres.sql"),
            _ => include_str!("../sql/0001_foundation.sqlite.sql"),
        };
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom(
            "the first schema is not taken down by a migration: restore a backup, or drop the database yourself".to_owned(),
        ))
    }
}
