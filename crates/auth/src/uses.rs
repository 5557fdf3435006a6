//! Data of successful uses: when a token was last used, from which networks, and the fast check of its secret.
//!
//! Collected here and written by another task, outside of requests, so that the record of a busy token does not become a hot
//! row in the transactions of requests.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::credential::{CredentialKind, LastUse, Memory, NETWORKS, SecretCheck, TokenId, Use};

/// The most credentials between two collections; uses of more are dropped.
const MOST: usize = 65_536;
/// How often a network that is still in use is written again, so that it stays among the newest.
const AGAIN: Duration = Duration::from_hours(1);

/// The last use, and the new values.
type Noted = (Option<LastUse>, Memory);

/// The uses since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<(CredentialKind, TokenId), Noted>>);

impl Uses {
    /// Adds new values, if any.
    pub(crate) fn note(&self, kind: CredentialKind, id: TokenId, last: Option<LastUse>, new_values: &Memory) {
        if last.is_none() && *new_values == Memory::default() {
            return;
        }
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (kind, id);
        if uses.len() >= MOST && !uses.contains_key(&key) {
            return;
        }
        let (noted, memory) = uses.entry(key).or_default();
        *noted = last.or(*noted);
        memory.merge(new_values);
    }

    pub(crate) fn take(&self) -> Vec<Use> {
        let mut uses = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = std::mem::take(&mut *uses);
        let shape = |((kind, id), (last, new_values))| Use {
            kind,
            id,
            last,
            new_values,
        };
        all.into_iter().map(shape).collect()
    }
}

/// The time to write to the record, unless it has a time within a minute. The distance is absolute, so that a clock that was
/// set back is noticed at once.
pub(crate) fn worth_noting(last: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let near = last.is_some_and(|last| (now - last).abs() < TimeDelta::minutes(1));
    (!near).then_some(now)
}

/// The cache entry of a right secret.
#[derive(Debug)]
pub(crate) struct VerifiedSecret {
    /// The hash version that it was compared with.
    pub(crate) version: i32,
    written: Mutex<Written>,
}

#[derive(Debug)]
struct Written {
    /// The networks that were written, and when.
    networks: Vec<(IpAddr, Duration)>,
    /// The fast check, while it is still to be written.
    check: Option<SecretCheck>,
}

impl VerifiedSecret {
    /// A secret that was just verified. `check` is written once, if the database does not have it.
    pub(crate) fn new(version: i32, check: Option<SecretCheck>) -> Self {
        Self {
            version,
            written: Mutex::new(Written {
                networks: Vec::new(),
                check,
            }),
        }
    }

    /// The new values of a use from `network`.
    pub(crate) fn learn(&self, network: IpAddr, now: Duration) -> Memory {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let Written { networks, check } = &mut *written;
        let fresh = networks
            .iter()
            .any(|(known, at)| *known == network && now.saturating_sub(*at) < AGAIN);
        if !fresh {
            networks.retain(|(known, _)| *known != network);
            networks.insert(0, (network, now));
            networks.truncate(NETWORKS);
        }
        Memory {
            check: check.take(),
            networks: (!fresh).then_some(network).into_iter().collect(),
        }
    }
}
