//! Identities as this request wants to see them, with the groups they are in.
//!
//! `groups` is computed (RFC 7643 §4.1.2). It comes with the rows of identities in few groups; otherwise one more statement reads
//! it for all identities of an answer.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use domain::credential::Caller;
use domain::group::GroupRef;
use domain::identity::Identity;
use domain::profile::Profile;
use provisioning::Context;
use provisioning::group::members;
use scim::etag;
use scim::message::{Document, JsonWriter};
use scim::query::ResolvedProjection;
use serde_json::{Value, json};

use super::super::error::Failure;
use super::super::{RequestContext, respond};

/// What is answered of an identity beside its own document.
pub struct Shown {
    /// The groups it is in, if it is in any.
    groups: Option<Value>,
    /// Its tag: the revision, and a mark of the groups that are shown, which are no part of the revision.
    pub tag: String,
}

/// What is wanted of identities, and under which address.
pub struct View {
    profile: Arc<Profile>,
    base: String,
    wanted: ResolvedProjection,
    wants_groups: bool,
}

impl View {
    /// As this request wants to see identities.
    ///
    /// # Errors
    /// Ours: the profile is not there.
    pub fn of(ctx: &RequestContext<'_>) -> Result<Self, Failure> {
        let profile = ctx.request.profile()?;
        let wanted = ctx.query.projection.resolve(&profile.resource_type);
        Ok(Self {
            wants_groups: profile.group_type.is_some() && wanted.wants(&profile.resource_type, "groups"),
            base: ctx.base.clone(),
            profile,
            wanted,
        })
    }

    /// The first ones: all of them, unless they are in very many groups; at least one.
    ///
    /// # Errors
    /// Ours: the database is not there.
    pub async fn shown(
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
            let groups = if known && self.wants_groups {
                identity.groups.as_ref()
            } else {
                groups.get(&identity.id)
            };
            let groups = groups.filter(|groups| !groups.is_empty());
            Shown {
                groups: groups.map(|groups| groups.iter().map(|group| self.group(group)).collect()),
                tag: match groups {
                    Some(groups) => etag::with_mark(identity.revision, &mark(groups)),
                    None => etag::of(identity.revision),
                },
            }
        });
        Ok(shown.collect())
    }

    /// The answer that shows one.
    pub fn answer(&self, status: StatusCode, identity: &Identity, shown: &Shown) -> HttpResponse {
        let document = self.document(identity, shown).to_json(&self.wanted);
        let location = respond::meta(identity, &self.base).location;
        respond::resource(status, document, &shown.tag, &location)
    }

    /// Writes the document of one.
    pub fn write(&self, out: &mut JsonWriter, identity: &Identity, shown: &Shown) {
        self.document(identity, shown).write(out, &self.wanted);
    }

    fn document<'a>(&'a self, identity: &'a Identity, shown: &'a Shown) -> Document<'a> {
        let meta = respond::meta(identity, &self.base);
        let rt = &self.profile.resource_type;
        let document =
            Document::new(rt, identity.id.to_string(), &identity.resource, meta).with_tag(&shown.tag);
        match &shown.groups {
            Some(groups) => document.with_computed("groups", groups),
            None => document,
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
