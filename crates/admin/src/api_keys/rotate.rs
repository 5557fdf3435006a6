//! Replaces an API key by a new one that may do the same; the old one expires after an overlap.

use chrono::TimeDelta;
use domain::api_key::ApiKey;
use domain::credential::CredentialStatus;
use domain::role::Grant;

use super::{Draft, Issued, create, get, issue};
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
/// to `overlap` from now; an earlier end stays. `maker` as for [`create::execute`].
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
        expires_at: now + life,
    };
    // The new one first: if the next step fails, the automation still has a key that works.
    let issued = issue(context, same).await?;
    let end = now + overlap;
    if end < old.expires_at {
        context.store.limit_api_key(old.id, end).await?;
        old.expires_at = end;
    }
    Ok(Rotated { issued, old })
}
