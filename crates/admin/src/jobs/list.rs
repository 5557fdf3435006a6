//! Lists background jobs.

use store::JobRow;

use crate::{Context, Error};

/// The most jobs of one list.
pub const MOST: usize = 1_000;

/// The first [`MOST`] jobs, by kind and key; or only those that have used all their attempts, oldest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn execute(context: &Context, failed_only: bool) -> Result<Vec<JobRow>, Error> {
    if failed_only {
        return Ok(context.store.failed_jobs(MOST).await?);
    }
    Ok(context.store.jobs(MOST).await?)
}
