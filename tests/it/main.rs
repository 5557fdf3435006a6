//! Everything that needs a service, as one binary: one link, one PostgreSQL cluster, one place to look.
//!
//! Each module is one requirement; the servers come from `support`. Run all with `make test`, some with
//! `cargo test -p tests --test it NAME`.

mod support_selftest;
