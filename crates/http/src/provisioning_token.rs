//! `POST /provisioning/token`: a token of some hours for a program, with an API key that may issue tokens for that directory, or with an OAuth
//! client (ADR 0043).
//!
//! For an API key it gets a row among the directory's tokens, and is listed and revoked as they are; for a client it is one of the client's
//! access tokens, and ends with the client, its secret, or `usher client end-tokens`. Must not know: how tokens are signed.

use actix_web::{HttpRequest, HttpResponse, web};
use admin::tokens::provision::{self, Draft, Provisioned};
use auth::access::NewAccess;
use domain::actor::Actor;
use domain::api_key::ApiKey;
use domain::client::{ClientRecord, PROVISIONING_TOKEN_SECONDS};
use domain::credential::TokenId;
use domain::role::{Right, Scope};
use domain::tenant::Directory;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::admin::access::api_key;
use crate::admin::problem::{AdminCode, Problem};
use crate::admin::{idempotency, input};
use crate::extract::{body, client};
use crate::oauth::{KEYS_AGE, by_basic, log_issued};
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

/// Who asks.
enum Asker {
    Key(Box<ApiKey>),
    Client(Box<ClientRecord>, Option<TokenId>),
}

async fn answer(request: HttpRequest, mut payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    match made(&request, &mut payload, &state).await {
        Ok(answer) => answer,
        Err(problem) => {
            body::drain(&request, &mut payload).await;
            problem.problem(&request)
        }
    }
}

async fn made(
    request: &HttpRequest,
    payload: &mut web::Payload,
    state: &State,
) -> Result<HttpResponse, Problem> {
    let asker = match by_basic(state, request).await? {
        Some((client, secret)) => Asker::Client(Box::new(client), secret),
        None => Asker::Key(Box::new(api_key(state, request).await?)),
    };
    let (id, actor) = match &asker {
        Asker::Key(key) if !key.grant.granted.has(Right::TokenIssue) => {
            return Err(Problem::lacks(Right::TokenIssue));
        }
        Asker::Key(key) => (key.id, Actor::ApiKey(key.id)),
        Asker::Client(record, _) => (record.client.id, Actor::Client(record.client.id)),
    };
    let body = input::body(request, payload).await?;
    let ask: AskToken = input::of_body(body.clone())?;
    let seconds = ask.ttl_seconds.unwrap_or(PROVISIONING_TOKEN_SECONDS);
    provision::lives(seconds)?;
    if let Err(wait) = state.oauth.provisioned.charge(id, state.clock.monotonic()) {
        return Err(Problem::of(AdminCode::TooMany).after(wait.as_secs() + 1));
    }
    state.oauth.refresh(KEYS_AGE).await.map_err(admin::Error::from)?;
    let context = context(request, state, actor);
    idempotency::once(context, request, body, async |context| {
        let draft = Draft::new(&context, seconds)?;
        let made = match &asker {
            Asker::Key(key) => for_key(state, &context, key, &ask, draft).await?,
            Asker::Client(record, secret) => {
                let made = for_client(state, &context, record, *secret, &ask, draft).await?;
                log_issued(request, draft.id, record.client.id, *secret, seconds.into());
                made
            }
        };
        Ok(HttpResponse::Created().json(made))
    })
    .await
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
    state: &State,
    context: &admin::Context,
    key: &ApiKey,
    ask: &AskToken,
    draft: Draft,
) -> Result<Provisioned, Problem> {
    let of_scope = key
        .scope_name
        .as_deref()
        .filter(|_| key.grant.scope.tenant().is_some());
    let tenant = ask.tenant.as_deref().or(of_scope).ok_or_else(|| {
        Problem::value(
            "tenant",
            "\"tenant\" is missing: this API key is not limited to a tenant, so say the tenant's name",
        )
    })?;
    let elsewhere = || Problem::missing(called(&ask.profile, tenant));
    let (tenant, directory) = match provision::directory(context, tenant, &ask.profile).await {
        Err(admin::Error::TenantUnknown(_) | admin::Error::DirectoryUnknown { .. }) => {
            return Err(elsewhere());
        }
        found => found?,
    };
    let scope = Scope::Directory(tenant.id, directory.profile.clone());
    key.grant
        .allows(Right::TokenIssue, &scope)
        .map_err(|_| elsewhere())?;
    let text = signed(state, &directory, draft, None)?;
    Ok(provision::for_key(context, &tenant, &directory, draft, &text).await?)
}

async fn for_client(
    state: &State,
    context: &admin::Context,
    record: &ClientRecord,
    secret: Option<TokenId>,
    ask: &AskToken,
    draft: Draft,
) -> Result<Provisioned, Problem> {
    let opens = &record.opens;
    let own = opens.tenant_name.as_str();
    let tenant = ask.tenant.as_deref().unwrap_or(own);
    if tenant != own || ask.profile != opens.directory.profile.as_str() {
        return Err(Problem::missing(called(&ask.profile, tenant)));
    }
    let client = (record.client.id, record.client.epoch, secret);
    let text = signed(state, &opens.directory, draft, Some(client))?;
    Ok(provision::for_client(context, &opens.directory, draft, &text).await?)
}

fn called(profile: &str, tenant: &str) -> String {
    format!("directory \"{profile}\" of a tenant \"{tenant}\"")
}

fn signed(
    state: &State,
    directory: &Directory,
    draft: Draft,
    client: Option<(TokenId, i32, Option<TokenId>)>,
) -> Result<String, Problem> {
    let new = NewAccess {
        directory,
        id: draft.id,
        client,
        seconds: draft.seconds.into(),
    };
    state.oauth.tokens.sign(&new, draft.at).map_err(|error| {
        tracing::error!(%error, "no token could be signed");
        Problem::of(AdminCode::Unavailable)
    })
}
