//! Users and groups as a request asks for them: the attributes, the Tenant URL in their addresses, and what is computed from
//! memberships.
//!
//! A user's `groups` are computed (RFC 7643 §4.1.2). They come with the rows of identities in few groups; otherwise one more
//! statement reads them for all identities of an answer. A group's document is written without members, which are put in a
//! page at a time ([`super::response_body`]).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use domain::credential::Caller;
use domain::group::{Group, GroupRef, Member};
use domain::id::ResourceId;
use domain::identity::Identity;
use domain::profile::Profile;
use provisioning::group::members;
use provisioning::{Context, ManagedResource};
use scim::etag;
use scim::message::{Document, JsonWriter, Meta};
use scim::query::ResolvedProjection;
use scim::schema::ResourceType;
use serde_json::{Value, json};

use super::RequestContext;
use super::error::{ErrorCode, Failure};

/// The attributes that a request asks for, and the Tenant URL.
pub struct View {
    profile: Arc<Profile>,
    base: String,
    of_users: ResolvedProjection,
    /// Absent where no groups are served.
    of_groups: Option<ResolvedProjection>,
    wants_groups: bool,
    /// Whether members are to be shown: `excludedAttributes=members` and `attributes=id` never read one.
    pub wants_members: bool,
}

impl View {
    /// The view of this request.
    ///
    /// # Errors
    /// Ours: the profile is not there.
    pub fn of(ctx: &RequestContext<'_>) -> Result<Self, Failure> {
        let profile = ctx.request.profile()?;
        let of_users = ctx.query.projection.resolve(&profile.resource_type);
        let group_type = profile.group_type.as_ref();
        let of_groups = group_type.map(|group_type| ctx.query.projection.resolve(group_type));
        let wants_members = group_type.zip(of_groups.as_ref());
        Ok(Self {
            wants_groups: group_type.is_some() && of_users.wants(&profile.resource_type, "groups"),
            wants_members: wants_members.is_some_and(|(rt, wanted)| wanted.wants(rt, "members")),
            base: ctx.base.clone(),
            profile,
            of_users,
            of_groups,
        })
    }

    /// Reads the groups of the first users, where groups are to be shown and were not read with all of them; the answer is
    /// the number of those users: all, unless they are in very many groups; at least one.
    ///
    /// # Errors
    /// Ours: the database is not there.
    pub async fn load_groups(
        &self,
        context: &Context,
        caller: &Caller,
        users: &mut [Identity],
    ) -> Result<usize, Failure> {
        if !self.wants_groups || users.iter().all(|user| user.groups.is_some()) {
            return Ok(users.len());
        }
        let ids = users.iter().map(|user| user.id).collect();
        let (read, mut groups) = members::groups_of(context, caller, ids).await?;
        for user in users.iter_mut().take(read) {
            user.groups = Some(groups.remove(&user.id).unwrap_or_default());
        }
        Ok(read)
    }

    /// The tag of a user: the revision, and a mark of the groups that are shown, which are no part of the revision.
    pub fn user_tag(&self, user: &Identity) -> String {
        match self.groups_of(user) {
            [] => etag::of(user.revision),
            groups => etag::with_mark(user.revision, &mark(groups)),
        }
    }

    /// A group's tag has a mark of its members where they are shown: a member that is deleted or renamed changes the answer and
    /// not the group. It is read before the members.
    ///
    /// # Errors
    /// Ours: the database is not there.
    pub async fn group_tag(
        &self,
        context: &Context,
        caller: &Caller,
        group: &Group,
    ) -> Result<String, Failure> {
        if !self.wants_members {
            return Ok(etag::of(group.revision));
        }
        let mark = members::mark(context, caller, group).await?;
        Ok(etag::with_mark(group.revision, &mark))
    }

    /// Writes a user, whose groups were read.
    pub fn write_user(&self, out: &mut JsonWriter, user: &Identity) {
        let tag = self.user_tag(user);
        let document = self.document(&self.profile.resource_type, user, &tag);
        let groups = self.groups_of(user);
        if groups.is_empty() {
            return document.write(out, &self.of_users);
        }
        let groups = groups
            .iter()
            .map(|group| self.reference(group.id.into(), "direct", group.display.as_deref()))
            .collect();
        document
            .with_computed("groups", &groups)
            .write(out, &self.of_users);
    }

    /// Writes a group without members and braces.
    ///
    /// # Errors
    /// `groupsNotServed`.
    pub fn write_group(&self, out: &mut JsonWriter, group: &Group, tag: &str) -> Result<(), Failure> {
        let (group_type, wanted) = self.group_type()?;
        self.document(group_type, group, tag).write_members(out, wanted);
        Ok(())
    }

    /// Writes members, as far as their parts are wanted: `type` and `$ref` follow from the id, `display` is their name of
    /// today.
    ///
    /// # Errors
    /// `groupsNotServed`.
    pub fn write_members(&self, out: &mut JsonWriter, members: &[Member]) -> Result<(), Failure> {
        let (group_type, wanted) = self.group_type()?;
        let elements = members
            .iter()
            .map(|member| self.reference(member.id, member.id.type_name(), member.display.as_deref()))
            .collect();
        let wanted = wanted.pick(group_type, "members", &elements);
        let wanted = wanted.as_deref().and_then(Value::as_array);
        wanted
            .into_iter()
            .flatten()
            .for_each(|element| out.value(element));
        Ok(())
    }

    /// The groups of a user that are shown.
    fn groups_of<'u>(&self, user: &'u Identity) -> &'u [GroupRef] {
        let groups = user.groups.as_deref().filter(|_| self.wants_groups);
        groups.unwrap_or_default()
    }

    /// The type of groups, and the attributes of them that are asked for.
    fn group_type(&self) -> Result<(&ResourceType, &ResolvedProjection), Failure> {
        let groups = self.profile.group_type.as_ref().zip(self.of_groups.as_ref());
        groups.ok_or_else(|| Failure::method(ErrorCode::GroupsNotServed, "GET"))
    }

    fn document<'a, R: ManagedResource>(
        &self,
        rt: &'a ResourceType,
        resource: &'a R,
        tag: &'a str,
    ) -> Document<'a> {
        let id = resource.id().to_string();
        Document::new(rt, id, resource.resource(), meta(resource, &self.base)).with_tag(tag)
    }

    /// An element of `groups` or of `members`.
    fn reference(&self, id: ResourceId, kind: &str, display: Option<&str>) -> Value {
        let mut element = json!({
            "value": id,
            "$ref": format!("{}/{}s/{id}", self.base, id.type_name()),
            "type": kind,
        });
        if let (Some(display), Some(parts)) = (display, element.as_object_mut()) {
            parts.insert("display".to_owned(), display.into());
        }
        element
    }
}

/// The `meta` of a resource; `base` is the Tenant URL.
pub fn meta<R: ManagedResource>(resource: &R, base: &str) -> Meta {
    let (created, last_modified) = resource.times();
    Meta {
        created,
        last_modified,
        version: resource.revision(),
        location: format!("{base}{}/{}", R::ENDPOINT, resource.id()),
    }
}

/// A text that differs between two sets of groups: which they are, and their names.
fn mark(groups: &[GroupRef]) -> String {
    // Its keys are fixed, so that every instance makes the same mark. A later version may make another one, which costs a
    // client one more reading.
    let mut hasher = DefaultHasher::new();
    for group in groups {
        (group.id.uuid(), &group.display).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}
