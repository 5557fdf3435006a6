//! A black-box conformance client for any SCIM 2.0 service provider: it asks what the server offers, checks what RFC
//! 7643, RFC 7644 and RFC 9865 demand of that, quotes the sentence beside each finding, and clears away what it made.
//!
//! It must not know anything of the server it talks to: no crate of ours, nothing but HTTP (ADR 0028).
//!
//! Where to read next: [`check`] is what a check is, [`site`] the server under test and the things made there, [`checks`]
//! the list, [`report`] what comes out, [`cli`] the program.

pub mod check;
pub mod checks;
pub mod cli;
pub mod report;
pub mod site;
pub mod wire;
