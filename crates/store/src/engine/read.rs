//! Reading columns: times, ids, names; what has another form than this version writes is [`StoreError::Corrupt`].

use chrono::{DateTime, Utc};
use domain::credential::TokenId;
use domain::position::Position;
use scim::etag::Revision;
use sea_orm::{QueryResult, TryGetable};

use crate::error::StoreError;

/// A row, read from left to right in the order of its `SELECT`.
pub(crate) struct Columns<'r> {
    row: &'r QueryResult,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(crate) fn next<T: TryGetable>(&mut self) -> Result<T, StoreError> {
        let value = self.row.try_get_by_index(self.next).map_err(StoreError::of)?;
        self.next += 1;
        Ok(value)
    }

    /// The next column, as a time.
    pub(crate) fn time(&mut self) -> Result<DateTime<Utc>, StoreError> {
        let millis: i64 = self.next()?;
        DateTime::from_timestamp_millis(millis)
            .ok_or_else(|| StoreError::Corrupt("a time is out of range".into()))
    }

    /// The next column, as a time that may be absent.
    pub(crate) fn time_or_none(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let millis: Option<i64> = self.next()?;
        Ok(millis.and_then(DateTime::from_timestamp_millis))
    }

    /// The next column, as a number with a range of its own.
    pub(crate) fn number<T>(
        &mut self,
        what: &'static str,
        new: fn(i64) -> Option<T>,
    ) -> Result<T, StoreError> {
        new(self.next()?).ok_or_else(|| StoreError::Corrupt(format!("{what} is out of range").into()))
    }

    /// The next column, as a revision.
    pub(crate) fn revision(&mut self) -> Result<Revision, StoreError> {
        self.number("a revision", Revision::new)
    }

    /// The next column, as a position.
    pub(crate) fn position(&mut self) -> Result<Position, StoreError> {
        self.number("a position", Position::new)
    }

    /// The next column, as the id of a token or an app's credential.
    pub(crate) fn token_id(&mut self) -> Result<TokenId, StoreError> {
        self.parsed("the id of a credential", |id| id.parse().ok())
    }

    /// The next column, as a word or name with a form of its own.
    pub(crate) fn parsed<T>(
        &mut self,
        what: &'static str,
        parse: fn(&str) -> Option<T>,
    ) -> Result<T, StoreError> {
        let text: String = self.next()?;
        parse(&text).ok_or_else(|| StoreError::Corrupt(format!("{what} has an unknown form").into()))
    }
}
