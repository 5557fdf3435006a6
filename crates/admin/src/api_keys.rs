//! API keys: what automation calls the admin API with (ADR 0045). Each has a role or single rights, a scope, and an end.

pub mod create;
pub mod get;
pub mod list;
pub mod revoke;
pub mod rotate;

use auth::CredentialKind;
use auth::token::Issued as Secret;
use chrono::TimeDelta;
use domain::api_key::ApiKey;
use domain::audit::{Action, AuditEntry, Chain, Target};
use domain::credential::SecretHash;
use domain::network::AllowedNetworks;
use domain::role::{Grant, Right};

use crate::{Context, Error};

/// A new API key. Its text is never available again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The key as stored, without its secret.
    pub key: ApiKey,
    /// The text to give to the automation, once.
    pub secret: Secret,
}

/// What a key is before it has a secret.
struct Draft {
    label: Option<String>,
    grant: Grant,
    scope_name: Option<String>,
    networks: AllowedNetworks,
    life: TimeDelta,
}

/// A key with its secret, and the hash to store; nothing is stored yet.
async fn prepare(context: &Context, draft: Draft) -> Result<(Issued, SecretHash), Error> {
    let (secret, hash) = context.issue(CredentialKind::ApiKey).await?;
    let now = context.clock.now();
    let key = ApiKey {
        id: secret.id(),
        label: draft.label,
        grant: draft.grant,
        scope_name: draft.scope_name,
        networks: draft.networks,
        created_at: now,
        expires_at: now + draft.life,
        revoked_at: None,
        last_used_at: None,
        last_four: secret.last_four().to_owned(),
    };
    Ok((Issued { key, secret }, hash))
}

/// The row of the audit log for a step of a key's life: in the chain of the tenant that it is limited to, or else of the platform.
/// Its label is an operator's text, and is not in it.
fn audit(context: &Context, action: Action, key: &ApiKey) -> AuditEntry {
    let tenant = key.grant.scope.tenant();
    let chain = tenant.map_or(Chain::Platform, Chain::Tenant);
    let rights: Vec<&str> = key
        .grant
        .granted
        .rights()
        .into_iter()
        .map(Right::as_str)
        .collect();
    let networks = key.networks.texts();
    context
        .audit(chain, action, Target::ApiKey(key.id))
        .with("rights", rights)
        .with("scope", key.scope_name.clone())
        .with("networks", networks)
        .with("expiresAt", key.expires_at.to_rfc3339())
}
