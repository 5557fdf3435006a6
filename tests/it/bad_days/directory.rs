//! The directories as their owner sees them, in the form of a consumer's tables.

use serde_json::{Value, json};
use support::http::Scim;

/// One customer's directories.
pub struct Directories {
    /// Identities without groups.
    pub advisors: Scim,
    /// Rooms.
    pub rooms: Scim,
    /// Identities with groups.
    pub people: Scim,
}

impl Directories {
    /// The same with new connections.
    pub fn reconnected(&self) -> Self {
        Self {
            advisors: self.advisors.reconnected(),
            rooms: self.rooms.reconnected(),
            people: self.people.reconnected(),
        }
    }

    /// `{"people", "rooms", "groups", "members"}`, each a list sorted by id.
    pub async fn tables(&self) -> Value {
        let mut people = Vec::new();
        for scim in [&self.advisors, &self.people] {
            people.extend(users(scim).await);
        }
        let rooms = users(&self.rooms).await;
        let (mut groups, mut members) = (Vec::new(), Vec::new());
        for group in list(&self.people, "/Groups").await {
            groups.push(json!({"id": group["id"], "externalId": group["externalId"], "displayName": group["displayName"]}));
            let path = format!("/Groups/{}", group["id"].as_str().expect("an id"));
            let whole = self.people.get(&path).await.expect(200);
            let found = whole.body["members"].as_array().cloned().unwrap_or_default();
            members.extend(
                found
                    .iter()
                    .map(|member| json!({"group": group["id"], "member": member["value"]})),
            );
        }
        json!({"people": sorted(people), "rooms": sorted(rooms), "groups": sorted(groups), "members": sorted(members)})
    }
}

fn identity(user: &Value) -> Value {
    json!({"id": user["id"], "externalId": user["externalId"], "userName": user["userName"],
           "displayName": user["displayName"], "active": user["active"]})
}

/// The identities of one directory.
pub async fn users(scim: &Scim) -> Vec<Value> {
    list(scim, "/Users").await.iter().map(identity).collect()
}

/// Lists of objects as text, so that they can be compared whatever their order was.
pub fn sorted(mut rows: Vec<Value>) -> Vec<Value> {
    rows.sort_by_key(ToString::to_string);
    rows
}

/// All resources, page by page.
async fn list(scim: &Scim, path: &str) -> Vec<Value> {
    let mut found = Vec::new();
    loop {
        let query = format!("{path}?startIndex={}&count=200", found.len() + 1);
        let page = scim.get(&query).await.expect(200);
        let listed = page.body["Resources"].as_array().cloned().unwrap_or_default();
        let is_last = listed.is_empty();
        found.extend(listed);
        if is_last || found.len() as u64 >= page.total() {
            return found;
        }
    }
}
