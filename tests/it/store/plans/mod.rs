//! PostgreSQL's plan of every statement the store has, run as the plain role that row-level security binds (ADR 0029).
//!
//! `auto_explain` logs each statement with the plan that it was really run by. The walk calls every method of the store
//! (`source` looks that it does, and that every statement in the source was seen); the rules say which plans are bad. Reading order: here,
//! `rules`, `explain`, `walk`, `fill`, `source`.

mod explain;
mod fill;
mod rules;
mod source;
mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use domain::log::LogAction;
use sqlx::{Connection, Executor};
use store::{CredentialGuard, Settings, Store};
use support::postgres::{BOTH, Postgres};

use self::explain::Explained;
use self::rules::Tables;
use self::walk::Target;
use super::records::token;
use super::world::{Home, World, token_id};

/// Statements that a connection of the store keeps prepared (`store::engine::connect::postgres`).
const PREPARED: usize = 300;

/// A world whose store has one connection, so that a plan cached by one walk is the plan of the next.
struct Watched {
    world: Arc<World>,
    home: Home,
    other: Home,
}

impl Watched {
    /// An empty directory (and a second one of the same tenant) in a database that explains whatever `usher_both` runs in it.
    async fn new(mode: &str) -> Self {
        let world = World::postgres().await;
        let home = world.home("contoso").await;
        let other = world.directory(&home.tenant, "rooms").await;
        world.store.close().await;
        let database = world.postgres.clone().unwrap();
        let name = &database.name;
        let mut admin = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
        for (setting, value) in [
            ("session_preload_libraries", "auto_explain"),
            ("auto_explain.log_min_duration", "0"),
            ("auto_explain.log_analyze", "on"),
            ("auto_explain.log_timing", "off"),
            ("auto_explain.log_format", "json"),
            ("auto_explain.log_nested_statements", "on"),
            ("plan_cache_mode", mode),
        ] {
            let sql = format!("ALTER ROLE {BOTH} IN DATABASE {name} SET {setting} = '{value}'");
            admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
        }
        // Nothing but this test analyses, and so nothing renews a plan.
        let sql = "DO $$ DECLARE t text; BEGIN FOR t IN SELECT relname FROM pg_class WHERE relkind = 'r' \
                   AND relnamespace = 'public'::regnamespace LOOP \
                   EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = false)', t); END LOOP; END $$";
        admin.execute(sql).await.unwrap();
        let watched = Self {
            world: Arc::new(world),
            home,
            other,
        };
        watched.reconnected().await
    }

    /// The same with a new session, which knows no plan.
    async fn reconnected(mut self) -> Self {
        self.world.store.close().await;
        let settings = Settings {
            max_connections: 1,
            // The one connection goes back to the pool and out again between two statements, on a machine that is busy, too.
            acquire_timeout: Duration::from_mins(1),
            ..self.world.settings.clone()
        };
        let world = Arc::get_mut(&mut self.world).expect("nobody else has it");
        world.store = Store::connect(&settings).await.unwrap();
        self
    }

    /// From now on the first statement of each request checks a credential.
    async fn guard(&mut self) {
        let world = Arc::get_mut(&mut self.world).expect("nobody else has it");
        if world
            .store
            .token(self.home.scope, token_id("tok"))
            .await
            .unwrap()
            .is_none()
        {
            token(world, &self.home, "tok").await;
        }
        let record = world.store.token_record(token_id("tok")).await.unwrap();
        let guard = CredentialGuard::new(record.unwrap().state);
        world.store = world.store.guarded(guard);
        // The one statement that checks a credential and does nothing else: before a log row that comes first.
        let person = world.person(&self.home, "checked");
        let entry = world.entry(&person, LogAction::Update, None);
        let logged = world.write(&self.home, move |tx| {
            let entry = entry.clone();
            Box::pin(async move { tx.log(&entry).await })
        });
        logged.await.unwrap();
    }

    async fn execute(&self, sql: &'static str) {
        let url = &self.world.postgres.as_ref().unwrap().super_url;
        let mut admin = sqlx::PgConnection::connect(url).await.unwrap();
        admin.execute(sql).await.unwrap();
        admin.close().await.unwrap();
    }

    /// Ends the session and returns what it ran, in order.
    async fn explained(&self) -> Vec<Explained> {
        // The last plan is logged when its session ends.
        self.world.close().await;
        let database = self.world.postgres.as_ref().unwrap();
        explain::of(&Postgres::shared().await.log(), &database.name)
    }

    async fn tables(&self) -> Tables {
        let url = &self.world.postgres.as_ref().unwrap().super_url;
        Tables::read(&mut sqlx::PgConnection::connect(url).await.unwrap()).await
    }
}

/// A full directory, before and after `ANALYZE`, with plans made for the values and without knowing them.
#[tokio::test(flavor = "multi_thread")]
async fn no_statement_reads_a_tenants_rows_from_end_to_end() {
    let mut seen = Vec::new();
    for mode in ["force_custom_plan", "force_generic_plan"] {
        let mut watched = Watched::new(mode).await;
        let target = fill::fill(&watched).await;
        let mut before = 0;
        for analysed in [false, true] {
            if analysed {
                watched.execute("ANALYZE").await;
                watched = watched.reconnected().await;
            }
            walk::walk(&watched, &target, 2 * usize::from(analysed)).await;
            watched.guard().await;
            walk::walk(&watched, &target, 2 * usize::from(analysed) + 1).await;
            let all = watched.explained().await;
            rules::hold(
                &watched.tables().await,
                &all[before..],
                &format!("{mode}, analysed: {analysed}"),
            );
            before = all.len();
            seen = all;
        }
    }
    source::every_method_is_called();
    source::every_statement_was_seen(&seen);
    rules::exceptions_are_used(&seen);
    let texts: BTreeSet<&str> = seen.iter().map(|one| one.text.as_str()).collect();
    println!("{} statements, those of foreign keys among them", texts.len());
    assert!(
        texts.len() < PREPARED,
        "a connection keeps {PREPARED} prepared statements"
    );
}

/// A customer's first cycle: the plans are made and cached while the tables are empty, and used when they are full.
#[tokio::test(flavor = "multi_thread")]
async fn plans_cached_on_empty_tables_serve_full_ones() {
    let watched = Watched::new("force_generic_plan").await;
    Box::pin(plans_serve_full_tables(watched, "cached on empty tables")).await;
}

/// The same where the server has recorded that the tables are empty: then every index costs the same.
#[tokio::test(flavor = "multi_thread")]
async fn plans_cached_on_tables_recorded_as_empty_serve_full_ones() {
    let watched = Watched::new("force_generic_plan").await;
    watched.execute("VACUUM ANALYZE").await;
    let watched = watched.reconnected().await;
    Box::pin(plans_serve_full_tables(
        watched,
        "cached on tables recorded as empty",
    ))
    .await;
}

/// The same where it has recorded a few rows.
#[tokio::test(flavor = "multi_thread")]
async fn plans_cached_on_tables_recorded_as_tiny_serve_full_ones() {
    let watched = Watched::new("force_generic_plan").await;
    walk::walk(&watched, &Target::nobody(&watched, "tiny").await, 2).await;
    watched.execute("ANALYZE").await;
    let watched = watched.reconnected().await;
    Box::pin(plans_serve_full_tables(
        watched,
        "cached on tables recorded as tiny",
    ))
    .await;
}

async fn plans_serve_full_tables(mut watched: Watched, when: &str) {
    for (nth, app) in [(0, "booking"), (1, "guarded")] {
        walk::walk(&watched, &Target::nobody(&watched, app).await, nth).await;
        watched.guard().await;
    }
    let target = fill::fill(&watched).await;
    walk::walk(&watched, &target, 3).await;
    watched.guard().await;
    walk::walk(&watched, &target, 4).await;
    let all = watched.explained().await;
    // A walk begins with a ping.
    let pings = all.iter().enumerate().filter(|(_, one)| one.text == "SELECT 1");
    let mark = pings.rev().nth(1).expect("two walks").0;
    rules::hold(&watched.tables().await, &all[mark..], when);
}
