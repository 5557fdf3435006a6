//! Revokes a secret of a client.

use domain::audit::Action;
use domain::client::ClientSecret;

use super::{audit_secret, find};
use crate::tokens::revoke::public_part;
use crate::{Context, Error};

/// Revokes a secret, and with it the access tokens that were made with it; those that were made with another secret go on, so that a rotation
/// refuses nothing. A repeat changes nothing. A whole secret pasted by mistake is cut to its id, and never repeated in a message.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::ClientUnknown`], [`Error::SecretUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    client: &str,
    secret: &str,
) -> Result<ClientSecret, Error> {
    let tenant = context.tenant(tenant).await?;
    let client = find(context, &tenant, client).await?;
    let scope = Context::scope(tenant.id);
    let wanted = public_part(secret);
    let secrets = context.store.client_secrets(scope, client.id).await?;
    let found = secrets.into_iter().find(|secret| secret.id.as_str() == wanted);
    let mut found = found.ok_or_else(|| Error::SecretUnknown {
        client: client.id.to_string(),
        id: wanted.to_owned(),
    })?;
    if found.revoked_at.is_none() {
        let (now, of, id) = (context.clock.now(), client.id, found.id);
        let entry = audit_secret(context, Action::ClientSecretRevoke, &client, id);
        context
            .store
            .audited(&entry, move |tx| {
                Box::pin(async move { tx.revoke_client_secret(scope, of, id, now).await })
            })
            .await?;
        found.revoked_at = Some(now);
    }
    Ok(found)
}
