//! The change of a group's members that a request asks for, separate from the document: members are rows and never a list
//! in a document, so that a change of a group of 100,000 costs no more than one of a group of ten.
//!
//! Must not know: which members exist, the form of ids. `crate::patch` makes a [`Membership`] from a PATCH.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::error::Error;
use crate::name;
use crate::quirk::entra::unassigns;
use crate::resource::Resource;
use crate::schema::ResourceType;

/// The most members that one request may name. A body of 2 MiB has space for about twice as many.
pub const MAX_MEMBERS: usize = 20_000;

/// The name of the attribute.
pub(crate) const MEMBERS: &str = "members";

/// The requested change of a group's members.
///
/// The operations of a request are done in order and the last one on a member counts, so all of them together are one
/// `Membership`. Each id is named once, in the order first sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Membership {
    /// Members to add and to remove; all others are unchanged. Both lists may be empty.
    Change {
        /// Ids to add.
        add: Vec<String>,
        /// Ids to remove.
        remove: Vec<String>,
    },
    /// Exactly these members.
    Exactly(Vec<String>),
}

impl Membership {
    /// No change.
    pub const SAME: Self = Self::Change {
        add: Vec::new(),
        remove: Vec::new(),
    };

    /// Every id that the request names.
    pub fn named(&self) -> impl Iterator<Item = &str> + Clone {
        let (first, second): (&[String], &[String]) = match self {
            Self::Change { add, remove } => (add, remove),
            Self::Exactly(ids) => (ids, &[]),
        };
        first.iter().chain(second).map(String::as_str)
    }

    /// Takes the members out of the document of a PUT or POST. `None` when the body has no `members`, which differs from an
    /// empty list.
    ///
    /// # Errors
    /// `invalidValue` for an element without `value`, or for more than [`MAX_MEMBERS`].
    pub fn split(resource: Resource, mentioned: bool) -> Result<(Resource, Option<Self>), Error> {
        let mut document = resource.into_map();
        let members = document.shift_remove(MEMBERS);
        let mut collected = Collector::default();
        collected.clear();
        collected.set_all(&members.unwrap_or_default(), true)?;
        let membership = mentioned.then(|| collected.finish());
        Ok((Resource::from_stored(document), membership))
    }

    /// Whether a POST or PUT body has `members`, even if empty. To be called before [`Resource::accept`], which drops
    /// elements without an id.
    ///
    /// # Errors
    /// `invalidValue` for an element without an id.
    pub fn is_mentioned(rt: &ResourceType, body: &Value) -> Result<bool, Error> {
        let Some(body) = body.as_object() else {
            return Ok(false);
        };
        let core = body.iter().find(|(key, _)| name::eq(key, &rt.core.id));
        let core = core.and_then(|(_, value)| value.as_object());
        Ok(mentioned(rt, body)? | core.map_or(Ok(false), |core| mentioned(rt, core))?)
    }
}

/// Whether an object of attributes has `members`.
///
/// # Errors
/// `invalidValue` for an element without an id.
pub(crate) fn mentioned(rt: &ResourceType, attributes: &Map<String, Value>) -> Result<bool, Error> {
    let mut found = false;
    for (key, value) in attributes {
        if is_members(rt, key) {
            found = true;
            check_named(value)?;
        }
    }
    Ok(found)
}

/// Whether a path or key is `members` itself.
pub(crate) fn is_members(rt: &ResourceType, path: &str) -> bool {
    rt.parse_path(path)
        .is_ok_and(|path| path.schema.is_none() && path.name == MEMBERS && path.sub.is_none())
}

/// Checks that each element, as sent, has an id. An element with only `display` or `$ref`, or with a null or empty id, would
/// otherwise be dropped, and a replacement by it would empty the group. No members is `[]` or null.
pub(crate) fn check_named(value: &Value) -> Result<(), Error> {
    let elements = match value {
        Value::Null => &[],
        Value::Array(elements) => elements.as_slice(),
        one => std::slice::from_ref(one),
    };
    let nameless = |element: &Value| match element {
        Value::Object(parts) => {
            let id = parts.iter().find(|(key, _)| name::eq(key, "value"));
            id.is_none_or(|(_, id)| unassigns(id))
        }
        other => unassigns(other),
    };
    if elements.iter().any(nameless) {
        return Err(no_id());
    }
    Ok(())
}

/// Combines the operations on members, in the order sent.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    emptied: bool,
    order: Vec<String>,
    present: HashMap<String, bool>,
}

impl Collector {
    /// Removes all members.
    pub(crate) fn clear(&mut self) {
        self.emptied = true;
        self.order.clear();
        self.present.clear();
    }

    /// Adds or takes away what a canonical value names: a list of elements, an element, or an id.
    pub(crate) fn set_all(&mut self, value: &Value, present: bool) -> Result<(), Error> {
        match value {
            Value::Null => Ok(()),
            Value::Array(items) => items.iter().try_for_each(|item| self.set_all(item, present)),
            one => self.set(id_of(one)?, present),
        }
    }

    /// Adds or takes away one member; what an earlier operation said of it no longer counts.
    pub(crate) fn set(&mut self, id: &str, present: bool) -> Result<(), Error> {
        // `members[value eq ""]` selects no member.
        if id.is_empty() {
            return Ok(());
        }
        if let Some(known) = self.present.get_mut(id) {
            *known = present;
            return Ok(());
        }
        if self.order.len() == MAX_MEMBERS {
            return Err(Error::too_many(format!(
                "the request names more than {MAX_MEMBERS} members. Send them in several requests: add and remove change \
                 only the members they name."
            )));
        }
        self.order.push(id.to_owned());
        self.present.insert(id.to_owned(), present);
        Ok(())
    }

    /// The combined change.
    pub(crate) fn finish(self) -> Membership {
        let (add, remove) = self
            .order
            .into_iter()
            .partition(|id| self.present.get(id) == Some(&true));
        if self.emptied {
            Membership::Exactly(add)
        } else {
            Membership::Change { add, remove }
        }
    }
}

/// The id of an element.
pub(crate) fn id_of(element: &Value) -> Result<&str, Error> {
    let id = match element {
        Value::Object(parts) => parts.get("value").and_then(Value::as_str),
        other => other.as_str(),
    };
    id.ok_or_else(no_id)
}

fn no_id() -> Error {
    Error::invalid_value(
        MEMBERS,
        "an element of members has no \"value\". Send the id of each member, as in {\"value\":\"…\"}: the id this \
         server answered when the member was created.",
    )
}
