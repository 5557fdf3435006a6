//! Users and groups as a request asks for them: the attributes, the Tenant URL in their addresses, and what is computed from
//! memberships.
//!
//! A user's `groups` are computed (RFC 7643 §4.1.2). They come with the rows of identities in few groups; otherwise one more
//! statement reads them for all identities of an answer. A group's document is written without members, which are put in a
//! page at a time ([`super::response_body`]).

use std::collections::HashMap;
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

/// What an answer has beside the resource's own document.
pub struct Shown {
    /// The groups that a user is in, if it is in any.
    groups: Option<Value>,
    /// The tag: the revision, and a mark of the memberships that are shown, which are no part of the revision.
    pub tag: String,
}

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

    /// Those of the first users: of all, unless they are in very many groups; of at least one.
    ///
    /// # Errors
    /// Ours: the database is not there.
    pub async fn shown_users(
        &self,
        context: &Context,
        caller: &Caller,
        identities: &[Identity],
    ) -> Result<Vec<Shown>, Failure> {
        let known = identities.iter().all(|identity| identity.groups.is_some());
        let (read, groups) = if self.wants_groups && !known {
            let ids = identities.iter().map(|identity| identity.id).collect();
            members::groups_of(context, caller, ids).await?
        } else {
            (identities.len(), HashMap::new())
        };
        let shown = identities.iter().take(read).map(|identity| {
            let groups = if self.wants_groups && known {
                identity.groups.as_ref()
            } else {
                groups.get(&identity.id)
            };
            let groups = groups.filter(|groups| !groups.is_empty());
            let reference =
                |group: &GroupRef| self.reference(group.id.into(), "direct", group.display.as_deref());
            Shown {
                groups: groups.map(|groups| groups.iter().map(reference).collect()),
                tag: match groups {
                    Some(groups) => etag::with_mark(identity.revision, &mark(groups)),
                    None => etag::of(identity.revision),
                },
            }
        });
        Ok(shown.collect())
    }

    /// A group's tag has a mark of its members where they are shown: a member that is deleted or renamed changes the answer and
    /// not the group. It is read before the members.
    ///
    /// # Errors
    /// Ours: the database is not there.
    pub async fn shown_group(
        &self,
        context: &Context,
        caller: &Caller,
        group: &Group,
    ) -> Result<Shown, Failure> {
        let tag = if self.wants_members {
            etag::with_mark(group.revision, &members::mark(context, caller, group).await?)
        } else {
            etag::of(group.revision)
        };
        Ok(Shown { groups: None, tag })
    }

    /// Writes a user.
    pub fn write_user(&self, out: &mut JsonWriter, identity: &Identity, shown: &Shown) {
        let document = self.document(&self.profile.resource_type, identity, shown);
        let document = match &shown.groups {
            Some(groups) => document.with_computed("groups", groups),
            None => document,
        };
        document.write(out, &self.of_users);
    }

    /// Writes a group without members and braces.
    ///
    /// # Errors
    /// `groupsNotServed`.
    pub fn write_group(&self, out: &mut JsonWriter, group: &Group, shown: &Shown) -> Result<(), Failure> {
        let (group_type, wanted) = self.groups()?;
        self.document(group_type, group, shown).write_members(out, wanted);
        Ok(())
    }

    /// Writes members, as far as their parts are wanted: `type` and `$ref` follow from the id, `display` is their name of
    /// today.
    ///
    /// # Errors
    /// `groupsNotServed`.
    pub fn write_members(&self, out: &mut JsonWriter, members: &[Member]) -> Result<(), Failure> {
        let (group_type, wanted) = self.groups()?;
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

    fn groups(&self) -> Result<(&ResourceType, &ResolvedProjection), Failure> {
        let groups = self.profile.group_type.as_ref().zip(self.of_groups.as_ref());
        groups.ok_or_else(|| Failure::method(ErrorCode::GroupsNotServed, "GET"))
    }

    fn document<'a, R: ManagedResource>(
        &self,
        rt: &'a ResourceType,
        resource: &'a R,
        shown: &'a Shown,
    ) -> Document<'a> {
        let id = resource.id().to_string();
        Document::new(rt, id, resource.resource(), meta(resource, &self.base)).with_tag(&shown.tag)
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
