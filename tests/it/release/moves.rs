//! A policy that becomes narrower and wider while customers go on: the apps' tables follow.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use support::booking::Booking;
use support::gateway::Gateway;
use support::http::{Feed, Scim};
use support::python::PythonConsumer;
use support::wait::until;

use super::{PATIENCE, app, on_both, person, set, told};
use crate::events::snapshot::{entries, pages};

/// The ids and names of a directory.
async fn names(scim: &Scim) -> BTreeMap<String, Value> {
    let found = scim.get("/Users?count=500").await.expect(200);
    let all = found.body["Resources"].as_array().expect("a list").iter();
    all.map(|user| {
        (
            user["id"].as_str().expect("an id").to_owned(),
            user["displayName"].clone(),
        )
    })
    .collect()
}

/// Those that booking has.
fn rows(booking: &Booking) -> BTreeMap<String, Value> {
    let dump = booking.dump();
    let there = dump["advisors"]
        .as_array()
        .expect("rows")
        .iter()
        .filter(|row| row["deleted"] == false);
    there
        .map(|row| {
            (
                row["id"].as_str().expect("an id").to_owned(),
                row["displayName"].clone(),
            )
        })
        .collect()
}

async fn until_equal(what: &str, booking: &Booking, expected: impl AsyncFn() -> BTreeMap<String, Value>) {
    until(what, PATIENCE, || async {
        let (has, expected) = (rows(booking), expected().await);
        (has == expected).then_some(())
    })
    .await;
}

/// Renames people and makes and deletes some until it is stopped.
fn traffic(scim: &Scim, ids: Vec<String>, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<usize> {
    let (scim, stop) = (scim.clone(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut done = 0;
        while !stop.load(Ordering::Relaxed) {
            let id = &ids[done % ids.len()];
            let name = json!([{"op": "Replace", "path": "displayName", "value": format!("canary {done}")}]);
            // A gateway that is being killed answers nothing.
            let request = scim.request(reqwest::Method::PATCH, &format!("/Users/{id}"));
            let body =
                json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": name});
            let request = request
                .header("Content-Type", "application/scim+json")
                .body(body.to_string());
            let _ = support::http::try_send(request).await;
            done += 1;
            // Booking must be able to follow on a busy machine.
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        done
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn narrowing_and_widening_during_traffic_ends_with_the_tables_that_are_released() {
    on_both(async |mut gateway, redis| {
        let contoso = Scim::new(&gateway.directory("contoso", "advisors"));
        let fabrikam = Scim::new(&gateway.directory("fabrikam", "advisors"));
        let mut ids = [Vec::new(), Vec::new()];
        for n in 0..60 {
            ids[0].push(person(&contoso, &format!("c{n}"), "Aarhus").await);
            ids[1].push(person(&fabrikam, &format!("f{n}"), "Odense").await);
        }
        let made = app(&gateway, "booking", &[]);
        let feed = Feed::new(&made);
        let booking = Booking::over_redis(&made, &redis.url());
        booking.caught_up(120).await;
        let stop = Arc::new(AtomicBool::new(false));
        let [of_contoso, of_fabrikam] = ids;
        let leaver = of_fabrikam[7].clone();
        let loads = [
            traffic(&contoso, of_contoso, &stop),
            traffic(&fabrikam, of_fabrikam, &stop),
        ];

        let counted = set(&gateway, "booking", &["--tenant", "contoso", "--dry-run"]);
        assert_eq!(
            (&counted["removed"], &counted["added"], &counted["changed"]),
            (&json!(60), &json!(0), &json!(false))
        );
        let narrowed = set(&gateway, "booking", &["--tenant", "contoso"]);
        assert_eq!(
            (&narrowed["removed"], &narrowed["snapshot"]),
            (&json!(60), &json!(false)),
            "{narrowed}"
        );
        // Who goes before the app was told of it is gone from its tables, too.
        fabrikam.delete(&format!("/Users/{leaver}")).await.expect(204);
        gateway.kill9();
        gateway.restart().await;
        told(&gateway, "booking").await;
        until("booking to have contoso's people only", PATIENCE, || async {
            let (has, expected) = (rows(&booking), names(&contoso).await);
            has.keys().eq(expected.keys()).then_some(())
        })
        .await;
        let dump = booking.dump().to_string();
        let gone = booking.dump()["advisors"]
            .as_array()
            .expect("rows")
            .iter()
            .filter(|row| row["deleted"] == true)
            .cloned()
            .collect::<Vec<_>>();
        assert_eq!(gone.len(), 60);
        assert!(
            gone.iter()
                .all(|row| row["displayName"].is_null() && row["userName"].is_null()),
            "{dump}"
        );

        let widened = set(&gateway, "booking", &[]);
        assert_eq!(widened["added"], json!(59), "{widened}");
        // Changed once more while it is told: the later one holds.
        set(&gateway, "booking", &["--tenant", "contoso"]);
        set(&gateway, "booking", &[]);
        gateway.kill9();
        gateway.restart().await;
        told(&gateway, "booking").await;
        stop.store(true, Ordering::Relaxed);
        for load in loads {
            assert!(load.await.expect("no panic") > 0);
        }
        until_equal("booking to have everybody", &booking, async || {
            let mut all = names(&contoso).await;
            all.extend(names(&fabrikam).await);
            all
        })
        .await;
        revisions_rise(&feed.all().await);
        let snapshot = entries(&pages(&made, 500, None).await);
        assert_eq!(snapshot.len(), 119);
        assert_eq!(booking.dump()["rejected"], json!([]));
    })
    .await;
}

/// Positions without a gap; of one thing, `sequence` and then `release` never fall.
fn revisions_rise(events: &[(u64, Value)]) {
    let mut last: BTreeMap<String, (String, u64)> = BTreeMap::new();
    for ((position, event), expected) in events.iter().zip(1..) {
        assert_eq!(*position, expected);
        let text = |name: &str| event[name].as_str().expect("text").to_owned();
        let now = (text("sequence"), event["release"].as_u64().unwrap_or_default());
        let before = last.insert(text("source"), now.clone());
        assert!(
            before.as_ref().is_none_or(|before| *before <= now),
            "{before:?} then {event}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_and_their_members_go_and_come_back_as_they_are_then() {
    on_both(async |gateway, redis| {
        let people = Scim::new(&gateway.directory("contoso", "people"));
        let anna = person(&people, "anna", "Aarhus").await;
        let bo = person(&people, "bo", "Aarhus").await;
        let staff = json!({"displayName": "Staff", "members": [{"value": anna}]});
        let staff = people.post("/Groups", &staff).await.expect(201).id();
        let made = app(&gateway, "python", &[]);
        let consumer = PythonConsumer::over_redis(&made, &redis.url());
        let has = async |what: &str, expected: &[&str]| {
            until(what, PATIENCE, || async {
                let dump = consumer.dump()?;
                let members = dump["members"].as_array()?.iter();
                let members: Vec<&str> = members.filter_map(|row| row["member"].as_str()).collect();
                (members == expected).then_some(())
            })
            .await;
        };
        has("the first member", &[&anna]).await;
        set(&gateway, "python", &["--profile", "rooms"]);
        told(&gateway, "python").await;
        has("no member", &[]).await;
        // Nobody is told of this.
        let change = json!({"Operations": [{"op": "remove", "path": format!("members[value eq \"{anna}\"]")},
                                           {"op": "add", "path": "members", "value": [{"value": bo}]}]});
        people
            .patch(&format!("/Groups/{staff}"), &change)
            .await
            .expect(204);
        set(&gateway, "python", &[]);
        told(&gateway, "python").await;
        has("the present member", &[&bo]).await;
        let dump = consumer.dump().expect("tables");
        assert_eq!(
            (
                dump["groups"].as_array().map(Vec::len),
                dump["people"].as_array().map(Vec::len)
            ),
            (Some(1), Some(2)),
            "{dump}"
        );
        assert_eq!(dump["unusable"].as_array().map_or(0, Vec::len), 0, "{dump}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_attributes_are_another_epoch_and_what_was_seen_before_is_nowhere_any_more() {
    on_both(async |gateway: Gateway, redis| {
        let contoso = Scim::new(&gateway.directory("contoso", "advisors"));
        let id = person(&contoso, "mette", "Aarhus").await;
        let made = app(&gateway, "booking", &[]);
        let feed = Feed::new(&made);
        let booking = Booking::over_redis(&made, &redis.url());
        booking.caught_up(1).await;
        assert_eq!(rows(&booking)[&id], json!("canary mette"));
        let narrowed = set(&gateway, "booking", &["--field", "office"]);
        assert_eq!(
            (&narrowed["snapshot"], &narrowed["removed"]),
            (&json!(true), &json!(0)),
            "{narrowed}"
        );
        until("booking to have no names", PATIENCE, || async {
            (rows(&booking)[&id].is_null()).then_some(())
        })
        .await;
        assert!(
            !booking.dump().to_string().contains("canary"),
            "{}",
            booking.dump()
        );
        until("the stream to be written anew", PATIENCE, || async {
            let stream = crate::events::world::entries(&redis, &made).await;
            (!format!("{stream:?}").contains("canary")).then_some(())
        })
        .await;
        assert!(
            !format!("{:?}", feed.all().await).contains("canary"),
            "read again"
        );
        set(&gateway, "booking", &[]);
        until("booking to have the name", PATIENCE, || async {
            (rows(&booking)[&id] == "canary mette").then_some(())
        })
        .await;
    })
    .await;
}
