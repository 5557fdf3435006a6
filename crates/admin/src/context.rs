//! What every operation is given, and the few steps that most begin with.

use std::sync::Arc;

use auth::alias::Aliases;
use auth::queue::Requester;
use auth::token::{self, CredentialKind, Issued};
use domain::clock::{Clock, Ids};
use domain::credential::{Memory, SecretHash, Use};
use domain::environment::Environment;
use domain::id::TenantId;
use domain::profile::Profiles;
use domain::scope::TenantScope;
use domain::tenant::{App, Directory, Tenant};
use store::Store;

use crate::error::Error;

/// The things an operation works with; cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Identifiers.
    pub ids: Arc<dyn Ids>,
    /// The deployment's environment: part of every credential.
    pub environment: Environment,
    /// The deployment's profiles.
    pub profiles: Arc<Profiles>,
    /// The address customers and apps use, without a trailing slash: `https://usher.example`.
    pub public_url: String,
    /// Where secrets are hashed.
    pub hashing: Arc<auth::pool::Pool>,
}

impl Context {
    /// The Tenant URL of a directory; its tokens tell the tenant (README.md, "By hand").
    pub fn tenant_url(&self, profile: &str) -> String {
        format!("{}/{profile}/scim", self.public_url)
    }

    /// Where an app reads its feed over HTTP.
    pub fn feed_url(&self, app: &App) -> String {
        format!("{}/feeds/{}/events", self.public_url, app.name)
    }

    /// The key to a tenant's data. Only operators' use-cases get here.
    #[expect(
        clippy::disallowed_methods,
        reason = "the operator's use-cases may open every tenant (ADR 0002)"
    )]
    pub(crate) fn scope(&self, tenant: TenantId) -> TenantScope {
        TenantScope::mint(tenant)
    }

    pub(crate) async fn tenant(&self, name: &str) -> Result<Tenant, Error> {
        let found = self.store.tenant_by_name(name).await?;
        found.ok_or_else(|| Error::TenantUnknown(name.to_owned()))
    }

    pub(crate) async fn directory(&self, tenant: &Tenant, profile: &str) -> Result<Directory, Error> {
        let found = self.store.directory(self.scope(tenant.id), profile).await?;
        found.ok_or_else(|| Error::DirectoryUnknown {
            tenant: tenant.name.to_string(),
            profile: profile.to_owned(),
        })
    }

    pub(crate) async fn app(&self, name: &str) -> Result<App, Error> {
        let found = self.store.app_by_name(name).await?;
        found.ok_or_else(|| Error::AppUnknown(name.to_owned()))
    }

    /// What apps are told instead of tokens' ids.
    pub(crate) async fn aliases(&self) -> Result<Aliases, Error> {
        Ok(Aliases::new(&self.store.deployment_key(Aliases::KEY).await?))
    }

    /// Keeps what tells wrong secrets of a new credential without argon2 (ADR 0031). If that fails, the credential works as
    /// well, and is remembered after its first use: no reason not to show it.
    pub(crate) async fn remember(&self, kind: CredentialKind, issued: &Issued, hash: &SecretHash) {
        let new = Use {
            kind,
            id: issued.id().to_owned(),
            at: None,
            learned: Memory {
                check: Some(auth::hash::secret_check(issued.reveal(), hash.version)),
                networks: Vec::new(),
            },
        };
        let _ = self.store.remember_uses(&[new]).await;
    }

    /// A new credential and the hash to keep of it.
    pub(crate) async fn issue(&self, kind: CredentialKind) -> Result<(Issued, SecretHash), Error> {
        let issued = token::issue(kind, self.environment, &auth::random::system()?);
        let secret = issued.clone();
        let phc = self
            .hashing
            .run(Requester::LOCAL, move || auth::hash::hash(&secret))
            .await
            .map_err(|_| Error::Busy)??;
        Ok((issued, SecretHash { phc, version: 1 }))
    }
}
