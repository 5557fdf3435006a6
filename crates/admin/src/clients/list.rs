//! Lists clients with their secrets' ids and ends, never the secrets.

use domain::client::{Client, ClientSecret};
use domain::credential::CredentialStatus;
use domain::profile::ProfileName;

use crate::{Context, Error};

/// A client, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSummary {
    /// The client as stored.
    pub client: Client,
    /// Its secrets, usable or not, oldest first, each with its status.
    pub secrets: Vec<(ClientSecret, CredentialStatus)>,
    /// The profile of its directory.
    pub profile: ProfileName,
}

/// The clients of a tenant, or of one of its directories, usable or not, oldest first.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    profile: Option<&str>,
) -> Result<Vec<ClientSummary>, Error> {
    let tenant = context.tenant(tenant).await?;
    let (scope, now) = (Context::scope(tenant.id), context.clock.now());
    let directories = match profile {
        Some(profile) => vec![context.directory(&tenant, profile).await?],
        None => context.store.directories(scope).await?,
    };
    let mut found = Vec::new();
    for directory in directories {
        for client in context.store.clients(scope, Some(directory.id)).await? {
            let secrets = context.store.client_secrets(scope, client.id).await?;
            found.push(ClientSummary {
                secrets: secrets
                    .into_iter()
                    .map(|secret| {
                        let status = secret.status(now);
                        (secret, status)
                    })
                    .collect(),
                profile: directory.profile.clone(),
                client,
            });
        }
    }
    Ok(found)
}
