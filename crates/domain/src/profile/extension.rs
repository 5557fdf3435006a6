//! A customer's own attributes: an extension schema (RFC 7643 §3.3) as TOML, in a profile's file under `[extension]`, or as a
//! directory's own text in addition to the profile.
//!
//! Must not know: where the text is stored. Read [`super::Profile::with_extension`] next.

use std::collections::BTreeSet;

use scim::path::{AttrPath, ValuePath};
use scim::schema::{AttrType, Attribute, Mutability, Returned, Schema};
use serde::Deserialize;

use super::ProfileAttribute;

/// The most attributes of one extension, so that its attribute list stays readable.
pub const MOST_ATTRIBUTES: usize = 100;
/// The longest text of an extension, in bytes.
pub const LONGEST_TEXT: usize = 64 * 1024;
/// The most canonical values of one attribute.
const MOST_VALUES: usize = 100;

/// `[extension]`: a URN and its attributes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Extension {
    urn: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    attribute: Vec<Line>,
}

/// One attribute, in the words of RFC 7643 §7 and of Entra's attribute list.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    name: String,
    #[serde(rename = "type")]
    attr_type: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    multi_valued: bool,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    case_exact: bool,
    #[serde(default)]
    canonical_values: Vec<String>,
    #[serde(default)]
    mutability: Settable,
    #[serde(default)]
    returned: Shown,
    entra: Option<String>,
    record: Option<String>,
}

/// Mutability: the values of RFC 7643 §7 that make sense for a customer's attribute.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Settable {
    #[default]
    ReadWrite,
    Immutable,
}

/// When it is part of a response.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Shown {
    #[default]
    Default,
    Always,
    Request,
}

/// The source of an attribute without `entra`.
const ANY_SOURCE: &str = "an attribute of your choice";

impl Extension {
    /// Its schema.
    ///
    /// # Errors
    /// The place, the rule and what to write instead.
    pub(super) fn schema(&self) -> Result<Schema, String> {
        check_urn(&self.urn)?;
        if self.attribute.len() > MOST_ATTRIBUTES {
            return Err(format!(
                "extension: {} attributes are more than the {MOST_ATTRIBUTES} there may be",
                self.attribute.len()
            ));
        }
        let mut names = BTreeSet::new();
        let mut attributes = Vec::with_capacity(self.attribute.len());
        for line in &self.attribute {
            if !names.insert(line.name.to_ascii_lowercase()) {
                return Err(format!(
                    "extension.attribute {}: listed twice (names are the same in any case); keep one",
                    line.name
                ));
            }
            attributes.push(line.attribute()?);
        }
        let description = self.description.as_deref();
        Ok(Schema {
            id: self.urn.clone(),
            name: own_name(&self.urn).to_owned(),
            description: description
                .unwrap_or("Attributes of this customer's own")
                .to_owned(),
            attributes,
        })
    }

    /// Its attributes as lines of a profile, for `required`, events and error texts.
    pub(super) fn lines(&self) -> Vec<ProfileAttribute> {
        let line = |line: &Line| ProfileAttribute {
            path: format!("{}:{}", self.urn, line.name),
            target: ValuePath::from(AttrPath {
                schema: Some(self.urn.clone()),
                ..AttrPath::core(&line.name)
            }),
            is_list: line.multi_valued,
            entra: line.entra.clone().unwrap_or_else(|| ANY_SOURCE.to_owned()),
            record: line.record.clone(),
            required: line.required,
            managed: true,
        };
        self.attribute.iter().map(line).collect()
    }
}

/// Accepts `…:extension:<Name>:2.0:User` only, the form that Entra's attribute list handles reliably.
fn check_urn(urn: &str) -> Result<(), String> {
    let own = own_name(urn);
    let fits = (1..=64).contains(&own.len())
        && own
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !fits {
        return Err(format!(
            "extension.urn: {urn:?} does not look like urn:ietf:params:scim:schemas:extension:<Name>:2.0:User, \
             the only form Entra's attribute list handles reliably"
        ));
    }
    if urn.eq_ignore_ascii_case(scim::schema::ENTERPRISE_USER) {
        return Err(format!(
            "extension.urn: {urn:?} is the enterprise extension, which has its attributes already; choose another name"
        ));
    }
    Ok(())
}

/// `<Name>` of the URN; empty for another URN.
fn own_name(urn: &str) -> &str {
    const HEAD: &str = "urn:ietf:params:scim:schemas:extension:";
    let head = urn
        .get(..HEAD.len())
        .filter(|head| head.eq_ignore_ascii_case(HEAD));
    head.and_then(|head| urn.get(head.len()..)?.strip_suffix(":2.0:User"))
        .unwrap_or_default()
}

impl Line {
    fn attribute(&self) -> Result<Attribute, String> {
        let name = &self.name;
        if !scim::name::is_valid(name) || name.len() > 64 {
            return Err(format!(
                "extension.attribute: {name:?} is no SCIM attribute name (a letter, then letters, digits, '$', '-', '_'; at most 64)"
            ));
        }
        let attr_type = self.attr_type()?;
        if self.canonical_values.len() > MOST_VALUES
            || !self.canonical_values.is_empty() && attr_type != AttrType::String
        {
            return Err(format!(
                "extension.attribute {name}: canonical_values are for type string, and at most {MOST_VALUES}"
            ));
        }
        let values: Vec<&str> = self.canonical_values.iter().map(String::as_str).collect();
        let mut attribute = Attribute::new(name, attr_type, &self.description).canonical(&values);
        attribute.multi_valued = self.multi_valued;
        attribute.required = self.required;
        // RFC 7643 §2.3.6, §2.3.7: base64 and URIs are compared with case.
        attribute.case_exact = self.case_exact || matches!(attr_type, AttrType::Binary | AttrType::Reference);
        attribute.mutability = match self.mutability {
            Settable::ReadWrite => Mutability::ReadWrite,
            Settable::Immutable => Mutability::Immutable,
        };
        attribute.returned = match self.returned {
            Shown::Default => Returned::Default,
            Shown::Always => Returned::Always,
            Shown::Request => Returned::Request,
        };
        if attr_type == AttrType::Reference {
            attribute = attribute.references(&["external"]);
        }
        Ok(attribute)
    }

    fn attr_type(&self) -> Result<AttrType, String> {
        let is_simple = |attr_type: &AttrType| *attr_type != AttrType::Complex;
        let read = self.attr_type.parse().ok().filter(is_simple);
        read.ok_or_else(|| {
            let simple = AttrType::ALL.iter().copied().filter(is_simple);
            let words: Vec<_> = simple.map(AttrType::as_str).collect();
            format!(
                "extension.attribute {}: type {:?} is unknown; use {}",
                self.name,
                self.attr_type,
                words.join(", ")
            )
        })
    }
}
