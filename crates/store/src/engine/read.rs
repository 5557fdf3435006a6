//! Reading rows: columns from left to right, each as the type that it is kept for. A value of another form than this version
//! writes is [`StoreError::Corrupt`].

use chrono::{DateTime, Utc};
use domain::credential::TokenId;
use domain::environment::Environment;
use domain::feed::{Epoch, FeedState};
use domain::position::Position;
use domain::tenant::Slug;
use scim::etag::Revision;
use sea_orm::{QueryResult, TryGetable};
use uuid::Uuid;

use crate::error::{Result, StoreError};

/// A row, read in the order of its `SELECT`.
pub(crate) struct Columns<'r> {
    row: &'r QueryResult,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(crate) fn of(row: &'r QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// The next column, or the next ones that are one value.
    pub(crate) fn next<T: Read>(&mut self) -> Result<T> {
        T::read(self)
    }

    fn raw<T: TryGetable>(&mut self) -> Result<T> {
        let value = self.row.try_get_by_index(self.next).map_err(StoreError::of)?;
        self.next += 1;
        Ok(value)
    }
}

/// What is read off one or more columns, such as a whole row.
pub(crate) trait Read: Sized {
    /// Takes its columns.
    fn read(columns: &mut Columns<'_>) -> Result<Self>;
}

/// What is read off one column.
pub(crate) trait Column: Sized {
    /// As the driver gives it.
    type Raw: TryGetable;

    fn of(raw: Self::Raw) -> Result<Self>;
}

impl<T: Column> Read for T {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        columns.raw().and_then(T::of)
    }
}

/// A column that may be NULL.
impl<T: Column> Read for Option<T> {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        columns.raw::<Option<T::Raw>>()?.map(T::of).transpose()
    }
}

/// A row of which only its presence counts.
impl Read for () {
    fn read(_: &mut Columns<'_>) -> Result<Self> {
        Ok(())
    }
}

impl<A: Read, B: Read> Read for (A, B) {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        Ok((columns.next()?, columns.next()?))
    }
}

/// Two columns, its number and its mark.
impl Read for Epoch {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (number, mark) = columns.next()?;
        Ok(Self { number, mark })
    }
}

/// A record, whose fields are read in this order.
macro_rules! record {
    ($type:ident: $($field:ident)*) => {
        impl $crate::engine::read::Read for $type {
            fn read(
                columns: &mut $crate::engine::read::Columns<'_>,
            ) -> Result<Self, $crate::error::StoreError> {
                Ok(Self { $($field: columns.next()?),* })
            }
        }
    };
}
pub(crate) use record;

/// Types of one column: as the driver gives it, and how it is read.
macro_rules! columns {
    ($($type:ty = $raw:ty => $read:expr;)*) => {$(
        impl $crate::engine::read::Column for $type {
            type Raw = $raw;

            fn of(raw: $raw) -> Result<Self, $crate::error::StoreError> {
                let read: fn($raw) -> Result<Self, $crate::error::StoreError> = $read;
                read(raw)
            }
        }
    )*};
}
pub(crate) use columns;

columns! {
    bool = Self => Ok;
    i32 = Self => Ok;
    i64 = Self => Ok;
    String = Self => Ok;
    Uuid = Self => Ok;
    Slug = String => |name| known("the name of a tenant or an app", name.parse().ok());
    Environment = String => |name| known("the environment", name.parse().ok());
    FeedState = String => |state| known("the state of a feed", state.parse().ok());
    TokenId = String => |id| known("the id of a credential", id.parse().ok());
    // Separated by spaces.
    Vec<TokenId> = String => |text| {
        let ids: Result<Self, _> = text.split_ascii_whitespace().map(str::parse).collect();
        known("a list of credentials' ids", ids.ok())
    };
    Position = i64 => |number| in_range("a position", Self::new(number));
    Revision = i64 => |number| in_range("a revision", Self::new(number));
    // Milliseconds since 1970.
    DateTime<Utc> = i64 => |millis| in_range("a time", DateTime::from_timestamp_millis(millis));
}

fn in_range<T>(what: &str, read: Option<T>) -> Result<T> {
    read.ok_or_else(|| StoreError::Corrupt(format!("{what} is out of range").into()))
}

/// A word of a column that this version knows.
///
/// # Errors
/// [`StoreError::Corrupt`] when it does not.
pub(crate) fn known<T>(what: &str, read: Option<T>) -> Result<T> {
    read.ok_or_else(|| StoreError::Corrupt(format!("{what} has an unknown form").into()))
}
