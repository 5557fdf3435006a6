//! The one place where the simulator asks the machine for the time and for randomness.
//!
//! Everything else gets a seed or a simulated clock handed down, so that a run can be repeated. Nothing else belongs here.

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

/// A seed for a run that was given none: its probe ids must be new each time, as Entra's are.
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
