//! One step of the schema's history: a name and the SQL for each database.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DatabaseBackend;

/// A step up. There is none down: it would leave half a schema or lose rows.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) postgres: &'static str,
    pub(crate) sqlite: &'static str,
    /// The text for an operator who asks for a step down.
    pub(crate) no_way_back: &'static str,
}

impl MigrationName for Step {
    fn name(&self) -> &'static str {
        self.name
    }
}

#[expect(
    elided_lifetimes_in_paths,
    reason = "async_trait wants the very signature that the trait has"
)]
#[async_trait::async_trait]
impl MigrationTrait for Step {
    /// SQLite's migrations run outside a transaction by default; a failure would leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = match manager.get_database_backend() {
            DatabaseBackend::Postgres => self.postgres,
            _ => self.sqlite,
        };
        manager.get_connection().execute_unprepared(sql).await?;
        Ok(())
    }

    async fn down(&self, _manager: &SchemaManager) -> Result<(), DbErr> {
        Err(DbErr::Custom(self.no_way_back.to_owned()))
    }
}
