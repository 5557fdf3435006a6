//! The characteristics of attributes and schemas (RFC 7643 §2.2–2.3, §7).
//!
//! Must not know: any particular attribute.

use crate::name;

/// An attribute's data type (RFC 7643 §2.3).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr, strum::EnumString, strum::VariantArray,
)]
#[strum(serialize_all = "camelCase")]
pub enum AttrType {
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Decimal,
    /// An instant, RFC 3339.
    DateTime,
    /// Base64 text.
    Binary,
    /// A URI, or the id of another resource.
    Reference,
    /// An object of sub-attributes.
    Complex,
}

impl AttrType {
    /// Every type.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The keyword of a schema document.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// Whether and when a client may set an attribute (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum Mutability {
    /// Set by the server; ignored on write.
    ReadOnly,
    /// Set by the client at any time.
    ReadWrite,
    /// Set by the client once.
    Immutable,
    /// Set by the client, never returned.
    WriteOnly,
}

impl Mutability {
    /// The keyword of a schema document.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// When an attribute is part of a response (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum Returned {
    /// In every response.
    Always,
    /// In no response.
    Never,
    /// In every response that does not exclude it.
    Default,
    /// Only on request (`attributes`).
    Request,
}

/// How far a value must be unique (RFC 7643 §7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum Uniqueness {
    /// No uniqueness.
    None,
    /// Unique at this endpoint.
    Server,
    /// Unique at every endpoint.
    Global,
}

/// One attribute or sub-attribute (RFC 7643 §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its canonical spelling.
    pub name: String,
    /// Its description in `/Schemas`.
    pub description: String,
    /// Its type; of each value when multi-valued.
    pub attr_type: AttrType,
    /// Whether it is a JSON array.
    pub multi_valued: bool,
    /// Whether a resource must have it.
    pub required: bool,
    /// Whether filters compare it with case.
    pub case_exact: bool,
    /// Whether and when a client may set it.
    pub mutability: Mutability,
    /// When it is part of a response.
    pub returned: Returned,
    /// How far it must be unique.
    pub uniqueness: Uniqueness,
    /// Suggested values; others are accepted too.
    pub canonical_values: Vec<String>,
    /// What a [`AttrType::Reference`] may point to.
    pub reference_types: Vec<String>,
    /// The parts of an [`AttrType::Complex`].
    pub sub_attributes: Vec<Self>,
}

impl Attribute {
    /// A single-valued, optional, caseless, readable and writable attribute (the defaults of RFC 7643 §2.2).
    pub fn new(name: &str, attr_type: AttrType, description: &str) -> Self {
        Self {
            name: name.to_owned(),
            description: description.to_owned(),
            attr_type,
            multi_valued: false,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: Vec::new(),
            reference_types: Vec::new(),
            sub_attributes: Vec::new(),
        }
    }

    /// A text attribute.
    pub fn string(name: &str, description: &str) -> Self {
        Self::new(name, AttrType::String, description)
    }

    /// A complex attribute with these parts.
    pub fn complex(name: &str, description: &str, parts: Vec<Self>) -> Self {
        let mut complex = Self::new(name, AttrType::Complex, description);
        complex.sub_attributes = parts;
        complex
    }

    /// The same, as an array.
    #[must_use]
    pub const fn multi(mut self) -> Self {
        self.multi_valued = true;
        self
    }

    /// The same, required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same, compared with case.
    #[must_use]
    pub const fn case_exact(mut self) -> Self {
        self.case_exact = true;
        self
    }

    /// The same, with this mutability.
    #[must_use]
    pub fn mutability(self, mutability: Mutability) -> Self {
        Self { mutability, ..self }
    }

    /// The same, with this rule for answers.
    #[must_use]
    pub fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    /// The same, with this uniqueness.
    #[must_use]
    pub fn uniqueness(self, uniqueness: Uniqueness) -> Self {
        Self { uniqueness, ..self }
    }

    /// The same, suggesting these values.
    #[must_use]
    pub fn canonical(mut self, values: &[&str]) -> Self {
        self.canonical_values = values.iter().map(|v| (*v).to_owned()).collect();
        self
    }

    /// The same, pointing to these types.
    #[must_use]
    pub fn references(mut self, types: &[&str]) -> Self {
        self.reference_types = types.iter().map(|v| (*v).to_owned()).collect();
        self
    }

    /// The part of this name, in any case.
    pub fn sub(&self, name: &str) -> Option<&Self> {
        self.sub_attributes.iter().find(|sub| name::eq(&sub.name, name))
    }
}

/// A schema: a URN and its attributes (RFC 7643 §7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schema {
    /// The URN.
    pub id: String,
    /// A short name, for `/Schemas`.
    pub name: String,
    /// Its description in `/Schemas`.
    pub description: String,
    /// The attributes, in document order.
    pub attributes: Vec<Attribute>,
}

impl Schema {
    /// The attribute of this name, in any case.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| name::eq(&attribute.name, name))
    }
}
