//! What metrics say of tokens: how many of them somebody should look at, and which directories will soon be without one.
//!
//! Every instance looks by itself, so every instance says the same. Labels stay few: directories are named only while their last
//! token ends within [`ENDS_SOON`], and at most 100 of them (ADR 0048).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::credential::{CredentialStatus, Token};
use domain::id::DirectoryId;
use domain::token_life::{ENDS_SOON, Finding, findings};
use store::{Store, StoreError};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::tokens;

/// How often tokens are looked at.
const LOOK: Duration = Duration::from_mins(10);
/// The most directories that are named.
const NAMED: usize = 100;

/// What was found at the last look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TokenFindings {
    /// How many tokens each finding is about.
    pub counts: BTreeMap<Finding, u64>,
    /// The directories whose last usable token ends soon, with that end; the soonest first.
    pub ending: Vec<(DirectoryId, DateTime<Utc>)>,
}

/// Collects [`TokenFindings`].
#[derive(Default)]
struct Collected {
    counts: BTreeMap<Finding, u64>,
    /// The latest end of each directory's usable tokens; `None`: one of them has no end.
    ends: HashMap<DirectoryId, Option<DateTime<Utc>>>,
}

impl Collected {
    fn add(&mut self, token: &Token, now: DateTime<Utc>) {
        for finding in findings(token, now) {
            *self.counts.entry(finding).or_default() += 1;
        }
        if token.status(now) == CredentialStatus::Active {
            let end = self.ends.entry(token.directory).or_insert(token.expires_at);
            // No end is later than any.
            *end = end.zip(token.expires_at).map(|(one, other)| one.max(other));
        }
    }

    fn finish(self, now: DateTime<Utc>) -> TokenFindings {
        let ends = self.ends.into_iter();
        let mut ending: Vec<_> = ends
            .filter_map(|(directory, end)| end.map(|end| (directory, end)))
            .filter(|(_, end)| *end - now <= ENDS_SOON)
            .collect();
        ending.sort_by_key(|(directory, end)| (*end, *directory));
        ending.truncate(NAMED);
        TokenFindings {
            counts: self.counts,
            ending,
        }
    }
}

/// Looks at tokens now and then; cheap to clone.
#[derive(Clone)]
pub struct TokenWatch {
    store: Store,
    clock: Arc<dyn Clock>,
    found: Arc<RwLock<TokenFindings>>,
}

impl TokenWatch {
    /// Has found nothing yet.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            found: Arc::default(),
        }
    }

    /// As of the last look.
    pub fn findings(&self) -> TokenFindings {
        self.found.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            match self.look().await {
                Ok(found) => *self.found.write().unwrap_or_else(PoisonError::into_inner) = found,
                Err(error) => {
                    tracing::warn!(%error, "tokens could not be looked at: metrics say what was found before");
                }
            }
            tokio::select! {
                () = sleep(LOOK) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    async fn look(&self) -> Result<TokenFindings, StoreError> {
        let (now, mut collected) = (self.clock.now(), Collected::default());
        tokens::each(&self.store, |token, _| collected.add(&token, now)).await?;
        Ok(collected.finish(now))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::id::TenantId;
    use domain::network::AllowedNetworks;

    use super::*;

    fn token(directory: u128, life: Option<i64>, now: DateTime<Utc>) -> Token {
        let uuid = |number: u128| {
            format!("00000000-0000-7000-8000-{number:012x}")
                .parse()
                .expect("a UUID")
        };
        Token {
            id: "000000000000".parse().expect("an id"),
            tenant: TenantId::from_uuid(uuid(1)),
            directory: DirectoryId::from_uuid(uuid(directory)),
            label: None,
            created_at: now,
            expires_at: life.map(|days| now + TimeDelta::days(days)),
            revoked_at: None,
            last_used_at: Some(now),
            last_used_from: None,
            last_four: "abcd".to_owned(),
            allowed_networks: AllowedNetworks::default(),
        }
    }

    #[test]
    fn a_directory_is_named_while_its_last_token_ends_soon() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000);
        let mut collected = Collected::default();
        for (directory, life) in [
            (1, Some(20)),
            (2, Some(5)),
            (2, Some(300)),
            (3, Some(5)),
            (3, Some(7)),
            (4, None),
            (4, Some(3)),
            (5, Some(3)),
            (5, None),
            (6, Some(-1)),
        ] {
            collected.add(&token(directory, life, now), now);
        }
        let found = collected.finish(now);
        let named: Vec<_> = found
            .ending
            .iter()
            .map(|(directory, end)| (directory.uuid().as_u128() & 0xff, (*end - now).num_days()))
            .collect();
        assert_eq!(named, [(3, 7), (1, 20)]);
        assert_eq!(found.counts, BTreeMap::from([(Finding::EndingSoon, 6)]));
    }

    #[test]
    fn the_number_of_named_directories_is_bounded() {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let mut collected = Collected::default();
        for directory in 0..300 {
            collected.add(&token(directory, Some(1), now), now);
        }
        assert_eq!(collected.finish(now).ending.len(), NAMED);
    }
}
