//! What apps see (ADR 0050), from outside: feeds, snapshots and streams with release policies, on both databases.

mod moves;
mod policy;
mod views;

use std::time::Duration;

use serde_json::{Value, json};
use support::gateway::{App, Gateway, Settings};
use support::http::Scim;
use support::postgres::Postgres;
use support::redis::Redis;
use support::wait::until;

/// The limit of every wait; nothing is measured by it.
const PATIENCE: Duration = Duration::from_mins(2);

/// A gateway with a Redis on each database, operators with their own database role.
async fn on_both(test: impl AsyncFn(Gateway, Redis)) {
    let postgres = Some(Postgres::shared().await.database().await);
    for database in [None, postgres] {
        let redis = Redis::start().await;
        let admin = database.as_ref().map(|database| {
            let url = format!("\"{}\"", database.admin_url);
            ("admin.database_url".to_owned(), url)
        });
        let settings = Settings {
            redis: Some(redis.url()),
            more: admin.into_iter().collect(),
            database,
            ..Settings::default()
        };
        test(Gateway::start(settings).await, redis).await;
    }
}

/// An app with words of `usher app create`.
fn app(gateway: &Gateway, name: &str, words: &[&str]) -> App {
    App::read(name, &gateway.cli(&[&["app", "create", name], words].concat()))
}

/// Sets an app's policy; what it answers.
fn set(gateway: &Gateway, name: &str, words: &[&str]) -> Value {
    gateway.cli(&[&["app", "policy", "set", name], words].concat())
}

/// Waits until an app is told of everything that its policy brings and takes.
async fn told(gateway: &Gateway, name: &str) {
    until("the app to be told", PATIENCE, || async {
        let policy = gateway.cli(&["app", "policy", "show", name]);
        (policy["telling"] == false).then_some(())
    })
    .await;
}

/// Somebody with a name that must not be seen and an office that may.
async fn person(scim: &Scim, name: &str, office: &str) -> String {
    let more = json!({"displayName": format!("canary {name}"), "name": {"givenName": "canary", "familyName": name}, "addresses": [{"type": "work", "formatted": office}]});
    let user_name = format!("{name}@canary.example");
    let made = scim.create(&format!("canary-{name}"), &user_name, more).await;
    made.expect(201).id()
}
