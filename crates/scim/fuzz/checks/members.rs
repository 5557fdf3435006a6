//! PATCH of a group: members never reach the document, and asking twice is asking once.

use std::collections::HashSet;

use scim::membership::{MAX_MEMBERS, Membership};
use scim::patch::{PatchRequest, StoredMembers, apply_to_group, described_members};
use scim::quirk::rules::{ENTRA, GENERIC};
use scim::resource::Resource;
use serde_json::{Value, json};

/// Reads a PATCH body for a group.
pub fn check(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    let Ok(request) = PatchRequest::parse(body) else {
        return;
    };
    let rt = super::groups();
    let current = Resource::accept(rt, json!({"displayName": "Team", "externalId": "8a"}))
        .expect("a good group")
        .resource;
    // Every other one that is asked about is known.
    let described = described_members(rt, &request).into_iter().enumerate();
    let stored: StoredMembers = described
        .filter(|(index, _)| index % 2 == 0)
        .map(|(_, id)| {
            (
                id.clone(),
                json!({"value": id, "type": "User", "$ref": "Users/1", "display": "Amy"}),
            )
        })
        .collect();
    for rules in [&ENTRA, &GENERIC] {
        match apply_to_group(rt, &current, &request, rules, &stored) {
            Ok(patched) => {
                assert!(
                    !patched.resource.as_map().contains_key("members"),
                    "members in {:?}",
                    patched.resource
                );
                check_membership(&patched.membership);
                super::put_of_what_is_read(rt, &patched.resource);
                let again = apply_to_group(rt, &patched.resource, &request, rules, &stored);
                let again = again.map(|again| again.membership);
                if let Ok(again) = again {
                    assert_eq!(again, patched.membership, "another membership the second time");
                }
            }
            Err(error) => super::check_error(&error),
        }
    }
}

fn check_membership(membership: &Membership) {
    let named: Vec<&str> = membership.named().collect();
    let distinct: HashSet<&str> = named.iter().copied().collect();
    assert_eq!(
        distinct.len(),
        named.len(),
        "somebody is named twice: {membership:?}"
    );
    assert!(named.len() <= MAX_MEMBERS);
    assert!(!named.contains(&""), "nobody is named: {membership:?}");
}
