//! The stored form of a secret: argon2id, as a PHC string whose parameters are ours.
//!
//! OWASP's minimum: 19 MiB, two passes, one lane. The verifier uses the parameters *in the stored string*, so a row that
//! asks for more than the policy is refused before any work (write access to a row must not decide the memory use), and one
//! that asks for less is logged, so that it can be replaced. [`hash`] and [`check`] block for tens of milliseconds: call them
//! on [`crate::pool`]. [`secret_check`] takes a microsecond and detects nearly every wrong secret, so that guesses cost no
//! argon2 (ADR 0031). Must not know: the record of a hash.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use domain::credential::SecretCheck;
use sha2::{Digest as _, Sha256};

use crate::token::{Credential, Issued};

/// Memory of one run, in KiB.
pub const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of the hash itself; OWASP and RFC 9106 say 32.
const OUTPUT: usize = 32;

/// A hash that cannot be made or cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The stored text is no argon2id PHC string with a salt and a hash.
    #[error("the stored hash is not readable: rotate this credential")]
    Unreadable,
    /// The stored text asks for more work than the policy allows.
    #[error("the stored hash asks for more memory or passes than the policy allows: rotate this credential")]
    TooCostly,
    /// argon2 refused to run.
    #[error("the secret could not be hashed: is there memory left? Try again")]
    Failed,
}

/// The outcome of a check that could be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The secret is the one that was hashed.
    Right,
    /// Right, and its hash was made with less than today's policy.
    RightButWeak,
    /// Another secret.
    Wrong,
}

/// Hashes the secret of a new credential, with a salt of its own; a PHC string. Blocks for tens of milliseconds.
///
/// # Errors
/// [`HashError::Failed`].
pub fn hash(issued: &Issued) -> Result<String, HashError> {
    let hash = hasher()?
        .hash_password(issued.secret().as_bytes())
        .map_err(|_| HashError::Failed)?;
    Ok(hash.to_string())
}

/// The fast check of a credential's text, for a hash of this version: see [`SecretCheck`].
pub fn secret_check(text: &str, version: i32) -> SecretCheck {
    let digest = Sha256::new()
        .chain_update(b"usher.secret-check.v1\0")
        .chain_update(text)
        .finalize();
    let [a, b, c, d, ..] = <[u8; 32]>::from(digest);
    SecretCheck {
        bits: u32::from_be_bytes([a, b, c, d]),
        version,
    }
}

/// Compares a presented secret with a stored hash, in constant time. Blocks for tens of milliseconds.
///
/// # Errors
/// [`HashError::Unreadable`] and [`HashError::TooCostly`], both before any work.
pub fn check(presented: &Credential<'_>, phc: &str) -> Result<Verdict, HashError> {
    check_secret(presented.secret.as_bytes(), phc)
}

pub(crate) fn check_secret(secret: &[u8], phc: &str) -> Result<Verdict, HashError> {
    let stored = PasswordHash::new(phc).map_err(|_| HashError::Unreadable)?;
    let weak = weaker_than_policy(&stored)?;
    match hasher()?.verify_password(secret, &stored) {
        Ok(()) if weak => Ok(Verdict::RightButWeak),
        Ok(()) => Ok(Verdict::Right),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(Verdict::Wrong),
        Err(_) => Err(HashError::Failed),
    }
}

/// Whether the stored hash was made with less than the policy; an error when it is unusable or asks for more.
fn weaker_than_policy(stored: &PasswordHash) -> Result<bool, HashError> {
    let readable = stored.algorithm.as_str() == Algorithm::Argon2id.as_str()
        && stored.version == Some(u32::from(Version::V0x13))
        && stored.salt.is_some()
        && stored
            .hash
            .as_ref()
            .is_some_and(|hash| (16..=64).contains(&hash.len()));
    if !readable {
        return Err(HashError::Unreadable);
    }
    let params = Params::try_from(stored).map_err(|_| HashError::Unreadable)?;
    let costs = [
        (params.m_cost(), MEMORY_KIB),
        (params.t_cost(), PASSES),
        (params.p_cost(), LANES),
    ];
    if costs.iter().any(|(asked, most)| asked > most) {
        return Err(HashError::TooCostly);
    }
    Ok(costs.iter().any(|(asked, least)| asked < least))
}

fn hasher() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(OUTPUT)).map_err(|_| HashError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{CredentialKind, RANDOM, issue};
    use domain::environment::Environment;

    fn issued(seed: u8) -> Issued {
        issue(CredentialKind::Token, Environment::Test, &[seed; RANDOM])
    }

    #[test]
    fn a_hash_names_the_policy_and_never_the_secret() {
        let phc = hash(&issued(1)).unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
        assert!(!phc.contains(issued(1).secret()));
        assert_ne!(phc, hash(&issued(1)).unwrap(), "each hash has a salt of its own");
    }

    #[test]
    fn only_the_secret_itself_is_right() {
        let phc = hash(&issued(1)).unwrap();
        assert_eq!(
            check_secret(issued(1).secret().as_bytes(), &phc),
            Ok(Verdict::Right)
        );
        assert_eq!(
            check_secret(issued(2).secret().as_bytes(), &phc),
            Ok(Verdict::Wrong)
        );
        assert_eq!(check_secret(b"", &phc), Ok(Verdict::Wrong));
    }

    #[test]
    fn the_fast_check_tells_secrets_apart_and_stays_what_it_is() {
        let check = |text: &str| secret_check(text, 1).bits;
        assert_eq!(check(issued(1).reveal()), check(issued(1).reveal()));
        let different: std::collections::BTreeSet<u32> =
            (0..=255).map(|seed| check(issued(seed).reveal())).collect();
        assert_eq!(different.len(), 256);
        // It is kept in databases: another value here locks every credential out until it is rotated.
        assert_eq!(check("usher_t_x"), 2_920_691_355);
    }

    #[test]
    fn a_weaker_hash_is_told_apart() {
        let weak = Argon2::new(
            Algorithm::Argon2id,
            Version::V0x13,
            Params::new(64, 1, 1, Some(32)).unwrap(),
        );
        let phc = weak.hash_password(b"secret").unwrap().to_string();
        assert_eq!(check_secret(b"secret", &phc), Ok(Verdict::RightButWeak));
    }

    #[test]
    fn a_row_cannot_choose_our_memory_bill() {
        let rest = "c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        for asked in ["m=1048576,t=2,p=1", "m=19456,t=200,p=1", "m=19456,t=2,p=4"] {
            let phc = format!("$argon2id$v=19${asked}${rest}");
            assert_eq!(check_secret(b"x", &phc), Err(HashError::TooCostly), "{asked}");
        }
        let unreadable = [
            String::new(),
            "plain".to_owned(),
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
            format!("$argon2i$v=19$m=19456,t=2,p=1${rest}"),
            format!("$argon2id$v=16$m=19456,t=2,p=1${rest}"),
            format!("$argon2id$v=19$m=0,t=2,p=1${rest}"),
        ];
        for phc in unreadable {
            assert_eq!(check_secret(b"x", &phc), Err(HashError::Unreadable), "{phc}");
        }
    }
}
