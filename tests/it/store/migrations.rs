//! The schema: applied once, by whoever comes first, and reported by those who may not.

use store::{Store, StoreError};
use support::postgres::Postgres;

use super::world::{World, settings};

const ALL: [&str; 6] = [
    "m0001_foundation",
    "m0002_groups",
    "m0003_directory_extension",
    "m0004_plans",
    "m0005_credential_memory",
    "m0006_redis_password",
];

#[tokio::test(flavor = "multi_thread")]
async fn migrations_run_once_however_many_run_them() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", folder.path().join("usher.db").display());
    let database = Postgres::shared().await.database().await;
    for url in [&sqlite, &database.owner_url] {
        let stores = [
            Store::connect(&settings(url)).await.unwrap(),
            Store::connect(&settings(url)).await.unwrap(),
        ];
        assert_eq!(stores[0].pending_migrations().await.unwrap(), ALL);
        let (one, other) = tokio::join!(stores[0].migrate(), stores[1].migrate());
        let mut applied = [one.unwrap(), other.unwrap()].concat();
        // Both may report what was missing when they looked; it is done once, or the second would have failed.
        applied.sort();
        applied.dedup();
        assert_eq!(applied, ALL, "{url}");
        assert_eq!(stores[0].pending_migrations().await.unwrap(), [] as [&str; 0]);
        assert_eq!(
            stores[0].migrate().await.unwrap(),
            [] as [&str; 0],
            "a second run does nothing"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_role_can_list_what_is_missing_and_cannot_change_the_schema() {
    let database = Postgres::shared().await.database().await;
    let store = Store::connect(&settings(&database.app_url)).await.unwrap();
    assert_eq!(store.pending_migrations().await.unwrap(), ALL);
    let refused = store.migrate().await.unwrap_err().to_string();
    assert!(
        refused.ends_with("; run usher migrate as the role that owns the tables (deploy/postgres-roles.sql)"),
        "{refused}"
    );
    assert_eq!(store.pending_migrations().await.unwrap(), ALL);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_of_a_newer_version_is_told_as_such() {
    let world = World::postgres().await;
    let mut owner = Postgres::shared()
        .await
        .admin(&world.postgres.as_ref().unwrap().name)
        .await;
    sqlx::query("INSERT INTO seaql_migrations (version, applied_at) VALUES ('m0099_future', 0)")
        .execute(&mut owner)
        .await
        .unwrap();
    for answer in [
        world.store.pending_migrations().await,
        world.store.migrate().await,
    ] {
        let text = answer.unwrap_err().to_string();
        assert!(
            text.starts_with("the database's schema was made by a newer version of usher: start that"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_superuser_is_warned_about() {
    let database = Postgres::shared().await.database().await;
    let store = Store::connect(&settings(&database.super_url)).await.unwrap();
    assert_eq!(store.warnings().len(), 1);
    assert!(
        store.warnings()[0].contains("bypasses row-level security"),
        "{:?}",
        store.warnings()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_useless_address_says_what_to_write() {
    for (url, part) in [
        ("mysql://x", "sqlite://path/usher.db or postgres://"),
        ("sqlite:///proc/nowhere/usher.db", "cannot be made"),
    ] {
        let error = Store::connect(&settings(url)).await.expect_err(url);
        assert!(matches!(error, StoreError::Settings(_)), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_may_have_one_sqlite_file_open() {
    let world = World::sqlite().await;
    let home = world.home("contoso").await;
    let other = Store::connect(&world.settings).await.unwrap();
    let people: Vec<_> = (0..100)
        .map(|number| world.person(&home, &format!("p{number}")))
        .collect();
    let creates = people.iter().enumerate().map(|(number, person)| {
        let event = world.event(&home, None, Some(person));
        let entry = world.entry(person, domain::log::Action::Create, Some(&event));
        let store = if number % 2 == 0 {
            world.store.clone()
        } else {
            other.clone()
        };
        let home = &home;
        async move { store.create(home.scope, person, &event, &entry).await.unwrap() }
    });
    futures_util::future::join_all(creates).await;
    assert_eq!(
        super::filters::list(&world, &home, None, 1, 0).await.total,
        Some(100)
    );
    other.close().await;
    world.store.ping().await.unwrap();
}
