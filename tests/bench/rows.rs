//! One module a row of `docs/benchmarks.md`.

pub mod access_token;
pub mod create_postgres;
pub mod create_sqlite;
pub mod delivery;
pub mod drain;
pub mod fairness;
pub mod floods;
pub mod footprint;
pub mod groups;
pub mod instances;
pub mod lists;
pub mod log_indexes;
pub mod match_million;
pub mod memberships;
pub mod pages;
pub mod patch_postgres;
pub mod query_postgres;
pub mod query_sqlite;
pub mod release_policies;
pub mod snapshot;
pub mod tenants;
pub mod token_endpoint;
pub mod verdict;
