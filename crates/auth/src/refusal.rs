//! The reasons to refuse a credential. HTTP answers all of [`Refusal::Unauthorized`] and [`Refusal::WrongDirectory`] with the
//! same 401, so that a client learns nothing for its next guess; the reason is for the log. A 401 is sent only for a
//! credential that was checked: one that cannot be checked now is [`Refusal::Busy`], because Entra stops after a 401.

use std::net::IpAddr;

use domain::profile::ProfileName;
use domain::tenant::Slug;

use crate::jwt::JwtError;
use crate::queue::Busy;
use crate::token::ParseError;

/// Why a credential is invalid; for logs and metrics only. `Display` has the next step for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Reason {
    /// The text is no credential of this gateway.
    #[error(transparent)]
    #[strum(transparent)]
    Text(ParseError),
    /// No record has its id.
    #[error(
        "no credential has this id: it was issued by another deployment, or its tenant is gone; issue a new one"
    )]
    UnknownId,
    /// Its time has passed.
    #[error("this credential has expired: issue a new one and paste it into Entra's \"Secret Token\"")]
    Expired,
    /// It was revoked.
    #[error("this credential was revoked: issue a new one and paste it into Entra's \"Secret Token\"")]
    Revoked,
    /// It may not be used from this address.
    #[error(
        "this credential may not be used from {0}: `usher token list` and `usher api-key list` show the networks; if {0} is your proxy's \
         address, set http.proxy_hops; else issue a new one with --ip for the network"
    )]
    Network(IpAddr),
    /// The id is known, the secret is wrong.
    #[error("the secret is wrong although id and checksum fit: somebody may be guessing")]
    WrongSecret,
    /// The text is a JWT that is not accepted.
    #[error(transparent)]
    #[strum(transparent)]
    Jwt(JwtError),
    /// The client of an access token, or its secret, was revoked; or its tokens were ended.
    #[error(
        "the client of this access token, or the secret that it was made with, was revoked, or the client's tokens were ended: `usher client \
         list` shows it; a client that is still good gets a new one from /oauth/token"
    )]
    AccessEnded,
    /// A token that Entra made, for a directory that accepts none.
    #[error(
        "Entra sends a token of its own because \"Secret Token\" is blank, and this directory does not accept them: paste a token of this gateway there; `usher directory oauth` shows what is accepted"
    )]
    EntraNotAccepted,
    /// Its stored hash cannot be used.
    #[error("the stored hash of this credential is unusable: rotate it")]
    BadHash,
}

impl Reason {
    /// One fixed word, for metrics and searches.
    pub fn code(self) -> &'static str {
        self.into()
    }
}

/// Why a request is refused before it reaches a use-case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    /// 401, the same body whatever the reason.
    #[error("{0}")]
    #[strum(transparent)]
    Unauthorized(Reason),
    /// 401, the same body: a right token at the wrong URL.
    #[error(
        "right token, wrong URL: it opens \"{profile}\" of tenant \"{tenant}\"; paste that directory's own Tenant URL"
    )]
    WrongDirectory {
        /// The tenant the token belongs to.
        tenant: Slug,
        /// The profile the token opens.
        profile: ProfileName,
    },
    /// 403: the directory is switched off.
    #[error(
        "directory \"{profile}\" of tenant \"{tenant}\" is switched off: `usher directory switch` turns it on"
    )]
    DirectoryOff {
        /// The tenant.
        tenant: Slug,
        /// The profile.
        profile: ProfileName,
    },
    /// 503 with `Retry-After`: the directory, or its tenant, is frozen.
    #[error(
        "directory \"{profile}\" of tenant \"{tenant}\" is frozen: `usher directory unfreeze` or `usher tenant unfreeze` ends it"
    )]
    Frozen {
        /// The tenant.
        tenant: Slug,
        /// The profile.
        profile: ProfileName,
    },
    /// 503 with `Retry-After: 1`: whether the secret is right could not be checked now.
    #[error("too many credentials are being checked at once; the client may try again in a second")]
    Busy,
}

impl Refusal {
    /// One fixed word, for metrics and searches.
    pub fn code(&self) -> &'static str {
        self.into()
    }
}

impl From<Busy> for Refusal {
    fn from(_: Busy) -> Self {
        Self::Busy
    }
}

impl From<ParseError> for Refusal {
    fn from(error: ParseError) -> Self {
        Self::Unauthorized(Reason::Text(error))
    }
}
