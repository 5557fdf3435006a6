//! What the background jobs do with a renewal in the database: each step in a transaction of its own, which fails when another
//! process has changed the renewal meanwhile.

use std::sync::Arc;

use auth::token::Issued as Secret;
use domain::audit::Action;
use domain::continuity::{Continuity, Renewal, in_use};
use domain::credential::{Token, TokenId};
use domain::id::{DirectoryId, RenewalId, TenantId};
use domain::tenant::{Directory, Tenant};
use serde_json::json;
use store::{NewJob, Store, StoreError};

use crate::tokens::issue::{NewToken, prepare};
use crate::{Context, Error};

/// A renewal with what it is about, as read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The tenant.
    pub tenant: Tenant,
    /// The directory.
    pub directory: Directory,
    /// What is set for it; `None` since the consent was ended.
    pub continuity: Option<Continuity>,
    /// The renewal.
    pub renewal: Renewal,
}

/// Reads a renewal; `None` when there is none such.
///
/// # Errors
/// [`Error::Store`].
pub async fn open(
    context: &Context,
    tenant: TenantId,
    directory: DirectoryId,
    id: RenewalId,
) -> Result<Option<Opened>, Error> {
    let scope = Context::scope(tenant);
    let Some((tenant, directory)) = named(context, tenant, directory).await? else {
        return Ok(None);
    };
    let Some(renewal) = context.store.renewal(scope, directory.id, id).await? else {
        return Ok(None);
    };
    Ok(Some(Opened {
        continuity: context.store.continuity(scope, directory.id).await?,
        tenant,
        directory,
        renewal,
    }))
}

/// The tokens of a renewal's directory.
///
/// # Errors
/// [`Error::Store`].
pub async fn tokens(
    context: &Context,
    tenant: TenantId,
    directory: DirectoryId,
) -> Result<Vec<Token>, Error> {
    let scope = Context::scope(tenant);
    Ok(context.store.tokens(scope, Some(directory)).await?)
}

/// Begins a renewal by itself; nothing when one is under way, or the consent was ended.
///
/// # Errors
/// As [`super::start::execute`].
pub async fn plan(context: &Context, tenant: &Tenant, directory: &Directory) -> Result<(), Error> {
    let started = super::start::execute(context, tenant.name.as_str(), directory.profile.as_str()).await;
    match started {
        Ok(_) | Err(Error::RenewalUnended { .. } | Error::ContinuityOff { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The tenant and the directory with these ids.
///
/// # Errors
/// [`Error::Store`].
pub async fn named(
    context: &Context,
    tenant: TenantId,
    directory: DirectoryId,
) -> Result<Option<(Tenant, Directory)>, Error> {
    let found = context.store.tenant_from(tenant.uuid()).await?;
    let directories = context.store.directories(Context::scope(tenant)).await?;
    let directory = directories.into_iter().find(|one| one.id == directory);
    Ok(found.filter(|found| found.id == tenant).zip(directory))
}

/// Notes how far a renewal is, and adds the jobs that tell of it. `server` is the database with the server's role, which has the jobs.
/// Returns the renewal as it stands then.
///
/// # Errors
/// [`Error::Store`].
pub async fn note(server: &Store, renewal: Renewal, tell: &[NewJob]) -> Result<Renewal, Error> {
    server
        .note_renewal(Context::scope(renewal.tenant), &renewal, tell)
        .await?;
    Ok(advanced(renewal))
}

/// As the database has it after a change.
fn advanced(renewal: Renewal) -> Renewal {
    Renewal {
        version: renewal.version + 1,
        ..renewal
    }
}

/// Issues the new token of a renewal that has none, and returns its text: the only place where it is. It may be used from where the
/// token in use may be.
///
/// # Errors
/// [`Error::TooManyTokens`], [`Error::Busy`], [`Error::Store`].
pub async fn issue(
    context: &Context,
    opened: &Opened,
    life: chrono::TimeDelta,
) -> Result<(Renewal, Secret), Error> {
    let Opened {
        tenant,
        directory,
        renewal,
        ..
    } = opened;
    let scope = Context::scope(tenant.id);
    let tokens = context.store.tokens(scope, Some(directory.id)).await?;
    let now = context.clock.now();
    let old =
        in_use(&tokens, now).or_else(|| tokens.iter().find(|token| renewal.retiring.contains(&token.id)));
    let new = NewToken {
        label: None,
        life: Some(life),
        networks: old
            .map(|token| token.allowed_networks.clone())
            .unwrap_or_default(),
    };
    let (issued, hash) = prepare(context, tenant, directory, new).await?;
    let entry = crate::tokens::audit(context, Action::TokenIssue, &issued.token)
        .with("expiresAt", json!(issued.token.expires_at))
        .with("networks", issued.token.allowed_networks.to_string())
        .with("renewal", renewal.id.to_string());
    let next = renewal.issued(issued.token.id, now);
    let change = Arc::new((issued.token.clone(), hash.clone(), next.clone()));
    context
        .store
        .audited(&entry, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                let (token, hash, renewal) = &*change;
                tx.insert_token(scope, token, hash).await?;
                tx.save_renewal(scope, renewal).await
            })
        })
        .await?;
    context
        .remember(auth::CredentialKind::Token, &issued.secret, &hash)
        .await;
    Ok((advanced(next), issued.secret))
}

/// Notes that Entra has the new token.
///
/// # Errors
/// [`Error::Store`].
pub async fn written(context: &Context, opened: &Opened, to: &Continuity) -> Result<Renewal, Error> {
    let renewal = &opened.renewal;
    let next = renewal.written(context.clock.now());
    let entry = super::audit(context, Action::ContinuityWrite, &opened.directory)
        .with("renewal", renewal.id.to_string())
        .with("token", renewal.new_token.map(|token| token.to_string()))
        .with("entraTenant", to.entra_tenant.to_string())
        .with("servicePrincipal", to.service_principal.to_string());
    let (scope, change) = (Context::scope(renewal.tenant), Arc::new(next.clone()));
    context
        .store
        .audited(&entry, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move { tx.save_renewal(scope, &change).await })
        })
        .await?;
    Ok(advanced(next))
}

/// Drops the new token of a renewal: revokes it if Entra cannot have it, and lets it end with the old ones otherwise.
///
/// # Errors
/// [`Error::Store`].
pub async fn drop_new_token(context: &Context, server: &Store, renewal: &Renewal) -> Result<Renewal, Error> {
    match renewal.without_new_token() {
        (next, Some(orphan)) => revoke(context, &next, orphan, "its secret never reached Entra").await,
        (next, None) if next == *renewal => Ok(next),
        (next, None) => note(server, next, &[]).await,
    }
}

/// Ends the old tokens of a renewal, each once, and then the renewal.
///
/// # Errors
/// [`Error::Store`].
pub async fn retire(
    context: &Context,
    server: &Store,
    renewal: &Renewal,
    tokens: &[TokenId],
) -> Result<Renewal, Error> {
    let mut renewal = renewal.clone();
    for (index, token) in tokens.iter().enumerate() {
        let is_last = index + 1 == tokens.len();
        if is_last {
            renewal = renewal.retired(context.clock.now());
        }
        renewal = revoke(context, &renewal, *token, "another token is in use instead").await?;
    }
    if tokens.is_empty() {
        renewal = note(server, renewal.retired(context.clock.now()), &[]).await?;
    }
    Ok(renewal)
}

/// Revokes a token and saves the renewal, in one transaction.
async fn revoke(context: &Context, next: &Renewal, id: TokenId, why: &str) -> Result<Renewal, Error> {
    let (scope, now) = (Context::scope(next.tenant), context.clock.now());
    let (chain, target) = (
        domain::audit::Chain::Tenant(next.tenant),
        domain::audit::Target::Token(id),
    );
    let entry = context
        .audit(chain, Action::TokenRevoke, target)
        .with("directory", next.directory.to_string())
        .with("renewal", next.id.to_string())
        .because(Some(why));
    let change = Arc::new(next.clone());
    context
        .store
        .audited(&entry, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                tx.revoke_token(scope, id, now).await?;
                tx.save_renewal(scope, &change).await?;
                Ok::<_, StoreError>(())
            })
        })
        .await?;
    Ok(advanced(next.clone()))
}
