//! Reads a request: the caller ([`caller`]) and, only then, the body ([`body`]); what is known of its [`connection`],
//! and under which address it came ([`origin`]).

pub mod body;
mod bounded;
pub mod caller;
pub mod client;
pub mod connection;
pub mod credential;
pub mod origin;
