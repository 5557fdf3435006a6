//! The extractors of a request: the caller ([`caller`], with an access token [`access`]) and, only then, the body ([`body`]); the creations answered on its
//! [`connection`]; and the address that it was sent to ([`origin`]). Short bodies are read whole ([`small_body`]); conditions on versions are in [`precondition`].

pub mod access;
pub mod body;
mod bounded;
pub mod caller;
pub mod client;
pub mod connection;
pub mod credential;
pub mod origin;
pub mod precondition;
pub mod small_body;
