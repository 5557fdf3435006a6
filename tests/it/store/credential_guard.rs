//! The check of a request's credential inside its first statement (ADR 0038).

use std::sync::Arc;

use domain::group::Group;
use domain::id::IdentityId;
use domain::identity::Identity;
use domain::log::LogAction;
use domain::tenant::Switch;
use serde_json::json;
use sqlx::{Connection as _, Executor as _};
use store::{BoxFuture, CredentialGuard, LogQuery, MemberChange, Store, StoreError};

use super::records::token;
use super::world::{Home, World, token_id, worlds};

async fn guard(world: &World, id: &str) -> CredentialGuard {
    let record = world.store.token_record(token_id(id)).await.unwrap();
    CredentialGuard::new(record.expect("a token").state)
}

/// Every kind of first statement that a request has; what each came to.
async fn requests(
    world: &World,
    home: &Home,
    guard: &CredentialGuard,
    number: usize,
) -> Vec<Result<bool, StoreError>> {
    let store: Store = world.store.guarded(guard.clone());
    let directory = home.directory.id;
    let nobody = IdentityId::from_uuid(world.uuid());
    let somebody = world.identity(
        home,
        json!({"userName": format!("p{number}"), "externalId": format!("x{number}")}),
    );
    let event = world.event(home, None, Some(&somebody));
    let entry = world.entry(&somebody, LogAction::Create, Some(&event));
    let key = domain::identity::ExternalId::IsKey;
    let created = store.create(home.scope, &somebody, key, &event, &entry).await;
    let read = store
        .read(home.scope, move |tx| {
            Box::pin(async move { tx.get(directory, nobody).await }) as BoxFuture<'_, Result<_, StoreError>>
        })
        .await;
    let locked = store
        .write(home.scope, move |tx| {
            Box::pin(async move { tx.lock(directory, nobody).await }) as BoxFuture<'_, Result<_, StoreError>>
        })
        .await;
    let logged = store
        .write(home.scope, move |tx| {
            let entry = entry.clone();
            Box::pin(async move { tx.log(&entry).await }) as BoxFuture<'_, Result<_, StoreError>>
        })
        .await;
    vec![
        created.map(|outcome| outcome == store::CreateOutcome::Done),
        read.map(|found: Option<Identity>| found.is_none()),
        locked.map(|found: Option<Identity>| found.is_none()),
        logged.map(|()| true),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_acts_only_on_what_it_was_let_in_with() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        token(&world, &home, "tok").await;
        let unchanged = guard(&world, "tok").await;
        assert!(!unchanged.was_checked());
        for outcome in requests(&world, &home, &unchanged, 1).await {
            assert!(outcome.unwrap(), "{}", world.name());
        }
        assert!(unchanged.was_checked());

        let old = guard(&world, "tok").await;
        world
            .operator()
            .switch_directory(home.scope, &home.directory, Switch::Off)
            .await
            .unwrap();
        refused(&world, &home, old, 2).await;
        let new = guard(&world, "tok").await;
        requests(&world, &home, &new, 3).await[0].clone().unwrap();
        let new = guard(&world, "tok").await;
        world
            .operator()
            .revoke_token(home.scope, token_id("tok"), world.now())
            .await
            .unwrap();
        refused(&world, &home, new, 4).await;
    }
}

/// By hand, in the database: the triggers of migration 0009.
async fn run_sql(world: &World, sql: &'static str) {
    if let Some(database) = &world.postgres {
        let mut admin = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
        admin.execute(sql).await.unwrap();
        admin.close().await.unwrap();
    } else {
        let mut file = sqlx::SqliteConnection::connect(&world.settings.url)
            .await
            .unwrap();
        file.execute(sql).await.unwrap();
        file.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_by_hand_of_what_a_request_was_admitted_by_is_seen() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        token(&world, &home, "tok").await;
        token(&world, &home, "other").await;
        let state_of = async |id| {
            let record = world.store.token_record(token_id(id)).await.unwrap();
            record.expect("a token").state
        };
        let state = async || state_of("tok").await;
        for sql in [
            "INSERT INTO token (tenant_id, id, directory_id, last_four, hash, hash_version, created_at) \
             SELECT tenant_id, 'third0000000', directory_id, last_four, hash, hash_version, created_at FROM token \
             WHERE id = 'tok000000000'",
            "UPDATE token SET expires_at = 4000000000000 WHERE id = 'tok000000000'",
            "UPDATE token SET revoked_at = 1 WHERE id = 'tok000000000'",
            "UPDATE token SET revoked_at = NULL WHERE id = 'tok000000000'",
            "UPDATE token SET hash_version = hash_version + 1 WHERE id = 'tok000000000'",
            "UPDATE token SET hash = 'another' WHERE id = 'tok000000000'",
            "UPDATE token SET allowed_networks = '192.0.2.0/24' WHERE id = 'tok000000000'",
            "DELETE FROM token WHERE id = 'other0000000'",
            "UPDATE directory SET switch = 'off'",
            "UPDATE directory SET provider = 'okta'",
            "UPDATE directory SET extension = '{}'",
            "UPDATE directory SET frozen_at = 1",
            "UPDATE tenant SET frozen_at = 1",
            "UPDATE tenant SET external_tenant_id = 'another'",
            "UPDATE tenant SET name = 'renamed'",
            match world.postgres {
                // As a restore does it.
                Some(_) => {
                    "SET search_path = ''; UPDATE public.token SET revoked_at = 2 WHERE id = 'tok000000000'"
                }
                None => "REPLACE INTO token SELECT * FROM token WHERE id = 'tok000000000'",
            },
        ] {
            let before = state().await;
            run_sql(&world, sql).await;
            assert_ne!(state().await, before, "{}: {sql}", world.name());
        }
        // What changes with each use is not part of it.
        let before = state().await;
        run_sql(
            &world,
            "UPDATE token SET last_used_at = 2, last_used_from = '192.0.2.7', noticed_days = 7 WHERE id = 'tok000000000'",
        )
        .await;
        assert_eq!(state().await, before, "{}", world.name());
        // Each tenant has a state of its own.
        let neighbour = world.home("fabrikam").await;
        token(&world, &neighbour, "neighbour").await;
        assert_ne!(state_of("neighbour").await, state().await, "{}", world.name());
        if let Some(database) = &world.postgres {
            let mut admin = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
            let sql = "SELECT string_agg(credential_state::text, ' ' ORDER BY name) FROM tenant";
            let before: String = sqlx::query_scalar(sql).fetch_one(&mut admin).await.unwrap();
            admin.execute("TRUNCATE token").await.unwrap();
            let after: String = sqlx::query_scalar(sql).fetch_one(&mut admin).await.unwrap();
            assert!(
                before
                    .split(' ')
                    .zip(after.split(' '))
                    .all(|(old, new)| old != new)
            );
        }
    }
}

/// Nothing is done, read or written.
async fn refused(world: &World, home: &Home, guard: CredentialGuard, number: usize) {
    let before = kept(world, home).await;
    let outcomes = requests(world, home, &guard, number).await;
    // A creation that wrote nothing is looked into by a statement that tells.
    assert!(!matches!(outcomes[0], Ok(true)), "{}", world.name());
    for outcome in &outcomes[1..] {
        assert!(
            matches!(outcome, Err(StoreError::CredentialChanged)),
            "{}: {outcome:?}",
            world.name()
        );
    }
    assert!(!guard.was_checked());
    assert_eq!(kept(world, home).await, before);
}

/// How many people the directory has, and how many rows of the log.
async fn kept(world: &World, home: &Home) -> (usize, usize) {
    let directory = home.directory.id;
    let rows = world.write(home, move |tx| {
        Box::pin(async move {
            tx.search_log(&LogQuery {
                directory: Some(directory),
                limit: 100,
                ..LogQuery::default()
            })
            .await
        })
    });
    let people = super::filters::list(world, home, None, 1, 0).await.total;
    (people.unwrap(), rows.await.unwrap().len())
}

/// On PostgreSQL: a change that is read and written in two statements, and its credential ends in between.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_and_a_change_of_members_check_the_credential_where_they_write() {
    let world = Arc::new(World::postgres().await);
    let home = world.home("contoso").await;
    let amy = world.people(&home, &["amy"]).await.remove(0);
    let group = world.made(&home, "Sales", &[]).await;
    for deletes in [true, false] {
        let id = if deletes { "one" } else { "two" };
        token(&world, &home, id).await;
        let store = world.store.guarded(guard(&world, id).await);
        let event = world.event(&home, Some(&amy), None);
        let entry = world.entry(&amy, LogAction::Delete, Some(&event));
        let events = world.group_events(&group, 1);
        let what = Arc::new((amy.clone(), event, entry, group.clone(), events));
        let (world_of, home_of) = (Arc::clone(&world), home.clone());
        let done = store.write_once(home.scope, move |tx| {
            let (world, home, what) = (Arc::clone(&world_of), home_of.clone(), Arc::clone(&what));
            Box::pin(async move {
                let (amy, event, entry, group, events) = &*what;
                tx.lock(home.directory.id, amy.id).await?;
                let operator = world.operator();
                operator
                    .revoke_token(home.scope, token_id(id), world.now())
                    .await?;
                if deletes {
                    return tx.delete(amy, std::slice::from_ref(event), entry).await;
                }
                let members = MemberChange {
                    joining: vec![amy.id.into()],
                    ..MemberChange::default()
                };
                let after = Group {
                    revision: group.revision.next(chrono::DateTime::default()),
                    member_count: 1,
                    ..group.clone()
                };
                let free = domain::identity::ExternalId::IsFree;
                tx.save(&after, group.revision, free, members, events, entry)
                    .await?;
                Ok(())
            }) as BoxFuture<'_, Result<(), StoreError>>
        });
        let outcome = done.await;
        assert!(
            matches!(outcome, Err(StoreError::CredentialChanged)),
            "{outcome:?}"
        );
        assert!(world.get(&home, amy.id).await.is_some());
        assert_eq!(world.member_ids(&home, group.id).await, []);
    }
}
