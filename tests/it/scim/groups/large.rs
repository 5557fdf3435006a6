//! Groups too large for memory: 1,000 members in one PATCH, 100,000 in one group.
//!
//! The people are copies of one that the API created, which takes seconds instead of minutes.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use support::gateway::{Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::{Database, Postgres};

use super::{create, elements, members, patch, people, persons, set};

/// A gateway with a direct connection to its database.
struct Site {
    gateway: Gateway,
    postgres: Option<Database>,
}

impl Site {
    async fn each(requirement: impl AsyncFn(Self)) {
        for database in [None, Some(Postgres::shared().await.database().await)] {
            let settings = Settings {
                database: database.clone(),
                ..Settings::default()
            };
            let gateway = Gateway::start(settings).await;
            requirement(Self {
                gateway,
                postgres: database,
            })
            .await;
        }
    }

    /// Copies the only person `count` times; returns the copies' ids, ascending.
    async fn crowd(&self, scim: &Scim, count: usize) -> Vec<String> {
        persons(scim, 0, 1).await;
        if let Some(database) = &self.postgres {
            let mut connection = sqlx::PgConnection::connect(&database.super_url)
                .await
                .expect("PostgreSQL");
            let columns = "SELECT column_name::text, data_type::text FROM information_schema.columns \
                           WHERE table_schema = 'public' AND table_name = 'identity' ORDER BY ordinal_position";
            let columns = sqlx::query(columns)
                .fetch_all(&mut connection)
                .await
                .expect("columns");
            let columns: Vec<_> = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
            let copies = copies(&columns, "lpad(to_hex(n), 32, '0')::uuid", "n::text");
            let sql = format!(
                "{copies} FROM identity t CROSS JOIN generate_series(1, {count}) n; ANALYZE identity"
            );
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .expect("copies");
        } else {
            let file = self.gateway.folder().join("usher-data/usher.db");
            let options = sqlx::sqlite::SqliteConnectOptions::new()
                .filename(file)
                .busy_timeout(Duration::from_mins(1));
            let mut connection = sqlx::SqliteConnection::connect_with(&options)
                .await
                .expect("SQLite");
            let columns = "SELECT name, lower(type) FROM pragma_table_info('identity') ORDER BY cid";
            let columns = sqlx::query(columns)
                .fetch_all(&mut connection)
                .await
                .expect("columns");
            let columns: Vec<_> = columns.iter().map(|row| (row.get(0), row.get(1))).collect();
            let copies = copies(&columns, "unhex(printf('%032x', n))", "n");
            let sql = format!(
                "WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count}) \
                 {copies} FROM identity t CROSS JOIN counted"
            );
            sqlx::raw_sql(AssertSqlSafe(sql))
                .execute(&mut connection)
                .await
                .expect("copies");
        }
        (1..=count).map(|n| format!("idn_{n:032x}")).collect()
    }
}

/// `INSERT INTO identity … SELECT …`: texts with the number of the copy in them, ids computed from it.
fn copies(columns: &[(String, String)], id: &str, number: &str) -> String {
    let value = |(name, kind): &(String, String)| match kind.as_str() {
        _ if name == "id" => id.to_owned(),
        "text" => format!(
            "replace(replace(t.{name}, 'advisor0@', 'copy' || {number} || '@'), '-000000000000', '-copy' || {number})"
        ),
        _ if name == "created_at" => format!("t.{name} + n"),
        _ => format!("t.{name}"),
    };
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let values: Vec<String> = columns.iter().map(value).collect();
    format!(
        "INSERT INTO identity ({}) SELECT {}",
        names.join(", "),
        values.join(", ")
    )
}

fn adding(ids: &[String]) -> Value {
    json!([{"op": "Add", "path": "members", "value": elements(ids)}])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_members_join_and_leave_in_one_request() {
    Site::each(async |site| {
        let scim = people(&site.gateway, "contoso");
        let crowd = site.crowd(&scim, 1_000).await;
        let id = create(&scim, "Staff", &[]).await;
        let joined = patch(&scim, &id, adding(&crowd)).await.expect(204).revision();
        assert!(joined > 1);
        let again = patch(&scim, &id, adding(&crowd)).await.expect(204);
        assert_eq!(again.revision(), joined);
        assert_eq!(members(&scim, &id).await, set(&crowd));
        // As a thousand operations of one member each.
        let operations: Vec<Value> = crowd
            .iter()
            .map(|member| json!({"op": "remove", "path": format!("members[value eq \"{member}\"]")}))
            .collect();
        let answer = patch(&scim, &id, Value::from(operations)).await.expect(204);
        assert!(answer.revision() > joined);
        assert_eq!(members(&scim, &id).await, set(&[]));
        let operations: Vec<Value> = crowd
            .iter()
            .map(|member| json!({"op": "Add", "path": "members", "value": [{"value": member}]}))
            .collect();
        patch(&scim, &id, Value::from(operations)).await.expect(204);
        assert_eq!(members(&scim, &id).await, set(&crowd));
        let feed = Feed::new(&site.gateway.app("late"));
        feed.settled_head().await;
        let events = feed.all().await;
        let changes = events
            .iter()
            .filter(|(_, event)| event["type"] == "usher.group.members_changed.v1");
        let parts: Vec<&str> = changes.filter_map(|(_, event)| event["part"].as_str()).collect();
        assert_eq!(parts, ["1/2", "2/2", "1/2", "2/2", "1/2", "2/2"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_a_hundred_thousand_is_made_read_renamed_emptied_and_deleted_in_bounded_memory() {
    Site::each(async |mut site| {
        const ALL: usize = 100_000;
        let scim = people(&site.gateway, "contoso");
        let crowd = site.crowd(&scim, ALL).await;
        let id = create(&scim, "Everybody", &crowd[..10]).await;
        let path = format!("/Groups/{id}");
        scim.get(&path).await.expect(200);
        for some in crowd[10..].chunks(9_999) {
            patch(&scim, &id, adding(some)).await.expect(204);
        }
        let before = site.gateway.process().resident_kib();
        site.gateway.process().forget_peak();
        let readers = join_all((0..4).map(|_| scim.get(&path))).await;
        for read in readers {
            let read = read.expect(200);
            assert_eq!(
                super::values(&read.body["members"]),
                crowd.iter().cloned().collect::<BTreeSet<_>>()
            );
            assert_eq!(read.body["displayName"], "Everybody");
        }
        // Page caches of the store's connections; answers built as JSON values would take a hundred MiB more.
        let grown = site.gateway.process().peak_kib().saturating_sub(before);
        assert!(
            grown < 128 * 1024,
            "{grown} KiB more than before for four readers"
        );
        let list = scim
            .get("/Groups?filter=displayName+eq+%22everybody%22")
            .await
            .expect(200);
        assert_eq!(
            list.body["Resources"][0]["members"].as_array().map(Vec::len),
            Some(ALL)
        );
        let rename = json!([{"op": "Replace", "path": "displayName", "value": "All of us"}]);
        patch(&scim, &id, rename).await.expect(204);
        let bare = scim
            .get(&format!("{path}?excludedAttributes=members"))
            .await
            .expect(200);
        assert_eq!(bare.body["displayName"], "All of us");
        // One added, one removed.
        patch(
            &scim,
            &id,
            json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", crowd[7])}]),
        )
        .await
        .expect(204);
        patch(&scim, &id, adding(&crowd[7..8])).await.expect(204);
        // Nearly all members are removed without being named.
        patch(
            &scim,
            &id,
            json!([{"op": "replace", "path": "members", "value": elements(&crowd[..3])}]),
        )
        .await
        .expect(204);
        assert_eq!(members(&scim, &id).await, set(&crowd[..3]));
        patch(&scim, &id, adding(&crowd[..20_000])).await.expect(204);
        patch(&scim, &id, json!([{"op": "remove", "path": "members"}]))
            .await
            .expect(204);
        assert_eq!(members(&scim, &id).await, set(&[]));
        patch(&scim, &id, adding(&crowd[..20_000])).await.expect(204);
        scim.delete(&path).await.expect(204);
        scim.get(&path).await.expect(404);
        let user = scim.get(&format!("/Users/{}", crowd[0])).await.expect(200);
        assert_eq!(user.body.get("groups"), None);
        let peak = site.gateway.process().peak_kib();
        assert!(peak < 384 * 1024, "{peak} KiB were held");
        let too_many = patch(
            &scim,
            &create(&scim, "Staff", &[]).await,
            adding(&crowd[..20_001]),
        )
        .await
        .expect(400);
        assert_eq!(too_many.body["scimType"], "tooMany");
        assert!(
            too_many
                .text
                .contains("more than 20000 members. Send them in several requests"),
            "{}",
            too_many.text
        );
    })
    .await;
}
