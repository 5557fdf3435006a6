//! Refused credentials as rows of the platform's audit log: at most one a minute for each network, kind and reason, with how many there
//! were. Each refusal is a line of the program's log too, within [`crate::log_budget`].
//!
//! Rows cannot be pruned, so a stranger must not be able to fill the log: `NAMED` rows a minute, and one for all others together.
//! Memory is bounded by `KEYS`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use auth::{CredentialKind, Refusal};
use domain::actor::Actor;
use domain::audit::{Action, AuditEntry, Chain, Outcome, Target};
use domain::id::RequestId;
use serde_json::Map;

use crate::state::State;

/// The time between rows.
const EVERY: Duration = Duration::from_mins(1);
/// Rows in that time that name a network.
const NAMED: usize = 20;
/// Networks, kinds and reasons that are counted one by one.
const KEYS: usize = 1_024;

/// What was refused, where from, and why.
type Key = (IpAddr, CredentialKind, &'static str);

/// Counts since the last rows.
#[derive(Debug, Default)]
pub struct RefusalCounts(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    by_key: HashMap<Key, u64>,
    others: u64,
    /// When the last rows were written, by the monotonic clock.
    written: Option<Duration>,
}

/// The counts of a minute.
#[derive(Debug, Default, PartialEq, Eq)]
struct Taken {
    /// The most first.
    named: Vec<(Key, u64)>,
    /// Of all others together.
    others: u64,
}

impl RefusalCounts {
    /// Counts a refused credential. A request that brought none is no attempt.
    pub fn count(&self, network: IpAddr, kind: CredentialKind, refusal: &Refusal) {
        let is_attempt = matches!(refusal, Refusal::Unauthorized(_) | Refusal::WrongDirectory { .. });
        if !is_attempt || refusal.code() == "missing" {
            return;
        }
        let mut counts = self.lock();
        let key = (network, kind, refusal.code());
        if counts.by_key.len() >= KEYS && !counts.by_key.contains_key(&key) {
            counts.others += 1;
        } else {
            *counts.by_key.entry(key).or_default() += 1;
        }
    }

    /// What is to be written at `now`; nothing within a minute after the last rows.
    fn take(&self, now: Duration) -> Taken {
        let mut counts = self.lock();
        let is_early = counts.written.is_some_and(|at| now.saturating_sub(at) < EVERY);
        if is_early || (counts.by_key.is_empty() && counts.others == 0) {
            return Taken::default();
        }
        counts.written = Some(now);
        let others = std::mem::take(&mut counts.others);
        let mut named: Vec<(Key, u64)> = counts.by_key.drain().collect();
        named.sort_by_key(|((network, kind, reason), count)| {
            (std::cmp::Reverse(*count), *network, *kind, *reason)
        });
        let more = named.split_off(named.len().min(NAMED));
        Taken {
            named,
            others: others + more.iter().map(|(_, count)| count).sum::<u64>(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes the rows that are due. What cannot be written is a line of the program's log; nobody waits for it.
pub async fn write(state: &State) {
    let taken = state.refusal_counts.take(state.clock.monotonic());
    let entry = |target: Target, ip: Option<IpAddr>, count: u64| {
        AuditEntry {
            chain: Chain::Platform,
            at: state.clock.now(),
            actor: Actor::System,
            action: Action::AuthRefused,
            target,
            outcome: Outcome::Refused,
            reason: None,
            ip,
            request: RequestId::from_uuid(state.ids.next()),
            details: Map::new(),
        }
        .with("count", count)
    };
    let named = taken.named.into_iter().map(|((network, kind, reason), count)| {
        entry(Target::Address(network), Some(network), count)
            .with("kind", kind.as_str())
            .with("reason", reason)
    });
    let others = (taken.others > 0).then(|| entry(Target::OtherAddresses, None, taken.others));
    for entry in named.chain(others) {
        if let Err(error) = state.store.note_audit(&entry).await {
            tracing::warn!(%error, "refused credentials could not be written to the audit log");
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use auth::Reason;

    use super::*;

    const WRONG: Refusal = Refusal::Unauthorized(Reason::WrongSecret);

    fn network(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn a_network_has_one_row_a_minute_for_each_kind_and_reason() {
        let counts = RefusalCounts::default();
        for _ in 0..3 {
            counts.count(network(1), CredentialKind::Token, &WRONG);
        }
        counts.count(network(1), CredentialKind::App, &WRONG);
        counts.count(
            network(2),
            CredentialKind::Token,
            &Refusal::Unauthorized(Reason::Revoked),
        );
        let taken = counts.take(Duration::ZERO);
        assert_eq!(
            taken.named,
            [
                ((network(1), CredentialKind::Token, "wrong_secret"), 3),
                ((network(1), CredentialKind::App, "wrong_secret"), 1),
                ((network(2), CredentialKind::Token, "revoked"), 1),
            ]
        );
        counts.count(network(1), CredentialKind::Token, &WRONG);
        assert_eq!(
            counts.take(Duration::from_secs(59)),
            Taken::default(),
            "within the minute"
        );
        assert_eq!(counts.take(Duration::from_mins(1)).named.len(), 1);
        assert_eq!(
            counts.take(Duration::from_mins(5)),
            Taken::default(),
            "nothing since"
        );
    }

    #[test]
    fn rows_and_memory_are_bounded_and_all_are_counted() {
        let counts = RefusalCounts::default();
        for number in (0..5_000).chain(0..5_000) {
            counts.count(network(number), CredentialKind::Token, &WRONG);
        }
        assert_eq!(counts.lock().by_key.len(), KEYS);
        let taken = counts.take(Duration::ZERO);
        let named: u64 = taken.named.iter().map(|(_, count)| count).sum();
        assert_eq!((taken.named.len(), named + taken.others), (NAMED, 10_000));
    }

    #[test]
    fn a_fault_of_ours_and_a_request_without_a_credential_are_no_attempts() {
        let counts = RefusalCounts::default();
        let missing = Refusal::from(auth::token::ParseError::Missing);
        for refusal in [Refusal::Busy, missing] {
            counts.count(network(1), CredentialKind::Token, &refusal);
        }
        assert_eq!(counts.take(Duration::ZERO), Taken::default());
    }
}
