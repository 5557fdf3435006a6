//! The errors of the admin API: one table, and the row of each error of the operators' use-cases.

use admin::Error;
use auth::Refusal;
use domain::release_policy::UnknownName;
use domain::role::Right;
use store::StoreError;

use crate::error_table::{Failure, error_table};
use crate::extract::credential::Denied;

error_table! {
    /// Why a request to the admin API was not served.
    pub enum AdminCode {
        Unauthorized "unauthorized" 401:
            "The API key is missing or not valid"
            "send an API key as \"Authorization: Bearer usheradm_…\"; \"usher api-key create\" makes one and shows it once";

        Forbidden "forbidden" 403:
            "The API key may not do this";

        // The same answer for what is not there and for what another tenant has.
        NotFound "notFound" 404:
            "There is no such thing that this API key may see";

        NoSuchRoute "noSuchRoute" 404:
            "There is nothing at this address"
            "see /admin/v1/docs for all addresses";

        MethodNotAllowed "methodNotAllowed" 405:
            "Another method is needed"
            "see the Allow header of the answer, or /admin/v1/docs";

        InvalidBody "invalidBody" 400:
            "The body of the request cannot be read";

        InvalidValue "invalidValue" 400:
            "A value cannot be used";

        Exists "exists" 409:
            "There is one of that name already";

        Conflict "conflict" 409:
            "The present state does not allow this";

        KeyInUse "keyInUse" 409:
            "A request with this Idempotency-Key is being done"
            "repeat the request after Retry-After: it then gets the answer of the first one";

        KeyReused "keyReused" 422:
            "Something else was asked for with this Idempotency-Key"
            "send a new key, made at random, with each thing that you ask for, and the same key only with a repeat of the same request";

        PreconditionFailed "preconditionFailed" 412:
            "The settings have changed since they were read"
            "read them again, and repeat the change with the new ETag in If-Match, or without If-Match";

        TooMany "tooMany" 429:
            "Too many tokens are asked for"
            "use a token until it ends, and ask again after Retry-After";

        AdminDatabase "adminDatabase" 503:
            "The gateway's database role may not do this: a setting is missing"
            "the operator gives the server the address of the database with the role usher_admin (admin.database_url or admin.database_url_file, docs/reference/config.md) and restarts it; until then use the command line";

        Busy "busy" 503:
            "Too many secrets are being hashed or checked at once"
            "try again after Retry-After";

        Unavailable "unavailable" 503:
            "The gateway cannot reach its database at the moment"
            "try again after Retry-After; nothing was changed unless it was done already: read before you repeat";
    }
}

/// Seconds after which to ask again for what only an operator can mend.
const UNTIL_MENDED: u64 = 30;

/// A refusal.
pub type Problem = Failure<AdminCode>;

impl Problem {
    /// A parameter or member that cannot be used.
    pub fn value(field: impl Into<std::borrow::Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::with(AdminCode::InvalidValue, detail).about(field)
    }

    /// The key lacks a right.
    pub fn lacks(right: Right) -> Self {
        Self::with(
            AdminCode::Forbidden,
            format!(
                "this API key does not have the right {right}: use one that has it, or ask an operator for one"
            ),
        )
    }

    /// The key has the right for a part of what was asked for.
    pub fn wider(right: Right, scope: &str) -> Self {
        Self::with(
            AdminCode::Forbidden,
            format!(
                "this API key has the right {right} only for {scope}: ask for that part, or use a key that is not limited"
            ),
        )
    }

    /// What is not there, or is another's.
    pub fn missing(what: impl std::fmt::Display) -> Self {
        let detail =
            format!("there is no {what} that this API key may see: check the address, and the list above it");
        Self::with(AdminCode::NotFound, detail)
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        match denied {
            Denied::Refused(Refusal::Busy) => Self::of(AdminCode::Busy).after(1),
            Denied::Refused(_) => Self::of(AdminCode::Unauthorized),
            Denied::RecordUnreadable => Self::of(AdminCode::Unavailable).after(1),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::TenantUnknown(name) => Self::missing(format!("tenant \"{name}\"")),
            Error::DirectoryUnknown { tenant, profile } => {
                Self::missing(format!("directory \"{profile}\" of a tenant \"{tenant}\""))
            }
            Error::TokenUnknown { id, .. } => Self::missing(format!("token \"{id}\"")),
            Error::AppUnknown(name) => Self::missing(format!("app \"{name}\"")),
            Error::CredentialUnknown { id, .. } => Self::missing(format!("credential \"{id}\"")),
            Error::JobUnknown { kind, key } => Self::missing(format!("failed job \"{kind}\" \"{key}\"")),
            Error::ClientUnknown { id, .. } => Self::missing(format!("client \"{id}\"")),
            Error::SecretUnknown { id, .. } => Self::missing(format!("secret \"{id}\"")),
            Error::ClientRevoked(_)
            | Error::ClientFederated(_)
            | Error::TooManyClients { .. }
            | Error::TooManySecrets { .. }
            | Error::TooManyTokens { .. }
            | Error::ApiKeyEnded(_) => Self::with(AdminCode::Conflict, detail),
            Error::Federation(field, _) | Error::ContinuityValue { field, .. } => Self::value(field, detail),
            Error::KeysHost(_) => Self::value("keysUrl", detail),
            Error::EntraTenantOther { .. } => Self::value("entraTenant", detail),
            Error::AccessLife => Self::value("tokenSeconds", detail),
            Error::EntraInProduction => Self::value("inProduction", detail),
            Error::ReasonMissing => Self::value(
                "reason",
                "say why in \"reason\": whoever looks into this later reads it",
            ),
            Error::Unconfirmed { tenant, tokens } => Self::value(
                "confirm",
                format!(
                    "this would revoke all tokens of tenant \"{tenant}\", {tokens} of them usable: its identity provider gets 401 until \
                     somebody pastes a new token. Nothing was done. To do it, send the tenant's name as \"confirm\"; to only stop requests \
                     for a while, freeze the tenant"
                ),
            ),
            Error::ApiKeyUnknown(id) => Self::missing(format!("API key \"{id}\"")),
            Error::TenantExists(name) => Self::exists(format!("tenant \"{name}\"")),
            Error::AppExists(name) => Self::exists(format!("app \"{name}\"")),
            Error::DirectoryExists { tenant, profile } => {
                Self::exists(format!("directory \"{profile}\" of tenant \"{tenant}\""))
            }
            Error::Name(_) => Self::value("name", detail),
            Error::ProfileUnknown { .. } => Self::value("profile", detail),
            Error::Extension(_) => Self::value("extension", detail),
            Error::Life(_) | Error::ApiKeyLife(_) | Error::SecretLife(_) | Error::ProvisionLife(_) => {
                Self::value("ttlSeconds", detail)
            }
            Error::Overlap(_) => Self::value("overlapSeconds", detail),
            Error::LogLimit(_) | Error::AuditLimit(_) => Self::value("limit", detail),
            Error::AuditRowUnknown { seq, .. } => Self::missing(format!("row {seq} of the audit log")),
            Error::ApiKeyRights => Self::value("role", detail),
            Error::RightUnknown(_) => Self::value("rights", detail),
            Error::ApiKeyScope { .. } | Error::ApiKeyScopes => Self::value("tenant", detail),
            Error::ReleaseUnknown(UnknownName::Attribute(_)) => Self::value("attributes", detail),
            Error::ReleaseUnknown(UnknownName::Field(_)) => Self::value("fields", detail),
            Error::BeyondMaker => Self::with(AdminCode::Forbidden, detail),
            Error::RenewalUnknown { tenant, profile } => Self::missing(format!(
                "renewal of directory \"{profile}\" of a tenant \"{tenant}\""
            )),
            Error::ContinuityTaken | Error::ContinuityOff { .. } | Error::RenewalUnended { .. } => {
                Self::with(AdminCode::Conflict, detail)
            }
            Error::SettingsChanged => Self::of(AdminCode::PreconditionFailed),
            Error::BeyondHead { .. } | Error::PastRetention { .. } => Self::value("position", detail),
            Error::Repeated => Self::of(AdminCode::KeyInUse).after(1),
            Error::Busy => Self::of(AdminCode::Busy).after(1),
            Error::Store(StoreError::Forbidden(what)) => {
                tracing::error!(%what, "the admin API cannot change anything: set admin.database_url");
                Self::of(AdminCode::AdminDatabase).after(UNTIL_MENDED)
            }
            Error::Store(StoreError::Conflict(_)) => Self::with(
                AdminCode::Conflict,
                "it was changed at the same moment: read it again, and repeat what is still needed",
            ),
            Error::Random(_) | Error::Hash(_) | Error::Anchor { .. } | Error::Store(_) => {
                tracing::error!(%detail, "a request of the admin API could not be served");
                Self::of(AdminCode::Unavailable)
            }
        }
    }
}

impl Problem {
    fn exists(what: impl std::fmt::Display) -> Self {
        let detail = format!("there is a {what} already: use it as it is, or choose another name");
        Self::with(AdminCode::Exists, detail)
    }
}
