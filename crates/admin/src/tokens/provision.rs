//! Makes a token for a program that asks for one every few hours (`POST /provisioning/token`, ADR 0043).
//!
//! Its text is an access token, which is signed and has no secret. For an API key it has a row among the directory's tokens, so that it is listed
//! and revoked as they are. For an OAuth client it has none: it ends with the client. Must not know: how it is signed.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::{Action, Chain, Target};
use domain::client::PROVISIONING_TOKEN_SECONDS;
use domain::credential::{CredentialStatus, SecretHash, Token, TokenId};
use domain::network::AllowedNetworks;
use domain::tenant::{Directory, Tenant};
use serde::Serialize;
use serde_json::json;

use super::issue::MOST;
use crate::once::Made;
use crate::view::Secret;
use crate::{Context, Error};

/// What stands in place of a hash: no secret fits it.
const NO_SECRET: &str = "access-token";

/// A token for a program, as it is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Provisioned {
    /// Its text; null in an answer that is repeated.
    pub token: Secret,
    /// Its id.
    pub token_id: TokenId,
    /// When it ends.
    pub expires_at: DateTime<Utc>,
    /// The Tenant URL that it opens.
    pub endpoint: String,
}

impl Made for Provisioned {
    type View = Self;

    fn view(&self, _: &Context) -> Self {
        self.clone()
    }
}

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

/// What is made, but for its text.
#[derive(Debug, Clone, Copy)]
pub struct Draft {
    /// Its id.
    pub id: TokenId,
    /// When it is made.
    pub at: DateTime<Utc>,
    /// Its life in seconds.
    pub seconds: u32,
}

impl Draft {
    /// Of a life that may be.
    ///
    /// # Errors
    /// [`Error::ProvisionLife`], [`Error::Random`].
    pub fn new(context: &Context, seconds: u32) -> Result<Self, Error> {
        lives(seconds)?;
        Ok(Self {
            id: auth::token::new_id()?,
            at: context.clock.now(),
            seconds,
        })
    }

    fn made(self, context: &Context, directory: &Directory, text: &str) -> Provisioned {
        Provisioned {
            token: Secret::of(text),
            token_id: self.id,
            expires_at: self.at + TimeDelta::seconds(self.seconds.into()),
            endpoint: context.tenant_url(&directory.profile),
        }
    }
}

/// Keeps a token that was signed for an API key, the actor of `context`: it has a row of its own from now on.
///
/// # Errors
/// [`Error::TooManyTokens`], [`Error::Repeated`], [`Error::Store`].
pub async fn for_key(
    context: &Context,
    tenant: &Tenant,
    directory: &Directory,
    draft: Draft,
    text: &str,
) -> Result<Provisioned, Error> {
    let scope = Context::scope(tenant.id);
    let others = context.store.tokens(scope, Some(directory.id)).await?;
    let usable = |token: &&Token| token.status(draft.at) == CredentialStatus::Active;
    if others.iter().filter(usable).count() >= MOST {
        return Err(Error::TooManyTokens {
            tenant: tenant.name.to_string(),
            profile: directory.profile.to_string(),
            most: MOST,
        });
    }
    let made = draft.made(context, directory, text);
    let token = Token {
        id: draft.id,
        tenant: tenant.id,
        directory: directory.id,
        label: Some(format!("made for {}", context.actor)),
        created_at: draft.at,
        expires_at: Some(made.expires_at),
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_four: String::new(),
        allowed_networks: AllowedNetworks::default(),
    };
    let entry =
        super::audit(context, Action::TokenProvision, &token).with("expiresAt", json!(token.expires_at));
    let hash = SecretHash {
        phc: NO_SECRET.to_owned(),
        version: 1,
    };
    let new = Arc::new((token, hash));
    context
        .create(&entry, &made, move |tx| {
            let new = Arc::clone(&new);
            Box::pin(async move { tx.insert_token(scope, &new.0, &new.1).await })
        })
        .await?;
    Ok(made)
}

/// Writes down a token that was signed for an OAuth client, the actor of `context`.
///
/// # Errors
/// [`Error::Repeated`], [`Error::Store`].
pub async fn for_client(
    context: &Context,
    directory: &Directory,
    draft: Draft,
    text: &str,
) -> Result<Provisioned, Error> {
    let made = draft.made(context, directory, text);
    let (chain, target) = (Chain::Tenant(directory.tenant), Target::Token(draft.id));
    let entry = context
        .audit(chain, Action::TokenProvision, target)
        .with("directory", directory.id.to_string())
        .with("expiresAt", made.expires_at.to_rfc3339());
    if context.once.is_none() {
        // It changes nothing but the log.
        context.store.note_audit(&entry).await?;
    } else {
        context
            .create(&entry, &made, |_| Box::pin(async { Ok(()) }))
            .await?;
    }
    Ok(made)
}
