//! Two tenants, two apps with different policies: each sees its own part, in its feed, its snapshot and its stream.

use serde_json::{Value, json};
use support::http::{Feed, Scim};
use support::wait::until;

use super::{app, on_both, person};
use crate::events::snapshot::{entries, pages};
use crate::events::world::{entries as stream, mirrored};

fn types(events: &[(u64, Value)]) -> Vec<&str> {
    let all = events.iter();
    all.map(|(_, event)| event["type"].as_str().expect("a type"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_app_has_the_events_and_the_values_that_its_policy_releases_and_no_others() {
    on_both(async |gateway, redis| {
        let contoso = Scim::new(&gateway.directory("contoso", "advisors"));
        let early = person(&contoso, "early", "Aarhus 1").await;
        let rooms = Scim::new(&gateway.directory("contoso", "rooms"));
        let fabrikam = Scim::new(&gateway.directory("fabrikam", "advisors"));
        let narrow = app(
            &gateway,
            "narrow",
            &[
                "--tenant",
                "contoso",
                "--profile",
                "advisors",
                "--field",
                "office",
            ],
        );
        let wide = app(&gateway, "wide", &[]);

        person(&rooms, "room", "canary room").await;
        person(&fabrikam, "theirs", "canary fabrikam").await;
        let id = person(&contoso, "mette", "Aarhus 2").await;
        let replace = |path: &str, value: Value| json!([{"op": "Replace", "path": path, "value": value}]);
        let office = "addresses[type eq \"work\"].formatted";
        for operations in [
            replace("displayName", json!("canary renamed")),
            replace(office, json!("Aarhus 3")),
            replace("active", json!(false)),
        ] {
            contoso.patch_ops(&id, operations).await.expect(200);
        }
        contoso.delete(&format!("/Users/{id}")).await.expect(204);
        // A tenant that is made later is seen by whoever is not limited to others.
        let later = Scim::new(&gateway.directory("northwind", "advisors"));
        person(&later, "later", "canary northwind").await;

        // Not by `mirrored`: `previousRevision` may be one that this app was not told of.
        let feed = Feed::new(&narrow);
        feed.settled_head().await;
        let told = feed.all().await;
        let carried = until(
            "the stream to end where the feed ends",
            super::PATIENCE,
            || async {
                let entries = stream(&redis, &narrow).await;
                (entries.keys().next_back() == told.last().map(|(position, _)| position)).then_some(entries)
            },
        )
        .await;
        for ((position, fields), (pos, event)) in carried.iter().zip(&told) {
            let carried: Value = serde_json::from_str(&fields["ce"]).expect("JSON");
            assert_eq!((position, &carried), (pos, event));
        }
        let of = |word: &str| format!("usher.identity.{word}.v1");
        assert_eq!(
            types(&told),
            ["created", "created", "updated", "deactivated", "deleted"].map(of)
        );
        let offices: Vec<&Value> = told
            .iter()
            .map(|(_, event)| &event["data"]["record"]["office"])
            .collect();
        assert_eq!(
            offices,
            [
                &json!("Aarhus 1"),
                &json!("Aarhus 2"),
                &json!("Aarhus 3"),
                &json!("Aarhus 3"),
                &Value::Null
            ]
        );
        let snapshot = entries(&pages(&narrow, 2, None).await);
        assert_eq!(snapshot.len(), 1, "{snapshot:#?}");
        assert_eq!(snapshot[0]["data"]["identity"]["id"], json!(early));
        assert_eq!(
            snapshot[0]["data"]["record"], told[0].1["data"]["record"],
            "as the events say"
        );
        assert_eq!(snapshot[0]["data"]["identity"], told[0].1["data"]["identity"]);
        let seen = format!("{told:?} {snapshot:?} {:?}", stream(&redis, &narrow).await);
        assert!(
            !seen.contains("canary") && !seen.contains("fabrikam") && !seen.contains("northwind"),
            "{seen}"
        );

        let all = mirrored(&redis, &Feed::new(&wide), &wide).await;
        assert_eq!(all.len(), 9);
        let text = format!("{all:?}");
        for word in [
            "canary renamed",
            "canary room",
            "canary fabrikam",
            "canary northwind",
        ] {
            assert!(text.contains(word), "no {word}");
        }
        assert_eq!(entries(&pages(&wide, 500, None).await).len(), 4);
        assert!(!gateway.log().contains("canary"), "the log names nobody");
    })
    .await;
}
