//! Replaces an API key by a new one that may do the same; the old one expires after an overlap.

use std::sync::Arc;

use auth::CredentialKind;
use chrono::TimeDelta;
use domain::api_key::ApiKey;
use domain::audit::Action;
use domain::credential::CredentialStatus;
use domain::role::Grant;

use super::{Draft, Issued, audit, create, get, prepare};
use crate::tokens::rotate::LONGEST_OVERLAP;
use crate::{Context, Error};

/// The result of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The new key with its text.
    pub issued: Issued,
    /// The old key with its end.
    pub old: ApiKey,
}

/// Makes a key with the label, the rights, the scope and the networks of another one, valid for `life`, and limits the other one
/// to `overlap` from now, in one transaction; an earlier end stays. `maker` as for [`create::execute`].
///
/// # Errors
/// [`Error::ApiKeyLife`], [`Error::Overlap`], [`Error::ApiKeyUnknown`], [`Error::ApiKeyEnded`], [`Error::BeyondMaker`],
/// [`Error::Store`].
pub async fn execute(
    context: &Context,
    id: &str,
    overlap: TimeDelta,
    life: TimeDelta,
    maker: Option<&Grant>,
) -> Result<Rotated, Error> {
    create::lives(life)?;
    if overlap < TimeDelta::zero() || overlap > LONGEST_OVERLAP {
        return Err(Error::Overlap(LONGEST_OVERLAP));
    }
    let mut old = get::execute(context, id).await?;
    let now = context.clock.now();
    if old.status(now) != CredentialStatus::Active {
        return Err(Error::ApiKeyEnded(old.id.to_string()));
    }
    if maker.is_some_and(|maker| !maker.covers(&old.grant)) {
        return Err(Error::BeyondMaker);
    }
    let same = Draft {
        label: old.label.clone(),
        grant: old.grant.clone(),
        scope_name: old.scope_name.clone(),
        networks: old.networks.clone(),
        life,
    };
    let (issued, hash) = prepare(context, same).await?;
    let end = old.expires_at.min(now + overlap);
    let entry = audit(context, Action::ApiKeyRotate, &issued.key)
        .with("ending", old.id.as_str())
        .with("endsAt", end.to_rfc3339());
    let change = Arc::new((issued.key.clone(), hash.clone(), old.id));
    old.expires_at = end;
    let rotated = Rotated { issued, old };
    context
        .create(&entry, &rotated, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                let (key, hash, old) = &*change;
                tx.insert_api_key(key, hash).await?;
                tx.limit_api_key(*old, end).await.map(|_| ())
            })
        })
        .await?;
    context
        .remember(CredentialKind::ApiKey, &rotated.issued.secret, &hash)
        .await;
    Ok(rotated)
}
