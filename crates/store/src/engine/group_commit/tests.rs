//! The law of the writer: who is answered `Ok` is on the disk. Jobs here end the shared transaction themselves, as SQLite
//! does when the disk is full.

use std::time::Duration;

use sqlx::Connection;
use tempfile::TempDir;

use crate::engine::group_commit;
use crate::engine::statement::Bound;
use crate::error::Result;
use crate::settings::Settings;
use crate::store::Store;

struct TestDatabase {
    store: Store,
    url: String,
    _folder: TempDir,
}

impl TestDatabase {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("usher.db").display());
        let settings = Settings {
            url: url.clone(),
            max_connections: 2,
            acquire_timeout: Duration::from_secs(5),
        };
        let store = Store::connect(&settings).await.unwrap();
        store.migrate().await.unwrap();
        Self {
            store,
            url,
            _folder: folder,
        }
    }

    /// A job that sends these statements.
    async fn send(&self, text: &'static str) -> Result<()> {
        let statement = Bound {
            text: text.into(),
            values: Vec::new(),
        };
        self.store.change_after(None, statement).await.map(|_| ())
    }

    async fn write(&self, name: &str) -> Result<()> {
        let taken = self.store.lease(name, "test", Duration::from_mins(1)).await?;
        assert!(taken, "{name} was never written before");
        Ok(())
    }

    /// Whether another connection sees it.
    async fn is_kept(&self, name: &str) -> bool {
        let mut other = sqlx::SqliteConnection::connect(&self.url).await.unwrap();
        let row = sqlx::query("SELECT 1 FROM lease WHERE name = ?").bind(name);
        row.fetch_optional(&mut other).await.unwrap().is_some()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_two_transactions_that_were_lost_the_next_commit_is_durable() {
    let database = TestDatabase::new().await;
    database.write("before").await.unwrap();
    for _ in 0..2 {
        let error = database.send("ROLLBACK").await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the database is unavailable: the transaction was lost"
        );
    }
    database.write("after").await.unwrap();
    assert!(database.is_kept("before").await);
    assert!(database.is_kept("after").await);
    // Another process may write: no lock was left behind.
    let mut other = sqlx::SqliteConnection::connect(&database.url).await.unwrap();
    sqlx::query("DELETE FROM lease")
        .execute(&mut other)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_job_does_to_the_transaction_an_ok_is_on_the_disk() {
    for sabotage in [
        "ROLLBACK",
        "COMMIT",
        "RELEASE job",
        "ROLLBACK TO job",
        "BEGIN",
        "SAVEPOINT other",
        "COMMIT; SAVEPOINT other",
        "INSERT INTO lease (name) VALUES (NULL)",
        "no statement at all",
    ] {
        let database = TestDatabase::new().await;
        let mut failed = 0;
        for round in 0..3 {
            let names: Vec<String> = (0..30).map(|n| format!("{round}-{n}")).collect();
            let calls = names.iter().enumerate().map(|(n, name)| {
                let database = &database;
                async move {
                    if n % 10 == 5 {
                        // What the saboteur is answered is its own affair.
                        let _ = database.send(sabotage).await;
                    }
                    (name, database.write(name).await)
                }
            });
            for (name, answer) in futures_util::future::join_all(calls).await {
                match answer {
                    Ok(()) => assert!(
                        database.is_kept(name).await,
                        "{sabotage}: {name} was answered and is lost"
                    ),
                    Err(_) => failed += 1,
                }
            }
        }
        database.write("at last").await.unwrap();
        assert!(database.is_kept("at last").await, "{sabotage}");
        assert!(failed < 90, "{sabotage}: nothing was ever written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_inside_a_transaction_is_not_begun_on() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("usher.db").display());
    let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
    let mut writing = group_commit::Writing::open(options.create_if_missing(true))
        .await
        .unwrap();
    let mut connection = writing.begin().await.unwrap();
    sqlx::query("CREATE TABLE t (x)")
        .execute(&mut connection)
        .await
        .unwrap();
    writing.leave(connection);
    let connection = writing.begin().await.expect("a new connection");
    writing.commit(connection).await.unwrap();
    let mut other = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let made = sqlx::query("SELECT 1 FROM sqlite_master WHERE name = 't'");
    assert!(
        made.fetch_optional(&mut other).await.unwrap().is_none(),
        "what was left open is rolled back"
    );
}
