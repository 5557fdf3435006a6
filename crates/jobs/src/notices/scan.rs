//! Finds the tokens that have reached a step before their end.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::clock::Clock;
use domain::credential::{CredentialStatus, Token, TokenId};
use domain::id::DirectoryId;
use domain::token_life::{NoticeStep, notice_step};
use serde_json::json;
use store::{BoxFuture, Job, NewJob, Store, StoreError};

use super::{Channel, KIND, Other, Payload};
use crate::handler::{Failure, Handler, Plan};
use crate::tokens;

/// The recurring job `token_notices`.
pub struct TokenNotices {
    /// The database.
    pub store: Store,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// How people are told.
    pub channels: Vec<Channel>,
}

/// A token, and its end.
type End = (TokenId, Option<DateTime<Utc>>);

/// What one look collects.
#[derive(Default)]
struct Found {
    /// The tokens that have reached a step.
    due: Vec<(Token, NoticeStep)>,
    /// The usable tokens of each directory.
    ends: HashMap<DirectoryId, Vec<End>>,
}

impl Found {
    fn add(&mut self, token: Token, noted: Option<i32>, now: DateTime<Utc>) {
        if token.status(now) == CredentialStatus::Active {
            let ends = self.ends.entry(token.directory).or_default();
            ends.push((token.id, token.expires_at));
        }
        if let Some(step) = notice_step(&token, noted, now) {
            self.due.push((token, step));
        }
    }

    /// How long another token of the directory is good, if longer than this one.
    fn other(&self, token: &Token) -> Other {
        let ends = self.ends.get(&token.directory).into_iter().flatten();
        let mut others = ends.filter(|(id, _)| *id != token.id).map(|(_, end)| *end);
        if others.clone().any(|end| end.is_none()) {
            return Other::Endless;
        }
        let longest = others.by_ref().flatten().max();
        match longest {
            Some(end) if Some(end) > token.expires_at => Other::Until(end),
            _ => Other::None,
        }
    }
}

impl TokenNotices {
    async fn look(&self) -> Result<(), StoreError> {
        let (now, mut found) = (self.clock.now(), Found::default());
        tokens::each(&self.store, |token, noted| found.add(token, noted, now)).await?;
        for (token, step) in &found.due {
            let tell = if step.is_told {
                self.jobs(token, step.days, found.other(token))
            } else {
                Vec::new()
            };
            self.store.note_notice(token.id, step.days, &tell).await?;
        }
        Ok(())
    }

    fn jobs(&self, token: &Token, days: i32, other: Other) -> Vec<NewJob> {
        let job = |channel: &Channel| {
            let payload = Payload {
                token: token.id.to_string(),
                days,
                channel: *channel,
                other,
            };
            NewJob {
                kind: KIND,
                key: payload.key(),
                payload: json!(payload),
                wait: Duration::ZERO,
            }
        };
        self.channels.iter().map(job).collect()
    }
}

impl Handler for TokenNotices {
    fn kind(&self) -> &'static str {
        "token_notices"
    }

    fn plan(&self) -> Plan {
        Plan::every(Duration::from_hours(1), Duration::from_mins(10))
    }

    fn run<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async { self.look().await.map_err(|error| error.to_string().into()) })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use domain::id::TenantId;
    use domain::network::AllowedNetworks;

    use super::*;

    fn day(day: i64) -> DateTime<Utc> {
        DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(day)
    }

    fn token(id: &str, end: Option<i64>) -> Token {
        let uuid = "019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a".parse().expect("a UUID");
        Token {
            id: id.parse().expect("an id"),
            tenant: TenantId::from_uuid(uuid),
            directory: DirectoryId::from_uuid(uuid),
            label: None,
            created_at: day(0),
            expires_at: end.map(day),
            revoked_at: None,
            last_used_at: None,
            last_used_from: None,
            last_four: "abcd".to_owned(),
            allowed_networks: AllowedNetworks::default(),
        }
    }

    #[test]
    fn a_notice_knows_whether_another_token_of_the_directory_lasts_longer() {
        let table: [(&[Option<i64>], Other); 5] = [
            (&[], Other::None),
            (&[Some(90)], Other::None),
            (&[Some(99)], Other::None),
            (&[Some(400), Some(200)], Other::Until(day(400))),
            (&[Some(400), None], Other::Endless),
        ];
        for (others, expected) in table {
            let mut found = Found::default();
            found.add(token("aaaaaaaaaaaa", Some(100)), None, day(99));
            for (number, end) in others.iter().enumerate() {
                found.add(token(&format!("bbbbbbbbbbb{number}"), *end), None, day(99));
            }
            assert_eq!(found.due[0].1.days, 1);
            assert_eq!(found.other(&found.due[0].0), expected, "{others:?}");
        }
    }
}
