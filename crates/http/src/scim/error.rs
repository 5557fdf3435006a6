//! The one table of SCIM errors: code → HTTP status → `scimType` → next step.
//!
//! `docs/reference/error-codes.md` is written from it. Must not know: how an answer is put together
//! ([`super::respond`]). Entra treats 401, 403 and 404 as the customer's doing, so nothing that is our fault may have
//! one of them: ours are 503 with `Retry-After` (`docs/background/faults.md`, "What a failed call costs").

mod failure;
mod page;

pub use failure::Failure;
pub use page::reference;
use scim::ScimType;

/// Why a request was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The credential does not open this Tenant URL, for whatever reason.
    Unauthorized,
    /// The directory is switched off.
    DirectoryOff,
    /// No such address.
    NoSuchRoute,
    /// No resource of that id.
    NotFound,
    /// The address does not take this method.
    MethodNotAllowed,
    /// The directory serves no groups.
    GroupsNotServed,
    /// The gateway implements this for no client.
    NotImplemented,
    /// A filter on a discovery document.
    DiscoveryFilter,
    /// The resource is of another version.
    PreconditionFailed,
    /// A bulk request with too many operations.
    BulkTooLarge,
    /// An operation of a bulk request fails because of another one.
    BulkConflict,
    /// The body is too large.
    BodyTooLarge,
    /// The body came too slowly.
    BodyTooSlow,
    /// The body is of another media type.
    MediaType,
    /// The body is no JSON, or not of the request's shape.
    InvalidSyntax,
    /// A value is missing or of the wrong type.
    InvalidValue,
    /// The filter cannot be used.
    InvalidFilter,
    /// A PATCH path is malformed.
    InvalidPath,
    /// A PATCH path selects nothing.
    NoTarget,
    /// The attribute may not be changed.
    Mutability,
    /// The value is taken.
    Uniqueness,
    /// More than is processed in one request.
    TooMany,
    /// Another protocol version.
    InvalidVers,
    /// Personal data where it may be logged.
    Sensitive,
    /// A cursor that is none, or another query's.
    InvalidCursor,
    /// A cursor of another version.
    ExpiredCursor,
    /// A page size that is none.
    InvalidCount,
    /// Too many secrets wait to be checked.
    Busy,
    /// Too many large bodies are being worked at.
    BodiesBusy,
    /// The tenant has as many requests at work and waiting as it may.
    TenantBusy,
    /// The client's address has as many connections as it may.
    ConnectionsBusy,
    /// The tenant searches too much at once.
    SearchesBusy,
    /// The directory's profile is not loaded.
    ProfileMissing,
    /// The database did not answer.
    Unavailable,
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// The stable code, as in the provisioning log.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The RFC's keyword, where it has one.
    pub scim_type: Option<ScimType>,
    /// What happened.
    pub meaning: &'static str,
    /// What to do about it.
    pub next_step: &'static str,
}

const fn row(
    code: &'static str,
    status: u16,
    scim_type: Option<ScimType>,
    meaning: &'static str,
    next_step: &'static str,
) -> Row {
    Row {
        code,
        status,
        scim_type,
        meaning,
        next_step,
    }
}

impl ErrorCode {
    /// The line of the table.
    pub const fn row(self) -> Row {
        use ScimType as T;
        match self {
            Self::Unauthorized => row(
                "unauthorized",
                401,
                None,
                "The secret token does not open this Tenant URL.",
                "Paste Tenant URL and Secret Token into the identity provider exactly as they were handed out (without the word Bearer) and test the connection; if that does not help, ask for a new token.",
            ),
            Self::DirectoryOff => row(
                "directoryOff",
                403,
                None,
                "This directory is switched off, so nothing is read or changed.",
                "Ask the operator of the gateway to switch the directory on again; then restart provisioning at the identity provider.",
            ),
            Self::NoSuchRoute => row(
                "noSuchRoute",
                404,
                None,
                "There is nothing at this address.",
                "Check the Tenant URL at the identity provider: it ends in /scim, for example https://HOST/advisors/scim.",
            ),
            Self::NotFound => row(
                "notFound",
                404,
                None,
                "No resource with this id exists in this directory.",
                "If the client still refers to it, let it match again: restart its provisioning.",
            ),
            Self::MethodNotAllowed => row(
                "methodNotAllowed",
                405,
                None,
                "This address does not take this HTTP method.",
                "See the Allow header of the answer for the methods it takes.",
            ),
            Self::GroupsNotServed => row(
                "groupsNotServed",
                405,
                None,
                "This directory serves no groups.",
                "Switch the provisioning of groups off at the identity provider.",
            ),
            Self::NotImplemented => row(
                "notImplemented",
                501,
                None,
                "The gateway does not do this.",
                "Address resources by /Users/{id} and /Groups/{id}, with GET, POST, PUT, PATCH or DELETE.",
            ),
            Self::DiscoveryFilter => row(
                "discoveryFilter",
                403,
                None,
                "Discovery documents are not filtered (RFC 7644 §4).",
                "Read the whole document and choose from it.",
            ),
            Self::PreconditionFailed => row(
                "preconditionFailed",
                412,
                None,
                "The resource is not of the version that the request asks for (If-Match, If-None-Match), so nothing was done.",
                "Read it again, repeat the change with its new meta.version in If-Match, or leave If-Match out.",
            ),
            Self::BulkTooLarge => row(
                "bulkTooLarge",
                413,
                None,
                "The bulk request has more than 1000 operations.",
                "Send the operations in several requests; those that refer to each other belong into one.",
            ),
            Self::BulkConflict => row(
                "bulkConflict",
                409,
                None,
                "An operation of a bulk request refers to another one that was not done, or to itself in a circle.",
                "Correct the operation that it refers to, or send the reference in a second request.",
            ),
            Self::BodyTooLarge => row(
                "bodyTooLarge",
                413,
                None,
                "The body of the request is larger than 2 MB.",
                "Send fewer values in one request.",
            ),
            Self::BodyTooSlow => row(
                "bodyTooSlow",
                408,
                None,
                "The body of the request did not arrive within 30 seconds.",
                "Send the request again.",
            ),
            Self::MediaType => row(
                "mediaType",
                415,
                None,
                "The body of the request is not JSON by its Content-Type.",
                "Send it as application/scim+json.",
            ),
            Self::InvalidSyntax => row(
                "invalidSyntax",
                400,
                Some(T::InvalidSyntax),
                "The body is no JSON, or not of the shape this request needs.",
                "Correct the place that the error names.",
            ),
            Self::InvalidValue => row(
                "invalidValue",
                400,
                Some(T::InvalidValue),
                "A value is missing, or not of the attribute's type.",
                "Correct the attribute mapping of the attribute that the error names.",
            ),
            Self::InvalidFilter => row(
                "invalidFilter",
                400,
                Some(T::InvalidFilter),
                "The filter cannot be read, or names an attribute or operator that cannot be used.",
                "Choose a matching attribute that is part of this directory.",
            ),
            Self::InvalidPath => row(
                "invalidPath",
                400,
                Some(T::InvalidPath),
                "The path of a PATCH operation is malformed or names no attribute.",
                "Correct the target attribute in the attribute mapping.",
            ),
            Self::NoTarget => row(
                "noTarget",
                400,
                Some(T::NoTarget),
                "A PATCH operation has nothing to act on.",
                "Give the operation a path that selects something.",
            ),
            Self::Mutability => row(
                "mutability",
                400,
                Some(T::Mutability),
                "The attribute may not be changed this way.",
                "Delete its line from the attribute mapping.",
            ),
            Self::Uniqueness => row(
                "uniqueness",
                409,
                Some(T::Uniqueness),
                "Another identity or group of this directory already has this value.",
                "Match on the attribute that the error names, so that the existing one is adopted, or change the value of one of the two.",
            ),
            Self::TooMany => row(
                "tooMany",
                400,
                Some(T::TooMany),
                "The request asks for more than is processed at once.",
                "Send it in smaller parts.",
            ),
            Self::InvalidVers => row(
                "invalidVers",
                400,
                Some(T::InvalidVers),
                "Another version of the SCIM protocol was asked for.",
                "Use SCIM 2.0.",
            ),
            Self::Sensitive => row(
                "sensitive",
                400,
                Some(T::Sensitive),
                "Personal data would end up where it may be logged.",
                "Send it in a body instead of a URL.",
            ),
            Self::InvalidCursor => row(
                "invalidCursor",
                400,
                Some(T::InvalidCursor),
                "The cursor is none, or belongs to a query with another filter or order.",
                "Send nextCursor exactly as it was answered with the rest of the query unchanged, or an empty cursor to begin \
                 again.",
            ),
            Self::ExpiredCursor => row(
                "expiredCursor",
                400,
                Some(T::ExpiredCursor),
                "The cursor was made by another version of the gateway.",
                "Send an empty cursor to begin again.",
            ),
            Self::InvalidCount => row(
                "invalidCount",
                400,
                Some(T::InvalidCount),
                "The number of results asked for is no whole number.",
                "Send a count from 0 to 1000, or none.",
            ),
            Self::Busy => row(
                "busy",
                503,
                None,
                "Too many credentials wait to be checked at the moment.",
                "Nothing: the request may be sent again after Retry-After.",
            ),
            Self::BodiesBusy => row(
                "bodiesBusy",
                503,
                None,
                "Too many large bodies are being worked at.",
                "Nothing: the request may be sent again after Retry-After.",
            ),
            Self::TenantBusy => row(
                "tenantBusy",
                503,
                None,
                "Too many requests of this tenant are being worked at or wait already.",
                "Nothing: the request may be sent again after Retry-After. A client of your own sends fewer at a time.",
            ),
            Self::ConnectionsBusy => row(
                "connectionsBusy",
                503,
                None,
                "Too many connections from this address are open.",
                "Close connections that are not needed, or use them again; then send the request after Retry-After. Operators: \
                 http.connections_per_address.",
            ),
            Self::SearchesBusy => row(
                "searchesBusy",
                503,
                None,
                "Other searches of this tenant are still running.",
                "Filter with eq on userName, externalId, displayName or emails[type eq \"work\"].value, which waits for nobody, or send \
                 the search again after Retry-After.",
            ),
            Self::ProfileMissing => row(
                "profileMissing",
                503,
                None,
                "The profile of this directory is not loaded: a fault of the gateway's set-up.",
                "The operator puts the profile file back into profiles_dir and restarts the gateway.",
            ),
            Self::Unavailable => row(
                "unavailable",
                503,
                None,
                "The gateway cannot reach its database at the moment.",
                "Nothing: the identity provider sends the change again. Operators: see /health/ready of the admin listener and the log.",
            ),
        }
    }

    /// The code of a refusal by the SCIM language.
    pub const fn of_scim_type(scim_type: ScimType) -> Self {
        match scim_type {
            ScimType::InvalidFilter => Self::InvalidFilter,
            ScimType::TooMany => Self::TooMany,
            ScimType::Uniqueness => Self::Uniqueness,
            ScimType::Mutability => Self::Mutability,
            ScimType::InvalidSyntax => Self::InvalidSyntax,
            ScimType::InvalidPath => Self::InvalidPath,
            ScimType::NoTarget => Self::NoTarget,
            ScimType::InvalidValue => Self::InvalidValue,
            ScimType::InvalidVers => Self::InvalidVers,
            ScimType::Sensitive => Self::Sensitive,
            ScimType::InvalidCursor => Self::InvalidCursor,
            ScimType::ExpiredCursor => Self::ExpiredCursor,
            ScimType::InvalidCount => Self::InvalidCount,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_line_and_tells_what_to_do() {
        let mut names: Vec<_> = ErrorCode::ALL.iter().map(|code| code.row().code).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for code in ErrorCode::ALL {
            let Row {
                code,
                meaning,
                next_step,
                ..
            } = code.row();
            assert!(meaning.ends_with('.') && next_step.ends_with('.'), "{code}");
        }
    }
}
