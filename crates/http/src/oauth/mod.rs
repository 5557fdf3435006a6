//! OAuth 2.0 on the public listener: `POST /oauth/token` (RFC 6749 §4.4), the keys that verify what it makes (`/oauth/jwks`), and what a
//! client can find out by itself (RFC 8414). ADR 0043.
//!
//! Reading order: `token`, `client` (who asks), `problem` (the table of errors), `keys`, [`fetch`] (keys of other issuers). Must not
//! know: how a request with an access token is admitted ([`crate::extract::access`]).

mod client;
pub mod fetch;
mod form;
mod keys;
pub(crate) mod problem;
mod token;

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};
use auth::access::AccessTokens;
use auth::jwks::JwksCache;
use auth::queue::Queue;
use auth::rate_limiter::{Quota, RateLimiter};
use domain::clock::Clock;
use domain::credential::TokenId;
use serde_json::json;
use tokio::sync::Mutex;

use crate::reading;
use crate::state::State;

pub(crate) use client::by_basic;
pub use keys::{KEYS_AGE, UNKNOWN_KEY_AGE};
pub(crate) use token::log_issued;

/// Access tokens for one client: enough for an identity provider that asks anew with every cycle.
const ISSUED: Quota = Quota {
    burst: 30,
    every: Duration::from_secs(10),
};
/// Tokens for programs, for one API key or client (`POST /provisioning/token`).
const PROVISIONED: Quota = Quota {
    burst: 10,
    every: Duration::from_secs(30),
};
/// The most callers whose tokens are counted.
const CALLERS: u64 = 10_000;
/// Checks at a time of what is signed by other issuers, and the most that wait.
const ASSERTIONS: (usize, usize) = (4, 512);

/// The dependencies of OAuth.
pub struct Oauth {
    /// Signs and verifies access tokens.
    pub tokens: AccessTokens,
    /// The keys of other issuers.
    pub jwks: JwksCache,
    /// The dependencies of the use-cases, with the server's own role: it reads the signing keys, and makes the first one.
    context: admin::Context,
    /// When the signing keys were last read, in monotonic time.
    read: Mutex<Option<Duration>>,
    issued: RateLimiter<TokenId>,
    pub(crate) provisioned: RateLimiter<TokenId>,
    /// Bounds what strangers can make us look up.
    pub(crate) assertions: Queue,
    clock: Arc<dyn Clock>,
}

impl Oauth {
    /// Without keys; they are read when they are needed.
    pub fn new(context: admin::Context, jwks: JwksCache) -> Self {
        Self {
            tokens: AccessTokens::new(context.public_url.clone(), context.environment),
            jwks,
            read: Mutex::new(None),
            issued: RateLimiter::new(ISSUED, CALLERS),
            provisioned: RateLimiter::new(PROVISIONED, CALLERS),
            assertions: Queue::new(ASSERTIONS.0, ASSERTIONS.1),
            clock: Arc::clone(&context.clock),
            context,
        }
    }
}

/// Where access tokens are asked for.
pub const TOKEN: &str = "/oauth/token";
/// Where the public keys are.
pub const JWKS: &str = "/oauth/jwks";
/// Where clients look first (RFC 8414 §3).
pub const METADATA: &str = "/.well-known/oauth-authorization-server";

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource(TOKEN)
                .route(web::post().to(token::answer))
                .default_service(web::to(async |request: HttpRequest| {
                    problem::method_not_allowed(&request, "POST")
                })),
        )
        .service(
            web::resource(JWKS)
                .route(reading::get().to(keys::answer))
                .default_service(web::to(async |request: HttpRequest| {
                    problem::method_not_allowed(&request, "GET, HEAD")
                })),
        )
        .service(
            web::resource(METADATA)
                .route(reading::get().to(metadata))
                .default_service(web::to(async |request: HttpRequest| {
                    problem::method_not_allowed(&request, "GET, HEAD")
                })),
        );
}

async fn metadata(state: web::Data<State>) -> HttpResponse {
    let issuer = state.oauth.tokens.issuer();
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "token_endpoint": format!("{issuer}{TOKEN}"),
        "jwks_uri": format!("{issuer}{JWKS}"),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
    }))
}
