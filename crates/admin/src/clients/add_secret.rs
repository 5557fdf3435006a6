//! Gives a client one more secret, so that the next one is in use before the old one ends.

use std::sync::Arc;

use auth::CredentialKind;
use chrono::TimeDelta;
use domain::audit::Action;
use domain::client::{MOST_SECRETS, is_full};
use domain::credential::TokenId;
use domain::scope::TenantScope;
use store::StoreError;

use super::{Issued, audit_secret, find, lives, new_secret};
use crate::{Context, Error};

/// Adds a secret; the others stay as they are.
///
/// # Errors
/// [`Error::SecretLife`], [`Error::TenantUnknown`], [`Error::ClientUnknown`], [`Error::ClientRevoked`], [`Error::ClientFederated`],
/// [`Error::TooManySecrets`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, id: &str, life: TimeDelta) -> Result<Issued, Error> {
    lives(life)?;
    let tenant = context.tenant(tenant).await?;
    let client = find(context, &tenant, id).await?;
    if client.revoked_at.is_some() {
        return Err(Error::ClientRevoked(client.id.to_string()));
    }
    if client.federation.is_some() {
        return Err(Error::ClientFederated(client.id.to_string()));
    }
    let scope = Context::scope(tenant.id);
    // Before a hash is made for nothing. The transaction counts again.
    room(context, scope, client.id).await?;
    let (issued, hash) = new_secret(context, &client, life).await?;
    let entry = audit_secret(context, Action::ClientSecretAdd, &client, issued.secret.id)
        .with("expiresAt", issued.secret.expires_at.to_rfc3339());
    let change = Arc::new((issued.secret.clone(), hash.clone()));
    let directories = context.store.directories(scope).await?;
    let own = directories
        .iter()
        .find(|directory| directory.id == client.directory);
    let tenant_url = own.map(|directory| context.tenant_url(&directory.profile));
    let made = Issued {
        client,
        secret: Some(issued.clone()),
        token_url: context.token_url(),
        tenant_url: tenant_url.unwrap_or_default(),
    };
    let added = context
        .create(&entry, &made, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move { tx.insert_client_secret(scope, &change.0, &change.1).await })
        })
        .await;
    if let Err(Error::Store(StoreError::Conflict(_))) = added {
        // Another request has added the last one there may be.
        room(context, scope, made.client.id).await?;
    }
    added?;
    context
        .remember(CredentialKind::ClientSecret, &issued.text, &hash)
        .await;
    Ok(made)
}

/// Refuses when the client has as many usable secrets as there may be.
async fn room(context: &Context, scope: TenantScope, client: TokenId) -> Result<(), Error> {
    let secrets = context.store.client_secrets(scope, client).await?;
    if is_full(&secrets, context.clock.now()) {
        return Err(Error::TooManySecrets {
            id: client.to_string(),
            most: MOST_SECRETS,
        });
    }
    Ok(())
}
