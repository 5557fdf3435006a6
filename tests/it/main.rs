//! All tests that need a service, as one binary: it is linked once and starts one PostgreSQL cluster.
//!
//! Each module is one requirement; the servers come from `support`. Run all with `make test`, some with
//! `cargo test -p tests --test it NAME`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    clippy::needless_pass_by_value,
    reason = "tests and their helpers: a surprise is a failed test, a test may read the clock and mint a scope, and \
              literals are handed over as they are"
)]

mod admin_api;
mod answers;
mod architecture;
mod bad_days;
mod chaos;
mod citations;
mod conformance;
mod consumer;
mod continuity;
mod customers;
mod cycle;
mod dependencies;
mod events;
mod fairness;
mod files;
mod guessing;
mod housekeeping;
mod jobs;
mod login;
mod model;
mod oauth;
mod operations;
mod release;
mod scim;
mod snapshot;
mod store;
mod support_selftest;
mod token_life;
mod tokens;

use support::forge;
