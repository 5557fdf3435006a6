//! A database that came back as another one begins new epochs of its feeds before it gives out positions (ADR 0039).

use domain::feed::Epoch;
use store::Store;

use super::world::{World, worlds};

async fn epoch(store: &Store) -> Epoch {
    store.feeds().await.unwrap()[0].epoch.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_stays_the_same_keeps_its_epochs() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        world.app("booking").await;
        let first = epoch(&world.store).await;
        assert_eq!(first.number, 1);
        world.people(&home, &["a"]).await;
        assert!(!world.store.stamp(10).await.unwrap().renewed, "{}", world.name());
        world.store.close().await;
        // Another process on the same database.
        let next = Store::connect(&world.settings).await.unwrap();
        assert!(!next.stamp(10).await.unwrap().renewed, "{}", world.name());
        assert!(!next.outbox_lag().await.unwrap().moved);
        assert_eq!(epoch(&next).await, first, "{}", world.name());
        next.close().await;
    }
}

/// A copy of a SQLite file is put back after more was committed, and again after it was opened elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_copy_of_a_sqlite_file_begins_a_new_epoch() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::sqlite_in(folder.path()).await;
    let file = folder.path().join("data/usher.db");
    let home = world.home("contoso").await;
    world.app("booking").await;
    world.people(&home, &["kept"]).await;
    world.store.stamp(10).await.unwrap();
    let first = epoch(&world.store).await;
    world.store.close().await;
    let copy = folder.path().join("copy.db");
    std::fs::copy(&file, &copy).unwrap();

    let mut lost = world;
    lost.store = Store::connect(&lost.settings).await.unwrap();
    lost.people(&home, &["lost"]).await;
    assert_eq!(lost.store.stamp(10).await.unwrap().stamped, 1);
    lost.store.close().await;
    std::fs::copy(&copy, &file).unwrap();

    let restored = Store::connect(&lost.settings).await.unwrap();
    assert!(restored.outbox_lag().await.unwrap().moved);
    assert!(restored.stamp(10).await.unwrap().renewed);
    let second = epoch(&restored).await;
    assert_eq!(second.number, 2);
    assert_ne!(second.mark, first.mark);
    assert_eq!(restored.feeds().await.unwrap()[0].epoch_start.number(), 1);
    assert!(!restored.stamp(10).await.unwrap().renewed, "once");
    restored.close().await;

    // The file beside it is missing: the database was moved without it, or copied from another machine.
    std::fs::remove_file(folder.path().join("data/usher.db-identity")).unwrap();
    let moved = Store::connect(&lost.settings).await.unwrap();
    assert!(moved.stamp(10).await.unwrap().renewed);
    assert_eq!(epoch(&moved).await.number, 3);
    moved.close().await;
}

/// What a promoted replica or a dump in another database shows: the identity that was noted is not the present one.
#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_database_with_another_identity_begins_a_new_epoch_once() {
    let world = World::postgres().await;
    world.app("booking").await;
    world.store.stamp(10).await.unwrap();
    let database = world.postgres.as_ref().unwrap();
    let mut admin = <sqlx::PgConnection as sqlx::Connection>::connect(&database.super_url)
        .await
        .unwrap();
    let noted: String = sqlx::query_scalar("SELECT database_identity FROM deployment")
        .fetch_one(&mut admin)
        .await
        .unwrap();
    assert_eq!(
        noted.split('/').count(),
        4,
        "server, timeline, database, table: {noted}"
    );
    let sql = "UPDATE deployment SET database_identity = '7/00000001/1/2'";
    sqlx::query(sql).execute(&mut admin).await.unwrap();
    assert!(world.store.outbox_lag().await.unwrap().moved);
    let (one, two) = tokio::join!(world.store.stamp(10), world.store.stamp(10));
    let renewals = [one, two].map(|stamped| u32::from(stamped.unwrap().renewed));
    assert_eq!(renewals.iter().sum::<u32>(), 1, "one of two processes");
    assert_eq!(epoch(&world.store).await.number, 2);
    assert!(!world.store.outbox_lag().await.unwrap().moved);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_is_renewed_by_hand_unless_another_process_was_faster() {
    for world in worlds().await {
        let app = world.app("booking").await;
        let first = epoch(&world.store).await;
        assert!(world.store.renew_feed(app.id, &first, 0).await.unwrap());
        assert!(
            !world.store.renew_feed(app.id, &first, 0).await.unwrap(),
            "{}",
            world.name()
        );
        let second = epoch(&world.store).await;
        assert_eq!(second.number, 2);
        assert!(world.store.renew_feed(app.id, &second, 40).await.unwrap());
        assert_eq!(epoch(&world.store).await.number, 41, "above what Redis has seen");
    }
}
