//! SCIM over HTTP against the real program: what Entra sends (`docs/background/entra.md`), invalid input, and
//! what an operator sees of it. Tests of storage run on both databases.

mod bad_input;
mod bodies;
mod bulk;
mod concurrency;
mod creations;
mod defaults;
mod discovery;
mod extension;
mod groups;
mod idp;
mod keys;
mod language;
mod lifecycle;
mod listeners;
mod lists;
mod operation;
mod origins;
mod pages;
mod patches;
mod providers;
mod queries;
mod raw;
mod reading;
mod reports;
mod round_trips;
mod rules;
mod telemetry;
mod tenant_urls;
mod versions;

use serde_json::{Value, json};
use support::gateway::{Gateway, Settings};
use support::http::Scim;
use support::postgres::Postgres;

/// Runs a test on SQLite and on PostgreSQL.
async fn on_both(requirement: impl AsyncFn(Gateway)) {
    requirement(Gateway::embedded().await).await;
    let database = Some(Postgres::shared().await.database().await);
    requirement(
        Gateway::start(Settings {
            database,
            ..Settings::default()
        })
        .await,
    )
    .await;
}

/// The advisors of a tenant, with a token.
fn advisors(gateway: &Gateway, tenant: &str) -> Scim {
    Scim::new(&gateway.directory(tenant, "advisors"))
}

/// The same client at another Tenant URL.
fn moved(scim: &Scim, base: String) -> Scim {
    let mut moved = scim.clone();
    moved.base = base;
    moved
}

/// Another client at the same Tenant URL; the whole `Authorization` value, or none.
fn posing(scim: &Scim, authorization: Option<String>) -> Scim {
    let mut posing = scim.clone();
    posing.authorization = authorization;
    posing
}

/// An advisor as Entra creates one.
fn advisor(number: usize) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": format!("7fce0092-0000-4000-8000-{number:012}"),
        "userName": format!("advisor{number}@contoso.com"),
        "active": true,
        "displayName": format!("Advisor {number}"),
        "name": {"givenName": "Ad", "familyName": "Visor"},
        "addresses": [{"type": "work", "formatted": "Building 4"}],
    })
}

/// The same advisor with some members set; `null` removes one.
fn advisor_with(number: usize, more: Value) -> Value {
    let mut body = advisor(number);
    for (name, value) in more.as_object().expect("an object") {
        if value.is_null() {
            body.as_object_mut().expect("an object").remove(name);
        } else {
            body[name] = value.clone();
        }
    }
    body
}
