//! Tokens of directories: what a customer pastes into Entra. Several live at once, so that one can be replaced while
//! the other still works (ADR 0005).

pub mod issue;
pub mod list;
pub mod revoke;
pub mod rotate;

use auth::token::Issued as Secret;
use domain::credential::Token;

/// A new token: the only moment its text is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The record.
    pub token: Token,
    /// The text to hand over, once.
    pub secret: Secret,
    /// The Tenant URL that goes with it.
    pub tenant_url: String,
}
