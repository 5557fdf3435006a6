//! Makes a token for a program that asks for one every few hours (`POST /provisioning/token`, ADR 0043).
//!
//! It has a row among the directory's tokens, so that it is listed and revoked as they are; its text is an access token, which is signed and
//! has no secret.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::audit::Action;
use domain::client::PROVISIONING_TOKEN_SECONDS;
use domain::credential::{CredentialStatus, SecretHash, Token, TokenId};
use domain::network::AllowedNetworks;
use domain::tenant::{Directory, Tenant};
use serde_json::json;

use super::audit;
use super::issue::MOST;
use crate::{Context, Error};

/// What stands in place of a hash: no secret fits it.
const NO_SECRET: &str = "access-token";

/// Refuses a life below a minute or above ten hours.
///
/// # Errors
/// [`Error::ProvisionLife`].
pub fn lives(seconds: u32) -> Result<(), Error> {
    if (60..=PROVISIONING_TOKEN_SECONDS).contains(&seconds) {
        Ok(())
    } else {
        Err(Error::ProvisionLife(PROVISIONING_TOKEN_SECONDS))
    }
}

/// A directory of a tenant, for what follows.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn directory(context: &Context, tenant: &str, profile: &str) -> Result<(Tenant, Directory), Error> {
    let tenant = context.tenant(tenant).await?;
    let directory = context.directory(&tenant, profile).await?;
    Ok((tenant, directory))
}

/// Adds the row of a token that lives for `seconds`; its text is made of it by whoever has the signing key. The actor of `context` is whom it
/// is made for.
///
/// # Errors
/// [`Error::ProvisionLife`], [`Error::TooManyTokens`], [`Error::Random`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &Tenant,
    directory: &Directory,
    seconds: u32,
) -> Result<Token, Error> {
    lives(seconds)?;
    let (scope, now) = (Context::scope(tenant.id), context.clock.now());
    let others = context.store.tokens(scope, Some(directory.id)).await?;
    let usable = |token: &&Token| token.status(now) == CredentialStatus::Active;
    if others.iter().filter(usable).count() >= MOST {
        return Err(Error::TooManyTokens {
            tenant: tenant.name.to_string(),
            profile: directory.profile.to_string(),
            most: MOST,
        });
    }
    let id: TokenId = auth::token::new_id()?;
    let token = Token {
        id,
        tenant: tenant.id,
        directory: directory.id,
        label: Some(format!("made for {}", context.actor)),
        created_at: now,
        expires_at: Some(now + TimeDelta::seconds(seconds.into())),
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_four: String::new(),
        allowed_networks: AllowedNetworks::default(),
    };
    let entry = audit(context, Action::TokenProvision, &token).with("expiresAt", json!(token.expires_at));
    let hash = SecretHash {
        phc: NO_SECRET.to_owned(),
        version: 1,
    };
    let new = Arc::new((token.clone(), hash));
    context
        .store
        .audited(&entry, move |tx| {
            let new = Arc::clone(&new);
            Box::pin(async move { tx.insert_token(scope, &new.0, &new.1).await })
        })
        .await?;
    Ok(token)
}
