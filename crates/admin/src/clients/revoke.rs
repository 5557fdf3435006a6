//! Revokes a client.

use domain::audit::Action;
use domain::client::Client;

use super::{audit, find};
use crate::{Context, Error};

/// Revokes a client with its secrets and all its access tokens: refused from the next request on, on every instance. A revocation is final; a
/// repeat changes nothing.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::ClientUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, id: &str) -> Result<Client, Error> {
    let tenant = context.tenant(tenant).await?;
    let mut client = find(context, &tenant, id).await?;
    if client.revoked_at.is_none() {
        let (scope, now, id) = (Context::scope(tenant.id), context.clock.now(), client.id);
        let entry = audit(context, Action::ClientRevoke, &client);
        context
            .store
            .audited(&entry, move |tx| {
                Box::pin(async move { tx.revoke_client(scope, id, now).await })
            })
            .await?;
        client.revoked_at = Some(now);
    }
    Ok(client)
}
