//! API keys: what automation calls the admin API with (ADR 0045). Each has a role or single rights, a scope, and an end.

pub mod create;
pub mod get;
pub mod list;
pub mod revoke;
pub mod rotate;

use auth::CredentialKind;
use auth::token::Issued as Secret;
use chrono::{DateTime, Utc};
use domain::api_key::ApiKey;
use domain::role::Grant;
use ipnet::IpNet;

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
    networks: Vec<IpNet>,
    expires_at: DateTime<Utc>,
}

async fn issue(context: &Context, draft: Draft) -> Result<Issued, Error> {
    let (secret, hash) = context.issue(CredentialKind::ApiKey).await?;
    let key = ApiKey {
        id: secret.id(),
        label: draft.label,
        grant: draft.grant,
        scope_name: draft.scope_name,
        networks: draft.networks,
        created_at: context.clock.now(),
        expires_at: draft.expires_at,
        revoked_at: None,
        last_used_at: None,
        last_four: secret.last_four().to_owned(),
    };
    context.store.insert_api_key(&key, &hash).await?;
    context.remember(CredentialKind::ApiKey, &secret, &hash).await;
    Ok(Issued { key, secret })
}
