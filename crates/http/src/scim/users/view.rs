//! Identities as this request wants to see them, with the groups they are in.
//!
//! `groups` is computed (RFC 7643 §4.1.2): one more statement for all identities of an answer, and none where the profile
//! serves no groups or the request leaves them out.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use domain::credential::Caller;
use domain::group::GroupRef;
use domain::identity::Identity;
use domain::profile::Profile;
use provisioning::Context;
use provisioning::group::members;
use scim::etag;
use scim::message::render;
use scim::query::Projection;
use serde_json::{Value, json};

use super::super::error::Failure;
use super::super::{RequestContext, respond};

/// An identity as it is answered.
pub struct Shown {
    /// The document.
    pub document: Value,
    /// Its tag: the revision, and a mark of the groups that are shown, which are no part of the revision.
    pub tag: String,
}

/// What is wanted of identities, and under which address.
pub struct View {
    profile: Arc<Profile>,
    base: String,
    projection: Projection,
    wants_groups: bool,
}

impl View {
    /// As this request wants to see identities.
    ///
    /// # Errors
    /// Ours: the profile is not there.
    pub fn of(ctx: &RequestContext<'_>) -> Result<Self, Failure> {
        let profile = ctx.request.profile()?;
        let projection = ctx.query.projection.clone();
        Ok(Self {
            wants_groups: profile.group_type.is_some() && projection.wants(&profile.resource_type, "groups"),
            base: ctx.base.clone(),
            profile,
            projection,
        })
    }

    /// The first ones as documents: all of them, unless they are in very many groups; at least one.
    ///
    /// # Errors
    /// Ours: the database is not there.
    pub async fn documents(
        &self,
        context: &Context,
        caller: &Caller,
        identities: &[Identity],
    ) -> Result<Vec<Shown>, Failure> {
        let (read, groups) = if self.wants_groups {
            let ids = identities.iter().map(|identity| identity.id).collect();
            members::groups_of(context, caller, ids).await?
        } else {
            (identities.len(), HashMap::new())
        };
        let of = |identity: &Identity| {
            let groups = groups.get(&identity.id).map_or(&[][..], Vec::as_slice);
            self.document(identity, groups)
        };
        Ok(identities.iter().take(read).map(of).collect())
    }

    fn document(&self, identity: &Identity, groups: &[GroupRef]) -> Shown {
        let resource_type = &self.profile.resource_type;
        let meta = respond::meta(identity, &self.base);
        let id = identity.id.to_string();
        let mut document = render(resource_type, &id, &identity.resource, &meta);
        let mut tag = meta.etag();
        if let (false, Some(parts)) = (groups.is_empty(), document.as_object_mut()) {
            tag = etag::with_mark(identity.revision, &mark(groups));
            let groups = groups.iter().map(|group| self.group(group)).collect();
            parts.insert("groups".to_owned(), Value::Array(groups));
            respond::set_version(&mut document, &tag);
        }
        Shown {
            document: self.projection.apply(resource_type, document),
            tag,
        }
    }

    fn group(&self, group: &GroupRef) -> Value {
        let mut element = json!({
            "value": group.id,
            "$ref": format!("{}/Groups/{}", self.base, group.id),
            "type": "direct",
        });
        if let (Some(display), Some(parts)) = (&group.display, element.as_object_mut()) {
            parts.insert("display".to_owned(), Value::from(display.as_str()));
        }
        element
    }
}

/// What tells these groups from others: which they are, and their names.
fn mark(groups: &[GroupRef]) -> String {
    // Its keys are fixed, so that every instance makes the same mark; a later version's may differ, and nobody is misled.
    let mut hasher = DefaultHasher::new();
    for group in groups {
        (group.id.uuid(), &group.display).hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}
