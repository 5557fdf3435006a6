//! Groups over HTTP (`docs/background/entra.md`, "Groups"): every form of request, on both databases, with
//! its effect on members, events and cost.

mod changes;
mod cycle;
mod events;
mod large;
mod lifecycle;
mod queries;
mod races;
mod shapes;

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use support::gateway::Gateway;
use support::http::{Answer, Scim};

use super::{advisor_with, on_both};

const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// A directory that serves groups.
pub(super) fn people(gateway: &Gateway, tenant: &str) -> Scim {
    Scim::new(&gateway.directory(tenant, "people"))
}

/// A group as Entra creates one (GC1 of `docs/background/entra-shapes.md`).
fn group(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group",
                    "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": format!("object-of-{name}"),
        "displayName": name,
        "meta": {"resourceType": "Group"},
    })
}

/// Creates a group with these members; returns its id.
pub(super) async fn create(scim: &Scim, name: &str, members: &[String]) -> String {
    let mut body = group(name);
    if !members.is_empty() {
        body["members"] = elements(members);
    }
    scim.post("/Groups", &body).await.expect(201).id()
}

/// Creates `count` people, numbered from `first`; returns their ids.
async fn persons(scim: &Scim, first: usize, count: usize) -> Vec<String> {
    let making = (first..first + count).map(|number| async move {
        scim.post("/Users", &advisor_with(number, json!({})))
            .await
            .expect(201)
            .id()
    });
    stream::iter(making).buffered(16).collect().await
}

/// Members as a client sends them.
pub(super) fn elements(ids: &[String]) -> Value {
    ids.iter().map(|id| json!({"$ref": null, "value": id})).collect()
}

/// PATCH of a group with these operations.
pub(super) async fn patch(scim: &Scim, id: &str, operations: Value) -> Answer {
    let body = json!({"schemas": [PATCH_OP], "Operations": operations});
    scim.patch(&format!("/Groups/{id}"), &body).await
}

/// The members according to GET.
async fn members(scim: &Scim, id: &str) -> BTreeSet<String> {
    let answer = scim.get(&format!("/Groups/{id}")).await.expect(200);
    values(&answer.body["members"])
}

/// The ids in a list of elements; each must be there once.
fn values(elements: &Value) -> BTreeSet<String> {
    let list = elements
        .as_array()
        .unwrap_or_else(|| panic!("no list: {elements}"));
    let ids: BTreeSet<String> = list
        .iter()
        .map(|element| element["value"].as_str().expect("a value").to_owned())
        .collect();
    assert_eq!(ids.len(), list.len(), "everybody once: {elements}");
    ids
}

fn set(ids: &[String]) -> BTreeSet<String> {
    ids.iter().cloned().collect()
}

/// The rows of the provisioning log that contain this text, newest first.
fn log(gateway: &Gateway, text: &str) -> Vec<Value> {
    let rows = gateway.cli(&["log", "list", "--tenant", "contoso", "--limit", "1000"]);
    let rows = rows.as_array().cloned().unwrap_or_else(|| vec![rows]);
    rows.into_iter()
        .filter(|row| row.to_string().contains(text))
        .collect()
}
