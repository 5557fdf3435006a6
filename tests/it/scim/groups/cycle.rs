//! A customer's Entra with groups, cycle after cycle in both dialects: people join, leave and are purged,
//! groups are created, renamed and deleted; the gateway ends with the customer's memberships.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::gateway::{Directory, Gateway};
use support::http::Scim;
use support::sim::Source;

use super::{members, on_both};

#[tokio::test(flavor = "multi_thread")]
async fn cycles_in_the_legacy_dialect_end_with_the_memberships_of_the_customer() {
    on_both(async |gateway| cycles(&gateway, "legacy").await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cycles_in_the_compliant_dialect_end_with_the_memberships_of_the_customer() {
    on_both(async |gateway| cycles(&gateway, "compliant").await).await;
}

async fn cycles(gateway: &Gateway, dialect: &str) {
    let directory = gateway.directory("contoso", "people");
    let source = Source::generate_with(30, 0, 9, 7).await;
    for day in 0..4 {
        if day > 0 {
            source.mutate(25, day).await;
        }
        let (status, summary) = source.cycle("people", &directory, &["--dialect", dialect]).await;
        assert_eq!(
            (status, &summary["escrow"]),
            (0, &Value::from(0)),
            "day {day}: {summary}"
        );
        compare(&source, &directory).await;
    }
}

/// Every group of the source has the same members in the gateway, by `externalId`.
async fn compare(source: &Source, directory: &Directory) {
    let scim = Scim::new(directory);
    let content = source.content();
    let mut names = BTreeMap::new();
    for user in scim.get("/Users?count=1000").await.expect(200).body["Resources"]
        .as_array()
        .expect("Resources")
    {
        names.insert(text(user, "id"), text(user, "externalId"));
    }
    let groups = content["groups"].as_array().expect("groups");
    let mut found = Vec::new();
    for group in groups {
        let filter =
            support::http::entra_encode(&format!("displayName eq \"{}\"", text(group, "displayName")));
        let list = scim
            .get(&format!("/Groups?excludedAttributes=members&filter={filter}"))
            .await
            .expect(200);
        let id = text(&list.body["Resources"][0], "id");
        names.insert(id.clone(), text(group, "objectId"));
        found.push((group, id));
    }
    for (group, id) in found {
        let has: BTreeSet<String> = members(&scim, &id)
            .await
            .iter()
            .map(|id| names[id].clone())
            .collect();
        let wanted: BTreeSet<String> = group["members"]
            .as_array()
            .expect("members")
            .iter()
            .filter_map(|id| id.as_str().map(str::to_owned))
            .collect();
        assert_eq!(has, wanted, "{group}");
    }
}

fn text(value: &Value, name: &str) -> String {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name} in {value}"))
        .to_owned()
}
