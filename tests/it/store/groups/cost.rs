//! The cost of a member in a big group, by the rows that PostgreSQL reads: never by the clock.

use std::sync::Arc;

use domain::id::{IdentityId, ResourceId};
use sqlx::{Connection, Executor, Row};

use crate::store::world::{Home, World};

/// Members of the big group: inserted by SQL, which is not measured.
const MANY: i64 = 10_000;

/// Fills the directory with people and the group with them.
async fn fill(url: &str, home: &Home, group: ResourceId) {
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let people = "INSERT INTO identity (tenant_id, directory_id, id, revision, document, user_name_key, created_at, modified_at) \
                  SELECT $1, $2, md5(n::text)::uuid, 1, '{\"userName\":\"f' || n || '\"}', 'f' || n, n, n \
                  FROM generate_series(1, $3) n";
    let members = "INSERT INTO membership (tenant_id, directory_id, group_id, member_id, member_kind) \
                   SELECT $1, $2, $4, md5(n::text)::uuid, 'User' FROM generate_series(1, $3) n";
    for sql in [people, members] {
        let query = sqlx::query(sql)
            .bind(home.tenant.id.uuid())
            .bind(home.directory.id.uuid())
            .bind(MANY);
        let query = if sql == members {
            query.bind(group.uuid())
        } else {
            query
        };
        query.execute(&mut connection).await.unwrap();
    }
    connection
        .execute("UPDATE groups SET member_count = (SELECT count(*) FROM membership m WHERE m.group_id = groups.id)")
        .await
        .unwrap();
}

/// The number of rows that all sessions have read so far from the three tables.
pub async fn rows_read(url: &str) -> i64 {
    let sql = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables \
               WHERE relname IN ('identity', 'groups', 'membership')";
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    connection.fetch_one(sql).await.unwrap().get(0)
}

/// Before and after PostgreSQL has statistics of the tables: an estimate must not decide between a row and a
/// group.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_a_big_group_is_added_removed_and_deleted_by_reading_a_handful_of_rows() {
    for analysed in [false, true] {
        let world = Arc::new(World::postgres().await);
        let home = world.home("contoso").await;
        let names: Vec<String> = (0..20).map(|number| format!("p{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let people = world.people(&home, &names).await;
        let group = world.made(&home, "Big", &[]).await;
        let url = &world.postgres.as_ref().unwrap().super_url;
        fill(url, &home, group.id.into()).await;
        if analysed {
            let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
            connection.execute("ANALYZE").await.unwrap();
        }
        // The sessions that inserted report their reads when they end.
        let settled = async || {
            let mut before = rows_read(url).await;
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(700)).await;
                let now = rows_read(url).await;
                if now == before {
                    return now;
                }
                before = now;
            }
        };
        let before = settled().await;
        for person in &people {
            let id = [ResourceId::from(person.id)];
            assert_eq!(world.patch(&home, group.id, &id, &[]).await.0.len(), 1);
            let asked = [person.id];
            let directory = home.directory.id;
            let groups = world
                .store
                .read::<_, store::StoreError, _>(home.scope, move |tx| {
                    Box::pin(async move { tx.groups_of(directory, &asked).await })
                })
                .await
                .unwrap();
            assert_eq!(groups.1.len(), 1);
        }
        for person in &people[..10] {
            let id = [ResourceId::from(person.id)];
            assert_eq!(world.patch(&home, group.id, &[], &id).await.1.len(), 1);
        }
        for person in &people {
            world.delete(&home, person).await;
        }
        let fetch = ResourceId::Identity(IdentityId::from_uuid(uuid::Uuid::from_u128(1 << 120)));
        let directory = home.directory.id;
        for _ in 0..5 {
            let id = group.id;
            let page = world
                .store
                .read::<_, store::StoreError, _>(home.scope, move |tx| {
                    Box::pin(async move { tx.members(directory, id, Some(fetch), 10).await })
                })
                .await
                .unwrap();
            assert_eq!(page.len(), 10);
        }
        let read = group_count(&world, &home, group.id).await;
        assert_eq!(read, MANY);
        world.store.close().await;
        let read = settled().await - before;
        assert!(read > 0, "the count must count something");
        assert!(
            read < 3000,
            "75 changes and reads took {read} rows; analysed: {analysed}"
        );
    }
}

async fn group_count(world: &World, home: &Home, id: domain::id::GroupId) -> i64 {
    world.get_group(home, id).await.unwrap().member_count
}
