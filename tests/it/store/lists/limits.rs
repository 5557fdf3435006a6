//! The limit of rows that a list reads: on PostgreSQL, whose tables can be filled by SQL.

use scim::query::SortPosition;
use sqlx::Connection;
use store::StoreError;

use super::{At, people, user_names};
use crate::store::groups::cost::rows_read;
use crate::store::world::{Home, World};

/// Inserts rows by SQL: too many for the API.
async fn fill(world: &World, home: &Home, rows: i64) {
    let database = world.postgres.as_ref().unwrap();
    let mut connection = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
    let sql = "INSERT INTO identity (tenant_id, directory_id, id, revision, document, user_name_key, created_at, modified_at) \
               SELECT $1, $2, md5(n::text)::uuid, 1, '{\"userName\":\"f' || n || '\"}', 'f' || n, n, n \
               FROM generate_series(1, $3) n";
    let query = sqlx::query(sql)
        .bind(home.tenant.id.uuid())
        .bind(home.directory.id.uuid())
        .bind(rows);
    query.execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_would_look_too_far_says_so_and_a_cursor_gets_there_page_by_page() {
    let world = World::postgres().await;
    let home = world.home("contoso").await;
    fill(&world, &home, 45_000).await;
    // A filter of 101 comparisons counts each row eleven times; of 45,000 rows that is too much.
    let long: Vec<String> = (0..101).map(|number| format!("title eq \"t{number}\"")).collect();
    let long = format!("{} or userName eq \"F44999\"", long.join(" or "));
    let refused = people(&world, &home, Some(&long), None, At::Index(1, 10))
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, StoreError::TooMuch(what) if what.contains("200000 resources")),
        "{refused}"
    );
    let short = people(
        &world,
        &home,
        Some(r#"userName ew "4999""#),
        None,
        At::Index(1, 10),
    )
    .await
    .unwrap();
    assert_eq!(
        user_names(&short),
        ["f4999", "f14999", "f24999", "f34999", "f44999"]
    );
    let (mut after, mut pages, mut names) = (None, 0, Vec::new());
    loop {
        let page = people(
            &world,
            &home,
            Some(r#"userName ew "44999""#),
            None,
            At::Cursor(after, 10),
        )
        .await
        .unwrap();
        names.extend(user_names(&page));
        pages += 1;
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(
        (names, pages),
        (vec!["f44999".to_owned()], 3),
        "20,000 rows a page"
    );
    let by_name = Some(("userName", "ascending"));
    let deep = people(&world, &home, None, by_name, At::Index(10_001, 1))
        .await
        .unwrap_err();
    assert!(
        matches!(&deep, StoreError::TooMuch(what) if what.contains("10000th")),
        "{deep}"
    );
    let last = people(&world, &home, None, by_name, At::Index(10_000, 1))
        .await
        .unwrap();
    assert_eq!((last.total, last.items.len()), (Some(45_000), 1));
    let page = people(&world, &home, None, None, At::Index(44_999, 5))
        .await
        .unwrap();
    assert_eq!(
        (user_names(&page), page.total),
        (vec!["f44999".to_owned(), "f45000".to_owned()], Some(45_000))
    );
}

/// On tables that were never analysed: pages, deep ones too, and memberships read only their own rows.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_reads_its_own_rows_however_deep_it_is() {
    let world = World::postgres().await;
    let home = world.home("contoso").await;
    let group = world.made(&home, "Big", &[]).await;
    fill(&world, &home, 20_000).await;
    let url = &world.postgres.as_ref().unwrap().super_url;
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    let sql = "INSERT INTO membership (tenant_id, directory_id, group_id, member_id, member_kind) \
               SELECT tenant_id, directory_id, $1, id, 'User' FROM identity";
    sqlx::query(sql)
        .bind(group.id.uuid())
        .execute(&mut connection)
        .await
        .unwrap();
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
    let inside = format!(r#"groups.value eq "{}""#, group.id);
    for filter in [None, Some(inside.as_str())] {
        let mut after = Some(SortPosition {
            key: None,
            at: 10_000,
            id: uuid::Uuid::from_u128(0x7000_0000_0000_0000_0000_0000_0000_0000).as_u128(),
        });
        for _ in 0..20 {
            let page = people(&world, &home, filter, None, At::Cursor(after, 10))
                .await
                .unwrap();
            assert_eq!(page.items.len(), 10);
            after = page.next;
        }
    }
    world.store.close().await;
    let read = settled().await - before;
    assert!((400..4000).contains(&read), "40 pages of 10 read {read} rows");
}
