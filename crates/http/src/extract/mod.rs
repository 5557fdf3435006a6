//! Reads a request apart: who is calling ([`caller`]) and, only then, what is sent ([`body`]); what its [`connection`] tells,
//! and under which address it came ([`origin`]).

pub mod body;
mod bounded;
pub mod caller;
pub mod client;
pub mod connection;
pub mod credential;
pub mod origin;
