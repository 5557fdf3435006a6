//! Revokes an API key.

use domain::api_key::ApiKey;
use domain::audit::Action;

use super::{audit, get};
use crate::{Context, Error};

/// Revokes an API key: refused from the next request on, on every instance. A revocation is final; a repeat changes nothing.
///
/// # Errors
/// [`Error::ApiKeyUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, id: &str) -> Result<ApiKey, Error> {
    let mut key = get::execute(context, id).await?;
    if key.revoked_at.is_none() {
        let now = context.clock.now();
        let (entry, id) = (audit(context, Action::ApiKeyRevoke, &key), key.id);
        context
            .store
            .audited(&entry, move |tx| {
                Box::pin(async move { tx.revoke_api_key(id, now).await })
            })
            .await?;
        key.revoked_at = Some(now);
    }
    Ok(key)
}
