//! What a directory accepts beside its tokens, and how long its access tokens last (ADR 0043, ADR 0044).

use chrono::TimeDelta;
use domain::audit::{Action, AuditEntry};
use domain::client::{ACCESS_TOKEN_LIFE, DirectoryOauth, EntraTokens};
use domain::environment::Environment;
use domain::tenant::Directory;

use super::audit;
use crate::clients::create::{entra_tenant, keys_url};
use crate::{Context, Error};

/// The new values; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// How long access tokens last, an hour to six.
    pub token_life: Option<TimeDelta>,
    /// The Entra tenant whose own tokens are accepted; `Some(None)`: of none.
    pub entra: Option<Option<NewEntra>>,
}

/// The Entra tenant whose own tokens are to be accepted.
#[derive(Debug, Clone, Default)]
pub struct NewEntra {
    /// Its id, `tid`.
    pub entra_tenant: String,
    /// Where its keys are read; Entra's address without it.
    pub keys_url: Option<String>,
    /// Whether that is to hold in production, too.
    pub in_production: bool,
}

/// What a directory accepts.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn get(context: &Context, tenant: &str, profile: &str) -> Result<DirectoryOauth, Error> {
    let tenant = context.tenant(tenant).await?;
    let directory = context.directory(&tenant, profile).await?;
    let scope = Context::scope(tenant.id);
    Ok(context.store.directory_oauth(scope, directory.id).await?)
}

/// Changes what a directory accepts; effective at the next request, on every instance.
///
/// # Errors
/// [`Error::AccessLife`], [`Error::Federation`], [`Error::KeysHost`], [`Error::EntraTenantOther`], [`Error::EntraInProduction`],
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn change(
    context: &Context,
    tenant: &str,
    profile: &str,
    change: Change,
) -> Result<DirectoryOauth, Error> {
    let tenant = context.tenant(tenant).await?;
    let directory = context.directory(&tenant, profile).await?;
    let scope = Context::scope(tenant.id);
    let before = context.store.directory_oauth(scope, directory.id).await?;
    let mut after = before.clone();
    if let Some(life) = change.token_life {
        let seconds = i32::try_from(life.num_seconds()).ok();
        let seconds = seconds.filter(|seconds| ACCESS_TOKEN_LIFE.contains(seconds));
        after.access_token_seconds = seconds.ok_or(Error::AccessLife)?;
    }
    if let Some(entra) = change.entra {
        after.entra = match entra {
            None => None,
            Some(new) if context.environment == Environment::Production && !new.in_production => {
                return Err(Error::EntraInProduction);
            }
            Some(new) => {
                let entra_tenant = entra_tenant(&tenant, &new.entra_tenant)?;
                Some(EntraTokens {
                    keys_url: keys_url(context, new.keys_url, &entra_tenant)?,
                    entra_tenant,
                    in_production: new.in_production,
                })
            }
        };
    }
    if after == before {
        return Ok(after);
    }
    let (entry, id) = (entry(context, &directory, &before, &after), directory.id);
    let new = after.clone();
    context
        .store
        .audited(&entry, move |tx| {
            let new = new.clone();
            Box::pin(async move { tx.set_directory_oauth(scope, id, &new).await })
        })
        .await?;
    Ok(after)
}

fn entry(
    context: &Context,
    directory: &Directory,
    before: &DirectoryOauth,
    after: &DirectoryOauth,
) -> AuditEntry {
    let tenant = |oauth: &DirectoryOauth| oauth.entra.as_ref().map(|entra| entra.entra_tenant.clone());
    let in_production =
        |oauth: &DirectoryOauth| oauth.entra.as_ref().is_some_and(|entra| entra.in_production);
    audit(context, Action::DirectoryOauthSet, directory)
        .with("accessTokenSecondsBefore", before.access_token_seconds)
        .with("accessTokenSeconds", after.access_token_seconds)
        .with("entraTenantBefore", tenant(before))
        .with("entraTenant", tenant(after))
        .with("entraInProduction", in_production(after))
}
