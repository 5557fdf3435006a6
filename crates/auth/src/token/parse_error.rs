//! Why a text is no credential of this gateway: for the log and the command line. The HTTP response is the same for all, so
//! that a client learns nothing for its next guess (ASVS 6.3.8).

use domain::environment::Environment;

use super::CredentialKind;

/// What is wrong with an `Authorization` header or the credential in it. Never holds any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ParseError {
    /// No `Authorization` header at all.
    #[error("no Authorization header: paste the token into Entra's \"Secret Token\" and run Test Connection")]
    Missing,
    /// More than one `Authorization` header.
    #[error("more than one Authorization header: a proxy in between adds its own; let it pass the client's")]
    #[strum(serialize = "repeated_header")]
    Repeated,
    /// Another scheme than Bearer.
    #[error("the Authorization header does not start with \"Bearer \": this gateway knows no other scheme")]
    NotBearer,
    /// `Bearer` with nothing behind it.
    #[error("the bearer token is empty: \"Secret Token\" in Entra was left blank; paste the token there")]
    #[strum(serialize = "empty_bearer")]
    Empty,
    /// `Bearer Bearer …`.
    #[error("\"Bearer\" stands twice: paste the token alone, Entra adds the word \"Bearer\" itself")]
    BearerTwice,
    /// Blanks, quotes, line breaks or letters outside ASCII.
    #[error("the token holds blanks, quotes or line breaks: copy it again, without anything around it")]
    StrayCharacters,
    /// A JSON Web Token.
    #[error(
        "this is a JWT, such as Entra sends while \"Secret Token\" is blank: paste a token of this gateway there"
    )]
    Jwt,
    /// Another prefix.
    #[error("not a token of this gateway (they start with \"usher_\"): was another product's token pasted?")]
    NotOurs,
    /// A credential of another kind.
    #[error("this is {}, {}", name(*found), wants(*wanted))]
    WrongKind {
        /// What was presented.
        found: CredentialKind,
        /// What the address wants.
        wanted: CredentialKind,
    },
    /// Too short.
    #[error("the token is cut off, {missing} characters are missing: copy it again, or issue a new one")]
    Truncated {
        /// How many characters are missing.
        missing: usize,
    },
    /// Too long, or its parts have the wrong lengths.
    #[error("the token has not the form usher_x_(12)_(43)_(6): something was added or lost; copy it again")]
    Malformed,
    /// The checksum does not fit.
    #[error("the token's checksum does not fit: a character was mistyped or changed; copy it again")]
    Checksum,
    /// Issued by the deployment of the other environment.
    #[error("the token belongs to another environment, this gateway is \"{here}\": use a token issued here")]
    WrongEnvironment {
        /// The environment of this deployment.
        here: Environment,
    },
}

const fn name(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Token => "a directory's token",
        CredentialKind::App => "an app's credential",
        CredentialKind::ApiKey => "an API key",
        CredentialKind::ClientSecret => "the secret of an OAuth client",
    }
}

const fn wants(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Token => "SCIM wants a directory's token: see `usher token issue`",
        CredentialKind::App => "feeds want an app's credential: see `usher app rotate-credential`",
        CredentialKind::ApiKey => "the admin API wants an API key: see `usher api-key create`",
        CredentialKind::ClientSecret => "/oauth/token wants a client's secret: see `usher client add-secret`",
    }
}

impl ParseError {
    /// One fixed word, for metrics and searches.
    pub fn code(self) -> &'static str {
        self.into()
    }
}
