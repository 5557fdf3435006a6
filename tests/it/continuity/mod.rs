//! Token continuity, with the real program, a stand-in for Microsoft Graph and the Entra simulator (ADR 0051).

mod crashes;
mod errors;
mod good;
mod secrets;
mod several;

use std::time::Duration;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection as _};
use support::gateway::{Directory, Gateway, Settings};
use support::graph::{EntraApp, EntraGraph};
use support::http::Scim;
use support::postgres::Postgres;
use support::wait::until;

use crate::forge::id;

const LONG: Duration = Duration::from_mins(2);
const WHOSE: [&str; 4] = ["--tenant", "contoso", "--profile", "advisors"];
const NOTIFICATION: &str = r#"{"Enabled":true,"Recipients":"canary-ops@contoso.example"}"#;

/// A gateway whose customer contoso has consented, and its Entra app, which uses `old`.
struct World {
    gateway: Gateway,
    graph: EntraGraph,
    app: EntraApp,
    old: Directory,
}

/// SQLite, and PostgreSQL with the operators' role beside the server's.
async fn on_both() -> [Settings; 2] {
    let database = Postgres::shared().await.database().await;
    let operators = format!("\"{}\"", database.admin_url);
    let postgres = Settings {
        database: Some(database),
        more: vec![("admin.database_url".to_owned(), operators)],
        ..Settings::default()
    };
    [Settings::default(), postgres]
}

impl World {
    async fn on(mut settings: Settings, more: &[(&str, &str)]) -> Self {
        let graph = EntraGraph::start().await;
        settings.more.extend(graph.settings());
        settings
            .more
            .retain(|(key, _)| more.iter().all(|(other, _)| other != key));
        let more = more
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        settings.more.extend(more);
        let gateway = Gateway::start(settings).await;
        let old = gateway.directory("contoso", "advisors");
        let app = graph.app(1, &old);
        consent(&gateway, "contoso", &app);
        Self {
            gateway,
            graph,
            app,
            old,
        }
    }

    async fn sqlite() -> Self {
        Self::on(Settings::default(), &[]).await
    }

    /// With all rights, as time passes.
    async fn sql(&self, text: &str) {
        sql(&self.gateway, text).await;
    }

    fn start(&self) -> Value {
        self.gateway
            .cli(&[&["token", "continuity", "start"], &WHOSE[..]].concat())
    }

    /// The newest renewal.
    fn renewal(&self) -> Value {
        renewal(&self.gateway, "contoso")
    }

    /// A minute passes, and another one, until the renewal is at this step.
    async fn until(&self, step: &str) -> Value {
        reaches(&self.gateway, "contoso", step).await
    }

    /// As a customer's Entra does: with the token that stands there.
    fn entra(&self) -> Scim {
        Scim::new(&self.graph.directory(&self.app))
    }

    /// Entra makes a request, and it is noted that it did.
    async fn used(&self) {
        let token = self.graph.directory(&self.app).token;
        self.entra().get("/Users?count=1").await.expect(200);
        self.noted(&token).await;
    }

    /// Notes now what the gateway notes within some seconds, and once a minute at most: a request with this token.
    async fn noted(&self, token: &str) {
        let now = chrono::Utc::now().timestamp_millis();
        self.sql(&format!(
            "UPDATE token SET last_used_at = {now} WHERE id = '{}'",
            id(token)
        ))
        .await;
    }

    fn jobs(&self) -> Vec<Value> {
        self.gateway
            .cli(&["job", "list"])
            .as_array()
            .expect("a list")
            .clone()
    }

    /// The job that brings a token to Entra, once it says why it failed.
    async fn failed(&self) -> Value {
        until("the job to fail", LONG, || async {
            // How long a failed one waits is left as it is, for the test to see.
            pass(&self.gateway, "AND last_error IS NULL").await;
            let mut jobs = self.jobs();
            jobs.retain(|job| {
                job["kind"] == "token_continuity" && !job["lastError"].is_null() && job["status"] != "running"
            });
            jobs.pop()
        })
        .await
    }

    /// The usable tokens of the directory, by their ids.
    fn usable(&self) -> Vec<String> {
        usable(&self.gateway, "contoso")
    }

    /// The rows of the audit log about an action, newest first.
    fn audit(&self, action: &str) -> Vec<Value> {
        let list = self
            .gateway
            .cli(&["audit", "list", "--tenant", "contoso", "--action", action]);
        list.as_array().expect("a list").clone()
    }

    /// What has to be so at the end, whatever happened on the way: Entra has the one usable token, and each other one ended once.
    async fn ended_well(&self) {
        let now = self.graph.directory(&self.app);
        assert_eq!(self.usable(), [id(&now.token)]);
        self.entra().get("/Users?count=1").await.expect(200);
        Scim::new(&self.old).get("/Users?count=1").await.expect(401);
        let mut ended: Vec<Value> = self
            .audit("token.revoke")
            .into_iter()
            .map(|row| row["target"].clone())
            .collect();
        let rows = ended.len();
        ended.sort_by_key(ToString::to_string);
        ended.dedup();
        assert_eq!(ended.len(), rows, "a token was ended twice");
        assert!(ended.contains(&format!("token:{}", id(&self.old.token)).into()));
        let open = self.jobs();
        assert!(
            open.iter().all(|job| job["kind"] != "token_continuity"),
            "{open:?}"
        );
    }
}

async fn sql(gateway: &Gateway, text: &str) {
    let (url, text) = (gateway.database_url(), AssertSqlSafe(text.to_owned()));
    if gateway.database().is_some() {
        let mut connection = sqlx::PgConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
    } else {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
    }
}

/// The customer has consented.
fn consent(gateway: &Gateway, tenant: &str, app: &EntraApp) {
    let keep = format!("SyncNotificationSettings={NOTIFICATION}");
    gateway.cli(&[
        "directory",
        "continuity",
        "set",
        "--tenant",
        tenant,
        "--profile",
        "advisors",
        "--entra-tenant",
        &app.tenant,
        "--service-principal",
        &app.service_principal,
        "--job",
        &app.job,
        "--keep",
        &keep,
        "--keep",
        "SyncAll=false",
    ]);
}

/// A minute passes: what waits is due. What an instance has is left to it.
async fn minute(gateway: &Gateway) {
    pass(gateway, "").await;
}

/// The same for the jobs that fulfil a condition too.
async fn pass(gateway: &Gateway, condition: &str) {
    let waits = "kind LIKE 'token_continuity%' AND owner IS NULL AND due_at IS NOT NULL";
    sql(
        gateway,
        &format!("UPDATE job SET due_at = 0 WHERE {waits} {condition}"),
    )
    .await;
}

fn renewal(gateway: &Gateway, tenant: &str) -> Value {
    gateway.cli(&[
        "token",
        "continuity",
        "show",
        "--tenant",
        tenant,
        "--profile",
        "advisors",
    ])
}

async fn reaches(gateway: &Gateway, tenant: &str, step: &str) -> Value {
    until(&format!("the renewal to be {step}"), LONG, || async {
        minute(gateway).await;
        let list = gateway.cli(&[
            "token",
            "continuity",
            "list",
            "--tenant",
            tenant,
            "--profile",
            "advisors",
        ]);
        (list[0]["step"] == step).then(|| list[0].clone())
    })
    .await
}

fn usable(gateway: &Gateway, tenant: &str) -> Vec<String> {
    let tokens = gateway.cli(&["token", "list", "--tenant", tenant, "--profile", "advisors"]);
    let all = tokens.as_array().expect("a list").iter();
    all.filter(|token| token["standing"] == "active")
        .map(|token| token["id"].as_str().expect("an id").to_owned())
        .collect()
}
