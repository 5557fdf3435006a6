//! One module a row of `docs/benchmarks.md`.

pub mod create_postgres;
pub mod create_sqlite;
pub mod delivery;
pub mod drain;
pub mod fairness;
pub mod footprint;
pub mod groups;
pub mod instances;
pub mod lists;
pub mod match_million;
pub mod memberships;
pub mod pages;
pub mod patch_postgres;
pub mod query_postgres;
pub mod query_sqlite;
pub mod snapshot;
pub mod tenants;
pub mod verdict;
