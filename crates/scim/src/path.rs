//! Attribute paths: `attribute`, `attribute.sub` and `urn:…:attribute.sub` (RFC 7644 §3.10), and the value path
//! `addresses[type eq "work"].formatted` in the form that mappings use.
//!
//! Must not know: which attributes exist. [`crate::schema::ResourceType::parse_path`] gives a path the spelling of a
//! schema; [`crate::patch`] reads the whole grammar of value paths.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::error::Error;
use crate::name;

/// The path of an attribute, of a sub-attribute, or (with an empty `name`) of a whole extension object.
///
/// Equality and hashing ignore the case of names.
#[derive(Debug, Clone)]
pub struct AttrPath {
    /// The URN before the name: in its canonical spelling when it is a known one. `None` means the core schema.
    pub schema: Option<String>,
    /// The attribute; empty when the path is a schema's URN alone.
    pub name: String,
    /// The sub-attribute.
    pub sub: Option<String>,
}

impl AttrPath {
    /// The path of an attribute behind this URN; without one, of a core attribute.
    pub fn new(schema: Option<&str>, name: &str) -> Self {
        Self {
            schema: schema.map(str::to_owned),
            name: name.to_owned(),
            sub: None,
        }
    }

    /// A core attribute's path.
    pub fn core(name: &str) -> Self {
        Self::new(None, name)
    }

    /// Reads a path.
    ///
    /// A URN holds dots and colons, so it is never split by looking for one: the longest URN in `urns` that begins the
    /// text is taken, then `:` (or `.`, as the Entra jobs made before December 2018 wrote it). A URN that is not in
    /// `urns` is split at its last `:`. Spelling of names is kept as written.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidPath`] when a name is not an attribute name.
    pub fn parse(text: &str, urns: &[&str]) -> Result<Self, Error> {
        let (schema, rest) = split_urn(text, urns);
        if rest.is_empty() && schema.is_some() {
            return Ok(Self::new(schema, ""));
        }
        let (name, sub) = match rest.split_once('.') {
            Some((name, sub)) => (name, Some(sub)),
            None => (rest, None),
        };
        let offset = text.len() - rest.len();
        check_name(text, name, offset)?;
        if let Some(sub) = sub {
            check_name(text, sub, offset + name.len() + 1)?;
        }
        let mut path = Self::new(schema, name);
        path.sub = sub.map(str::to_owned);
        Ok(path)
    }

    /// Whether this is a schema's URN alone: the whole extension object.
    pub const fn is_whole_schema(&self) -> bool {
        self.name.is_empty()
    }

    /// The same path without its sub-attribute.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self::new(self.schema.as_deref(), &self.name)
    }

    /// The same attribute's path with this sub-attribute.
    #[must_use]
    pub fn with_sub(&self, sub: &str) -> Self {
        let mut path = self.parent();
        path.sub = Some(sub.to_owned());
        path
    }

    /// Whether both name attributes of one schema.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        same(self.schema.as_deref(), other.schema.as_deref())
    }
}

fn split_urn<'a>(text: &'a str, urns: &[&'a str]) -> (Option<&'a str>, &'a str) {
    let known = urns
        .iter()
        .filter(|urn| {
            text.get(..urn.len()).is_some_and(|head| name::eq(head, urn))
                && matches!(text.as_bytes().get(urn.len()), None | Some(b':' | b'.'))
        })
        .max_by_key(|urn| urn.len());
    if let Some(urn) = known {
        return (Some(urn), text.get(urn.len() + 1..).unwrap_or_default());
    }
    match text.rsplit_once(':') {
        Some((urn, rest)) if !urn.is_empty() && !rest.is_empty() => (Some(urn), rest),
        _ => (None, text),
    }
}

fn check_name(text: &str, part: &str, offset: usize) -> Result<(), Error> {
    if name::is_valid(part) {
        return Ok(());
    }
    let short = |text: &str| text.chars().take(160).collect::<String>();
    let (text, part) = (short(text), short(part));
    let what = if part.is_empty() {
        "A name is missing".to_owned()
    } else {
        format!("'{part}' is not a name")
    };
    Err(Error::invalid_path(
        text.clone(),
        format!(
            "The path '{text}' is malformed at character {}: {what}. Write attribute, attribute.subAttribute or \
             urn:…:attribute; names start with a letter and hold letters, digits, '$', '-' and '_'. Check the target \
             attribute in the mapping.",
            offset + 1
        ),
    )
    .at(offset))
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            f.write_str(schema)?;
            if !self.name.is_empty() {
                f.write_str(":")?;
            }
        }
        f.write_str(&self.name)?;
        match &self.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}

impl PartialEq for AttrPath {
    fn eq(&self, other: &Self) -> bool {
        self.is_beside(other)
            && name::eq(&self.name, &other.name)
            && same(self.sub.as_deref(), other.sub.as_deref())
    }
}

impl Eq for AttrPath {}

fn same(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => name::eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

impl Hash for AttrPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.schema.as_deref().map(str::to_ascii_lowercase).hash(state);
        self.name.to_ascii_lowercase().hash(state);
        self.sub.as_deref().map(str::to_ascii_lowercase).hash(state);
    }
}

/// A path as mappings write it: an attribute path, with at most one `[sub eq "value"]` that picks an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValuePath {
    /// The attribute, and the sub-attribute behind the brackets.
    pub attr: AttrPath,
    /// Which elements of a multi-valued attribute are meant; `None` means every one.
    pub selector: Option<Selector>,
}

/// `[type eq "work"]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    /// The sub-attribute that is compared.
    pub sub: String,
    /// What it must be, as text: `work`, `True`. Compared without case, as `type` is not case-exact (RFC 7643 §2.4).
    pub value: String,
}

impl ValuePath {
    /// Reads a mapping's target, such as `displayName` or `addresses[type eq "work"].formatted`.
    ///
    /// # Errors
    /// [`crate::ScimType::InvalidPath`] when it has another shape.
    pub fn parse(text: &str, urns: &[&str]) -> Result<Self, Error> {
        let Some((head, rest)) = text.split_once('[') else {
            return Ok(Self {
                attr: AttrPath::parse(text, urns)?,
                selector: None,
            });
        };
        let malformed = || {
            Error::invalid_path(
                text,
                format!(
                    "The path '{text}' is malformed: between the brackets exactly one comparison is allowed, as in \
                     addresses[type eq \"work\"].formatted. Check the target attribute in the mapping."
                ),
            )
            .at(head.len())
        };
        let (inner, tail) = rest.rsplit_once(']').ok_or_else(malformed)?;
        let mut words = inner.trim().splitn(3, ' ');
        let (sub, op, value) = (words.next(), words.next(), words.next());
        let (Some(sub), Some(op), Some(value)) = (sub, op, value.map(str::trim)) else {
            return Err(malformed());
        };
        let value = value
            .strip_prefix('"')
            .and_then(|v| v.strip_suffix('"'))
            .unwrap_or(value);
        if !name::is_valid(sub) || !name::eq(op, "eq") || value.contains(['"', '\\', '[', ']']) {
            return Err(malformed());
        }
        // The part behind the bracket is a sub-attribute and nothing else: a URN begins the text.
        let part = tail.strip_prefix('.');
        if part.is_none() && !tail.is_empty() || part.is_some_and(|part| !name::is_valid(part)) {
            return Err(malformed());
        }
        let attr = AttrPath::parse(head, urns)?;
        if attr.name.is_empty() || attr.sub.is_some() {
            return Err(malformed());
        }
        let attr = part.map_or_else(|| attr.clone(), |part| attr.with_sub(part));
        Ok(Self {
            attr,
            selector: Some(Selector {
                sub: sub.to_owned(),
                value: value.to_owned(),
            }),
        })
    }
}

impl From<AttrPath> for ValuePath {
    fn from(attr: AttrPath) -> Self {
        Self { attr, selector: None }
    }
}

impl fmt::Display for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(selector) = &self.selector else {
            return self.attr.fmt(f);
        };
        write!(
            f,
            "{}[{} eq \"{}\"]",
            self.attr.parent(),
            selector.sub,
            selector.value
        )?;
        match &self.attr.sub {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}
