//! Database faults: which are retried, which are reported, and the recovery without a restart.

use std::time::Duration;

use sqlx::{Connection, Executor};
use store::{CreateOutcome, StoreError};
use support::disk::SmallDisk;
use support::postgres::Postgres;

use super::operator::Operator;
use super::world::{World, token_id};

async fn execute(connection: &mut sqlx::PgConnection, sql: &'static str) {
    connection.execute(sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_server_is_found_again_within_the_request() {
    let cluster = Postgres::start().await;
    let world = World::on(&cluster).await;
    let home = world.home("contoso").await;
    let amy = world.people(&home, &["amy"]).await.remove(0);
    // Connections to lose: as many as the pool keeps.
    futures_util::future::join_all((0..16).map(|_| world.get(&home, amy.id))).await;
    cluster.kill9();
    let error = world.store.ping().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    cluster.restart().await;
    let found = futures_util::future::join_all((0..16).map(|_| world.get(&home, amy.id))).await;
    assert!(
        found.iter().all(Option::is_some),
        "reads were repeated on new connections"
    );
    world.people(&home, &["bob"]).await;
    world.stamp_all().await;
}

/// As after a failover: the sessions of the pool are on a node that accepts everything but writes, and a new
/// session would reach one that accepts them.
#[tokio::test(flavor = "multi_thread")]
async fn connections_to_a_demoted_server_are_given_up() {
    let world = World::postgres().await;
    let home = world.home("contoso").await;
    let amy = world.people(&home, &["amy"]).await.remove(0);
    let database = world.postgres.clone().unwrap();
    let mut admin = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
    let name = &database.name;
    for sql in [
        format!("ALTER DATABASE {name} SET default_transaction_read_only = on"),
        format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND usename = 'usher_both'"
        ),
    ] {
        admin.execute(sqlx::AssertSqlSafe(sql)).await.unwrap();
    }
    futures_util::future::join_all((0..16).map(|_| world.get(&home, amy.id))).await;
    let reset = format!(
        "SET default_transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only"
    );
    admin
        .execute(sqlx::raw_sql(sqlx::AssertSqlSafe(reset)))
        .await
        .unwrap();

    let bob = world.person(&home, "bob");
    assert_eq!(
        world.create(&home, &bob).await,
        CreateOutcome::Done,
        "in one statement"
    );
    let after = world.changed(&bob, serde_json::json!({"userName": "bob", "displayName": "new"}));
    assert_eq!(
        world.save(&home, &bob, &after).await,
        store::SaveOutcome::Done,
        "in a transaction"
    );
    world.stamp_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_lock_is_reported_as_unavailable_and_leaves_the_pool_whole() {
    let world = World::postgres().await;
    let home = world.home("contoso").await;
    let database = world.postgres.clone().unwrap();
    let mut locker = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
    execute(&mut locker, "BEGIN; LOCK TABLE identity IN ACCESS EXCLUSIVE MODE").await;
    let amy = world.person(&home, "amy");
    let event = world.event(&home, None, Some(&amy));
    let entry = world.entry(&amy, domain::log::LogAction::Create, Some(&event));
    let error = world
        .store
        .create(
            home.scope,
            &amy,
            domain::identity::ExternalId::IsFree,
            &event,
            &entry,
        )
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(
        world.store.tenant_by_name("contoso").await.unwrap().is_some(),
        "others go on"
    );
    execute(&mut locker, "ROLLBACK").await;
    assert_eq!(world.create(&home, &amy).await, CreateOutcome::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_pool_is_reported_as_unavailable() {
    let world = World::postgres().await;
    let one = store::Settings {
        max_connections: 1,
        acquire_timeout: Duration::from_millis(200),
        ..world.settings.clone()
    };
    let store = store::Store::connect(&one).await.unwrap();
    let home = world.home("contoso").await;
    let hog = store.write::<(), StoreError, _>(home.scope, |tx| {
        Box::pin(async move {
            tx.search_log(&store::LogQuery::default()).await?;
            tokio::time::sleep(Duration::from_secs(2)).await;
            Ok(())
        })
    });
    let hungry = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        store.tenants().await.unwrap_err()
    };
    let (held, error) = tokio::join!(hog, hungry);
    held.unwrap();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(store.tenants().await.is_ok());
}

/// Each statement and each transaction uses the only connection as the one before left it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_connection_serves_statements_and_transactions_in_turn() {
    let world = World::postgres().await;
    let one = store::Settings {
        max_connections: 1,
        ..world.settings.clone()
    };
    let store = store::Store::connect(&one).await.unwrap();
    let home = world.home("contoso").await;
    for round in 0..2_000 {
        let read = store.tenant_by_name("contoso").await;
        assert!(read.is_ok_and(|found| found.is_some()), "round {round}");
        let missing = Operator(store.clone())
            .limit_token(home.scope, token_id("nothing"), world.now())
            .await;
        assert!(!missing.unwrap_or_else(|error| panic!("round {round}: {error}")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_that_holds_the_sqlite_file_is_waited_for() {
    let world = World::sqlite().await;
    let home = world.home("contoso").await;
    let path = world.settings.url.strip_prefix("sqlite://").unwrap().to_owned();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    let amy = world.person(&home, "amy");
    let (created, ()) = tokio::join!(world.create(&home, &amy), async {
        // Longer than the connection's own busy time-out.
        tokio::time::sleep(Duration::from_secs(6)).await;
        other.execute("ROLLBACK").await.unwrap();
    });
    assert_eq!(created, CreateOutcome::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_is_an_error() {
    for world in super::world::worlds().await {
        let home = world.home("contoso").await;
        let amy = world.person(&home, "amy");
        let event = world.event(&home, None, Some(&amy));
        let entry = world.entry(&amy, domain::log::LogAction::Create, Some(&event));
        world.store.close().await;
        let error = world
            .store
            .create(
                home.scope,
                &amy,
                domain::identity::ExternalId::IsFree,
                &event,
                &entry,
            )
            .await
            .unwrap_err();
        assert!(
            matches!(error, StoreError::Unavailable(_)),
            "{}: {error:?}",
            world.name()
        );
    }
}

/// PostgreSQL answers `ROLLBACK` to the `COMMIT` of a transaction in which a statement failed, without an
/// error.
#[tokio::test(flavor = "multi_thread")]
async fn work_that_overlooks_a_failed_statement_is_not_answered_without_a_commit() {
    for world in super::world::worlds().await {
        let home = world.home("contoso").await;
        let taken = world.people(&home, &["amy"]).await.remove(0);
        // The same id again is refused with an error; the name is another one.
        let again = domain::identity::Identity {
            id: taken.id,
            ..world.person(&home, "amy2")
        };
        let bob = world.person(&home, "bob");
        let changes = std::sync::Arc::new([again, bob.clone()].map(|person| {
            let event = world.event(&home, None, Some(&person));
            let entry = world.entry(&person, domain::log::LogAction::Create, Some(&event));
            (person, event, entry)
        }));
        let answer = world
            .store
            .write::<(), StoreError, _>(home.scope, move |tx| {
                let changes = std::sync::Arc::clone(&changes);
                Box::pin(async move {
                    for (person, event, entry) in changes.iter() {
                        let _ = tx
                            .create(
                                person,
                                domain::identity::ExternalId::IsFree,
                                std::slice::from_ref(event),
                                entry,
                            )
                            .await;
                    }
                    Ok(())
                })
            })
            .await;
        let kept = world.get(&home, bob.id).await.is_some();
        assert_eq!(answer.is_ok(), kept, "{}: {answer:?}", world.name());
        world.people(&home, &["carl"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_in_the_middle_leaves_no_transaction_behind() {
    let world = World::postgres().await;
    let home = world.home("contoso").await;
    let one = store::Settings {
        max_connections: 1,
        ..world.settings.clone()
    };
    let store = store::Store::connect(&one).await.unwrap();
    let amy = world.person(&home, "amy");
    let event = world.event(&home, None, Some(&amy));
    let entry = world.entry(&amy, domain::log::LogAction::Create, Some(&event));
    let change = std::sync::Arc::new((amy.clone(), event, entry));
    let (written, mut has_written) = tokio::sync::watch::channel(false);
    let leaving = store.write::<(), StoreError, _>(home.scope, move |tx| {
        let (change, written) = (std::sync::Arc::clone(&change), written.clone());
        Box::pin(async move {
            tx.create(
                &change.0,
                domain::identity::ExternalId::IsFree,
                std::slice::from_ref(&change.1),
                &change.2,
            )
            .await?;
            written.send_replace(true);
            std::future::pending().await
        })
    });
    tokio::select! {
        answer = leaving => panic!("never answered: {answer:?}"),
        _ = has_written.wait_for(|written| *written) => {}
    }
    // On the pool's only connection, if it were used again.
    store.lease("mine", "me", Duration::from_mins(1)).await.unwrap();
    assert!(world.get(&home, amy.id).await.is_none());
    let mut other = sqlx::PgConnection::connect(&world.postgres.clone().unwrap().super_url)
        .await
        .unwrap();
    let kept = sqlx::query("SELECT 1 FROM lease WHERE name = 'mine'");
    assert!(kept.fetch_optional(&mut other).await.unwrap().is_some());
    assert_eq!(
        world.create(&home, &amy).await,
        CreateOutcome::Done,
        "no lock is left"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_commits_that_found_the_disk_full_the_next_one_is_durable() {
    let Some(disk) = SmallDisk::mount(16) else { return };
    let world = World::sqlite_in(disk.path()).await;
    let home = world.home("contoso").await;
    for failures in 1..5 {
        disk.fill(0);
        for n in 0..failures {
            let amy = world.person(&home, &format!("amy-{failures}-{n}"));
            let event = world.event(&home, None, Some(&amy));
            let entry = world.entry(&amy, domain::log::LogAction::Create, Some(&event));
            let created = world
                .store
                .create(
                    home.scope,
                    &amy,
                    domain::identity::ExternalId::IsFree,
                    &event,
                    &entry,
                )
                .await;
            let error = created.unwrap_err().to_string();
            assert_eq!(error, "the database is unavailable: the disk is full");
            assert!(world.store.ready().await.is_err());
        }
        disk.free();
        let bob = world.people(&home, &[&format!("bob-{failures}")]).await.remove(0);
        world.store.ready().await.unwrap();
        // As after `kill -9`: another process, which knows only the files.
        let other = store::Store::connect(&world.settings).await.unwrap();
        let kept = other
            .read::<_, StoreError, _>(home.scope, |tx| {
                Box::pin(async move { tx.get(home.directory.id, bob.id).await })
            })
            .await;
        assert!(kept.unwrap().is_some(), "after {failures} failures");
        other.close().await;
    }
}
