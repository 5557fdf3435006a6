//! The order of a list: `sortBy` and `sortOrder` (RFC 7644 §3.4.2.3).
//!
//! An order is total: resources with equal keys are in the order of their creation, and `descending` reverses all of it,
//! ties too. Must not know: databases. Read `cursor` next, the text form of a position in an order.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::{Number, Value};

use crate::error::Error;
use crate::filter::instant;
use crate::name;
use crate::path::AttrPath;
use crate::quirk::entra::{implied_value, unassigns};
use crate::resource::{Attributes, fold, get, map_found, nfc};
use crate::schema::{AttrType, Attribute, GROUP, ResourceType, Returned, USER};

/// The number of characters of a text that are compared. Texts that begin with the same ones are ordered by creation. It
/// bounds the memory of a sort and the length of a cursor.
pub const KEY_CHARS: usize = 256;

/// `sortOrder`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, strum::Display, strum::EnumString)]
#[strum(serialize_all = "camelCase", ascii_case_insensitive)]
pub enum SortOrder {
    /// The smallest first, resources without a value last: the default.
    #[default]
    Ascending,
    /// Resources without a value first, then the largest.
    Descending,
}

impl SortOrder {
    /// An ordering in the direction of this order.
    #[must_use]
    pub const fn apply(self, ordering: Ordering) -> Ordering {
        match self {
            Self::Ascending => ordering,
            Self::Descending => ordering.reverse(),
        }
    }
}

/// The order of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The attribute in the schema's spelling; of a complex one without a named sub-attribute its `value`.
    pub path: AttrPath,
    /// The direction.
    pub order: SortOrder,
}

impl Sort {
    /// Reads `sortBy` and `sortOrder` for resources of one type.
    ///
    /// Of a multi-valued attribute the primary or first value counts, of a complex one its `value`.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidValue`] for an attribute that this directory does not have, that is never returned, that
    /// has parts of which none was named, that is a membership; and for another `sortOrder` than the two.
    pub fn parse(rt: &ResourceType, sort_by: &str, sort_order: Option<&str>) -> Result<Self, Error> {
        let order = match sort_order.map(str::trim) {
            None | Some("") => SortOrder::Ascending,
            Some(word) => word.parse().map_err(|_| {
                Error::invalid_value(
                    "sortOrder",
                    "The parameter sortOrder is either ascending or descending. Correct or remove it.",
                )
            })?,
        };
        let instead = if name::eq(&rt.name, "Group") {
            "displayName"
        } else {
            "userName"
        };
        let refuse = |why: &str| {
            let shown: String = sort_by.chars().take(120).collect();
            Error::invalid_value(
                "sortBy",
                format!(
                    "The parameter sortBy names {shown}, {why}. Sort by another attribute, such as {instead}."
                ),
            )
        };
        let mut path = rt
            .parse_path(sort_by.trim())
            .map_err(|_| refuse("which is not the name of an attribute"))?;
        let unknown = || refuse("which this directory does not have");
        let found = rt.find(&path).ok_or_else(unknown)?;
        let head = rt.attribute(&path).ok_or_else(unknown)?;
        let is_location = head.name == "meta" && found.name == "location";
        if head.returned == Returned::Never || found.returned == Returned::Never || is_location {
            return Err(unknown());
        }
        if is_membership(rt, head) {
            return Err(refuse(
                "which has no order: memberships are no part of the resource itself",
            ));
        }
        if found.attr_type == AttrType::Complex {
            let value = implied_value(found)
                .ok_or_else(|| refuse("which has several parts; name one of them, as in name.familyName"))?;
            path.sub = Some(value.name.clone());
        }
        Ok(Self { path, order })
    }

    /// The key of a whole document (with `id`, `meta`). [`SortKey::Missing`] also where the type has no such attribute, as in
    /// a list of several types.
    pub fn key(&self, rt: &ResourceType, document: &impl Attributes) -> SortKey {
        let Some(leaf) = rt.find(&self.path) else {
            return SortKey::Missing;
        };
        match value_at(&self.path, document) {
            Some(value) if !unassigns(&value) => SortKey::of(leaf, &value),
            _ => SortKey::Missing,
        }
    }

    /// The order of two positions.
    pub fn compare(&self, a: &SortPosition, b: &SortPosition) -> Ordering {
        self.order.apply(a.cmp(b))
    }
}

/// The canonical text, for fingerprints: `meta.created descending`.
impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.order)
    }
}

/// Whether this is `members` of a group or `groups` of a user, which are stored apart from their resource.
fn is_membership(rt: &ResourceType, attribute: &Attribute) -> bool {
    let of = |urn: &str, attr: &str| name::eq(&rt.core.id, urn) && name::eq(&attribute.name, attr);
    of(GROUP, "members") || of(USER, "groups")
}

/// The value that a resource is sorted by: of several the primary one, else the first.
fn value_at<'v>(path: &AttrPath, document: &'v impl Attributes) -> Option<Cow<'v, Value>> {
    let value = match &path.schema {
        None => document.attribute(&path.name)?,
        Some(urn) => map_found(document.attribute(urn)?, |holder| {
            get(holder.as_object()?, &path.name)
        })?,
    };
    map_found(value, |value| {
        let one = match value {
            Value::Array(items) => items
                .iter()
                .find(|item| item.get("primary") == Some(&Value::Bool(true)))
                .or_else(|| items.first())?,
            single => single,
        };
        match &path.sub {
            Some(sub) => get(one.as_object()?, sub),
            None => Some(one),
        }
    })
}

/// The sort key of a resource: `Ord` is the ascending order, missing values last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// `false` before `true`.
    Bool(bool),
    /// By size.
    Number(SortNumber),
    /// By time.
    Instant(DateTime<Utc>),
    /// By code point after NFC, [`fold`]ed unless the schema says `caseExact`, cut to [`KEY_CHARS`].
    Text(String),
    /// No value.
    Missing,
}

impl SortKey {
    /// The key of one value of `attribute`.
    pub fn of(attribute: &Attribute, value: &Value) -> Self {
        match value {
            Value::Bool(flag) => Self::Bool(*flag),
            Value::Number(number) => Self::Number(SortNumber::from(number)),
            Value::String(text) => match instant(text) {
                Some(time) if attribute.attr_type == AttrType::DateTime => Self::Instant(time.to_utc()),
                _ => Self::text(
                    text,
                    attribute.case_exact || attribute.attr_type == AttrType::Binary,
                ),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => Self::Missing,
        }
    }

    fn text(text: &str, case_exact: bool) -> Self {
        // The first cut bounds the work, the second the key. NFC makes one character of up to four.
        let start: String = text.chars().take(4 * KEY_CHARS).collect();
        let key = if case_exact {
            nfc(&start)
        } else {
            fold(&start).into()
        };
        Self::Text(key.chars().take(KEY_CHARS).collect())
    }
}

/// A number with a total order: whole numbers exactly, others as the nearest double.
#[derive(Debug, Clone, Copy)]
pub struct SortNumber {
    /// The nearest double, compared first.
    near: f64,
    /// The number itself if it is whole and fits into 64 bits; otherwise 0.
    whole: i64,
}

impl From<&Number> for SortNumber {
    fn from(number: &Number) -> Self {
        match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Self::from(whole),
            (None, near) => Self::from(near.unwrap_or_default()),
        }
    }
}

impl From<i64> for SortNumber {
    #[expect(
        clippy::cast_precision_loss,
        reason = "the number itself stands beside it and decides between equals"
    )]
    fn from(whole: i64) -> Self {
        Self {
            near: whole as f64,
            whole,
        }
    }
}

impl From<f64> for SortNumber {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a whole number of less than 2^53 is exact in both"
    )]
    fn from(near: f64) -> Self {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        let whole = near.fract() == 0.0 && near.abs() < EXACT;
        // 0.0 and -0.0 are one number.
        Self {
            near: near + 0.0,
            whole: if whole { near as i64 } else { 0 },
        }
    }
}

impl SortNumber {
    /// The nearest double and, where the number is whole, itself.
    pub(super) const fn parts(self) -> (f64, i64) {
        (self.near, self.whole)
    }

    /// What [`Self::parts`] took apart.
    pub(super) const fn from_parts(near: f64, whole: i64) -> Self {
        Self { near, whole }
    }
}

impl Ord for SortNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.near
            .total_cmp(&other.near)
            .then(self.whole.cmp(&other.whole))
    }
}

impl PartialOrd for SortNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SortNumber {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for SortNumber {}

/// A position in an order: directly behind the resource it was taken from, which may be deleted by now.
///
/// `Ord` is the ascending order; [`Sort::compare`] the one of a list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortPosition {
    /// The sort key; `None` in a list without `sortBy`.
    pub key: Option<SortKey>,
    /// When the resource was created, in milliseconds since 1970.
    pub at: i64,
    /// The resource's id, as the number behind its prefix.
    pub id: u128,
}
