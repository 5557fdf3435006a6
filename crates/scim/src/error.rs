//! Errors of requests, in words for the administrator that reads a provisioning log.
//!
//! Must not know: HTTP statuses (the caller maps [`ScimType`] to one), request ids, secrets. A `detail` names the
//! attribute, the rule and the next step, and never a value of the request.

/// The `scimType` keyword of an error (RFC 7644 §3.12, table 9; RFC 9865 §2.1, table 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::IntoStaticStr)]
#[strum(serialize_all = "camelCase")]
pub enum ScimType {
    /// The filter does not parse, or names an attribute or operator that cannot be used.
    InvalidFilter,
    /// The request asks for more than the server is willing to process.
    TooMany,
    /// A value that must be unique is already taken.
    Uniqueness,
    /// The attribute may not be changed this way.
    Mutability,
    /// The body is not of the request's shape.
    InvalidSyntax,
    /// A PATCH path is malformed.
    InvalidPath,
    /// A PATCH path selects nothing that could be changed.
    NoTarget,
    /// A value is missing or of the wrong type.
    InvalidValue,
    /// The protocol version is not supported.
    InvalidVers,
    /// The request has personal data in a place that may be logged.
    Sensitive,
    /// The cursor is invalid, or belongs to another query (RFC 9865 §2.1).
    InvalidCursor,
    /// The cursor is too old (RFC 9865 §2.1).
    ExpiredCursor,
    /// `count` is no number (RFC 9865 §2.1).
    InvalidCount,
}

impl ScimType {
    /// The keyword as the RFCs spell it.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// An error of a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    /// The RFC's keyword.
    pub scim_type: ScimType,
    /// Text for the administrator: attribute, rule, next step.
    pub detail: String,
    /// The attribute or path that it is about, if any.
    pub attribute: Option<String>,
    /// Byte offset in the filter or path, from 0.
    pub position: Option<usize>,
}

impl Error {
    /// An error without attribute or position.
    pub fn new(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self {
            scim_type,
            detail: detail.into(),
            attribute: None,
            position: None,
        }
    }

    /// The same error, about this attribute or path.
    #[must_use]
    pub fn on(mut self, attribute: impl Into<String>) -> Self {
        self.attribute = Some(attribute.into());
        self
    }

    /// The same error, at this byte offset.
    #[must_use]
    pub const fn at(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    /// A filter that cannot be used; `position` is a byte offset in its text.
    pub fn invalid_filter(position: usize, detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidFilter, detail).at(position)
    }

    /// A malformed PATCH path.
    pub fn invalid_path(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidPath, detail).on(path)
    }

    /// A value that is missing or of the wrong type.
    pub fn invalid_value(attribute: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidValue, detail).on(attribute)
    }

    /// A body that is not of the request's shape.
    pub fn invalid_syntax(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidSyntax, detail)
    }

    /// A PATCH operation without anything to act on.
    pub fn no_target(path: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ScimType::NoTarget, detail).on(path)
    }

    /// An attribute that may not be changed this way.
    pub fn mutability(attribute: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ScimType::Mutability, detail).on(attribute)
    }

    /// A value that another resource of the directory already has.
    pub fn uniqueness(attribute: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new(ScimType::Uniqueness, detail).on(attribute)
    }

    /// More operations, terms or results than are processed in one request.
    pub fn too_many(detail: impl Into<String>) -> Self {
        Self::new(ScimType::TooMany, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_its_detail_and_keeps_what_it_is_about() {
        let error = Error::invalid_value("active", "active must be a boolean.").at(3);
        assert_eq!(error.to_string(), "active must be a boolean.");
        assert_eq!(error.attribute.as_deref(), Some("active"));
        assert_eq!(error.position, Some(3));
        assert_eq!(error.scim_type.to_string(), "invalidValue");
    }
}
