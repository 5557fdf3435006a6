//! The schema: applied once, by the first process, and reported by processes without the right to change it.

use domain::identity::ExternalId;
use serde_json::json;
use store::{CreateOutcome, SaveOutcome, Store, StoreError};
use support::postgres::Postgres;

use super::world::{World, settings, worlds};

const ALL: [&str; 21] = [
    "m0001_foundation",
    "m0002_groups",
    "m0003_directory_extension",
    "m0004_plans",
    "m0005_credential_memory",
    "m0006_redis_password",
    "m0007_match_keys",
    "m0008_one_index_each",
    "m0009_credential_state",
    "m0010_epoch",
    "m0011_deleted_members",
    "m0012_audit",
    "m0014_api_keys",
    "m0015_jobs",
    "m0016_token_life",
    "m0017_snapshot_read",
    "m0018_oauth",
    "m0019_idempotency",
    "m0020_release_policy",
    "m0021_token_continuity",
    "m0022_session",
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
        // Each migration is reported by the process that applied it.
        applied.sort();
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
async fn a_schema_of_a_newer_version_is_reported_as_such() {
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
        let entry = world.entry(person, domain::log::LogAction::Create, Some(&event));
        let store = if number % 2 == 0 {
            world.store.clone()
        } else {
            other.clone()
        };
        let home = &home;
        async move {
            store
                .create(home.scope, person, ExternalId::IsFree, &event, &entry)
                .await
                .unwrap()
        }
    });
    futures_util::future::join_all(creates).await;
    assert_eq!(
        super::filters::list(&world, &home, None, 1, 0).await.total,
        Some(100)
    );
    other.close().await;
    world.store.ping().await.unwrap();
}

/// Reverts migration 0007, so that it runs again over rows as an older version left them.
async fn as_before_match_keys(world: &World, changes: &[String]) {
    let taken_back = [
        "DROP INDEX identity_external_id_key".to_owned(),
        "ALTER TABLE identity DROP COLUMN external_id_is_key".to_owned(),
        "DELETE FROM seaql_migrations WHERE version = 'm0007_match_keys'".to_owned(),
    ];
    for sql in changes.iter().chain(&taken_back) {
        if let Some(database) = &world.postgres {
            let mut owner = Postgres::shared().await.admin(&database.name).await;
            sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .execute(&mut owner)
                .await
                .expect(sql);
        } else {
            let mut file = <sqlx::SqliteConnection as sqlx::Connection>::connect(&world.settings.url)
                .await
                .unwrap();
            sqlx::query(sqlx::AssertSqlSafe(sql.clone()))
                .execute(&mut file)
                .await
                .expect(sql);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn old_keys_are_computed_again_and_duplicates_stop_nothing() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let old = "rene\u{301}@x.dk";
        let alone = world.identity(
            &home,
            json!({"userName": old, "displayName": "Ren\u{e9}", "externalId": "twin"}),
        );
        let plain = world.identity(&home, json!({"userName": "plain@x.dk", "externalId": "twin"}));
        let first = world.identity(&home, json!({"userName": "zo\u{eb}", "displayName": "1"}));
        let second = world.identity(&home, json!({"userName": "other", "displayName": "2"}));
        for person in [&alone, &plain, &first, &second] {
            assert!(matches!(
                world.create(&home, person).await,
                CreateOutcome::Done | CreateOutcome::DoneSharingExternalId
            ));
        }
        // As an older version stored them: keys in the sent spelling, two names that are now the same.
        let document =
            r#"{"userName":"zoe\u{308}","displayName":"2","active":true}"#.replace("\\u{308}", "\u{308}");
        as_before_match_keys(
            &world,
            &[
                format!("UPDATE identity SET user_name_key = '{old}' WHERE user_name_key LIKE 'ren%'"),
                format!("UPDATE identity SET user_name_key = 'zoe\u{308}', document = '{document}' WHERE user_name_key = 'other'"),
            ],
        )
        .await;
        // A role that may change the schema: the owner of the tables, on PostgreSQL.
        let url = world
            .postgres
            .as_ref()
            .map_or(&world.settings.url, |database| &database.owner_url);
        let owner = Store::connect(&settings(url)).await.unwrap();
        assert_eq!(
            owner.migrate().await.unwrap(),
            ["m0007_match_keys"],
            "{}",
            world.name()
        );
        owner.close().await;

        let found = async |name: &str| {
            let filter = format!("userName eq \"{name}\"");
            let page = super::filters::list(&world, &home, Some(&filter), 1, 10).await;
            page.items.iter().map(|identity| identity.id).collect::<Vec<_>>()
        };
        for name in ["ren\u{e9}@x.dk", old, "REN\u{c9}@X.DK"] {
            assert_eq!(found(name).await, [alone.id], "{}", world.name());
        }
        for name in ["zo\u{eb}", "zoe\u{308}"] {
            assert_eq!(found(name).await, [first.id], "the one that had the key keeps it");
        }
        // The other one exists, and can be changed like any other: switched off, and renamed.
        let shadowed = world.get(&home, second.id).await.expect("still there");
        let off = world.changed(&shadowed, json!({"userName": "zoe\u{308}", "active": false}));
        assert_eq!(
            world.save(&home, &shadowed, &off).await,
            SaveOutcome::Done,
            "{}",
            world.name()
        );
        let clash = world.changed(&plain, json!({"userName": "ZO\u{cb}"}));
        assert_eq!(world.save(&home, &plain, &clash).await, SaveOutcome::NameTaken);
        let renamed = world.changed(&off, json!({"userName": "zoe2", "active": false}));
        assert_eq!(world.save(&home, &off, &renamed).await, SaveOutcome::Done);
        assert_eq!(found("zoe2").await, [second.id]);
        // Duplicates of an externalId that is a key by now can be changed as well, and a third one is
        // refused.
        let titled = world.changed(
            &alone,
            json!({"userName": old, "externalId": "twin", "title": "t"}),
        );
        assert!(matches!(
            world.save_keyed(&home, &alone, &titled).await,
            SaveOutcome::Done | SaveOutcome::DoneSharingExternalId
        ));
        let third = world.changed(&first, json!({"userName": "zo\u{eb}", "externalId": "twin"}));
        assert_eq!(
            world.save_keyed(&home, &first, &third).await,
            SaveOutcome::ExternalIdTaken,
            "{}",
            world.name()
        );
    }
}
