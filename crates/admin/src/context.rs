//! The dependencies of every operation, and the steps that most operations begin with.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use auth::alias::Aliases;
use auth::queue::Requester;
use auth::token::{self, CredentialKind, Issued};
use domain::actor::Actor;
use domain::audit::{Action, AuditEntry, Chain, Outcome, Target};
use domain::clock::{Clock, Ids};
use domain::credential::{Memory, SecretHash, Use};
use domain::environment::Environment;
use domain::feed::stream_key;
use domain::id::{RequestId, TenantId};
use domain::key_hosts::KeyHosts;
use domain::profile::{Profile, ProfileName, Profiles};
use domain::scope::TenantScope;
use domain::tenant::{App, Directory, Tenant};
use serde_json::Map;
use store::Store;

use crate::error::Error;
use crate::once::Once;

/// The dependencies of an operation; cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// The database, with the operator's role.
    pub store: Store,
    /// The source of the current time.
    pub clock: Arc<dyn Clock>,
    /// The source of new identifiers.
    pub ids: Arc<dyn Ids>,
    /// The environment of the deployment; part of every credential.
    pub environment: Environment,
    /// The profiles of the deployment, by name.
    pub profiles: Arc<Profiles>,
    /// The base URL for customers and apps, without a trailing slash: `https://usher.example`.
    pub public_url: String,
    /// The hosts that keys of other issuers may be read from.
    pub key_hosts: Arc<KeyHosts>,
    /// The pool that hashes secrets.
    pub hashing: Arc<auth::pool::Pool>,
    /// Who acts, for the audit log.
    pub actor: Actor,
    /// The address of the client, when the operation came over the network.
    pub address: Option<IpAddr>,
    /// The request or the command: the same for all it does.
    pub request: RequestId,
    /// The claim of a creation that is to be done once (ADR 0049).
    pub once: Option<Arc<Once>>,
}

impl Context {
    /// The Tenant URL of a directory; the token decides the tenant (README.md, "By hand").
    pub fn tenant_url(&self, profile: &ProfileName) -> String {
        format!("{}/{profile}/scim", self.public_url)
    }

    /// Where clients ask for access tokens.
    pub fn token_url(&self) -> String {
        format!("{}/oauth/token", self.public_url)
    }

    /// The URL of an app's feed over HTTP.
    pub fn feed_url(&self, app: &App) -> String {
        format!("{}/feeds/{}/events", self.public_url, app.name)
    }

    /// The key of an app's stream in Redis.
    pub fn stream(&self, app: &App) -> String {
        stream_key(self.environment, &app.name)
    }

    /// The row of the audit log for a change that this operation makes now.
    pub(crate) fn audit(&self, chain: Chain, action: Action, target: Target) -> AuditEntry {
        AuditEntry {
            chain,
            at: self.clock.now(),
            actor: self.actor.clone(),
            action,
            target,
            outcome: Outcome::Success,
            reason: None,
            ip: self.address,
            request: self.request,
            details: Map::new(),
        }
    }

    /// The scope of a tenant's data. Only the operators' use-cases reach this function.
    #[expect(
        clippy::disallowed_methods,
        reason = "the operator's use-cases may open every tenant (ADR 0002)"
    )]
    pub(crate) fn scope(tenant: TenantId) -> TenantScope {
        TenantScope::mint(tenant)
    }

    pub(crate) async fn tenant(&self, name: &str) -> Result<Tenant, Error> {
        let found = self.store.tenant_by_name(name).await?;
        found.ok_or_else(|| Error::TenantUnknown(name.to_owned()))
    }

    /// The names of all tenants.
    pub(crate) async fn tenant_names(&self) -> Result<HashMap<TenantId, String>, Error> {
        let tenants = self.store.tenants().await?.into_iter();
        Ok(tenants
            .map(|tenant| (tenant.id, tenant.name.to_string()))
            .collect())
    }

    pub(crate) fn profile(&self, name: &str) -> Result<&Profile, Error> {
        let found = self.profiles.get(name).map(AsRef::as_ref);
        found.ok_or_else(|| Error::ProfileUnknown {
            name: name.to_owned(),
            known: self.profiles.names().into_iter().map(str::to_owned).collect(),
        })
    }

    pub(crate) async fn directory(&self, tenant: &Tenant, profile: &str) -> Result<Directory, Error> {
        let found = self.store.directory(Self::scope(tenant.id), profile).await?;
        found.ok_or_else(|| Error::DirectoryUnknown {
            tenant: tenant.name.to_string(),
            profile: profile.to_owned(),
        })
    }

    pub(crate) async fn app(&self, name: &str) -> Result<App, Error> {
        let found = self.store.app_by_name(name).await?;
        found.ok_or_else(|| Error::AppUnknown(name.to_owned()))
    }

    /// The aliases that apps see instead of token ids.
    pub(crate) async fn aliases(&self) -> Result<Aliases, Error> {
        Ok(Aliases::new(&self.store.deployment_key(Aliases::KEY).await?))
    }

    /// Stores what rejects wrong secrets of a new credential without argon2 (ADR 0031). A failure is ignored:
    /// the credential works without it, and its first use stores the same.
    pub(crate) async fn remember(&self, kind: CredentialKind, issued: &Issued, hash: &SecretHash) {
        let new = Use {
            kind,
            id: issued.id(),
            last: None,
            new_values: Memory {
                check: Some(auth::hash::secret_check(issued.reveal(), hash.version)),
                networks: Vec::new(),
            },
        };
        let _ = self.store.remember_uses(&[new]).await;
    }

    /// A new credential and the hash to store.
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
