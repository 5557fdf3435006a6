//! Faults of the database, and databases that come back older.

use std::path::Path;
use std::time::Duration;

use sqlx::{Connection as _, Executor as _};

use super::day::{Day, Kept, bad_day, port};

#[tokio::test(flavor = "multi_thread")]
async fn postgresql_is_killed() {
    bad_day(Kept::Cluster, async |day| {
        let cluster = day.cluster.as_ref().expect("a cluster");
        cluster.kill9();
        tokio::time::sleep(Duration::from_millis(500)).await;
        cluster.restart().await;
    })
    .await;
}

/// What was committed after the replica was cut off is lost, also what apps have read of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lags_is_promoted() {
    bad_day(Kept::Cluster, async |day| {
        let primary = day.cluster.take().expect("a cluster");
        let replica = primary.replica().await;
        replica.cut_off().await;
        day.streams_grow().await;
        primary.kill9();
        replica.promote().await;
        day.database_address
            .as_ref()
            .expect("an address")
            .switch_to(replica.port());
        day.cluster = Some(replica);
        day.is_older = true;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_is_restored_into_another_database() {
    bad_day(Kept::Cluster, async |day| {
        let cluster = day.cluster.as_ref().expect("a cluster");
        let dump = cluster.dump(&day.database().at_port(cluster.port()));
        day.streams_grow().await;
        day.gateway.terminate();
        let empty = cluster.database().await;
        cluster.restore(&dump, &empty);
        let address = day.database_address.as_ref().expect("an address").port();
        day.gateway.use_database(empty.at_port(address));
        day.gateway.restart().await;
        day.is_older = true;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dump_is_restored_over_its_database() {
    bad_day(Kept::Cluster, async |day| {
        let cluster = day.cluster.as_ref().expect("a cluster");
        let database = day.database().at_port(cluster.port());
        let dump = cluster.dump(&database);
        day.streams_grow().await;
        day.gateway.terminate();
        cluster.restore_over(&dump, &database);
        day.gateway.restart().await;
        day.is_older = true;
    })
    .await;
}

/// An operator copies the database's file, and later puts the copy back.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_sqlite_file_is_put_back() {
    bad_day(Kept::Sqlite, async |day| {
        let folder = day.gateway.folder().join("usher-data");
        let copy = day.gateway.folder().join("copy.db");
        day.gateway.terminate();
        std::fs::copy(folder.join("usher.db"), &copy).expect("copy");
        day.gateway.restart().await;
        day.streams_grow().await;
        day.gateway.terminate();
        std::fs::copy(&copy, folder.join("usher.db")).expect("copy back");
        day.gateway.restart().await;
        day.is_older = true;
    })
    .await;
}

/// As [`a_copy_of_the_sqlite_file_is_put_back`], with everything that stands beside the file: then only the readers know. They ask
/// before there are new changes.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_whole_sqlite_folder_is_put_back() {
    bad_day(Kept::Sqlite, async |day| {
        let folder = day.gateway.folder().join("usher-data");
        let copy = day.gateway.folder().join("copy");
        day.gateway.terminate();
        copy_files(&folder, &copy);
        day.gateway.restart().await;
        day.streams_grow().await;
        day.gateway.terminate();
        // No identity provider reaches it for a while: apps do not go by this address alone, so they wait as well.
        day.address.close();
        copy_files(&copy, &folder);
        day.gateway.restart().await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        day.address.switch_to(port(&day.gateway));
        day.is_older = true;
    })
    .await;
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("folder");
    for entry in std::fs::read_dir(from).expect("folder").flatten() {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), to.join(entry.file_name())).expect("copy");
        }
    }
}

/// The apps were away for longer than events are kept, and Redis has lost what it had.
async fn retention_has_passed(kept: Kept) {
    bad_day(kept, async |day| {
        day.stop_consumers();
        day.streams_grow().await;
        remove_old_events(day).await;
        day.redis.command(&["FLUSHALL"]).await;
        day.start_consumers();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_has_passed_on_sqlite() {
    retention_has_passed(Kept::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retention_has_passed_on_postgresql() {
    retention_has_passed(Kept::Postgres).await;
}

/// As the pruning does, for all events but each feed's last five.
async fn remove_old_events(day: &Day) {
    let sql = "DELETE FROM feed_event WHERE pos <= (SELECT head FROM feed WHERE feed.app_id = feed_event.app_id) - 5;
               DELETE FROM outbox WHERE stamped
                   AND NOT EXISTS (SELECT 1 FROM feed_event WHERE feed_event.outbox_id = outbox.id);";
    let url = day.gateway.database_url();
    if url.starts_with("sqlite:") {
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the file");
        connection.execute(sqlx::raw_sql(sql)).await.expect("delete");
    } else {
        let mut connection = sqlx::PgConnection::connect(&url).await.expect("the database");
        connection.execute(sqlx::raw_sql(sql)).await.expect("delete");
    }
}
