//! Downstream apps and their credentials.

pub mod create;
pub mod credentials;
pub mod delete;
pub mod get;
pub mod list;
pub mod revoke_credential;
pub mod rotate_credential;

use auth::token::Issued as Secret;
use domain::tenant::App;

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
