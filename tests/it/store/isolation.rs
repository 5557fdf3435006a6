//! Tenant isolation: another tenant's ids under one's own scope, and row-level security for statements
//! without a tenant.

use std::sync::Arc;

use domain::log::LogAction;
use serde_json::json;
use sqlx::{Connection, Executor, Row};
use store::{LogQuery, SaveOutcome, StoreError};

use super::filters::list;
use super::world::{Home, World, token_id, worlds};

/// The other tenant's id and directory, under this tenant's scope.
fn trespass(ours: &Home, theirs: &Home) -> Home {
    Home {
        scope: ours.scope,
        ..theirs.clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_identity_is_not_there() {
    for world in worlds().await {
        let (ours, theirs) = (world.home("contoso").await, world.home("fabrikam").await);
        let app = world.app("booking").await;
        let amy = world.people(&theirs, &["amy"]).await.remove(0);
        let mixed = trespass(&ours, &theirs);
        assert_eq!(world.get(&mixed, amy.id).await, None, "{}", world.name());
        assert_eq!(world.get(&ours, amy.id).await, None);

        let changed = world.changed(&amy, json!({"userName": "stolen"}));
        assert_eq!(
            world.save(&mixed, &amy, &changed).await,
            SaveOutcome::NotFoundOrChanged
        );
        let event = world.event(&theirs, Some(&amy), None);
        let what = Arc::new((
            amy.clone(),
            event.clone(),
            world.entry(&amy, LogAction::Delete, Some(&event)),
        ));
        world
            .write(&mixed, move |tx| {
                let what = Arc::clone(&what);
                Box::pin(async move {
                    assert_eq!(tx.lock(what.0.directory, what.0.id).await?, None);
                    assert_eq!(
                        tx.find_by_name::<domain::identity::Identity>(what.0.directory, "amy")
                            .await?,
                        None
                    );
                    tx.delete(&what.0, std::slice::from_ref(&what.1), &what.2).await
                })
            })
            .await
            .unwrap();
        assert_eq!(
            world.get(&theirs, amy.id).await,
            Some(amy.clone()),
            "{}: nothing happened to it",
            world.name()
        );
        world.stamp_all().await;
        assert_eq!(
            world.feed(&app).await.len(),
            1,
            "{}: and nothing is told",
            world.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_filter_and_no_search_reaches_another_tenant() {
    for world in worlds().await {
        let (ours, theirs) = (world.home("contoso").await, world.home("fabrikam").await);
        let amy = world.people(&theirs, &["canary"]).await.remove(0);
        let mixed = trespass(&ours, &theirs);
        let filters = [
            r#"userName eq "canary""#.to_owned(),
            format!(r#"id eq "{}""#, amy.id),
            r#"externalId eq "x-canary""#.to_owned(),
            r#"userName eq "nobody" or userName pr"#.to_owned(),
            r#"not (userName eq "nobody")"#.to_owned(),
        ];
        for home in [&ours, &mixed] {
            for filter in &filters {
                let page = list(&world, home, Some(filter), 1, 10).await;
                assert_eq!(
                    (page.total.unwrap(), page.items.len()),
                    (0, 0),
                    "{}: {filter}",
                    world.name()
                );
            }
            assert_eq!(list(&world, home, None, 1, 10).await.total, Some(0));
            let query = LogQuery {
                resource: Some(amy.id.into()),
                limit: 10,
                ..LogQuery::default()
            };
            let found = world
                .store
                .read::<_, StoreError, _>(home.scope, |tx| {
                    Box::pin(async move { tx.search_log(&query).await })
                })
                .await
                .unwrap();
            assert_eq!(found, [], "{}", world.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_records_are_kept_apart_too() {
    for world in worlds().await {
        let (ours, theirs) = (world.home("contoso").await, world.home("fabrikam").await);
        let token = super::records::token(&world, &theirs, "tok000000000").await;
        assert_eq!(world.store.tokens(ours.scope, None).await.unwrap(), []);
        assert_eq!(world.store.token(ours.scope, token.id).await.unwrap(), None);
        assert!(
            !world
                .operator()
                .revoke_token(ours.scope, token.id, world.now())
                .await
                .unwrap()
        );
        assert!(
            !world
                .operator()
                .limit_token(ours.scope, token.id, world.now())
                .await
                .unwrap()
        );
        let off = domain::tenant::Switch::Off;
        assert!(
            !world
                .operator()
                .switch_directory(ours.scope, &theirs.directory, off)
                .await
                .unwrap()
        );
        assert_eq!(
            world.store.directories(ours.scope).await.unwrap(),
            std::slice::from_ref(&ours.directory)
        );
        let stray = domain::credential::Token {
            id: token_id("tok000000001"),
            ..token
        };
        let hash = super::records::hash();
        let refused = world.operator().insert_token(ours.scope, &stray, &hash).await;
        assert!(
            matches!(refused, Err(StoreError::Conflict(_))),
            "{}: {refused:?}",
            world.name()
        );
    }
}

const GUARDED: [&str; 7] = [
    "identity",
    "groups",
    "membership",
    "outbox",
    "provisioning_log",
    "directory",
    "token",
];

async fn counted(connection: &mut sqlx::PgConnection, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    connection
        .fetch_one(sqlx::AssertSqlSafe(sql))
        .await
        .unwrap()
        .get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plain_role_that_forgets_the_where_sees_nothing_or_its_own() {
    let world = World::postgres().await;
    let (ours, theirs) = (world.home("contoso").await, world.home("fabrikam").await);
    for home in [&ours, &theirs] {
        let people = world.people(home, &["amy", "bob"]).await;
        let members: Vec<_> = people.iter().map(|person| person.id.into()).collect();
        world.made(home, "Sales", &members).await;
        super::records::token(&world, home, &format!("tok{}", &home.tenant.name.as_str()[..6])).await;
    }
    let database = world.postgres.as_ref().unwrap();
    // The owner, too: FORCE, for deployments with one role.
    for url in [&database.app_url, &database.owner_url] {
        let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
        for table in GUARDED {
            assert_eq!(
                counted(&mut connection, table).await,
                0,
                "{table}: unset means no rows"
            );
        }
        let mut transaction = connection.begin().await.unwrap();
        let tenant = ours.tenant.id.uuid().to_string();
        sqlx::query("SELECT set_config('usher.tenant', $1, true)")
            .bind(&tenant)
            .execute(&mut *transaction)
            .await
            .unwrap();
        for (table, rows) in GUARDED.iter().zip([2, 1, 2, 3, 3, 1, 1]) {
            assert_eq!(
                counted(&mut transaction, table).await,
                rows,
                "{table}: its own only"
            );
        }
        let stray = sqlx::query("UPDATE identity SET tenant_id = $1").bind(theirs.tenant.id.uuid());
        let refused = stray.execute(&mut *transaction).await.unwrap_err();
        assert!(refused.to_string().contains("row-level security"), "{refused}");
        transaction.rollback().await.unwrap();
        assert_eq!(
            counted(&mut connection, "identity").await,
            0,
            "the setting ended with the transaction"
        );
    }
}

/// A row without an owner would be everybody's, or nobody's: the database refuses it, whichever table is added.
#[tokio::test(flavor = "multi_thread")]
async fn each_row_of_a_tenants_table_names_its_tenant_and_is_guarded() {
    let world = World::postgres().await;
    let database = world.postgres.as_ref().unwrap();
    let mut connection = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
    let asked = "SELECT c.relname::text, a.attnotnull, c.relrowsecurity, c.relforcerowsecurity FROM pg_class c JOIN pg_attribute a \
                 ON a.attrelid = c.oid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attname = 'tenant_id'";
    let rows = connection.fetch_all(asked).await.unwrap();
    let guarded: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    for table in GUARDED {
        assert!(guarded.iter().any(|name| name == table), "{table}: {guarded:?}");
    }
    for row in &rows {
        let table: String = row.get(0);
        let flags: [bool; 3] = [row.get(1), row.get(2), row.get(3)];
        // The positions of an app's feed, which runs over tenants; what an event says is in the outbox.
        let is_guarded = table != "feed_event";
        assert_eq!(
            flags,
            [true, is_guarded, is_guarded],
            "{table}: NOT NULL, row-level security, FORCE"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_the_store_does_leaves_a_connection_open_to_a_tenant() {
    let world = World::postgres().await;
    let home = world.home("contoso").await;
    let amy = world.people(&home, &["amy"]).await.remove(0);
    super::records::token(&world, &home, "tok000000000").await;
    let one = store::Settings {
        max_connections: 1,
        ..world.settings.clone()
    };
    let store = store::Store::connect(&one).await.unwrap();
    store.token_record(token_id("tok")).await.unwrap().unwrap();
    let (directory, id) = (home.directory.id, amy.id);
    store
        .read::<_, StoreError, _>(home.scope, |tx| {
            Box::pin(async move { tx.get(directory, id).await })
        })
        .await
        .unwrap()
        .unwrap();
    store.stamp(10).await.unwrap();
    // On the same one connection: a leftover setting would show in what the server counts.
    let elsewhere = domain::scope::TenantScope::mint(domain::id::TenantId::from_uuid(world.uuid()));
    let found = store
        .read::<_, StoreError, _>(elsewhere, |tx| {
            Box::pin(async move { tx.get(directory, id).await })
        })
        .await
        .unwrap();
    assert_eq!(found, None);
}
