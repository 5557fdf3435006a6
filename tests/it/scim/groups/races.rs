//! Concurrent requests on the same group and the same people.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use serde_json::{Value, json};
use support::http::Feed;

use super::{create, elements, group, members, on_both, patch, people, persons, set};

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_one_group_at_once_all_happen_one_after_the_other() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 20).await;
        let id = create(&scim, "Staff", &[]).await;
        let adding = persons.iter().map(|person| {
            patch(
                &scim,
                &id,
                json!([{"op": "Add", "path": "members", "value": [{"value": person}]}]),
            )
        });
        let tags: BTreeSet<String> = join_all(adding)
            .await
            .into_iter()
            .map(|answer| answer.expect(204).header("etag").to_owned())
            .collect();
        assert_eq!(tags.len(), 20, "{tags:?}");
        assert_eq!(members(&scim, &id).await, set(&persons));
        // All add the same member: one change.
        let other = create(&scim, "Crew", &[]).await;
        let same = (0..8).map(|_| {
            patch(
                &scim,
                &other,
                json!([{"op": "Add", "path": "members", "value": [{"value": persons[0]}]}]),
            )
        });
        let answers = join_all(same).await.into_iter();
        let revisions: BTreeSet<i64> = answers.map(|answer| answer.expect(204).revision()).collect();
        let read = scim.get(&format!("/Groups/{other}")).await;
        assert_eq!(revisions, BTreeSet::from([read.revision()]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_deleted_while_being_added_is_no_member_afterwards() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let persons = persons(&scim, 0, 24).await;
        let groups = [
            create(&scim, "Staff", &[]).await,
            create(&scim, "Crew", &[]).await,
        ];
        let scim_of = &scim;
        let leaving = persons[..12].iter().map(|person| async move {
            scim_of.delete(&format!("/Users/{person}")).await.expect(204);
        });
        let joining = persons
            .chunks(3)
            .flat_map(|some| groups.iter().map(move |group| (group, some)))
            .map(|(group, some)| {
                let (scim, operations) = (
                    &scim,
                    json!([{"op": "Add", "path": "members", "value": elements(some)}]),
                );
                async move {
                    patch(scim, group, operations).await.expect(204);
                }
            });
        tokio::join!(join_all(leaving), join_all(joining));
        for group in &groups {
            assert_eq!(members(&scim, group).await, set(&persons[12..]));
            // The count in answers is right, too: the group is empty after all of them left.
            patch(
                &scim,
                group,
                json!([{"op": "remove", "path": "members", "value": elements(&persons)}]),
            )
            .await
            .expect(204);
            assert_eq!(
                scim.get(&format!("/Groups/{group}")).await.body["members"],
                json!([])
            );
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_requests_that_add_one_member_at_once_both_succeed_and_tell_of_it_once() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let feed = Feed::new(&gateway.app("booking"));
        let persons = persons(&scim, 0, 3).await;
        let mut groups = Vec::new();
        for n in 0..12 {
            let id = create(&scim, &format!("Group {n}"), &[]).await;
            let add = |some: &[String]| json!([{"op": "add", "path": "members", "value": elements(some)}]);
            let (one, other) = tokio::join!(
                patch(&scim, &id, add(&persons[..2])),
                patch(&scim, &id, add(&persons[1..]))
            );
            one.expect(204);
            other.expect(204);
            assert_eq!(members(&scim, &id).await, set(&persons));
            groups.push(id);
        }
        feed.settled_head().await;
        let events: Vec<Value> = feed.all().await.into_iter().map(|(_, event)| event).collect();
        for id in groups {
            let of_group = events.iter().filter(|event| {
                event["type"] == "usher.group.members_changed.v1" && event["data"]["group"]["id"] == id
            });
            let told: Vec<BTreeSet<String>> = of_group
                .map(|event| {
                    let added = event["data"]["added"].as_array().expect("a list").iter();
                    added
                        .map(|member| member["id"].as_str().expect("an id").to_owned())
                        .collect()
                })
                .collect();
            assert_eq!(told.iter().map(BTreeSet::len).collect::<Vec<_>>(), [2, 1]);
            assert_eq!(told.into_iter().flatten().collect::<BTreeSet<_>>(), set(&persons));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_creation_twice_at_once_makes_one_group() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        for n in 0..5 {
            let body = group(&format!("Group {n}"));
            let mut other = body.clone();
            other["externalId"] = json!("another");
            let (a, b, c) = tokio::join!(
                scim.post("/Groups", &body),
                scim.post("/Groups", &body),
                scim.post("/Groups", &other)
            );
            let statuses = [a.status, b.status, c.status];
            let made: BTreeSet<String> = [&a, &b, &c]
                .into_iter()
                .filter(|answer| answer.status == 201)
                .map(support::http::Answer::id)
                .collect();
            assert_eq!(made.len(), 1, "{statuses:?}");
            assert!(
                statuses.iter().all(|status| [201, 409].contains(status)),
                "{statuses:?}"
            );
            assert!(statuses.contains(&409), "{statuses:?}");
        }
    })
    .await;
}
