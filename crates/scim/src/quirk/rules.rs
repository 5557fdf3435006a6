//! Where providers and the RFCs want different things of one and the same request: one enum a conflict, one constant a
//! provider, one table ([`TABLE`]) for people, kept in `docs/reference/providers.md`.
//!
//! Only true conflicts are here. What is tolerated without any RFC client noticing (text booleans, capitalised words, a
//! `Remove` with its values, bare words in filters, …) is the same for everybody and lives in the quirk functions.
//! Must not know: which directory has which provider. Read `crate::patch` and [`super::entra`] next.

/// What a `replace` does whose filter finds no element (RFC 7644 §3.5.2.3 against Entra's dialects).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbsentElement {
    /// Makes the element the filter describes: Entra replaces where it means to add.
    Create,
    /// Answers 400 `noTarget`, as the RFC says.
    NoTarget,
}

/// What a PATCH operation does whose path names what only the server writes (RFC 7644 §3.5.2 against what is sent).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadOnlyPath {
    /// Nothing, and the other operations go on: mappings of `id` and `groups` exist.
    PassOver,
    /// Answers 400 `mutability`, as the RFC says.
    Refuse,
}

/// What a PATCH operation does that names what no schema of the directory has (RFC 7644 §3.5.2 against what is sent).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownPath {
    /// Nothing, with a warning in the provisioning log: mappings name more than a directory keeps, and the rest is to be done.
    PassOver,
    /// Answers 400 `invalidPath`, naming it; and refuses what is said of `schemas` and is not true.
    Refuse,
}

/// What a role's `value` is in a PATCH when its text is a JSON object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleText {
    /// Entra's way to write a whole role; see [`super::entra::role_from_json_text`].
    ReadJson,
    /// The value, byte for byte.
    AsSent,
}

/// What a filter means whose literal is still percent-encoded after the URL was decoded, and that finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodedFilter {
    /// What it says decoded once more; see [`super::entra::decoded_once_more`].
    DecodeAgain,
    /// What it says.
    AsSent,
}

/// What a POST is answered whose `userName` and `externalId` are those of one resource that exists (ADR 0006).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedCreate {
    /// 201 with that resource: the first answer was lost, and a 409 would park the object.
    Heal,
    /// 409 `uniqueness`, as RFC 7644 §3.3 says.
    Conflict,
}

/// What a PATCH that succeeded is answered (RFC 7644 §3.5.2 leaves the choice); a request that asks for `attributes` gets
/// the body in any case.
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
    /// A `replace` behind a filter that finds nothing.
    pub absent_element: AbsentElement,
    /// A PATCH path to what only the server writes.
    pub read_only_path: ReadOnlyPath,
    /// A PATCH of what no schema has.
    pub unknown_path: UnknownPath,
    /// JSON text in a role's `value`.
    pub role_text: RoleText,
    /// A filter encoded twice.
    pub encoded_filter: EncodedFilter,
    /// A POST sent again.
    pub repeated_create: RepeatedCreate,
    /// How a user's PATCH is answered.
    pub patch_user: Answer,
    /// How a group's PATCH is answered.
    pub patch_group: Answer,
}

/// Microsoft Entra ID.
pub const ENTRA: Rules = Rules {
    absent_element: AbsentElement::Create,
    read_only_path: ReadOnlyPath::PassOver,
    unknown_path: UnknownPath::PassOver,
    role_text: RoleText::ReadJson,
    encoded_filter: EncodedFilter::DecodeAgain,
    repeated_create: RepeatedCreate::Heal,
    patch_user: Answer::Body,
    patch_group: Answer::NoContent,
};

/// What the other products have in common: lenient where a refusal would leave a person behind, without Microsoft's own
/// spellings of values.
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

/// One conflict in words, and what each provider's directory does.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The request.
    pub request: &'static str,
    /// What the RFC says of it.
    pub rfc: &'static str,
    /// What these rules do with it.
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
            RepeatedCreate::Heal => "201 with the one that exists",
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
