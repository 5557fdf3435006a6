//! Revokes an API key.

use domain::api_key::ApiKey;

use super::get;
use crate::{Context, Error};

/// Revokes an API key: refused from the next request on, on every instance. A revocation is final; a repeat changes nothing.
///
/// # Errors
/// [`Error::ApiKeyUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, id: &str) -> Result<ApiKey, Error> {
    let mut key = get::execute(context, id).await?;
    if key.revoked_at.is_none() {
        let now = context.clock.now();
        context.store.revoke_api_key(key.id, now).await?;
        key.revoked_at = Some(now);
    }
    Ok(key)
}
