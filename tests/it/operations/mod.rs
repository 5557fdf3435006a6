//! What operators do on a bad day, with the real program on both databases: a wrong environment, a backup that is restored, a feed
//! that stands still or must begin anew, an app that goes.

mod apps;
mod audit;
mod backup;
mod environment;
mod feeds;
mod shell;

use std::process::{Command, Output};

use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _};
use support::gateway::{App, Gateway, Settings};
use support::http::Scim;
use support::postgres::Postgres;
use support::programs;

async fn on_both(test: impl AsyncFn(Gateway)) {
    let database = Some(Postgres::shared().await.database().await);
    let postgres = Settings {
        database,
        ..Settings::default()
    };
    for settings in [Settings::default(), postgres] {
        test(Gateway::start(settings).await).await;
    }
}

/// A directory of people, and the app booking.
fn home(gateway: &Gateway) -> (Scim, App) {
    (
        Scim::new(&gateway.directory("contoso", "people")),
        gateway.app("booking"),
    )
}

async fn people(scim: &Scim, range: std::ops::Range<u32>) {
    for n in range {
        let more = json!({"name": {"givenName": "Mette", "familyName": format!("Holm {n}")}});
        scim.create(&format!("object-{n}"), &format!("person{n}@contoso.dk"), more)
            .await
            .expect(201);
    }
}

/// Runs `usher ARGS` in the gateway's folder with these variables, for at most a minute.
fn usher(gateway: &Gateway, args: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("60").arg(programs::usher()).args(args);
    command.current_dir(gateway.folder().path());
    command.envs(env.iter().copied());
    command.output().expect("run usher")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The URL of the operators' role; `None` on SQLite, whose address stands in the gateway's file.
fn admin_url(gateway: &Gateway) -> Vec<(&'static str, String)> {
    let url = gateway.database().map(|database| database.admin_url.clone());
    url.map(|url| ("USHER__DATABASE__URL", url)).into_iter().collect()
}

/// A statement with all rights; the number of its rows or changes.
pub async fn sql(gateway: &Gateway, text: &str) -> u64 {
    let url = gateway.database_url();
    let text = AssertSqlSafe(text.to_owned());
    if gateway.database().is_some() {
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        let done = sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        return done.rows_affected();
    }
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let done = sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
    done.rows_affected()
}

async fn count(gateway: &Gateway, table: &str) -> i64 {
    let url = gateway.database_url();
    let text = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
    if gateway.database().is_some() {
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        return sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap();
    }
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query_scalar(text).fetch_one(&mut connection).await.unwrap()
}

/// The epoch of the feed booking, as `usher feed list` has it.
fn epoch(gateway: &Gateway) -> String {
    let feeds = gateway.cli(&["feed", "list", "--app", "booking"]);
    feeds[0]["epoch"].as_str().expect("an epoch").to_owned()
}
