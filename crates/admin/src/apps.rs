//! Downstream apps and their credentials.

pub mod create;
pub mod credentials;
pub mod list;
pub mod revoke_credential;
pub mod rotate_credential;

use auth::token::Issued as Secret;
use domain::tenant::App;

/// An app with a new credential: the only moment its text is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The app.
    pub app: App,
    /// The text to hand over, once.
    pub credential: Secret,
    /// Where the app reads its feed over HTTP.
    pub feed_url: String,
}
