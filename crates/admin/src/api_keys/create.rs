//! Creates an API key.

use std::sync::Arc;

use auth::CredentialKind;
use chrono::TimeDelta;
use domain::audit::Action;
use domain::network::AllowedNetworks;
use domain::role::{Grant, Granted, Role, Scope};

use super::{Draft, Issued, audit, prepare};
use crate::{Context, Error};

/// The usual lifetime.
pub const LIFE: TimeDelta = TimeDelta::days(90);
/// The longest lifetime.
pub const LONGEST: TimeDelta = TimeDelta::days(365);

/// What a new key is to be.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// A word to know it by.
    pub label: Option<String>,
    /// Its role; or else [`Self::rights`].
    pub role: Option<Role>,
    /// Single rights, or names that stand for several.
    pub rights: Vec<String>,
    /// The name of the tenant that it is limited to.
    pub tenant: Option<String>,
    /// The profile of the tenant's directory that it is limited to.
    pub profile: Option<String>,
    /// The name of the app that it is limited to.
    pub app: Option<String>,
    /// The networks that it may be used from; empty for any.
    pub networks: AllowedNetworks,
    /// How long it is valid.
    pub life: TimeDelta,
}

/// Creates a key. One that is made with another key gets no right that the other one lacks: `maker` is what that one may do, and
/// `None` on the command line.
///
/// # Errors
/// [`Error::ApiKeyLife`], [`Error::ApiKeyRights`], [`Error::RightUnknown`], [`Error::ApiKeyScope`], [`Error::ApiKeyScopes`],
/// [`Error::BeyondMaker`], [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::AppUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, new: NewKey, maker: Option<&Grant>) -> Result<Issued, Error> {
    lives(new.life)?;
    let grant = Grant {
        granted: granted(new.role, &new.rights)?,
        scope: scope(context, &new).await?,
    };
    if let (Granted::Role(role), Some(needed)) = (&grant.granted, grant.lacks()) {
        return Err(Error::ApiKeyScope {
            role: role.as_str(),
            needed,
        });
    }
    if maker.is_some_and(|maker| !maker.covers(&grant)) {
        return Err(Error::BeyondMaker);
    }
    let draft = Draft {
        label: new.label,
        grant,
        scope_name: new.tenant.or(new.app),
        networks: new.networks,
        life: new.life,
    };
    let (issued, hash) = prepare(context, draft).await?;
    let entry = audit(context, Action::ApiKeyCreate, &issued.key);
    let change = Arc::new((issued.key.clone(), hash.clone()));
    context
        .create(&entry, &issued, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move { tx.insert_api_key(&change.0, &change.1).await })
        })
        .await?;
    context
        .remember(CredentialKind::ApiKey, &issued.secret, &hash)
        .await;
    Ok(issued)
}

/// Refuses a lifetime below a minute or above [`LONGEST`].
pub(super) fn lives(life: TimeDelta) -> Result<(), Error> {
    if life > LONGEST || life < TimeDelta::minutes(1) {
        return Err(Error::ApiKeyLife(LONGEST));
    }
    Ok(())
}

fn granted(role: Option<Role>, rights: &[String]) -> Result<Granted, Error> {
    match (role, rights) {
        (Some(role), []) => Ok(Granted::Role(role)),
        (None, [_, ..]) => Granted::of_rights(rights.iter().map(String::as_str)).map_err(Error::RightUnknown),
        _ => Err(Error::ApiKeyRights),
    }
}

async fn scope(context: &Context, new: &NewKey) -> Result<Scope, Error> {
    match (&new.tenant, &new.profile, &new.app) {
        (None, None, None) => Ok(Scope::All),
        (Some(tenant), None, None) => Ok(Scope::Tenant(context.tenant(tenant).await?.id)),
        (Some(tenant), Some(profile), None) => {
            let tenant = context.tenant(tenant).await?;
            let directory = context.directory(&tenant, profile).await?;
            Ok(Scope::Directory(tenant.id, directory.profile))
        }
        (None, None, Some(app)) => Ok(Scope::App(context.app(app).await?.id)),
        _ => Err(Error::ApiKeyScopes),
    }
}
