//! Tries a failed job again.

use crate::{Context, Error};

/// Makes a job due at once that has used all its attempts; they are counted anew.
///
/// # Errors
/// [`Error::JobUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, kind: &str, key: &str) -> Result<(), Error> {
    if context.store.retry_job(kind, key).await? {
        return Ok(());
    }
    Err(Error::JobUnknown {
        kind: kind.to_owned(),
        key: key.to_owned(),
    })
}
