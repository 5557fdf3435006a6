//! A black-box conformance client for any SCIM 2.0 service provider: it reads what the server offers, checks
//! that against RFC 7643, RFC 7644 and RFC 9865, reports each finding with its rule and source, and deletes
//! what it created. `docs/conformance.md` is the page for its users.
//!
//! It must not know anything of the server it tests: no crate of the server, nothing but HTTP (ADR 0028).
//!
//! Where to read next: [`check`] is what a check is, [`preflight`] whether the server can be checked at all,
//! [`site`] the server under test and the resources created there, [`checks`] the list, [`exchange`] the
//! evidence, [`report`] the result, [`cli`] the program.

#![expect(
    clippy::indexing_slicing,
    reason = "what is indexed is JSON, where a member that is not there is null and fails the check that compares it"
)]

pub mod check;
pub mod checks;
pub mod cli;
pub mod exchange;
pub mod preflight;
pub mod report;
pub mod site;
pub mod wire;
