//! Authentication: token format, argon2id on a bounded pool, verification cache, limits for guessing.
//!
//! Given the bytes of an `Authorization` header, the record that belongs to them and the time, this crate answers with
//! a `Caller` or a [`refusal::Refusal`]; a right secret alone is no caller, only one that was compared with the URL is ([`Verified`]). Must not know: where records are kept (it fetches none), HTTP frameworks, the
//! database. **The verdict is cached, never the authorisation**: whether a token is revoked, expired or moved is read
//! from its record at every request, so a revocation holds from the next request on, on every instance.
//!
//! Reading order: [`token`] (what a credential looks like), [`hash`] (how its secret is kept), [`verify`] (the steps of
//! a request through [`cache`], [`rate_limiter`], [`queue`] and [`pool`], within [`limits`]), [`tenant_url`] (is it at the right URL),
//! [`refusal`] (every way to be turned away), [`stats`] (what to watch), `uses` (what a use teaches), [`alias`] (what
//! apps are told of a token).

pub mod alias;
pub mod cache;
pub mod hash;
pub mod limits;
pub mod pool;
pub mod queue;
pub mod random;
pub mod rate_limiter;
pub mod redis_password;
pub mod refusal;
pub mod stats;
pub mod tenant_url;
pub mod token;
mod uses;
pub mod verify;

pub use limits::Limits;
pub use refusal::{Reason, Refusal};
pub use token::CredentialKind;
pub use verify::{CredentialRecord, Presented, Verified, Verifier};
