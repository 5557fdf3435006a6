//! Tokens of directories: the secret that a customer pastes into Entra. A directory can have several at once,
//! so that one can be replaced while the other still works (ADR 0005).

pub mod issue;
pub mod list;
pub mod provision;
pub mod revoke;
pub mod revoke_all;
pub mod rotate;

use auth::token::Issued as Secret;
use domain::audit::{Action, AuditEntry, Chain, Target};
use domain::credential::Token;

use crate::Context;

/// A new token. Its text is never available again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The token as stored, without its secret.
    pub token: Token,
    /// The text to give to the customer, once.
    pub secret: Secret,
    /// The Tenant URL of the token's directory.
    pub tenant_url: String,
}

/// The row of the audit log for a step of a token's life. Its label is an operator's text, and is not in it.
pub(crate) fn audit(context: &Context, action: Action, token: &Token) -> AuditEntry {
    context
        .audit(Chain::Tenant(token.tenant), action, Target::Token(token.id))
        .with("directory", token.directory.to_string())
}
