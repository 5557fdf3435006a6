//! The audit log on real databases: one row a change, in one transaction with it; chains that never fork; every way to tamper is found.

use domain::audit::verify::{Fault, FaultKind, Verified};
use domain::audit::{Action, AuditRow, Chain, ChainHead};
use domain::credential::Token;
use sqlx::{AssertSqlSafe, Connection as _};
use store::{AuditQuery, Store, StoreError};

use super::operator::{Operator, entry};
use super::records::hash;
use super::world::{Home, World, token_id, worlds};

async fn rows(store: &Store, chain: Chain) -> Vec<AuditRow> {
    let mut all: Vec<AuditRow> = Vec::new();
    loop {
        let after = all.last().map_or(0, |row| row.seq);
        let page = store.audit_rows(chain, after, 100).await.unwrap();
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

async fn verified(store: &Store, chain: Chain) -> Result<i64, Fault> {
    let mut verified = Verified::begin(chain);
    for row in rows(store, chain).await {
        verified.next(&row)?;
    }
    verified.end(store.audit_head(chain).await.unwrap().as_ref())?;
    Ok(verified.seq())
}

fn chain(home: &Home) -> Chain {
    Chain::Tenant(home.tenant.id)
}

fn token(world: &World, home: &Home, id: &str) -> Token {
    Token {
        id: token_id(id),
        tenant: home.tenant.id,
        directory: home.directory.id,
        label: None,
        created_at: world.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_four: "wxyz".to_owned(),
        allowed_networks: domain::network::AllowedNetworks::default(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_has_one_row_and_what_changes_nothing_has_none() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let chain = chain(&home);
        let operator = world.operator();
        let new = token(&world, &home, "tok");
        operator.insert_token(home.scope, &new, &hash()).await.unwrap();
        for _ in 0..2 {
            operator
                .revoke_token(home.scope, new.id, world.now())
                .await
                .unwrap();
        }
        // Not the settings that it has.
        let other = domain::tenant::Directory {
            provider: domain::tenant::Provider::Okta,
            ..home.directory.clone()
        };
        assert!(
            !operator
                .change_settings(home.scope, &other, &other)
                .await
                .unwrap()
        );
        assert!(operator.insert_token(home.scope, &new, &hash()).await.is_err());
        let rows = rows(&world.store, chain).await;
        let actions: Vec<&str> = rows.iter().map(|row| row.action.as_str()).collect();
        assert_eq!(
            actions,
            ["directory.create", "token.issue", "token.revoke"],
            "{}",
            world.name()
        );
        assert_eq!(verified(&world.store, chain).await, Ok(3), "{}", world.name());
        // The tenant itself is the platform's.
        assert_eq!(verified(&world.store, Chain::Platform).await, Ok(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_fails_later_leaves_neither_itself_nor_a_row() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let (scope, new) = (home.scope, token(&world, &home, "tok"));
        let failed = world
            .store
            .audited(&entry(chain(&home), Action::TokenIssue), move |tx| {
                let new = new.clone();
                Box::pin(async move {
                    tx.insert_token(scope, &new, &hash()).await?;
                    Err::<(), _>(StoreError::Settings("no".to_owned()))
                })
            })
            .await;
        assert!(matches!(failed, Err(StoreError::Settings(_))), "{failed:?}");
        assert_eq!(world.store.tokens(scope, None).await.unwrap(), []);
        assert_eq!(
            verified(&world.store, chain(&home)).await,
            Ok(1),
            "{}",
            world.name()
        );
    }
}

/// Two processes of sixteen writers on one chain, which begins with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_writers_make_one_chain_without_a_fork() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let other = Store::connect(&world.settings).await.unwrap();
        let begun = Chain::Tenant(domain::id::TenantId::from_uuid(world.uuid()));
        let mut writers = Vec::new();
        for writer in 0..16 {
            let store = if writer % 2 == 0 { &world.store } else { &other };
            let operator = Operator(store.clone());
            let tokens: Vec<Token> = (0..10)
                .map(|nth| token(&world, &home, &format!("w{writer:02}n{nth}")))
                .collect();
            let scope = home.scope;
            writers.push(tokio::spawn(async move {
                for token in tokens {
                    operator.insert_token(scope, &token, &hash()).await.unwrap();
                    operator
                        .0
                        .note_audit(&entry(begun, Action::AuthRefused))
                        .await
                        .unwrap();
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(
            verified(&world.store, chain(&home)).await,
            Ok(161),
            "{}: with the directory's",
            world.name()
        );
        assert_eq!(verified(&world.store, begun).await, Ok(160), "{}", world.name());
        assert_eq!(world.store.tokens(home.scope, None).await.unwrap().len(), 160);
        other.close().await;
    }
}

/// Runs statements as whoever owns the database, with the triggers out of the way.
async fn tamper(world: &World, sql: &str) {
    if let Some(database) = &world.postgres {
        let mut owner = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
        let text = format!("SET session_replication_role = replica; {sql}");
        sqlx::raw_sql(AssertSqlSafe(text))
            .execute(&mut owner)
            .await
            .unwrap();
        owner.close().await.unwrap();
        return;
    }
    let mut owner = sqlx::SqliteConnection::connect(&world.settings.url)
        .await
        .unwrap();
    let triggers: Vec<(String, String)> =
        sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'audit_%'")
            .fetch_all(&mut owner)
            .await
            .unwrap();
    assert!(!triggers.is_empty());
    for (name, _) in &triggers {
        let drop = AssertSqlSafe(format!("DROP TRIGGER {name}"));
        sqlx::raw_sql(drop).execute(&mut owner).await.unwrap();
    }
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut owner)
        .await
        .unwrap();
    for (_, trigger) in triggers {
        sqlx::raw_sql(AssertSqlSafe(trigger))
            .execute(&mut owner)
            .await
            .unwrap();
    }
    owner.close().await.unwrap();
}

/// The literal of a chain in SQL.
fn literal(world: &World, chain: Chain) -> String {
    match world.postgres {
        Some(_) => format!("'{}'", chain.uuid()),
        None => format!("x'{}'", chain.uuid().simple()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_tamper_is_found_and_named() {
    let cases: [(&str, &str, (i64, FaultKind)); 7] = [
        (
            "changed",
            "UPDATE audit_log SET actor = 'cli:mallory@ops1' WHERE chain = C AND seq = 3",
            (3, FaultKind::Changed),
        ),
        (
            "a detail removed",
            "UPDATE audit_log SET details = '{ }' WHERE chain = C AND seq = 1",
            (1, FaultKind::Changed),
        ),
        (
            "deleted",
            "DELETE FROM audit_log WHERE chain = C AND seq = 3",
            (3, FaultKind::Missing),
        ),
        (
            "cut off",
            "DELETE FROM audit_log WHERE chain = C AND seq = 5",
            (5, FaultKind::Missing),
        ),
        (
            "exchanged",
            "UPDATE audit_log SET seq = 99 WHERE chain = C AND seq = 2; \
             UPDATE audit_log SET seq = 2 WHERE chain = C AND seq = 3; \
             UPDATE audit_log SET seq = 3 WHERE chain = C AND seq = 99",
            (2, FaultKind::OutOfOrder),
        ),
        (
            "put in",
            "INSERT INTO audit_log SELECT chain, 6, at, actor, action, target, outcome, reason, ip, request_id, details, hash, 'x' \
             FROM audit_log WHERE chain = C AND seq = 5",
            (6, FaultKind::Changed),
        ),
        (
            "cut off with its head",
            "DELETE FROM audit_log WHERE chain = C AND seq = 5; UPDATE audit_chain SET seq = 4 WHERE chain = C",
            (4, FaultKind::HeadMismatch),
        ),
    ];
    for world in worlds().await {
        let (good, mut homes) = (world.home("good").await, Vec::new());
        for nth in 0..cases.len() {
            homes.push(world.home(&format!("tenant-{nth}")).await);
        }
        for home in homes.iter().chain([&good]) {
            for nth in 0..4 {
                let token = token(
                    &world,
                    home,
                    &format!("{}{nth}", home.tenant.name.as_str().replace('-', "")),
                );
                world
                    .operator()
                    .insert_token(home.scope, &token, &hash())
                    .await
                    .unwrap();
            }
        }
        for (home, (_, sql, _)) in homes.iter().zip(&cases) {
            tamper(
                &world,
                &sql.replace(" C", &format!(" {}", literal(&world, chain(home)))),
            )
            .await;
        }
        for (home, (name, _, fault)) in homes.iter().zip(&cases) {
            let found = verified(&world.store, chain(home)).await.expect_err(name);
            assert_eq!((found.seq, found.kind), *fault, "{}: {name}", world.name());
        }
        assert_eq!(
            verified(&world.store, chain(&good)).await,
            Ok(5),
            "{}",
            world.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_changes_or_deletes_a_row_with_the_triggers_in_place() {
    for world in worlds().await {
        world.home("contoso").await;
        for sql in [
            "UPDATE audit_log SET actor = 'x'",
            "DELETE FROM audit_log",
            "DELETE FROM audit_chain",
            "UPDATE audit_chain SET seq = 0",
            "UPDATE audit_chain SET seq = seq + 2",
        ] {
            let refused = if let Some(database) = &world.postgres {
                // The superuser, whom no grant and no policy binds.
                let mut owner = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
                sqlx::raw_sql(sql).execute(&mut owner).await.map(|_| ())
            } else {
                let mut owner = sqlx::SqliteConnection::connect(&world.settings.url)
                    .await
                    .unwrap();
                sqlx::raw_sql(sql).execute(&mut owner).await.map(|_| ())
            };
            let said = refused.expect_err(sql).to_string();
            assert!(
                said.contains("never changed or deleted") || said.contains("one row further"),
                "{}: {sql}: {said}",
                world.name()
            );
        }
        assert_eq!(verified(&world.store, Chain::Platform).await, Ok(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_was_asked_for_in_its_chain_only() {
    for world in worlds().await {
        let (home, other) = (world.home("contoso").await, world.home("fabrikam").await);
        for nth in 0..3_u8 {
            for (home, who) in [(&home, "tok"), (&other, "oth")] {
                let mut entry = entry(chain(home), Action::TokenRevoke);
                entry.target = domain::audit::Target::Token(token_id(&format!("{who}{nth}")));
                entry.at += chrono::TimeDelta::seconds(i64::from(nth));
                if nth == 2 {
                    entry.actor = domain::actor::Actor::System;
                }
                world.store.note_audit(&entry).await.unwrap();
            }
        }
        let found = async |query: AuditQuery| {
            let rows = world.store.search_audit(chain(&home), &query).await.unwrap();
            assert!(rows.iter().all(|row| row.chain == chain(&home)));
            rows.iter().map(|row| row.seq).collect::<Vec<_>>()
        };
        let any = AuditQuery {
            limit: 10,
            ..AuditQuery::default()
        };
        let start = entry(Chain::Platform, Action::TokenRevoke).at;
        assert_eq!(found(any.clone()).await, [4, 3, 2, 1], "{}", world.name());
        assert_eq!(
            found(AuditQuery {
                limit: 2,
                ..any.clone()
            })
            .await,
            [4, 3]
        );
        let by = |actor: &str| AuditQuery {
            actor: Some(actor.to_owned()),
            ..any.clone()
        };
        assert_eq!(found(by("system")).await, [4]);
        assert_eq!(found(by("cli:alice@ops1")).await, [3, 2, 1]);
        let revoked = AuditQuery {
            action: Some(Action::TokenRevoke),
            ..by("cli:alice@ops1")
        };
        assert_eq!(found(revoked.clone()).await, [3, 2]);
        let later = AuditQuery {
            since: Some(start + chrono::TimeDelta::seconds(1)),
            ..revoked
        };
        assert_eq!(found(later).await, [3]);
        let about = AuditQuery {
            target: Some(format!("token:{}", token_id("tok1"))),
            ..any.clone()
        };
        assert_eq!(found(about).await, [3]);
        let between = AuditQuery {
            since: Some(start + chrono::TimeDelta::seconds(1)),
            until: Some(start + chrono::TimeDelta::seconds(2)),
            ..any
        };
        assert_eq!(found(between).await, [3]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_heads_are_those_of_the_chains() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let heads = world.store.audit_heads().await.unwrap();
        let last = rows(&world.store, chain(&home)).await.pop().unwrap();
        let head = ChainHead {
            chain: chain(&home),
            seq: 1,
            hash: last.hash,
        };
        assert_eq!(heads.len(), 2, "{}", world.name());
        assert!(heads.contains(&head), "{}: {heads:?}", world.name());
        let nobody = Chain::Tenant(domain::id::TenantId::from_uuid(world.uuid()));
        assert_eq!(world.store.audit_head(nobody).await.unwrap(), None);
    }
}
