//! Downstream apps and their credentials.

pub mod create;
pub mod credentials;
pub mod delete;
pub mod get;
pub mod list;
pub mod policy;
pub mod revoke_credential;
pub mod rotate_credential;

use auth::token::Issued as Secret;
use domain::audit::{Action, AuditEntry, Chain, Target};
use domain::tenant::App;

use crate::Context;

/// An app with a new credential. Its text is never available again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The app the credential belongs to.
    pub app: App,
    /// The text to give to the app's operator, once.
    pub credential: Secret,
    /// The app's feed over HTTP.
    pub feed_url: String,
}

/// The row of the audit log for a change of an app.
fn audit(context: &Context, action: Action, target: Target, app: &App) -> AuditEntry {
    context
        .audit(Chain::Platform, action, target)
        .with("app", app.name.as_str())
}
