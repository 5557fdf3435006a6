//! Authentication: token format, argon2id on a bounded pool, verification cache, limits for guessing.
//!
//! From the bytes of an `Authorization` header, the record of the credential and the time, this crate makes a `Caller` or a
//! [`refusal::Refusal`]; a right secret becomes a caller only after the comparison with the URL ([`Verified`]). Must not know:
//! where records are stored (it reads none), HTTP frameworks, the database. **The verification is cached, never the
//! authorisation**: whether a token is revoked, expired or moved is read from its record at every request, so a revocation
//! holds from the next request on, on every instance.
//!
//! Reading order: [`token`] (what a credential looks like), [`hash`] (how its secret is kept), [`verify`] (the steps of
//! a request through [`cache`], [`rate_limiter`], [`queue`] and [`pool`], within [`limits`]), [`tenant_url`] (is it at the right URL),
//! [`refusal`] (every reason to refuse a credential), [`stats`] (counters), `uses` (what is stored of a use), `keyed` (HMAC), [`alias`] (the
//! value that apps get in place of a token's id), [`signing`] (the key of the audit log's checkpoints); then OAuth: [`jwt`] (how a
//! JSON Web Token is read), [`access`] (our own ones), [`oauth_key`] (what they are signed with), [`federation`] (Entra's), [`jwks`] (the keys of those);
//! then people who log in: [`login`] (from the link to the provider's answer), [`provider`] (what is said to it and read from it),
//! [`id_token`] (who it is), [`session`] (what stays).

pub mod access;
pub mod alias;
pub mod cache;
pub mod federation;
pub mod hash;
pub mod id_token;
pub mod jwks;
pub mod jwt;
mod keyed;
pub mod limits;
pub mod login;
pub mod oauth_key;
pub mod pool;
pub mod provider;
pub mod queue;
pub mod random;
pub mod rate_limiter;
pub mod redis_password;
pub mod refusal;
pub mod session;
pub mod signing;
pub mod stats;
pub mod tenant_url;
pub mod token;
mod uses;
pub mod verify;

pub use limits::Limits;
pub use refusal::{Reason, Refusal};
pub use token::CredentialKind;
pub use verify::{CredentialRecord, Presented, Verified, Verifier};
