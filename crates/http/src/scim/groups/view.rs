//! A group and its members as this request wants to see them.
//!
//! Must not know: where they are read. The document is rendered without members; they are put in page by page
//! ([`super::super::script`]).

use std::sync::Arc;

use domain::group::{Group, Member};
use domain::profile::Profile;
use scim::message::{Meta, render};
use scim::query::Projection;
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

use super::super::Asked;
use super::super::error::{Code, Failure};

/// What is wanted, and under which address.
pub struct View {
    profile: Arc<Profile>,
    base: String,
    projection: Projection,
}

impl View {
    /// As this request wants it.
    ///
    /// # Errors
    /// `groupsNotServed`.
    pub fn of(asked: &Asked<'_>) -> Result<Self, Failure> {
        Ok(Self {
            profile: super::served(asked)?,
            base: asked.base.clone(),
            projection: asked.query.projection.clone(),
        })
    }

    fn group_type(&self) -> Result<&ResourceType, Failure> {
        let group_type = self.profile.group_type.as_ref();
        group_type.ok_or_else(|| Failure::method(Code::GroupsNotServed, "GET"))
    }

    /// Whether members are to be shown: `excludedAttributes=members` and `attributes=id` never read one.
    pub fn wants_members(&self) -> bool {
        self.group_type()
            .is_ok_and(|group_type| self.projection.wants(group_type, "members"))
    }

    /// What the server knows about a group.
    pub fn meta(&self, group: &Group) -> Meta {
        Meta {
            created: group.created_at,
            last_modified: group.modified_at,
            version: group.revision,
            location: format!("{}/Groups/{}", self.base, group.id),
        }
    }

    /// The document, without members.
    pub fn document(&self, group: &Group) -> Result<Value, Failure> {
        let group_type = self.group_type()?;
        let id = group.id.to_string();
        let document = render(group_type, &id, &group.resource, &self.meta(group));
        Ok(self.projection.apply(group_type, document))
    }

    /// Members, as far as their parts are wanted: `type` and `$ref` follow from the id, `display` is their name of today.
    pub fn members(&self, members: &[Member]) -> Result<Vec<Value>, Failure> {
        let elements = members.iter().map(|member| self.member(member)).collect();
        let document = Value::Object(Map::from_iter([("members".to_owned(), Value::Array(elements))]));
        let mut shown = self.projection.apply(self.group_type()?, document);
        match shown.get_mut("members").map(Value::take) {
            Some(Value::Array(elements)) => Ok(elements),
            _ => Ok(Vec::new()),
        }
    }

    fn member(&self, member: &Member) -> Value {
        let kind = member.id.type_name();
        let mut element = json!({
            "value": member.id,
            "$ref": format!("{}/{kind}s/{}", self.base, member.id),
            "type": kind,
        });
        if let (Some(display), Some(parts)) = (&member.display, element.as_object_mut()) {
            parts.insert("display".to_owned(), Value::from(display.as_str()));
        }
        element
    }
}
