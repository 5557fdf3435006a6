//! OAuth clients of directories: what asks `/oauth/token` for access tokens, with a secret or with an identity of Entra's (ADR 0043).

pub mod add_secret;
pub mod create;
pub mod end_tokens;
pub mod list;
pub mod revoke;
pub mod revoke_secret;

use auth::CredentialKind;
use auth::token::Issued as Secret;
use chrono::TimeDelta;
use domain::audit::{Action, AuditEntry, Chain, Target};
use domain::client::{Client, ClientSecret};
use domain::credential::{SecretHash, TokenId};
use domain::tenant::Tenant;

use crate::tokens::revoke::public_part;
use crate::{Context, Error};

/// The usual life of a secret.
pub const LIFE: TimeDelta = TimeDelta::days(365);
/// The longest life of a secret: what Entra's gallery allows.
pub const LONGEST: TimeDelta = TimeDelta::days(1_095);

/// A new secret. Its text is never available again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedSecret {
    /// The secret as stored.
    pub secret: ClientSecret,
    /// The text to give to the customer, once.
    pub text: Secret,
}

/// A new client, or a client's new secret, with what the customer types beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The client as stored.
    pub client: Client,
    /// Its new secret; none with a federated identity.
    pub secret: Option<IssuedSecret>,
    /// Where it asks for access tokens.
    pub token_url: String,
    /// The Tenant URL of its directory.
    pub tenant_url: String,
}

/// Refuses a life below a minute or above [`LONGEST`].
fn lives(life: TimeDelta) -> Result<(), Error> {
    if life > LONGEST || life < TimeDelta::minutes(1) {
        return Err(Error::SecretLife(LONGEST));
    }
    Ok(())
}

/// A secret for a client, and the hash to store, which nothing knows of yet.
async fn new_secret(
    context: &Context,
    client: &Client,
    life: TimeDelta,
) -> Result<(IssuedSecret, SecretHash), Error> {
    let (text, hash) = context.issue(CredentialKind::ClientSecret).await?;
    let now = context.clock.now();
    let secret = ClientSecret {
        id: text.id(),
        tenant: client.tenant,
        client: client.id,
        last_four: text.last_four().to_owned(),
        created_at: now,
        expires_at: now + life,
        revoked_at: None,
        last_used_at: None,
    };
    Ok((IssuedSecret { secret, text }, hash))
}

/// One of a tenant's clients.
async fn find(context: &Context, tenant: &Tenant, id: &str) -> Result<Client, Error> {
    let all = context.store.clients(Context::scope(tenant.id), None).await?;
    let found = all.into_iter().find(|client| client.id.as_str() == id);
    found.ok_or_else(|| Error::ClientUnknown {
        tenant: tenant.name.to_string(),
        id: public_part(id).to_owned(),
    })
}

/// The row of the audit log for a step of a client's life. Its label is an operator's text, and is not in it.
fn audit(context: &Context, action: Action, client: &Client) -> AuditEntry {
    entry(context, action, Target::Client(client.id), client)
}

/// The same for a step of a secret's life.
fn audit_secret(context: &Context, action: Action, client: &Client, secret: TokenId) -> AuditEntry {
    entry(context, action, Target::ClientSecret(secret), client).with("client", client.id.as_str())
}

fn entry(context: &Context, action: Action, target: Target, client: &Client) -> AuditEntry {
    context
        .audit(Chain::Tenant(client.tenant), action, target)
        .with("directory", client.directory.to_string())
}
