//! Who asks, and what for: a verified API key, compared with the right that the route demands and with the object in the URL.
//!
//! An [`Access`] is made here only. It holds the object that was looked up, so a handler has no other one to work at. Whatever
//! is outside of the key's scope is answered as if it were not there. Must not know: what is done with it.

use actix_web::HttpRequest;
use admin::Context;
use admin::directories::Named;
use domain::actor::Actor;
use domain::api_key::ApiKey;
use domain::role::{NotAllowed, Right, Scope};
use domain::tenant::{App, Tenant};
use scim::etag::Precondition;

use super::problem::Problem;
use crate::extract::credential::verified;
use crate::extract::{client, precondition};
use crate::observe::Facts;
use crate::state::State;

/// What a request may work at.
pub struct Access<T> {
    /// The dependencies of the use-cases.
    pub context: Context,
    /// The object in the URL.
    pub on: T,
    /// The key that was presented.
    pub key: ApiKey,
    /// The condition on the object's version (RFC 9110 §13.1.1).
    pub precondition: Precondition,
    /// Only to say what would be done; false for routes that have no dry run.
    pub is_dry_run: bool,
}

/// The whole deployment: its tenants, apps and keys.
pub struct Deployment;

/// What the parameters of a URL name. An associated function, so that a route's handler says by its argument what it works at.
pub trait Target: Sized {
    /// The object, how it is called, and its place; `None` when there is none such.
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error>;

    /// What it is called in a refusal.
    fn called(request: &HttpRequest) -> String;
}

impl Target for Deployment {
    async fn find(_: &Context, _: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        Ok(Some((Self, Scope::All)))
    }

    fn called(_: &HttpRequest) -> String {
        "deployment".to_owned()
    }
}

impl Target for Tenant {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let found = admin::tenants::get::execute(context, parameter(request, "tenant")).await;
        Ok(known(found)?.map(|tenant| {
            let scope = Scope::Tenant(tenant.id);
            (tenant, scope)
        }))
    }

    fn called(request: &HttpRequest) -> String {
        format!("tenant \"{}\"", parameter(request, "tenant"))
    }
}

impl Target for Named {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let (tenant, profile) = (parameter(request, "tenant"), parameter(request, "profile"));
        let found = admin::directories::get::execute(context, tenant, profile).await;
        Ok(known(found)?.map(|named| {
            let directory = &named.directory;
            let scope = Scope::Directory(directory.tenant, directory.profile.clone());
            (named, scope)
        }))
    }

    fn called(request: &HttpRequest) -> String {
        format!(
            "directory \"{}\" of a tenant \"{}\"",
            parameter(request, "profile"),
            parameter(request, "tenant")
        )
    }
}

impl Target for App {
    async fn find(context: &Context, request: &HttpRequest) -> Result<Option<(Self, Scope)>, admin::Error> {
        let found = admin::apps::get::execute(context, parameter(request, "app")).await;
        Ok(known(found)?.map(|app| {
            let scope = Scope::App(app.id);
            (app, scope)
        }))
    }

    fn called(request: &HttpRequest) -> String {
        format!("app \"{}\"", parameter(request, "app"))
    }
}

/// `None` for what does not exist.
pub fn known<T>(found: Result<T, admin::Error>) -> Result<Option<T>, admin::Error> {
    use admin::Error as E;
    match found {
        Ok(found) => Ok(Some(found)),
        Err(E::TenantUnknown(_) | E::DirectoryUnknown { .. } | E::AppUnknown(_) | E::ApiKeyUnknown(_)) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// A parameter of the route's path.
pub fn parameter<'r>(request: &'r HttpRequest, name: &str) -> &'r str {
    request.match_info().get(name).unwrap_or_default()
}

impl<T: Target> Access<T> {
    /// Checks the key, the right and the object, in this order.
    ///
    /// # Errors
    /// `unauthorized`, `forbidden`, `notFound`, `invalidValue` for a condition that cannot be read; `busy`, `unavailable`.
    pub async fn of(state: &State, request: &HttpRequest, right: Right) -> Result<Self, Problem> {
        let key = api_key(state, request).await?;
        if !key.grant.granted.has(right) {
            return Err(Problem::lacks(right));
        }
        let mut context = state.admin.context.clone();
        context.actor = Actor::ApiKey(key.id);
        context.address = Some(client::address(request, state.proxy_hops));
        if let Some(facts) = Facts::of(request) {
            context.request = facts.request;
        }
        let Some((on, scope)) = T::find(&context, request).await? else {
            return Err(Problem::missing(T::called(request)));
        };
        match key.grant.allows(right, &scope) {
            Ok(()) => Ok(Self {
                context,
                on,
                key,
                precondition: precondition::of(request)
                    .map_err(|error| Problem::value("If-Match", error.detail))?,
                is_dry_run: false,
            }),
            Err(NotAllowed::Right) => Err(Problem::lacks(right)),
            Err(NotAllowed::Wider) => Err(Problem::wider(right, &limits(&key))),
            Err(NotAllowed::Elsewhere) => Err(Problem::missing(T::called(request))),
        }
    }
}

/// The verified key of a request.
pub(crate) async fn api_key(state: &State, request: &HttpRequest) -> Result<ApiKey, Problem> {
    let verified = verified(state, request, async |presented| {
        state.store.api_key(presented.id()).await
    })
    .await?;
    Facts::record(request, |facts| facts.verified = true);
    Ok(verified.admit())
}

/// What a key is limited to, in words.
fn limits(key: &ApiKey) -> String {
    let name = key.scope_name.as_deref().unwrap_or_default();
    match &key.grant.scope {
        Scope::All => "everything".to_owned(),
        Scope::Tenant(_) => format!("the tenant \"{name}\""),
        Scope::Directory(_, profile) => {
            format!("the directory \"{}\" of the tenant \"{name}\"", profile.as_str())
        }
        Scope::App(_) => format!("the app \"{name}\""),
    }
}
