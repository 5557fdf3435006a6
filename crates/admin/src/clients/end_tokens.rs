//! Ends the access tokens of a client, and lets it ask for new ones: for an access token that leaked, while its secret did not.

use domain::audit::Action;
use domain::client::Client;

use super::{audit, find};
use crate::{Context, Error};

/// Ends all access tokens that were made for a client until now, by its epoch: refused from the next request on, on every instance.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::ClientUnknown`], [`Error::ClientRevoked`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, id: &str) -> Result<Client, Error> {
    let tenant = context.tenant(tenant).await?;
    let mut client = find(context, &tenant, id).await?;
    let (scope, id) = (Context::scope(tenant.id), client.id);
    let entry = audit(context, Action::ClientEndTokens, &client);
    let ended = context.store.audited(&entry, move |tx| {
        Box::pin(async move { tx.end_client_tokens(scope, id).await })
    });
    if !ended.await? {
        return Err(Error::ClientRevoked(id.to_string()));
    }
    client.epoch += 1;
    Ok(client)
}
