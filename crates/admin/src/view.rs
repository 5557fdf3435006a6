//! Records as JSON: one form for `--json` of the command line and for the admin API, with its JSON Schema.
//!
//! No secret is part of a view but of those named `…Issued`, which are made once. Must not know: who asks.

mod api_key;
mod app;
mod audit;
mod client;
mod continuity;
mod directory;
mod feed;
mod log;
mod person;
mod policy;
mod secret;
mod tenant;
mod token;

use schemars::Schema;
use serde_json::json;

pub use api_key::{ApiKeyIssued, ApiKeyRotated, ApiKeyView};
pub use app::{AppCredentialView, AppIssued, AppView};
pub use audit::{AuditFault, AuditReport, AuditView};
pub use client::{ClientIssued, ClientSecretView, ClientView, DirectoryOauthView, FederationView};
pub use continuity::{ContinuityView, RenewalView};
pub use directory::DirectoryView;
pub use feed::{FeedGroupView, FeedRenewed, FeedView};
pub use log::{LogDelivery, LogView};
pub use person::PersonView;
pub use policy::{PolicyChanged, PolicyView};
pub use secret::{Secret, without_secrets};
pub use tenant::TenantView;
pub use token::{TokenIssued, TokenRotated, TokenView};

/// The schema of a text that is one of these words.
pub fn one_of<T: Copy + Into<&'static str>>(all: &[T]) -> Schema {
    let words: Vec<&str> = all.iter().map(|one| (*one).into()).collect();
    let mut schema = Schema::default();
    schema.insert("type".to_owned(), json!("string"));
    schema.insert("enum".to_owned(), json!(words));
    schema
}

/// The schema of a list of these words.
pub fn list_of<T: Copy + Into<&'static str>>(all: &[T]) -> Schema {
    let mut schema = Schema::default();
    schema.insert("type".to_owned(), json!("array"));
    schema.insert("items".to_owned(), one_of(all).to_value());
    schema
}

/// The schema of a text that is one of these words, or null.
pub fn one_of_or_null<T: Copy + Into<&'static str>>(all: &[T]) -> Schema {
    let mut words: Vec<Option<&str>> = all.iter().map(|one| Some((*one).into())).collect();
    words.push(None);
    let mut schema = Schema::default();
    schema.insert("type".to_owned(), json!(["string", "null"]));
    schema.insert("enum".to_owned(), json!(words));
    schema
}
