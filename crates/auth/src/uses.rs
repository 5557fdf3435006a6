//! When a token was last used: collected here, written by somebody else, out of band and at most once a minute a token,
//! because the record of a busy token must not become a hot row in the SCIM transaction.

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use domain::credential::Token;

/// Tokens remembered between two collections; more than that are left out until the next.
const MOST: usize = 65_536;

/// The uses since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct Uses(Mutex<HashMap<String, DateTime<Utc>>>);

impl Uses {
    /// Notes a use, unless the record already says so within the last minute.
    pub(crate) fn note(&self, token: &Token, now: DateTime<Utc>) {
        if token
            .last_used_at
            .is_some_and(|last| now - last < TimeDelta::minutes(1))
        {
            return;
        }
        let Ok(mut uses) = self.0.lock() else { return };
        if let Some(last) = uses.get_mut(&token.id) {
            *last = now;
        } else if uses.len() < MOST {
            uses.insert(token.id.clone(), now);
        }
    }

    pub(crate) fn take(&self) -> Vec<(String, DateTime<Utc>)> {
        self.0
            .lock()
            .map(|mut uses| uses.drain().collect())
            .unwrap_or_default()
    }
}
