//! `lease`: which process does a job that only one may do at a time, by the database's clock.
//!
//! A lease that ends later than one taken now would was made before that clock was set back. It counts as free: otherwise
//! the job of a process that has ended would wait for as long as the clock was set back.

use std::time::Duration;

use super::names::{Millis, Name, Owner};
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::settings::Backend;
use crate::store::Store;

/// A lease, and the process that has it or wants it.
pub(crate) type Lease<'a> = (Name<'a>, Owner<'a>);

/// Milliseconds since 1970, by the database's clock.
pub(crate) fn now(on: Backend) -> &'static str {
    on.either(
        "(extract(epoch FROM clock_timestamp()) * 1000)::bigint",
        "CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)",
    )
}

/// Taken or renewed when a row changes.
pub(crate) static TAKE: Statement<(Lease<'_>, Millis)> = Statement::new(|on| {
    let now = now(on);
    format!(
        "INSERT INTO lease (name, owner, expires_at) VALUES (:name, :owner, {now} + :millis) \
         ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at \
         WHERE lease.owner = excluded.owner OR lease.expires_at <= {now} OR lease.expires_at > {now} + :millis"
    )
});

pub(crate) static RELEASE: Statement<Lease<'_>> =
    Statement::new(|_| "DELETE FROM lease WHERE name = :name AND owner = :owner".into());

impl Store {
    /// Takes or renews a lease, by the database's clock. `false`: another owner holds it.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn lease(&self, name: &str, owner: &str, ttl: Duration) -> Result<bool> {
        let millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        let parameters = ((Name(name), Owner(owner)), Millis(millis));
        Ok(self.change(&TAKE, parameters).await? > 0)
    }

    /// Gives a lease back, if it is this owner's.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn release_lease(&self, name: &str, owner: &str) -> Result<()> {
        self.change(&RELEASE, (Name(name), Owner(owner)))
            .await
            .map(|_| ())
    }
}
