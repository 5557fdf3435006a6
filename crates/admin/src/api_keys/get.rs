//! One API key.

use domain::api_key::ApiKey;

use crate::tokens::revoke::public_part;
use crate::{Context, Error};

/// The key of an id; a whole key pasted by mistake is cut to its id, and never repeated in a message.
///
/// # Errors
/// [`Error::ApiKeyUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, id: &str) -> Result<ApiKey, Error> {
    let id = public_part(id);
    let found = match id.parse() {
        Ok(id) => context.store.api_key(id).await?,
        Err(_) => None,
    };
    found
        .map(|record| record.key)
        .ok_or_else(|| Error::ApiKeyUnknown(id.to_owned()))
}
