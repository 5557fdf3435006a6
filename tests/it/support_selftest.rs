//! The support library itself: servers are private, can fail on demand, and come back with their data.

use sqlx::{Connection, Row};
use support::postgres::Postgres;
use support::redis::Redis;

#[tokio::test]
async fn a_database_made_from_a_template_holds_what_was_filled_in_and_binds_the_app_role() {
    let cluster = Postgres::shared().await;
    let fill = async |database: &support::postgres::Database| {
        let mut owner = sqlx::PgConnection::connect(&database.owner_url).await.unwrap();
        sqlx::raw_sql("CREATE TABLE thing (id INT PRIMARY KEY); INSERT INTO thing VALUES (7); GRANT SELECT ON thing TO usher_app")
            .execute(&mut owner)
            .await
            .unwrap();
        owner.close().await.unwrap();
    };
    let first = cluster.from_template("selftest", fill).await;
    let second = cluster
        .from_template("selftest", async |_| panic!("filled twice"))
        .await;
    assert_ne!(first.name, second.name);

    let mut app = sqlx::PgConnection::connect(&second.app_url).await.unwrap();
    let row = sqlx::query("SELECT id FROM thing")
        .fetch_one(&mut app)
        .await
        .unwrap();
    assert_eq!(row.get::<i32, _>(0), 7);
    let rights = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user";
    assert!(
        !sqlx::query(rights)
            .fetch_one(&mut app)
            .await
            .unwrap()
            .get::<bool, _>(0)
    );
}

#[tokio::test]
async fn a_killed_cluster_comes_back_with_what_was_committed() {
    let cluster = Postgres::start().await;
    let database = cluster.database().await;
    let mut owner = sqlx::PgConnection::connect(&database.owner_url).await.unwrap();
    sqlx::raw_sql("CREATE TABLE kept (id INT); INSERT INTO kept VALUES (1)")
        .execute(&mut owner)
        .await
        .unwrap();
    cluster.kill9();
    assert!(sqlx::PgConnection::connect(&database.owner_url).await.is_err());
    cluster.restart().await;
    let mut again = sqlx::PgConnection::connect(&database.owner_url).await.unwrap();
    assert_eq!(
        sqlx::query("SELECT id FROM kept")
            .fetch_all(&mut again)
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn redis_keeps_its_data_over_a_kill_and_loses_them_when_wiped_or_cut() {
    let mut redis = Redis::start().await;
    for number in 0..50 {
        redis
            .command(&["XADD", "s", &format!("{number}-1"), "a", &"x".repeat(100)])
            .await;
    }
    redis.kill9();
    redis.restart().await;
    assert_eq!(redis.command(&["XLEN", "s"]).await, "int(50)");
    assert!(redis.truncate_aof_tail(2_000).await);
    let left = redis.command(&["XLEN", "s"]).await;
    assert_ne!(left, "int(50)", "a cut tail loses something");
    assert_ne!(left, "int(0)", "and not everything");
    redis.wipe().await;
    assert_eq!(redis.command(&["XLEN", "s"]).await, "int(0)");
}

#[tokio::test]
async fn a_full_redis_refuses_writes_and_takes_them_again_with_more_memory() {
    let redis = Redis::start().await;
    redis.maxmemory(1).await;
    let mut connection = redis.connection().await;
    let refused: redis::RedisResult<()> = redis::cmd("SET")
        .arg("k")
        .arg("v")
        .query_async(&mut connection)
        .await;
    assert_eq!(refused.unwrap_err().code(), Some("OOM"));
    redis.maxmemory(0).await;
    redis.command(&["SET", "k", "v"]).await;
}
