//! The keys that sign access tokens (ADR 0043). A new one is published before it signs, and an old one stays until its last token has ended.

use auth::oauth_key::generate;
use domain::audit::{Action, Chain, Target};
use domain::client::{OauthKey, PUBLISHED_BEFORE, ended, is_rotation_due};
use store::StoreError;

use crate::{Context, Error};

/// How a key is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The new key signs in ten minutes; nobody notices.
    InTurn,
    /// The new key signs at once, and the old ones are gone: every access token is refused from now on. For keys that leaked.
    AtOnce,
}

/// The keys without their private parts, oldest first.
///
/// # Errors
/// [`Error::Store`].
pub async fn list(context: &Context) -> Result<Vec<OauthKey>, Error> {
    Ok(context.store.oauth_keys().await?)
}

/// Makes the next key.
///
/// # Errors
/// [`Error::Random`], [`Error::Store`].
pub async fn rotate(context: &Context, rotation: Rotation) -> Result<OauthKey, Error> {
    let keys = list(context).await?;
    let now = context.clock.now();
    let (signs_from, remove) = match rotation {
        // The first one has nobody to wait for.
        Rotation::InTurn if keys.is_empty() => (now, Vec::new()),
        Rotation::InTurn => (now + PUBLISHED_BEFORE, Vec::new()),
        Rotation::AtOnce => (now, keys.into_iter().map(|key| key.id).collect()),
    };
    let new = generate(now, signs_from)?;
    let entry = context
        .audit(Chain::Platform, Action::OauthKeyRotate, Target::OauthKeys)
        .with("key", new.key.id.as_str())
        .with("signsFrom", signs_from.to_rfc3339())
        .with("removed", remove.clone());
    let key = new.key.clone();
    context
        .store
        .audited(&entry, move |tx| {
            let (new, remove) = (new.clone(), remove.clone());
            Box::pin(async move {
                tx.change_oauth_keys(Some(&new), &remove).await?;
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    Ok(key)
}

/// Makes the next key when the newest has signed for 90 days, and deletes those whose last token has ended.
///
/// # Errors
/// As [`rotate`].
pub async fn keep(context: &Context) -> Result<(), Error> {
    let keys = list(context).await?;
    let now = context.clock.now();
    if is_rotation_due(&keys, now) {
        rotate(context, Rotation::InTurn).await?;
    }
    let gone: Vec<String> = ended(&keys, now).into_iter().map(|key| key.id.clone()).collect();
    if !gone.is_empty() {
        let entry = context
            .audit(Chain::Platform, Action::OauthKeyRotate, Target::OauthKeys)
            .with("removed", gone.clone());
        context
            .store
            .audited(&entry, move |tx| {
                let gone = gone.clone();
                Box::pin(async move { tx.change_oauth_keys(None, &gone).await })
            })
            .await?;
    }
    Ok(())
}
