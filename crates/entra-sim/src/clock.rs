//! The only file of the simulator that reads the machine's time and randomness.
//!
//! Everything else takes a seed or a simulated clock as a parameter, so that a run can be repeated.

use std::time::Duration;

/// Wall-clock time for the provisioning log, RFC 3339 in UTC with milliseconds.
#[must_use]
pub fn now() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "the provisioning log carries real times; nothing is decided by them"
    )]
    let now = chrono::Utc::now();
    now.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// A length of time as the provisioning log has it.
#[must_use]
pub fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

/// A seed for a run without `--seed`: probe ids must differ from run to run, as Entra's do.
#[must_use]
pub fn fresh_seed() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the only unseeded number; every other one descends from a seed"
    )]
    let mut rng = rand::rng();
    rand::RngExt::random(&mut rng)
}

/// A random (version 4) id drawn from a seeded generator.
pub fn guid(rng: &mut impl rand::Rng) -> String {
    let bytes: [u8; 16] = rand::RngExt::random(rng);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
