//! Concurrent requests: tenants do not mix, and a person is created once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use support::http::Feed;

use super::{advisor, advisors, on_both};

#[tokio::test]
async fn two_tenants_creating_the_same_200_user_names_at_once_end_with_their_own_200() {
    on_both(async |gateway| {
        let tenants = [advisors(&gateway, "contoso"), advisors(&gateway, "fabrikam")];
        let created = join_all((0..200).flat_map(|number| {
            tenants
                .iter()
                .map(move |scim| async move { scim.post("/Users", &advisor(number)).await.expect(201).id() })
        }))
        .await;
        for (offset, scim) in tenants.iter().enumerate() {
            let mut own: Vec<_> = created.iter().skip(offset).step_by(2).cloned().collect();
            let listed = scim.get("/Users?count=1000&attributes=id").await.expect(200);
            let mut listed: Vec<_> = listed.body["Resources"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| user["id"].as_str().unwrap().to_owned())
                .collect();
            own.sort();
            listed.sort();
            assert_eq!(listed, own);
        }
    })
    .await;
}

#[tokio::test]
async fn ten_identical_posts_at_once_make_one_identity_and_one_created_event() {
    on_both(async |gateway| {
        let app = gateway.app("booking");
        let scim = advisors(&gateway, "contoso");
        let answers =
            join_all((0..10).map(|_| async { scim.post("/Users", &advisor(1)).await.expect(201).id() }))
                .await;
        assert!(answers.iter().all(|id| *id == answers[0]), "{answers:?}");
        assert_eq!(scim.get("/Users").await.expect(200).total(), 1);
        // A marker: its event comes after every earlier one.
        scim.post("/Users", &advisor(2)).await.expect(201);
        let feed = Feed::new(&app);
        let events = support::wait::until("the marker", std::time::Duration::from_secs(20), || async {
            let events = feed.all().await;
            let marker = |(_, event): &(u64, serde_json::Value)| {
                event["data"]["record"]["userName"] == "advisor2@contoso.com"
            };
            events.iter().any(marker).then_some(events)
        })
        .await;
        let kinds: Vec<_> = events
            .iter()
            .map(|(_, event)| event["type"].as_str().unwrap())
            .collect();
        assert_eq!(kinds, ["usher.identity.created.v1", "usher.identity.created.v1"]);
        assert_eq!(events[0].1["subject"], format!("/Users/{}", answers[0]));
    })
    .await;
}

#[tokio::test]
async fn concurrent_changes_of_one_identity_all_count() {
    on_both(async |gateway| {
        let scim = advisors(&gateway, "contoso");
        let id = scim.post("/Users", &advisor(1)).await.expect(201).id();
        let answers = join_all((0..10).map(|number| {
            let (scim, id) = (&scim, &id);
            async move {
                let value = format!("Name {number}");
                let operation = serde_json::json!([{"op": "Replace", "path": "displayName", "value": value}]);
                scim.patch_ops(id, operation).await.expect(200)
            }
        }))
        .await;
        let revisions: BTreeSet<i64> = answers.iter().map(support::http::Answer::revision).collect();
        assert_eq!(revisions.len(), 10, "ten changes, ten revisions");
        let read = scim.get(&format!("/Users/{id}")).await.expect(200);
        assert_eq!(Some(&read.revision()), revisions.last());
    })
    .await;
}
