//! Lists tokens, without their secrets.

use domain::credential::{CredentialStatus, Token};
use domain::profile::ProfileName;
use domain::token_life::{Finding, findings};

use crate::{Context, Error};

/// A token, for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSummary {
    /// The token as stored, without its secret.
    pub token: Token,
    /// The alias that apps see instead of its id.
    pub alias: String,
    /// The profile of its directory.
    pub profile: ProfileName,
    /// Whether it is usable now, and if not, why.
    pub standing: CredentialStatus,
    /// What to look at about it.
    pub findings: Vec<Finding>,
}

/// The tokens of a tenant, or of one of its directories, usable or not, oldest first.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    profile: Option<&str>,
) -> Result<Vec<TokenSummary>, Error> {
    let tenant = context.tenant(tenant).await?;
    let directories = match profile {
        Some(profile) => vec![context.directory(&tenant, profile).await?],
        None => context.store.directories(Context::scope(tenant.id)).await?,
    };
    let now = context.clock.now();
    let aliases = context.aliases().await?;
    let mut found = Vec::new();
    for directory in directories {
        let tokens = context
            .store
            .tokens(Context::scope(tenant.id), Some(directory.id))
            .await?;
        found.extend(tokens.into_iter().map(|token| TokenSummary {
            standing: token.status(now),
            findings: findings(&token, now),
            alias: aliases.of(token.id),
            profile: directory.profile.clone(),
            token,
        }));
    }
    Ok(found)
}
