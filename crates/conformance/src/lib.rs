//! A black-box conformance client for any SCIM 2.0 service provider: it asks what the server offers, checks what RFC
//! 7643, RFC 7644 and RFC 9865 demand of that, says the rule and where it stands beside each finding, and clears away
//! what it made. `docs/conformance.md` is the page for those who run it.
//!
//! It must not know anything of the server it talks to: no crate of ours, nothing but HTTP (ADR 0028).
//!
//! Where to read next: [`check`] is what a check is, [`preflight`] whether there is anything to check, [`site`] the server
//! under test and the things made there, [`checks`] the list, [`exchange`] the evidence, [`report`] what comes out, [`cli`]
//! the program.

pub mod check;
pub mod checks;
pub mod cli;
pub mod exchange;
pub mod preflight;
pub mod report;
pub mod site;
pub mod wire;
