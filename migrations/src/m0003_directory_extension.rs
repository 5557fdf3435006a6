//! A directory may have attributes of its own.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// See `sql/0003_directory_extension.*.sql`.
#[derive(Debug)]
pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &'static str {
        "m0003_directory_extension"
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
            DatabaseBackend::Postgres => include_str!("../sql/0003_directory_extension.postgres.sql"),
            _ => include_str!("../sql/0003_directory_extension.sqlite.sql"),
        };
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom(
            "extensions are not taken down by a migration: restore a backup".to_owned(),
        ))
    }
}
