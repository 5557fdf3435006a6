//! The keys that sign access tokens, as this process has them: read from the database every few seconds, made when there is none.

use std::time::Duration;

use actix_web::{HttpResponse, web};
use admin::oauth_keys::{Rotation, rotate};
use store::StoreError;

use super::Oauth;
use crate::state::State;

/// How old the keys in memory may be. So long another instance's token with a key that was taken away may still be accepted.
pub const KEYS_AGE: Duration = Duration::from_secs(5);
/// The same for a token whose key is not known: another instance may have just made it.
pub const UNKNOWN_KEY_AGE: Duration = Duration::from_secs(1);

impl Oauth {
    /// Reads the keys unless they were read within `age`. A request does not wait for another one's read, as long as there are keys.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read; the former ones stay in use.
    pub async fn refresh(&self, age: Duration) -> Result<(), StoreError> {
        let has_keys = !self.tokens.keys_are_missing();
        let mut read = match self.read.try_lock() {
            Ok(read) => read,
            Err(_) if has_keys && age == KEYS_AGE => return Ok(()),
            Err(_) => self.read.lock().await,
        };
        let now = self.clock.monotonic();
        if read.is_some_and(|at| now.saturating_sub(at) < age) && !self.tokens.keys_are_missing() {
            return Ok(());
        }
        let mut records = self.context.store.oauth_signing_keys().await?;
        if records.is_empty() {
            let made = rotate(&self.context, Rotation::InTurn).await;
            made.map_err(|error| match error {
                admin::Error::Store(error) => error,
                other => StoreError::Unavailable(other.to_string().into()),
            })?;
            records = self.context.store.oauth_signing_keys().await?;
        }
        if let Err(error) = self.tokens.use_keys(&records) {
            tracing::error!(%error, "access tokens are signed by the former keys");
        }
        *read = Some(now);
        Ok(())
    }
}

/// Answers `/oauth/jwks`.
pub(super) async fn answer(state: web::Data<State>) -> HttpResponse {
    if let Err(error) = state.oauth.refresh(KEYS_AGE).await {
        tracing::warn!(%error, "the signing keys could not be read: the former ones are published");
    }
    HttpResponse::Ok().json(auth::oauth_key::jwk_set(&state.oauth.tokens.keys()))
}
