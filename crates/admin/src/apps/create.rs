//! Creates an app.

use std::sync::Arc;

use auth::{CredentialKind, redis_password};
use domain::audit::{Action, Target};
use domain::id::AppId;
use domain::tenant::{App, Slug};
use store::StoreError;

use super::policy::{self, Words};
use super::{Issued, audit};
use crate::{Context, Error};

/// Creates an app with a release policy, which without words is every tenant and profile. Its feed begins with all events that the
/// outbox still holds of what it may see.
///
/// # Errors
/// [`Error::Name`], [`Error::AppExists`], [`Error::TenantUnknown`], [`Error::ProfileUnknown`], [`Error::ReleaseUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, name: &str, may_see: &Words) -> Result<Issued, Error> {
    let name: Slug = name.parse()?;
    let release = match policy::resolved(context, may_see).await? {
        None => None,
        Some(policy) => {
            let seen = policy::seen(context, &policy).await?;
            Some((policy, seen))
        }
    };
    let app = App {
        id: AppId::from_uuid(context.ids.next()),
        name,
        created_at: context.clock.now(),
    };
    let (credential, hash) = context.issue(CredentialKind::App).await?;
    let redis = redis_password::sha256(&credential);
    let entry = audit(context, Action::AppCreate, Target::App(app.id), &app)
        .with("credential", credential.id().as_str())
        .with("restricted", release.is_some());
    let new = Arc::new((app.clone(), credential.id(), hash.clone(), redis, release));
    let issued = Issued {
        feed_url: context.feed_url(&app),
        app,
        credential,
    };
    let created = context.create(&entry, &issued, move |tx| {
        let new = Arc::clone(&new);
        Box::pin(async move { tx.create_app(&new.0, new.1, &new.2, &new.3, new.4.as_ref()).await })
    });
    match created.await {
        Ok(()) => {
            context
                .remember(CredentialKind::App, &issued.credential, &hash)
                .await;
            Ok(issued)
        }
        Err(Error::Store(StoreError::Conflict(_))) => Err(Error::AppExists(issued.app.name.to_string())),
        Err(error) => Err(error),
    }
}
