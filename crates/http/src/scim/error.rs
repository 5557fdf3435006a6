//! The table of SCIM errors: code → HTTP status → `scimType` → next step.
//!
//! `docs/reference/error-codes.md` is written from it. Must not know: how an answer is written
//! ([`super::respond`]). Entra treats 401, 403 and 404 as mistakes of the customer, so a fault of the gateway has none of
//! them: it is 503 with `Retry-After` (`docs/background/faults.md`, "What a failed call costs").

mod failure;
mod page;

pub use page::reference;
use scim::ScimType;

use crate::error_table::error_table;
pub use crate::error_table::{Code, Failure};

error_table! {
    /// Why a request was not served.
    pub enum ErrorCode {
        Unauthorized "unauthorized" 401:
            "The secret token does not open this Tenant URL."
            "Paste Tenant URL and Secret Token into the identity provider exactly as they were handed out (without the word Bearer) and test the connection; if that does not help, ask for a new token.";

        DirectoryOff "directoryOff" 403:
            "This directory is switched off, so nothing is read or changed."
            "Ask the operator of the gateway to switch the directory on again; then restart provisioning at the identity provider.";

        Frozen "frozen" 503:
            "The operator of the gateway has frozen this directory for a while: nothing is read or changed, and nothing is lost."
            "Leave provisioning switched on: the identity provider sends everything again by itself. Ask the operator of the gateway when the directory goes on.";

        NoSuchRoute "noSuchRoute" 404:
            "There is nothing at this address."
            "Check the Tenant URL at the identity provider: it ends in /scim, for example https://HOST/advisors/scim.";

        NotFound "notFound" 404:
            "No resource with this id exists in this directory."
            "If the client still refers to it, let it match again: restart its provisioning.";

        MethodNotAllowed "methodNotAllowed" 405:
            "This address does not take this HTTP method."
            "See the Allow header of the answer for the methods it takes.";

        GroupsNotServed "groupsNotServed" 405:
            "This directory serves no groups."
            "Switch the provisioning of groups off at the identity provider.";

        NotImplemented "notImplemented" 501:
            "The gateway does not do this."
            "Address resources by /Users/{id} and /Groups/{id}, with GET, POST, PUT, PATCH or DELETE.";

        DiscoveryFilter "discoveryFilter" 403:
            "Discovery documents are not filtered (RFC 7644 §4)."
            "Read the whole document and choose from it.";

        PreconditionFailed "preconditionFailed" 412:
            "The resource is not of the version that the request asks for (If-Match, If-None-Match), so nothing was done."
            "Read it again, repeat the change with its new meta.version in If-Match, or leave If-Match out.";

        BulkTooLarge "bulkTooLarge" 413:
            "The bulk request has more than 1000 operations."
            "Send the operations in several requests; those that refer to each other belong into one.";

        BulkConflict "bulkConflict" 409:
            "An operation of a bulk request refers to another one that was not done, or to itself in a circle."
            "Correct the operation that it refers to, or send the reference in a second request.";

        BodyTooLarge "bodyTooLarge" 413:
            "The body of the request is larger than 2 MB (maxPayloadSize)."
            "Send fewer values in one request.";

        BodyTooSlow "bodyTooSlow" 408:
            "The body of the request did not arrive within 30 seconds."
            "Send the request again.";

        MediaType "mediaType" 415:
            "The body of the request is not JSON by its Content-Type."
            "Send it as application/scim+json.";

        InvalidSyntax "invalidSyntax" 400 InvalidSyntax:
            "The body is no JSON, or not of the shape this request needs."
            "Correct the place that the error names.";

        InvalidValue "invalidValue" 400 InvalidValue:
            "A value is missing, or not of the attribute's type."
            "Correct the attribute mapping of the attribute that the error names.";

        InvalidFilter "invalidFilter" 400 InvalidFilter:
            "The filter cannot be read, or names an attribute or operator that cannot be used."
            "Choose a matching attribute that is part of this directory.";

        InvalidPath "invalidPath" 400 InvalidPath:
            "The path of a PATCH operation is malformed or names no attribute."
            "Correct the target attribute in the attribute mapping.";

        NoTarget "noTarget" 400 NoTarget:
            "A PATCH operation has nothing to act on."
            "Give the operation a path that selects something.";

        Mutability "mutability" 400 Mutability:
            "The attribute may not be changed this way."
            "Delete its line from the attribute mapping.";

        Uniqueness "uniqueness" 409 Uniqueness:
            "Another identity or group of this directory already has this value."
            "Match on the attribute that the error names, so that the existing one is adopted, or change the value of one of the two.";

        TooMany "tooMany" 400 TooMany:
            "The request asks for more than is processed at once."
            "Send it in smaller parts.";

        InvalidVers "invalidVers" 400 InvalidVers:
            "Another version of the SCIM protocol was asked for."
            "Use SCIM 2.0.";

        Sensitive "sensitive" 400 Sensitive:
            "Personal data would end up where it may be logged."
            "Send it in a body instead of a URL.";

        InvalidCursor "invalidCursor" 400 InvalidCursor:
            "The cursor is none, or belongs to a query with another filter or order."
            "Send nextCursor exactly as it was answered with the rest of the query unchanged, or an empty cursor to begin again.";

        ExpiredCursor "expiredCursor" 400 ExpiredCursor:
            "The cursor was made by another version of the gateway."
            "Send an empty cursor to begin again.";

        InvalidCount "invalidCount" 400 InvalidCount:
            "The number of results asked for is no whole number."
            "Send a count from 0 to 1000, or none.";

        Busy "busy" 503:
            "Too many credentials wait to be checked at the moment."
            "Nothing: the request may be sent again after Retry-After.";

        BodiesBusy "bodiesBusy" 503:
            "Too many large bodies are being worked at."
            "Nothing: the request may be sent again after Retry-After.";

        TenantBusy "tenantBusy" 503:
            "Too many requests of this tenant are being worked at or wait already."
            "Nothing: the request may be sent again after Retry-After. A client of your own sends fewer at a time.";

        ConnectionsBusy "connectionsBusy" 503:
            "Too many connections from this address are open."
            "Close connections that are not needed, or use them again; then send the request after Retry-After. Operators: http.connections_per_address.";

        SearchesBusy "searchesBusy" 503:
            "Other searches of this tenant are still running."
            "Filter with eq on userName, externalId, displayName or emails[type eq \"work\"].value, which waits for nobody, or send the search again after Retry-After.";

        ProfileMissing "profileMissing" 503:
            "The profile of this directory is not loaded: a fault of the gateway's set-up."
            "The operator puts the profile file back into profiles_dir and restarts the gateway.";

        Unavailable "unavailable" 503:
            "The gateway cannot reach its database at the moment."
            "Nothing: the identity provider sends the change again. Operators: see /health/ready of the admin listener and the log.";
    }
}

impl ErrorCode {
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
    use std::collections::HashSet;

    use super::*;
    use crate::error_table::Row;

    #[test]
    fn every_code_has_one_line_and_tells_what_to_do() {
        let names: HashSet<_> = ErrorCode::TABLE.iter().map(|row| row.code).collect();
        assert_eq!(names.len(), ErrorCode::TABLE.len());
        for Row {
            code,
            meaning,
            next_step,
            ..
        } in ErrorCode::TABLE
        {
            assert!(meaning.ends_with('.') && next_step.ends_with('.'), "{code}");
        }
    }
}
