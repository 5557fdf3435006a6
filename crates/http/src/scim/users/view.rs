//! Identities as this request wants to see them, with the groups they are in.
//!
//! `groups` is computed (RFC 7643 §4.1.2): one more statement for all identities of an answer, and none where the profile
//! serves no groups or the request leaves them out.

use std::collections::HashMap;
use std::sync::Arc;

use domain::group::GroupRef;
use domain::id::IdentityId;
use domain::identity::Identity;
use domain::profile::Profile;
use provisioning::groups::members;
use scim::message::render;
use serde_json::{Value, json};

use super::super::error::Failure;
use super::super::{Asked, respond};

/// What is wanted of some identities, and which groups they are in.
pub struct View<'a> {
    asked: &'a Asked<'a>,
    profile: Arc<Profile>,
    groups: HashMap<IdentityId, Vec<GroupRef>>,
}

impl<'a> View<'a> {
    /// As this request wants to see these identities.
    ///
    /// # Errors
    /// Ours: the profile or the database is not there.
    pub async fn of(
        asked: &'a Asked<'a>,
        identities: impl IntoIterator<Item = &Identity>,
    ) -> Result<Self, Failure> {
        let context = &asked.state.provisioning;
        let profile = context.profile(&asked.caller)?;
        let wanted =
            profile.group_type.is_some() && asked.query.projection.wants(&profile.resource_type, "groups");
        let groups = if wanted {
            let ids = identities.into_iter().map(|identity| identity.id).collect();
            members::groups_of(context, &asked.caller, ids).await?
        } else {
            HashMap::new()
        };
        Ok(Self {
            asked,
            profile,
            groups,
        })
    }

    /// One of them as a document.
    pub fn document(&self, identity: &Identity) -> Value {
        let resource_type = &self.profile.resource_type;
        let meta = respond::meta(identity, &self.asked.base);
        let id = identity.id.to_string();
        let mut document = render(resource_type, &id, &identity.resource, &meta);
        if let (Some(groups), Some(parts)) = (self.groups.get(&identity.id), document.as_object_mut()) {
            let groups = groups.iter().map(|group| self.group(group)).collect();
            parts.insert("groups".to_owned(), Value::Array(groups));
        }
        self.asked.query.projection.apply(resource_type, document)
    }

    fn group(&self, group: &GroupRef) -> Value {
        let mut element = json!({
            "value": group.id,
            "$ref": format!("{}/Groups/{}", self.asked.base, group.id),
            "type": "direct",
        });
        if let (Some(display), Some(parts)) = (&group.display, element.as_object_mut()) {
            parts.insert("display".to_owned(), Value::from(display.as_str()));
        }
        element
    }
}
