//! The life of a token, from outside (ADR 0048): where it may be used from, freezing, revoking all, rotation under load.

mod freeze;
mod networks;
mod revoke_all;
mod rotation;

use support::gateway::{Directory, Gateway, Settings};
use support::postgres::Postgres;

/// SQLite and PostgreSQL, each with two gateways on one database.
async fn on_both(test: impl AsyncFn(Gateway, Gateway)) {
    on_both_with(&[], test).await;
}

async fn on_both_with(more: &[(&str, &str)], test: impl AsyncFn(Gateway, Gateway)) {
    let postgres = Settings {
        database: Some(Postgres::shared().await.database().await),
        ..Settings::default()
    };
    for mut settings in [Settings::default(), postgres] {
        settings.more = more.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let one = Gateway::start(settings).await;
        let other = one.twin().await;
        test(one, other).await;
    }
}

/// The same directory at the other gateway.
fn there(directory: &Directory, here: &Gateway, other: &Gateway) -> Directory {
    Directory {
        tenant_url: directory.tenant_url.replace(&here.url(), &other.url()),
        ..directory.clone()
    }
}
