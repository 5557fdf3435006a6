//! How statements reach a database: connections, transactions, retries, SQLite's group commit. Knows no table.
//!
//! Reading order: [`connect`] (opening), [`parameter`] and [`statement`] (what is sent), [`read`] (what is answered), [`wire`]
//! and [`executor`] (one statement), [`run`], [`transaction`] and [`group_commit`] (transactions and retries), [`writes`] (whether writing works).

pub(crate) mod autocommit;
pub(crate) mod backup;
pub(crate) mod connect;
pub(crate) mod executor;
mod fair_queue;
pub(crate) mod group_commit;
pub(crate) mod idle_connections;
pub(crate) mod migrate;
pub(crate) mod parameter;
pub(crate) mod read;
pub(crate) mod retry_budget;
pub(crate) mod run;
pub(crate) mod statement;
mod transaction;
mod wire;
pub(crate) mod writes;
