//! `session`: people who logged in (ADR 0052). The cookie's hash is the key; what the person may do is not in it.
//!
//! Whether a session still lasts is decided by whoever reads it: a row that is over stays until it is pruned.

use std::fmt;

use chrono::{DateTime, Utc};

use super::names::{At, Before};
use crate::engine::parameter::{names, parameters};
use crate::engine::read::record;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;

const COLUMNS: &str = "hash, person, created_at, seen_at, ends_at, address, agent";

/// A session as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the cookie.
    pub hash: String,
    /// Whose it is, as the audit log names them.
    pub person: String,
    /// The login.
    pub created_at: DateTime<Utc>,
    /// The last request, to the minute.
    pub seen_at: DateTime<Utc>,
    /// The end at the latest.
    pub ends_at: DateTime<Utc>,
    /// The address that the login came from.
    pub address: String,
    /// The `User-Agent` of the login; empty without one.
    pub agent: String,
}

/// Without the hash.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("person", &self.person)
            .field("created_at", &self.created_at)
            .field("seen_at", &self.seen_at)
            .field("ends_at", &self.ends_at)
            .finish_non_exhaustive()
    }
}

record!(Session: hash person created_at seen_at ends_at address agent);

parameters!(&Session, |session| {
    hash: session.hash.as_str(),
    person: session.person.as_str(),
    created_at: session.created_at,
    seen_at: session.seen_at,
    ends_at: session.ends_at,
    address: session.address.as_str(),
    agent: session.agent.as_str(),
});

names! {
    Hash<'a>(&'a str) = hash;
    OfPerson<'a>(&'a str) = person;
}

pub(crate) static INSERT: Statement<&Session> = Statement::new(|_| {
    format!(
        "INSERT INTO session ({COLUMNS}) VALUES (:hash, :person, :created_at, :seen_at, :ends_at, :address, :agent)"
    )
});

pub(crate) static BY_HASH: Statement<Hash<'_>, Session> =
    Statement::new(|_| format!("SELECT {COLUMNS} FROM session WHERE hash = :hash"));

/// Never to an earlier time: of two requests the later one counts.
pub(crate) static NOTE_USE: Statement<(Hash<'_>, At)> =
    Statement::new(|_| "UPDATE session SET seen_at = :at WHERE hash = :hash AND seen_at < :at".into());

pub(crate) static END: Statement<Hash<'_>> =
    Statement::new(|_| "DELETE FROM session WHERE hash = :hash".into());

pub(crate) static END_ALL: Statement<OfPerson<'_>> =
    Statement::new(|_| "DELETE FROM session WHERE person = :person".into());

pub(crate) static PRUNE: Statement<Before> =
    Statement::new(|_| "DELETE FROM session WHERE ends_at >= 0 AND ends_at < :before".into());

impl Store {
    /// Adds a session.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`], [`crate::StoreError::Forbidden`] with another database role than the operators'.
    pub async fn begin_session(&self, session: &Session) -> Result<()> {
        self.change(&INSERT, session).await.map(|_| ())
    }

    /// The session of a cookie, also one that is over and not pruned yet.
    ///
    /// # Errors
    /// As [`Store::begin_session`].
    pub async fn session(&self, hash: &str) -> Result<Option<Session>> {
        self.autocommit().one(&BY_HASH, Hash(hash)).await
    }

    /// Writes when a session was used last.
    ///
    /// # Errors
    /// As [`Store::begin_session`].
    pub async fn note_session_use(&self, hash: &str, at: DateTime<Utc>) -> Result<()> {
        self.change(&NOTE_USE, (Hash(hash), At(at))).await.map(|_| ())
    }

    /// Ends a session; `false` when there is none such.
    ///
    /// # Errors
    /// As [`Store::begin_session`].
    pub async fn end_session(&self, hash: &str) -> Result<bool> {
        Ok(self.change(&END, Hash(hash)).await? > 0)
    }

    /// Ends all sessions of a person, and says how many there were.
    ///
    /// # Errors
    /// As [`Store::begin_session`].
    pub async fn end_sessions_of(&self, person: &str) -> Result<u64> {
        self.change(&END_ALL, OfPerson(person)).await
    }

    /// Deletes the sessions that ended before `now`.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn prune_sessions(&self, now: DateTime<Utc>) -> Result<u64> {
        self.change(&PRUNE, Before(now)).await
    }
}
