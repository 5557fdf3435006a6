//! `POST /provisioning/token`: a token of some hours for a program, with an API key that may issue tokens for that directory, or with an OAuth
//! client (ADR 0043).
//!
//! For an API key it gets a row among the directory's tokens, and is listed and revoked as they are; for a client it is one of the client's
//! access tokens, and ends with the client, its secret, or `usher client end-tokens`. Must not know: how tokens are signed.

use actix_web::{HttpRequest, HttpResponse, web};
use admin::tokens::provision;
use auth::access::NewAccess;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use domain::actor::Actor;
use domain::api_key::ApiKey;
use domain::client::{ClientRecord, PROVISIONING_TOKEN_SECONDS};
use domain::credential::TokenId;
use domain::role::{Right, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::admin::access::api_key;
use crate::admin::input;
use crate::admin::problem::{AdminCode, Problem};
use crate::extract::{body, client};
use crate::oauth::{KEYS_AGE, by_basic, log_minted};
use crate::observe::Facts;
use crate::state::State;

/// Its address.
pub const PATH: &str = "/provisioning/token";

/// Adds the route.
pub fn configure(config: &mut web::ServiceConfig) {
    config.service(
        web::resource(PATH)
            .route(web::post().to(answer))
            .default_service(web::to(async |request: HttpRequest| {
                let refusal = Problem::with(AdminCode::MethodNotAllowed, "a token is asked for with POST");
                refusal.allow("POST").problem(&request)
            })),
    );
}

/// What is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AskToken {
    /// The profile of the directory.
    profile: String,
    /// The tenant's name; needed for an API key that is not limited to a tenant.
    #[serde(default)]
    tenant: Option<String>,
    /// How long it lives, 60 to 36000 (10 hours); 36000 without it.
    #[serde(default)]
    ttl_seconds: Option<u32>,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Made {
    token: Option<String>,
    token_id: String,
    expires_at: String,
    endpoint: String,
}

/// Who asks.
enum Asker {
    Key(ApiKey),
    Client(ClientRecord, Option<TokenId>),
}

async fn answer(request: HttpRequest, mut payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    match made(&request, &mut payload, &state).await {
        Ok(made) => HttpResponse::Created().json(made),
        Err(problem) => {
            body::drain(&request, &mut payload).await;
            problem.problem(&request)
        }
    }
}

async fn made(request: &HttpRequest, payload: &mut web::Payload, state: &State) -> Result<Made, Problem> {
    let asker = match by_basic(state, request).await? {
        Some((client, secret)) => Asker::Client(client, secret),
        None => Asker::Key(api_key(state, request).await?),
    };
    let ask: AskToken = input::of_body(request, payload).await?;
    let seconds = ask.ttl_seconds.unwrap_or(PROVISIONING_TOKEN_SECONDS);
    provision::lives(seconds)?;
    let id = match &asker {
        Asker::Key(key) => key.id,
        Asker::Client(record, _) => record.client.id,
    };
    if let Err(wait) = state.oauth.provisioned.charge(id, state.clock.monotonic()) {
        return Err(Problem::of(AdminCode::TooMany).after(wait.as_secs() + 1));
    }
    state.oauth.refresh(KEYS_AGE).await.map_err(admin::Error::from)?;
    match asker {
        Asker::Key(key) => for_key(request, state, &key, &ask, seconds).await,
        Asker::Client(record, secret) => for_client(request, state, &record, secret, &ask, seconds),
    }
}

/// The dependencies of use-cases, with the one who asks as the actor.
fn context(request: &HttpRequest, state: &State, actor: Actor) -> admin::Context {
    let mut context = state.admin.context.clone();
    context.actor = actor;
    context.address = Some(client::address(request, state.proxy_hops));
    if let Some(facts) = Facts::of(request) {
        context.request = facts.request;
    }
    context
}

async fn for_key(
    request: &HttpRequest,
    state: &State,
    key: &ApiKey,
    ask: &AskToken,
    seconds: u32,
) -> Result<Made, Problem> {
    if !key.grant.granted.has(Right::TokenIssue) {
        return Err(Problem::lacks(Right::TokenIssue));
    }
    let of_scope = key.scope_name.as_deref().filter(|_| key.grant.scope.tenant().is_some());
    let tenant = ask.tenant.as_deref().or(of_scope).ok_or_else(|| {
        Problem::value(
            "tenant",
            "\"tenant\" is missing: this API key is not limited to a tenant, so say the tenant's name",
        )
    })?;
    let elsewhere = || Problem::missing(called(&ask.profile, tenant));
    let context = context(request, state, Actor::ApiKey(key.id));
    let (tenant, directory) = match provision::directory(&context, tenant, &ask.profile).await {
        Err(admin::Error::TenantUnknown(_) | admin::Error::DirectoryUnknown { .. }) => return Err(elsewhere()),
        found => found?,
    };
    let scope = Scope::Directory(tenant.id, directory.profile.clone());
    key.grant
        .allows(Right::TokenIssue, &scope)
        .map_err(|_| elsewhere())?;
    let token = provision::execute(&context, &tenant, &directory, seconds).await?;
    let record = state.store.token_record(token.id).await.map_err(admin::Error::from)?;
    let record = record.ok_or_else(|| Problem::of(AdminCode::Unavailable))?;
    let new = NewAccess {
        opens: &record.opens(),
        id: token.id,
        client: None,
        seconds: seconds.into(),
    };
    let end = token.expires_at.unwrap_or(token.created_at);
    signed(state, &new, token.created_at, end)
}

fn for_client(
    request: &HttpRequest,
    state: &State,
    record: &ClientRecord,
    secret: Option<TokenId>,
    ask: &AskToken,
    seconds: u32,
) -> Result<Made, Problem> {
    let opens = &record.opens;
    let own = opens.tenant_name.as_str();
    let tenant = ask.tenant.as_deref().unwrap_or(own);
    if tenant != own || ask.profile != opens.directory.profile.as_str() {
        return Err(Problem::missing(called(&ask.profile, tenant)));
    }
    let id = auth::token::new_id().map_err(admin::Error::from)?;
    let client = &record.client;
    let new = NewAccess {
        opens,
        id,
        client: Some((client.id, client.epoch, secret)),
        seconds: seconds.into(),
    };
    let now = state.clock.now();
    log_minted(request, id, client.id, secret, seconds.into());
    signed(state, &new, now, now + TimeDelta::seconds(seconds.into()))
}

fn called(profile: &str, tenant: &str) -> String {
    format!("directory \"{profile}\" of a tenant \"{tenant}\"")
}

fn signed(
    state: &State,
    new: &NewAccess<'_>,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<Made, Problem> {
    let text = state.oauth.tokens.mint(new, now).map_err(|error| {
        tracing::error!(%error, "no token could be signed");
        Problem::of(AdminCode::Unavailable)
    })?;
    Ok(Made {
        token: Some(text),
        token_id: new.id.to_string(),
        expires_at: expires_at.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        endpoint: state.admin.context.tenant_url(&new.opens.directory.profile),
    })
}
