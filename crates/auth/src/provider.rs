//! What is said to an OpenID provider and read from it: its discovery document, the link to its login page, and the exchange of the code
//! (OpenID Connect Discovery §4, OpenID Connect Core §3.1.2 and §3.1.3).
//!
//! An address out of the document is only used when the operator's settings allow its host, and a document that names another issuer is
//! refused (ADR 0052). Must not know: how an address is read, what an ID token means ([`crate::id_token`]).

use std::fmt;

use domain::key_hosts::KeyHosts;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::id_token::{ALGORITHM, Provider};
use crate::login::Login;

/// The scope that makes the provider answer with an ID token; nothing more is asked for (OpenID Connect Core §3.1.2.1).
const SCOPE: &str = "openid";

/// Why a provider cannot be used; for logs and for operators.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", prefix = "provider_")]
pub enum ProviderError {
    /// No JSON object with the fields that are needed, or one of them twice.
    #[error(
        "the discovery document is no JSON object with issuer and the three addresses of a login: is the issuer right?"
    )]
    Document,
    /// The document is another issuer's, as that of Entra's address for all tenants is.
    #[error(
        "the discovery document names another issuer than the settings: write the issuer exactly as the document does, and for Entra with the tenant's id"
    )]
    Issuer,
    /// An address at a host that the settings do not list, or without TLS. Holds the field's name.
    #[error(
        "{0} of the discovery document has a host that oauth.key_hosts does not list, or no TLS: add the host if it is the provider's"
    )]
    Host(&'static str),
    /// The provider says what it can do, and something needed is not among it. Holds the field's name.
    #[error("the provider cannot do what a login needs ({0}): authorization code, PKCE with S256, RS256")]
    Unable(&'static str),
    /// The answer to the code is no JSON object with an ID token.
    #[error(
        "the provider's answer to the code has no ID token: is the client registered for OpenID Connect?"
    )]
    NoIdToken,
}

/// The addresses of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where the browser is sent to (`authorization_endpoint`).
    pub authorization: String,
    /// Where the code is exchanged (`token_endpoint`).
    pub token: String,
    /// Where the keys are ([`crate::jwks`]).
    pub keys: String,
}

/// Fields that count; serde refuses one that stands twice.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    response_types_supported: Option<Vec<String>>,
    #[serde(default)]
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// Where the discovery document of an issuer is (OpenID Connect Discovery §4.1).
pub fn document_address(issuer: &str) -> String {
    let issuer = issuer.strip_suffix('/').unwrap_or(issuer);
    format!("{issuer}/.well-known/openid-configuration")
}

impl Endpoints {
    /// Reads a discovery document. What it leaves out of its abilities is taken as there, since Entra does not list PKCE; what it lists must
    /// have what a login needs.
    ///
    /// # Errors
    /// [`ProviderError`], the first thing that is wrong.
    pub fn read(document: &[u8], issuer: &str, hosts: &KeyHosts) -> Result<Self, ProviderError> {
        let document: Document = serde_json::from_slice(document).map_err(|_| ProviderError::Document)?;
        if document.issuer != issuer {
            return Err(ProviderError::Issuer);
        }
        let algorithm = format!("{ALGORITHM:?}");
        for (field, listed, needed) in [
            (
                "response_types_supported",
                &document.response_types_supported,
                "code",
            ),
            (
                "id_token_signing_alg_values_supported",
                &document.id_token_signing_alg_values_supported,
                algorithm.as_str(),
            ),
            (
                "code_challenge_methods_supported",
                &document.code_challenge_methods_supported,
                "S256",
            ),
        ] {
            if listed
                .as_ref()
                .is_some_and(|listed| !listed.iter().any(|able| able == needed))
            {
                return Err(ProviderError::Unable(field));
            }
        }
        for (field, address) in [
            ("authorization_endpoint", &document.authorization_endpoint),
            ("token_endpoint", &document.token_endpoint),
            ("jwks_uri", &document.jwks_uri),
        ] {
            if !hosts.allow(address) {
                return Err(ProviderError::Host(field));
            }
        }
        Ok(Self {
            authorization: document.authorization_endpoint,
            token: document.token_endpoint,
            keys: document.jwks_uri,
        })
    }

    /// The link to the provider's login page (OpenID Connect Core §3.1.2.1, RFC 7636 §4.3). `redirect` is the address of our callback, as it
    /// is registered at the provider.
    pub fn link(&self, provider: &Provider, redirect: &str, login: &Login) -> String {
        let mut query = Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("client_id", &provider.client_id)
            .append_pair("redirect_uri", redirect)
            .append_pair("scope", SCOPE)
            .append_pair("state", &login.state())
            .append_pair("nonce", &login.nonce())
            .append_pair("code_challenge", &login.challenge())
            .append_pair("code_challenge_method", "S256");
        // An address may have a query of its own, which stays (RFC 6749 §3.1).
        let sign = if self.authorization.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{sign}{}", self.authorization, query.finish())
    }
}

/// The form that exchanges the code for an ID token: with the verifier, and with the client's secret in the body, which Entra and others take
/// (RFC 6749 §2.3.1 and §4.1.3, RFC 7636 §4.5). Holds a secret: for the token endpoint only.
pub fn exchange(provider: &Provider, secret: &str, redirect: &str, login: &Login, code: &str) -> String {
    Serializer::new(String::new())
        .append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect)
        .append_pair("client_id", &provider.client_id)
        .append_pair("client_secret", secret)
        .append_pair("code_verifier", &login.verifier())
        .finish()
}

/// The answer to the exchange. Its access token is not read: nothing of the provider's is called with it.
#[derive(Deserialize)]
pub struct Exchanged {
    /// Of which nothing was verified.
    pub id_token: String,
}

/// Without the token.
impl fmt::Debug for Exchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchanged(…)")
    }
}

impl Exchanged {
    /// Reads the answer (OpenID Connect Core §3.1.3.3).
    ///
    /// # Errors
    /// `NoIdToken`.
    pub fn read(answer: &[u8]) -> Result<Self, ProviderError> {
        serde_json::from_slice(answer).map_err(|_| ProviderError::NoIdToken)
    }
}

#[cfg(test)]
mod tests;
