//! Requests whose result depends on the provider: one enum for each conflict with the RFCs, one constant for each provider,
//! and one table ([`TABLE`]), the source of `docs/reference/providers.md`.
//!
//! Only conflicts are here. Deviations that no client of the RFC can notice (text booleans, capitalised words, a `Remove`
//! with values, words without quotes in filters, …) are accepted from all clients by the quirk functions. Must not know: which
//! directory has which provider. Read `crate::patch` and [`super::entra`] next.

/// A `replace` whose filter selects no element (RFC 7644 §3.5.2.3 against Entra's dialects).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbsentElement {
    /// Makes the element the filter describes: Entra replaces where it means to add.
    Create,
    /// Answers 400 `noTarget`, as the RFC says.
    NoTarget,
}

/// A PATCH operation on a read-only attribute (RFC 7644 §3.5.2 against what clients send).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOnlyPath {
    /// Ignores the operation: mappings of `id` and `groups` exist.
    PassOver,
    /// Answers 400 `mutability`, as the RFC says.
    Refuse,
}

/// A PATCH operation on a path that no schema of the directory has (RFC 7644 §3.5.2 against what clients send).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownPath {
    /// Ignores the operation, with a warning in the provisioning log: mappings have paths that a directory does not have.
    PassOver,
    /// Answers 400 `invalidPath` with the path; also refuses operations on `schemas` that are not true.
    Refuse,
}

/// A role's `value` whose text is a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleText {
    /// A whole role, as Entra writes it; see [`super::entra::role_from_json_text`].
    ReadJson,
    /// The value, byte for byte.
    AsSent,
}

/// A filter that finds nothing and whose literal is still percent-encoded after the URL was decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodedFilter {
    /// Decoded once more; see [`super::entra::decoded_once_more`].
    DecodeAgain,
    /// Unchanged.
    AsSent,
}

/// The response to a POST whose `userName` and `externalId` are those of one existing resource (ADR 0006).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedCreate {
    /// 201 with that resource: the first response was lost, and a 409 would stop the client's retries.
    Accept,
    /// 409 `uniqueness`, as RFC 7644 §3.3 says.
    Conflict,
}

/// The response to a successful PATCH (RFC 7644 §3.5.2 leaves the choice); a request with `attributes` gets the body in any
/// case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// 200 and the whole resource.
    Body,
    /// 204.
    NoContent,
}

/// The choices for one provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// A `replace` whose filter selects nothing.
    pub absent_element: AbsentElement,
    /// A PATCH path to a read-only attribute.
    pub read_only_path: ReadOnlyPath,
    /// A PATCH path that no schema has.
    pub unknown_path: UnknownPath,
    /// JSON text in a role's `value`.
    pub role_text: RoleText,
    /// A filter encoded twice.
    pub encoded_filter: EncodedFilter,
    /// A repeated POST.
    pub repeated_create: RepeatedCreate,
    /// The response to a PATCH of a user.
    pub patch_user: Answer,
    /// The response to a PATCH of a group.
    pub patch_group: Answer,
}

/// Microsoft Entra ID.
pub const ENTRA: Rules = Rules {
    absent_element: AbsentElement::Create,
    read_only_path: ReadOnlyPath::PassOver,
    unknown_path: UnknownPath::PassOver,
    role_text: RoleText::ReadJson,
    encoded_filter: EncodedFilter::DecodeAgain,
    repeated_create: RepeatedCreate::Accept,
    patch_user: Answer::Body,
    patch_group: Answer::NoContent,
};

/// The rules of the other products: lenient where an error would keep a person from being provisioned, without Microsoft's
/// own spellings of values.
const PRODUCT: Rules = Rules {
    role_text: RoleText::AsSent,
    encoded_filter: EncodedFilter::AsSent,
    ..ENTRA
};

/// Okta.
pub const OKTA: Rules = PRODUCT;
/// OneLogin.
pub const ONELOGIN: Rules = PRODUCT;
/// JumpCloud.
pub const JUMPCLOUD: Rules = PRODUCT;
/// PingFederate and PingOne.
pub const PING: Rules = PRODUCT;

/// A client that follows RFC 7643 and RFC 7644 to the letter.
pub const GENERIC: Rules = Rules {
    absent_element: AbsentElement::NoTarget,
    read_only_path: ReadOnlyPath::Refuse,
    unknown_path: UnknownPath::Refuse,
    role_text: RoleText::AsSent,
    encoded_filter: EncodedFilter::AsSent,
    repeated_create: RepeatedCreate::Conflict,
    patch_user: Answer::Body,
    patch_group: Answer::Body,
};

/// One conflict in words, and the result for each provider.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The request.
    pub request: &'static str,
    /// The rule of the RFC.
    pub rfc: &'static str,
    /// The result under these rules.
    pub does: fn(&Rules) -> &'static str,
}

/// Every conflict, as `docs/reference/providers.md` shows it.
pub const TABLE: &[Row] = &[
    Row {
        request: "PATCH `replace` of `emails[type eq \"work\"].value` where no element matches",
        rfc: "400 `noTarget` (RFC 7644 §3.5.2.3)",
        does: |rules| match rules.absent_element {
            AbsentElement::Create => "creates the element",
            AbsentElement::NoTarget => "400 `noTarget`",
        },
    },
    Row {
        request: "PATCH with a `path` to a read-only attribute (`id`, `meta`, `groups`)",
        rfc: "400 `mutability` (RFC 7644 §3.5.2)",
        does: |rules| match rules.read_only_path {
            ReadOnlyPath::PassOver => "passed over",
            ReadOnlyPath::Refuse => "400 `mutability`",
        },
    },
    Row {
        request: "PATCH of what no schema of the directory has: a path, a key of an object without a path, a part of an attribute, \
                  an unknown URN; or of `schemas`, saying what is not true",
        rfc: "400 (RFC 7644 §3.5.2)",
        does: |rules| match rules.unknown_path {
            UnknownPath::PassOver => "passed over, with a warning in the provisioning log",
            UnknownPath::Refuse => "400 `invalidPath`; of `schemas`: 400 `mutability` or `invalidValue`",
        },
    },
    Row {
        request: "`roles` with a JSON object as text in `value`",
        rfc: "the text is the value (RFC 7643 §2.3.1)",
        does: |rules| match rules.role_text {
            RoleText::ReadJson => "read as a role",
            RoleText::AsSent => "kept as text",
        },
    },
    Row {
        request: "a filter that finds nothing and whose literal is percent-encoded a second time",
        rfc: "finds nothing (RFC 7644 §3.4.2.2)",
        does: |rules| match rules.encoded_filter {
            EncodedFilter::DecodeAgain => "decoded once more",
            EncodedFilter::AsSent => "finds nothing",
        },
    },
    Row {
        request: "POST sent again with the same `userName` and `externalId`, its first answer lost",
        rfc: "409 `uniqueness` (RFC 7644 §3.3)",
        does: |rules| match rules.repeated_create {
            RepeatedCreate::Accept => "201 with the one that exists",
            RepeatedCreate::Conflict => "409 `uniqueness`",
        },
    },
    Row {
        request: "PATCH of a user succeeds",
        rfc: "200 with the resource, or 204 (RFC 7644 §3.5.2)",
        does: |rules| status(rules.patch_user),
    },
    Row {
        request: "PATCH of a group succeeds",
        rfc: "200 with the resource, or 204 (RFC 7644 §3.5.2)",
        does: |rules| status(rules.patch_group),
    },
];

const fn status(answer: Answer) -> &'static str {
    match answer {
        Answer::Body => "200 with the resource",
        Answer::NoContent => "204",
    }
}
