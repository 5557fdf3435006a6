//! A group and its members as this request wants to see them.
//!
//! Must not know: where they are read. The document is written without members; they are put in page by page
//! ([`super::super::response_body`]).

use std::sync::Arc;

use domain::credential::Caller;
use domain::group::{Group, Member};
use domain::profile::Profile;
use provisioning::Context;
use provisioning::group::members;
use scim::etag;
use scim::message::{Document, JsonWriter, Meta};
use scim::query::ResolvedProjection;
use scim::schema::ResourceType;
use serde_json::{Value, json};

use super::super::RequestContext;
use super::super::error::{ErrorCode, Failure};

/// What is wanted, and under which address.
pub struct View {
    profile: Arc<Profile>,
    base: String,
    wanted: ResolvedProjection,
    wants_members: bool,
}

impl View {
    /// As this request wants it.
    ///
    /// # Errors
    /// `groupsNotServed`.
    pub fn of(ctx: &RequestContext<'_>) -> Result<Self, Failure> {
        let profile = super::served(&ctx.request.context, &ctx.request.caller)?;
        let group_type = group_type(&profile)?;
        let wanted = ctx.query.projection.resolve(group_type);
        Ok(Self {
            wants_members: wanted.wants(group_type, "members"),
            base: ctx.base.clone(),
            profile,
            wanted,
        })
    }

    /// Whether members are to be shown: `excludedAttributes=members` and `attributes=id` never read one.
    pub const fn wants_members(&self) -> bool {
        self.wants_members
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
        if !self.wants_members {
            return Ok(self.meta(group).etag());
        }
        let mark = members::mark(context, caller, group).await?;
        Ok(etag::with_mark(group.revision, &mark))
    }

    /// The document without members and braces.
    ///
    /// # Errors
    /// `groupsNotServed`.
    pub fn write(&self, out: &mut JsonWriter, group: &Group, tag: &str) -> Result<(), Failure> {
        let id = group.id.to_string();
        Document::new(group_type(&self.profile)?, id, &group.resource, self.meta(group))
            .with_tag(tag)
            .write_members(out, &self.wanted);
        Ok(())
    }

    /// Members, as far as their parts are wanted: `type` and `$ref` follow from the id, `display` is their name of today.
    ///
    /// # Errors
    /// `groupsNotServed`.
    pub fn write_members(&self, out: &mut JsonWriter, members: &[Member]) -> Result<(), Failure> {
        let elements = members.iter().map(|member| self.member(member)).collect();
        let wanted = self.wanted.pick(group_type(&self.profile)?, "members", &elements);
        let wanted = wanted.as_deref().and_then(Value::as_array);
        wanted
            .into_iter()
            .flatten()
            .for_each(|element| out.value(element));
        Ok(())
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

fn group_type(profile: &Profile) -> Result<&ResourceType, Failure> {
    let group_type = profile.group_type.as_ref();
    group_type.ok_or_else(|| Failure::method(ErrorCode::GroupsNotServed, "GET"))
}
