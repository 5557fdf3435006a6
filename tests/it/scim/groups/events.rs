//! Events of groups: parts, their order and keys, and that a consumer with the rule of
//! `docs/reference/events.md` ends with the gateway's memberships.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use support::http::Feed;

use super::{create, elements, members, on_both, patch, people, persons, set};

/// (group, member) → the sequence of its latest event, and whether the member is in the group.
#[derive(Default)]
struct Consumer {
    memberships: BTreeMap<(String, String), (String, bool)>,
    cleared: BTreeMap<String, String>,
    gone: BTreeSet<String>,
}

impl Consumer {
    /// The rule for memberships.
    fn apply(&mut self, event: &Value) {
        let text = |pointer: &str| {
            event
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let sequence = text("/sequence");
        if text("/type").ends_with(".deleted.v1") {
            self.gone.insert(text("/data/tombstone/id"));
        }
        if text("/type") != "usher.group.members_changed.v1" {
            return;
        }
        let group = text("/data/group/id");
        if event["data"]["cleared"] == true {
            let last = self.cleared.entry(group.clone()).or_default();
            *last = last.clone().max(sequence.clone());
            for ((of, _), (seen, there)) in &mut self.memberships {
                if *of == group && *seen < sequence {
                    *there = false;
                }
            }
        }
        let is_late = self
            .cleared
            .get(&group)
            .is_some_and(|cleared| *cleared > sequence);
        for (side, there) in [("added", !is_late), ("removed", false)] {
            for entry in event["data"][side].as_array().expect("a list") {
                let member = entry["id"].as_str().expect("an id").to_owned();
                let row = self.memberships.entry((group.clone(), member)).or_default();
                if row.0 < sequence {
                    *row = (sequence.clone(), there);
                }
            }
        }
    }

    fn members(&self, group: &str) -> BTreeSet<String> {
        let rows = self.memberships.iter();
        rows.filter(|((of, member), (_, there))| {
            of == group && *there && !self.gone.contains(member) && !self.gone.contains(of)
        })
        .map(|((_, member), _)| member.clone())
        .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_ends_with_the_memberships_of_the_gateway_in_whatever_order_it_reads() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let feed = Feed::new(&gateway.app("booking"));
        let persons = persons(&scim, 0, 12).await;
        let (staff, crew) = (create(&scim, "Staff", &persons[..6]).await, create(&scim, "Crew", &[]).await);
        let ends = create(&scim, "Ends", &persons).await;
        for (group, operations) in [
            (&staff, json!([{"op": "remove", "path": "members", "value": elements(&persons[..2])}, {"op": "replace", "path": "displayName", "value": "Team"}])),
            (&crew, json!([{"op": "add", "path": "members", "value": elements(&persons)}])),
            (&staff, json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": elements(&persons[7..9])}])),
            (&crew, json!([{"op": "remove", "path": "members"}])),
            (&crew, json!([{"op": "add", "path": "members", "value": elements(&persons[3..])}, {"op": "add", "path": "members", "value": staff}])),
            (&crew, json!([{"op": "remove", "path": format!("members[value eq \"{}\"]", persons[4])}])),
        ] {
            patch(&scim, group, operations).await.expect(204);
        }
        scim.delete(&format!("/Users/{}", persons[5])).await.expect(204);
        scim.delete(&format!("/Groups/{ends}")).await.expect(204);
        feed.settled_head().await;
        let events: Vec<Value> = feed.all().await.into_iter().map(|(_, event)| event).collect();
        let wanted = [(&staff, members(&scim, &staff).await), (&crew, members(&scim, &crew).await), (&ends, set(&[]))];
        assert_eq!(wanted[1].1.len(), 8);
        let mut orders = vec![events.clone(), events.iter().rev().cloned().collect()];
        let (odd, even): (Vec<_>, Vec<_>) = events.iter().cloned().enumerate().partition(|(index, _)| index % 2 == 1);
        orders.push(odd.into_iter().chain(even).map(|(_, event)| event).chain(events).collect());
        for order in orders {
            let mut consumer = Consumer::default();
            for event in &order {
                consumer.apply(event);
            }
            for (group, members) in &wanted {
                assert_eq!(consumer.members(group), *members);
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_one_change_follow_each_other_in_the_feed() {
    on_both(async |gateway| {
        let scim = people(&gateway, "contoso");
        let feed = Feed::new(&gateway.app("booking"));
        let persons = persons(&scim, 0, 1_001).await;
        let id = create(&scim, "Staff", &persons).await;
        feed.settled_head().await;
        let events = feed.all().await.into_iter().map(|(_, event)| event);
        let mine: Vec<Value> = events
            .filter(|event| event["subject"] == format!("/Groups/{id}"))
            .collect();
        let parts: Vec<&str> = mine.iter().filter_map(|event| event["part"].as_str()).collect();
        assert_eq!(parts, ["1/4", "2/4", "3/4", "4/4"]);
        assert_eq!(mine[0]["type"], "usher.group.created.v1");
        assert_eq!(mine[0]["data"]["group"]["memberCount"], 1_001);
        assert!(
            mine.iter()
                .all(|event| event["sequence"] == mine[0]["sequence"] && event["txn"] == mine[0]["txn"])
        );
        let keys: BTreeSet<String> = mine
            .iter()
            .map(|event| event["idempotencykey"].to_string())
            .collect();
        assert_eq!(keys.len(), 4);
        let added: Vec<Value> = mine[1..]
            .iter()
            .flat_map(|event| event["data"]["added"].as_array().cloned().unwrap_or_default())
            .collect();
        let ids: BTreeSet<String> = added
            .iter()
            .filter_map(|entry| entry["id"].as_str().map(str::to_owned))
            .collect();
        assert_eq!((ids, added.len()), (set(&persons), 1_001));
        assert!(added.iter().all(|entry| entry["externalId"].is_string()));
        let rows = super::log(&gateway, &id);
        assert_eq!(
            (rows.len(), &rows[0]["action"], &rows[0]["status"]),
            (1, &json!("create"), &json!("success")),
            "{rows:?}"
        );
    })
    .await;
}
