//! What the `data` of an event says of a resource: its state, or only what it is known by.

use scim::resource::Resource;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::group::Member;
use crate::id::ResourceId;

/// The names of a resource, without its state.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KnownBy<'a> {
    id: ResourceId,
    external_id: Option<&'a str>,
    #[serde(flatten)]
    name: Name<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Name<'a> {
    UserName(Option<&'a str>),
    DisplayName(Option<&'a str>),
}

impl<'a> KnownBy<'a> {
    pub(super) fn of(id: impl Into<ResourceId>, resource: &'a Resource) -> Self {
        let id = id.into();
        Self {
            id,
            external_id: resource.external_id(),
            name: match id {
                ResourceId::Identity(_) => Name::UserName(resource.user_name()),
                ResourceId::Group(_) => Name::DisplayName(resource.display_name()),
            },
        }
    }
}

impl KnownBy<'_> {
    /// Its id alone.
    pub(super) const fn id(id: ResourceId) -> Self {
        let name = match id {
            ResourceId::Identity(_) => Name::UserName(None),
            ResourceId::Group(_) => Name::DisplayName(None),
        };
        Self {
            id,
            external_id: None,
            name,
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MemberRef<'a> {
    id: ResourceId,
    external_id: Option<&'a str>,
}

impl<'a> MemberRef<'a> {
    pub(super) fn of(member: &'a Member) -> Self {
        Self {
            id: member.id,
            external_id: member.external_id.as_deref(),
        }
    }
}

/// A whole resource: its id, its attributes, and the `known` one, in its place or at the end.
pub(super) struct State<'a> {
    pub(super) id: ResourceId,
    pub(super) resource: &'a Resource,
    pub(super) known: (&'static str, Value),
}

impl Serialize for State<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (attributes, (known, value)) = (self.resource.as_map(), &self.known);
        let mut state = serializer.serialize_map(None)?;
        state.serialize_entry("id", &self.id)?;
        for (name, attribute) in attributes {
            state.serialize_entry(name, if name == known { value } else { attribute })?;
        }
        if !attributes.contains_key(*known) {
            state.serialize_entry(known, value)?;
        }
        state.end()
    }
}
