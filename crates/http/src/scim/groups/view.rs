//! A group and its members as this request wants to see them.
//!
//! Must not know: where they are read. The document is rendered without members; they are put in page by page
//! ([`super::super::body`]).

use std::sync::Arc;

use domain::credential::Caller;
use domain::group::{Group, Member};
use domain::profile::Profile;
use provisioning::Context;
use provisioning::group::members;
use scim::etag;
use scim::message::{Meta, render};
use scim::query::Projection;
use scim::schema::ResourceType;
use serde_json::{Map, Value, json};

use super::super::error::{ErrorCode, Failure};
use super::super::{RequestContext, respond};

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
    pub fn of(ctx: &RequestContext<'_>) -> Result<Self, Failure> {
        Ok(Self {
            profile: super::served(&ctx.request.context, &ctx.request.caller)?,
            base: ctx.base.clone(),
            projection: ctx.query.projection.clone(),
        })
    }

    fn group_type(&self) -> Result<&ResourceType, Failure> {
        let group_type = self.profile.group_type.as_ref();
        group_type.ok_or_else(|| Failure::method(ErrorCode::GroupsNotServed, "GET"))
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

    /// Its tag: the revision and, where members are shown, a mark of them, because who is deleted and who is renamed changes
    /// what is shown and not the group. To be read before the members are.
    ///
    /// # Errors
    /// Ours: the database is not there.
    pub async fn tag(&self, context: &Context, caller: &Caller, group: &Group) -> Result<String, Failure> {
        if !self.wants_members() {
            return Ok(self.meta(group).etag());
        }
        let mark = members::mark(context, caller, group).await?;
        Ok(etag::with_mark(group.revision, &mark))
    }

    /// The document, without members.
    pub fn document(&self, group: &Group, tag: &str) -> Result<Value, Failure> {
        let group_type = self.group_type()?;
        let id = group.id.to_string();
        let mut document = render(group_type, &id, &group.resource, &self.meta(group));
        respond::set_version(&mut document, tag);
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
