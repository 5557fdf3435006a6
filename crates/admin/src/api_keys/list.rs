//! Lists the API keys, without their secrets.

use domain::api_key::ApiKey;
use domain::credential::CredentialStatus;

use crate::{Context, Error};

/// All keys, usable or not, oldest first, each with its present status.
///
/// # Errors
/// [`Error::Store`].
pub async fn execute(context: &Context) -> Result<Vec<(ApiKey, CredentialStatus)>, Error> {
    let now = context.clock.now();
    let keys = context.store.api_keys().await?.into_iter();
    Ok(keys
        .map(|key| {
            let status = key.status(now);
            (key, status)
        })
        .collect())
}
