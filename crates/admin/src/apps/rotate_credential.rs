//! Gives an app a new credential; the old ones expire after an overlap.

use auth::{CredentialKind, redis_password};
use chrono::TimeDelta;
use domain::credential::CredentialStatus;

use super::Issued;
use crate::tokens::rotate::LONGEST_OVERLAP;
use crate::{Context, Error};

/// Adds a credential to an app and limits its other usable ones to `overlap` from now; an earlier end stays.
///
/// # Errors
/// [`Error::Overlap`], [`Error::AppUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, name: &str, overlap: TimeDelta) -> Result<Issued, Error> {
    if overlap < TimeDelta::zero() || overlap > LONGEST_OVERLAP {
        return Err(Error::Overlap(LONGEST_OVERLAP));
    }
    let app = context.app(name).await?;
    let old = context.store.app_credentials(app.id).await?;
    let (credential, hash) = context.issue(CredentialKind::App).await?;
    let now = context.clock.now();
    // The new one first: if a later step fails, the app still has a credential that works.
    context
        .store
        .insert_app_credential(
            app.id,
            credential.id(),
            &hash,
            &redis_password::sha256(&credential),
            now,
        )
        .await?;
    context.remember(CredentialKind::App, &credential, &hash).await;
    for usable in old
        .iter()
        .filter(|credential| credential.status(now) == CredentialStatus::Active)
    {
        context
            .store
            .limit_app_credential(usable.id, now + overlap)
            .await?;
    }
    Ok(Issued {
        feed_url: context.feed_url(&app),
        app,
        credential,
    })
}
