//! A simulator of Microsoft Entra's provisioning client, for machines without an Entra: demos, tests, load.
//!
//! It sends SCIM over HTTP exactly as Entra is known to (probe, match by filter, create, compare, PATCH in
//! one of two dialects, disable, delete), keeps the same state as Entra (anchors, watermark, escrow,
//! quarantine) and writes its provisioning log with Entra's texts. It must not know anything of the server it
//! tests: no crate of the server, no database, no queue.
//!
//! Where to read next: [`cycle`] is what a job does, [`wire`] is the HTTP traffic, [`mapping`] decides which
//! attribute of a directory object becomes which SCIM attribute, [`directory`] is the synthetic directory,
//! [`cli`] the program.

pub mod cli;
pub mod clock;
pub mod compare;
pub mod connection;
pub mod cycle;
pub mod dialect;
pub mod directory;
pub mod load;
pub mod log;
pub mod mapping;
pub mod on_demand;
pub mod problem;
pub mod state;
pub mod wire;
