//! The provisioning log: what happened to a person, and the progress of its events.

use chrono::{DateTime, TimeDelta};
use domain::log::{LogAction, LogEntry, LogStatus};
use serde_json::json;
use store::{DeliveryStatus, LogQuery, LogRow, StoreError};

use super::world::{Home, World, position, worlds};

async fn search(world: &World, home: &Home, query: LogQuery) -> Vec<LogRow> {
    world
        .store
        .read::<_, StoreError, _>(home.scope, |tx| {
            Box::pin(async move { tx.search_log(&query).await })
        })
        .await
        .unwrap()
}

fn about(user_name: &str) -> LogQuery {
    LogQuery {
        user_name: Some(user_name.to_owned()),
        limit: 10,
        ..LogQuery::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_has_the_times_from_accepted_to_applied() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let booking = world.app("booking").await;
        world.people(&home, &["amy", "bob"]).await;
        assert_eq!(
            search(&world, &home, about("BOB")).await[0].deliveries,
            [],
            "{}: not stamped yet",
            world.name()
        );

        world.stamp_all().await;
        let delivery = |group: Option<&str>, applied_at| DeliveryStatus {
            app: booking.name.clone(),
            position: position(2),
            group: group.map(str::to_owned),
            applied_at,
            is_delivered: false,
        };
        assert_eq!(
            search(&world, &home, about("bob")).await[0].deliveries,
            [delivery(None, None)]
        );

        let (early, late) = (world.now(), world.now() + TimeDelta::seconds(5));
        let epoch = world.store.feeds().await.unwrap()[0].epoch.clone();
        world
            .store
            .ack(booking.id, "booking", (&epoch, position(1)), early)
            .await
            .unwrap();
        assert_eq!(
            search(&world, &home, about("bob")).await[0].deliveries,
            [delivery(Some("booking"), None)]
        );
        world
            .store
            .ack(booking.id, "booking", (&epoch, position(2)), late)
            .await
            .unwrap();
        world
            .store
            .ack(
                booking.id,
                "booking",
                (&epoch, position(2)),
                late + TimeDelta::seconds(9),
            )
            .await
            .unwrap();
        assert_eq!(
            search(&world, &home, about("bob")).await[0].deliveries,
            [delivery(Some("booking"), Some(late))]
        );

        world
            .store
            .set_delivered(booking.id, "booking", (&epoch, position(2)), late)
            .await
            .unwrap();
        world
            .store
            .set_delivered(booking.id, "booking", (&epoch, position(1)), late)
            .await
            .unwrap();
        let found = search(&world, &home, about("bob")).await;
        assert!(found[0].deliveries[0].is_delivered, "it does not go back");
        let amy = search(&world, &home, about("amy")).await;
        assert_eq!(amy[0].deliveries[0].applied_at, Some(early), "{}", world.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_to_search_finds_its_rows_newest_first() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let rooms = world.directory(&home.tenant, "rooms").await;
        let amy = world.people(&home, &["amy"]).await.remove(0);
        let after = world.changed(
            &amy,
            json!({"userName": "amy", "externalId": "x-amy", "displayName": "new"}),
        );
        world.save(&home, &amy, &after).await;
        world.people(&rooms, &["room 1"]).await;
        let failed = LogEntry {
            status: LogStatus::Failure,
            code: Some("uniqueness".to_owned()),
            detail: Some("userName is taken".to_owned()),
            trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
            ..world.entry(&amy, LogAction::Other, None)
        };
        let entry = failed.clone();
        world
            .write(&home, move |tx| {
                let entry = entry.clone();
                Box::pin(async move { tx.log(&entry).await })
            })
            .await
            .unwrap();

        let all = search(
            &world,
            &home,
            LogQuery {
                limit: 10,
                ..LogQuery::default()
            },
        )
        .await;
        let actions: Vec<_> = all.iter().map(|row| row.entry.action).collect();
        assert_eq!(
            actions,
            [
                LogAction::Other,
                LogAction::Create,
                LogAction::Update,
                LogAction::Create
            ],
            "{}",
            world.name()
        );
        assert_eq!(all[0].entry, failed);
        assert_eq!(all[2].entry.changed, ["displayName"]);

        let by = |query: LogQuery| search(&world, &home, LogQuery { limit: 10, ..query });
        assert_eq!(
            by(LogQuery {
                external_id: Some("x-amy".into()),
                ..LogQuery::default()
            })
            .await
            .len(),
            3
        );
        assert_eq!(
            by(LogQuery {
                resource: Some(amy.id.into()),
                ..LogQuery::default()
            })
            .await
            .len(),
            3
        );
        assert_eq!(
            by(LogQuery {
                directory: Some(rooms.directory.id),
                ..LogQuery::default()
            })
            .await
            .len(),
            1
        );
        assert_eq!(
            by(LogQuery {
                status: Some(LogStatus::Failure),
                ..LogQuery::default()
            })
            .await
            .len(),
            1
        );
        assert_eq!(
            by(LogQuery {
                since: Some(failed.at),
                ..LogQuery::default()
            })
            .await
            .len(),
            1
        );
        let both = LogQuery {
            resource: Some(amy.id.into()),
            status: Some(LogStatus::Success),
            ..LogQuery::default()
        };
        assert_eq!(by(both).await.len(), 2);
        assert_eq!(
            search(
                &world,
                &home,
                LogQuery {
                    limit: 2,
                    ..LogQuery::default()
                }
            )
            .await
            .len(),
            2
        );
        pages(&world, &home).await;
    }
}

/// Page by page the same rows come, in the order of their numbers and in that of time.
async fn pages(world: &World, home: &Home) {
    for since in [None, Some(DateTime::UNIX_EPOCH)] {
        let query = |after, limit| LogQuery {
            since,
            after,
            limit,
            ..LogQuery::default()
        };
        let all = search(world, home, query(None, 10)).await;
        let (mut paged, mut after) = (Vec::new(), None);
        while let [row] = &search(world, home, query(after, 1)).await[..] {
            after = Some(row.place);
            paged.push(row.clone());
        }
        assert_eq!(paged, all, "{} {since:?}", world.name());
    }
}
