//! Gives an app a new credential; the old ones expire after an overlap.

use std::sync::Arc;

use auth::{CredentialKind, redis_password};
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{Action, Target};
use domain::credential::{CredentialStatus, TokenId};
use serde_json::json;

use super::{Issued, audit};
use crate::tokens::rotate::{LONGEST_OVERLAP, names};
use crate::{Context, Error};

/// Adds a credential to an app and limits its other usable ones to `overlap` from now, in one transaction; an earlier end
/// stays.
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
    let usable = old
        .iter()
        .filter(|credential| credential.status(now) == CredentialStatus::Active);
    let limited: Vec<(TokenId, DateTime<Utc>)> = usable.map(|old| (old.id, now + overlap)).collect();
    let target = Target::AppCredential(credential.id());
    let entry = audit(context, Action::AppCredentialRotate, target, &app)
        .with("ending", names(&limited))
        .with("endsAt", json!(now + overlap));
    let (app_id, id) = (app.id, credential.id());
    let change = Arc::new((hash.clone(), redis_password::sha256(&credential), limited));
    let issued = Issued {
        feed_url: context.feed_url(&app),
        app,
        credential,
    };
    context
        .create(&entry, &issued, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                let (hash, redis, limited) = &*change;
                tx.insert_app_credential(app_id, id, hash, redis, now).await?;
                for (old, end) in limited {
                    tx.limit_app_credential(*old, *end).await?;
                }
                Ok(())
            })
        })
        .await?;
    context
        .remember(CredentialKind::App, &issued.credential, &hash)
        .await;
    Ok(issued)
}
