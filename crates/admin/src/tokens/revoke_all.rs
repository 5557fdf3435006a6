//! Revokes all tokens of a tenant at once: what to do when nobody knows which of them leaked.

use domain::audit::{Action, Chain, Target};
use domain::credential::{CredentialStatus, Token};

use store::StoreError;

use crate::{Context, Error};

/// How many credentials there were to revoke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// Tokens.
    pub tokens: u64,
    /// OAuth clients.
    pub clients: u64,
}

/// Revokes every token of a tenant, usable or not, in one transaction: all are refused from the next request on, on every instance.
/// Returns how many there were to revoke.
///
/// OAuth clients are revoked too, with their access tokens. `confirmed` is the tenant's name once more. Without it nothing is done.
///
/// # Errors
/// [`Error::ReasonMissing`], [`Error::Unconfirmed`] with the number of usable tokens, [`Error::TenantUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    reason: &str,
    confirmed: Option<&str>,
) -> Result<Revoked, Error> {
    if reason.trim().is_empty() {
        return Err(Error::ReasonMissing);
    }
    let tenant = context.tenant(tenant).await?;
    let (scope, now) = (Context::scope(tenant.id), context.clock.now());
    if confirmed != Some(tenant.name.as_str()) {
        let tokens = context.store.tokens(scope, None).await?;
        let usable = |token: &&Token| token.status(now) == CredentialStatus::Active;
        return Err(Error::Unconfirmed {
            tenant: tenant.name.to_string(),
            tokens: tokens.iter().filter(usable).count(),
        });
    }
    let entry = context
        .audit(
            Chain::Tenant(tenant.id),
            Action::TokenRevokeAll,
            Target::Tenant(tenant.id),
        )
        .because(Some(reason.trim()));
    let revoked = context.store.audited(&entry, move |tx| {
        Box::pin(async move {
            Ok::<_, StoreError>(Revoked {
                tokens: tx.revoke_tokens(scope, now).await?,
                clients: tx.revoke_clients(scope, now).await?,
            })
        })
    });
    Ok(revoked.await?)
}

/// What [`execute`] would revoke: what is not revoked, usable or not.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::Store`].
pub async fn count(context: &Context, tenant: &str) -> Result<Revoked, Error> {
    let scope = Context::scope(context.tenant(tenant).await?.id);
    let tokens = context.store.tokens(scope, None).await?;
    let clients = context.store.clients(scope, None).await?;
    Ok(Revoked {
        tokens: tokens.iter().filter(|token| token.revoked_at.is_none()).count() as u64,
        clients: clients
            .iter()
            .filter(|client| client.revoked_at.is_none())
            .count() as u64,
    })
}
