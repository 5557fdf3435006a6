//! Issues a token for a directory.

use auth::CredentialKind;
use chrono::TimeDelta;
use domain::audit::Action;
use domain::credential::{CredentialStatus, SecretHash, Token};
use domain::network::AllowedNetworks;
use domain::tenant::{Directory, Tenant};
use serde_json::json;

use super::{Issued, audit};
use crate::{Context, Error};

/// The usual lifetime.
pub const LIFE: TimeDelta = TimeDelta::days(365);
/// The longest lifetime.
pub const LONGEST: TimeDelta = TimeDelta::days(730);
/// The most usable tokens of one directory: enough for any rotation, few enough to be checked by hand.
pub const MOST: usize = 20;

/// What a new token is to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NewToken {
    /// A word to know it by.
    pub label: Option<String>,
    /// How long it lives; `None`: until it is revoked, which RFC 7644 §7.4 advises against.
    pub life: Option<TimeDelta>,
    /// The networks that it may be used from.
    pub networks: AllowedNetworks,
}

/// Issues one more token of a directory; the others stay as they are.
///
/// # Errors
/// [`Error::Life`], [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::TooManyTokens`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, profile: &str, new: NewToken) -> Result<Issued, Error> {
    lives(new.life)?;
    let tenant = context.tenant(tenant).await?;
    let directory = context.directory(&tenant, profile).await?;
    let (issued, hash) = prepare(context, &tenant, &directory, new).await?;
    let entry = audit(context, Action::TokenIssue, &issued.token)
        .with("expiresAt", json!(issued.token.expires_at))
        .with("networks", issued.token.allowed_networks.to_string());
    let (scope, new) = (Context::scope(tenant.id), (issued.token.clone(), hash.clone()));
    context
        .create(&entry, &issued, move |tx| {
            let (token, hash) = new.clone();
            Box::pin(async move { tx.insert_token(scope, &token, &hash).await })
        })
        .await?;
    context
        .remember(CredentialKind::Token, &issued.secret, &hash)
        .await;
    Ok(issued)
}

/// Refuses a lifetime below a minute or above [`LONGEST`].
pub(crate) fn lives(life: Option<TimeDelta>) -> Result<(), Error> {
    if life.is_some_and(|life| life > LONGEST || life < TimeDelta::minutes(1)) {
        return Err(Error::Life(LONGEST));
    }
    Ok(())
}

/// A new token and the hash to store, which nothing knows of yet.
pub(crate) async fn prepare(
    context: &Context,
    tenant: &Tenant,
    directory: &Directory,
    new: NewToken,
) -> Result<(Issued, SecretHash), Error> {
    let (scope, now) = (Context::scope(tenant.id), context.clock.now());
    let others = context.store.tokens(scope, Some(directory.id)).await?;
    if others
        .iter()
        .filter(|token| token.status(now) == CredentialStatus::Active)
        .count()
        >= MOST
    {
        let (tenant, profile) = (tenant.name.to_string(), directory.profile.to_string());
        return Err(Error::TooManyTokens {
            tenant,
            profile,
            most: MOST,
        });
    }
    let (secret, hash) = context.issue(CredentialKind::Token).await?;
    let token = Token {
        id: secret.id(),
        tenant: tenant.id,
        directory: directory.id,
        label: new.label,
        created_at: now,
        expires_at: new.life.map(|life| now + life),
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_four: secret.last_four().to_owned(),
        allowed_networks: new.networks,
    };
    let issued = Issued {
        token,
        secret,
        tenant_url: context.tenant_url(&directory.profile),
    };
    Ok((issued, hash))
}
