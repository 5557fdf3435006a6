//! The history of the schema: every change of it, in order, for PostgreSQL and SQLite.
//!
//! Knows SQL and nothing else: no domain type, no other crate of the workspace. A migration that has been
//! released is never edited; the next one changes its result (expand, backfill, contract: one release apart,
//! so that yesterday's binary runs on today's schema). The SQL itself is in `migrations/sql/`, one file a
//! database, for operators who read it before they run it; start with `sql/0001_foundation.postgres.sql`.

use sea_orm_migration::prelude::*;

pub use sea_orm_migration::MigratorTrait;

mod grants;
mod match_keys;
mod step;

pub use grants::{GRANTS, Grants};
use step::Step;

/// All migrations, oldest first; `store` runs them.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(Step {
                name: "m0001_foundation",
                postgres: include_str!("../sql/0001_foundation.postgres.sql"),
                sqlite: include_str!("../sql/0001_foundation.sqlite.sql"),
                no_way_back: "the first schema is not taken down by a migration: restore a backup, or drop the database yourself",
            }),
            Box::new(Step {
                name: "m0002_groups",
                postgres: include_str!("../sql/0002_groups.postgres.sql"),
                sqlite: include_str!("../sql/0002_groups.sqlite.sql"),
                no_way_back: "groups are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0003_directory_extension",
                postgres: include_str!("../sql/0003_directory_extension.postgres.sql"),
                sqlite: include_str!("../sql/0003_directory_extension.sqlite.sql"),
                no_way_back: "extensions are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0004_plans",
                postgres: include_str!("../sql/0004_plans.postgres.sql"),
                sqlite: include_str!("../sql/0004_plans.sqlite.sql"),
                no_way_back: "policies and indexes are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0005_credential_memory",
                postgres: include_str!("../sql/0005_credential_memory.postgres.sql"),
                sqlite: include_str!("../sql/0005_credential_memory.sqlite.sql"),
                no_way_back: "what is remembered of credentials is not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0006_redis_password",
                postgres: include_str!("../sql/0006_redis_password.postgres.sql"),
                sqlite: include_str!("../sql/0006_redis_password.sqlite.sql"),
                no_way_back: "passwords for Redis are not taken down by a migration: restore a backup",
            }),
            Box::new(match_keys::MatchKeys),
            Box::new(Step {
                name: "m0008_one_index_each",
                postgres: include_str!("../sql/0008_one_index_each.postgres.sql"),
                sqlite: include_str!("../sql/0008_one_index_each.sqlite.sql"),
                no_way_back: "indexes are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0009_credential_state",
                postgres: include_str!("../sql/0009_credential_state.postgres.sql"),
                sqlite: include_str!("../sql/0009_credential_state.sqlite.sql"),
                no_way_back: "the state of credentials is not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0010_epoch",
                postgres: include_str!("../sql/0010_epoch.postgres.sql"),
                sqlite: include_str!("../sql/0010_epoch.sqlite.sql"),
                no_way_back: "epochs are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0011_deleted_members",
                postgres: include_str!("../sql/0011_deleted_members.postgres.sql"),
                sqlite: include_str!("../sql/0011_deleted_members.sqlite.sql"),
                no_way_back: "the check of deleted members is not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0012_audit",
                postgres: include_str!("../sql/0012_audit.postgres.sql"),
                sqlite: include_str!("../sql/0012_audit.sqlite.sql"),
                no_way_back: "the audit log is not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0014_api_keys",
                postgres: include_str!("../sql/0014_api_keys.postgres.sql"),
                sqlite: include_str!("../sql/0014_api_keys.sqlite.sql"),
                no_way_back: "API keys are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0015_jobs",
                postgres: include_str!("../sql/0015_jobs.postgres.sql"),
                sqlite: include_str!("../sql/0015_jobs.sqlite.sql"),
                no_way_back: "jobs are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0016_token_life",
                postgres: include_str!("../sql/0016_token_life.postgres.sql"),
                sqlite: include_str!("../sql/0016_token_life.sqlite.sql"),
                no_way_back: "what tokens may be used from, and freezing, are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0017_snapshot_read",
                postgres: include_str!("../sql/0017_snapshot_read.postgres.sql"),
                sqlite: include_str!("../sql/0017_snapshot_read.sqlite.sql"),
                no_way_back: "who has read a snapshot is not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0018_oauth",
                postgres: include_str!("../sql/0018_oauth.postgres.sql"),
                sqlite: include_str!("../sql/0018_oauth.sqlite.sql"),
                no_way_back: "OAuth clients and signing keys are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0019_idempotency",
                postgres: include_str!("../sql/0019_idempotency.postgres.sql"),
                sqlite: include_str!("../sql/0019_idempotency.sqlite.sql"),
                no_way_back: "the answers of creations are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0020_release_policy",
                postgres: include_str!("../sql/0020_release_policy.postgres.sql"),
                sqlite: include_str!("../sql/0020_release_policy.sqlite.sql"),
                no_way_back: "release policies are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0021_token_continuity",
                postgres: include_str!("../sql/0021_token_continuity.postgres.sql"),
                sqlite: include_str!("../sql/0021_token_continuity.sqlite.sql"),
                no_way_back: "renewals of tokens are not taken down by a migration: restore a backup",
            }),
            Box::new(Step {
                name: "m0022_session",
                postgres: include_str!("../sql/0022_session.postgres.sql"),
                sqlite: include_str!("../sql/0022_session.sqlite.sql"),
                no_way_back: "sessions are not taken down by a migration: restore a backup",
            }),
        ]
    }
}
