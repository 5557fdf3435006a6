//! A stand-in for Microsoft Entra's provisioning client, for machines without an Entra: demos, tests, load.
//!
//! It speaks SCIM over HTTP exactly as Entra is known to (probe, match by filter, create, compare, PATCH in one of two
//! dialects, disable, delete), keeps Entra's books (anchors, watermark, escrow, quarantine) and writes its provisioning
//! log in Entra's words. It must not know anything of the server it talks to: no crate of ours, no database, no queue.
//!
//! Where to read next: [`cycle`] is what a job does, [`wire`] is what goes over the wire, [`mapping`] decides which
//! attribute of a directory object lands where, [`directory`] is the made-up directory, [`cli`] the program.

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
