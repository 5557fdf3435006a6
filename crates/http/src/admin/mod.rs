//! The admin API: `/admin/v1` on the admin listener, for operators, customers' admins and their automation (ADR 0045).
//!
//! One table of routes (`routes`) says what is served, which right each address demands, what it reads and answers; the OpenAPI
//! document (`openapi`) and the page for people (`docs`) are made of it. Each handler calls one use-case of `admin`. Must not
//! know: SQL, what a use-case decides.
//!
//! Reading order: `routes`, `route`, `access` (who may), `input`, `idempotency` (what is done once), `page`, `problem`, then a noun
//! such as `tokens`.

pub(crate) mod access;
mod api_keys;
mod apps;
mod audit;
mod clients;
mod continuity;
mod directories;
mod docs;
mod feeds;
pub(crate) mod idempotency;
pub(crate) mod input;
mod lines;
mod logs;
pub mod openapi;
mod page;
mod people;
pub(crate) mod problem;
mod route;
mod routes;
mod tenants;
mod tokens;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::TimeDelta;

use self::problem::{AdminCode, Problem};
use self::route::Route;
use self::routes::ROUTES;
use crate::extract::body;
use crate::reading;
use crate::state::State;

/// What every address begins with.
pub const PREFIX: &str = "/admin/v1";

/// The dependencies of the admin API.
pub struct Admin {
    /// Those of the use-cases, with the database's role for operators where there is one (ADR 0046).
    pub context: admin::Context,
    /// Whether the public listener serves it, too.
    pub is_public: bool,
}

/// Adds the routes.
pub fn configure(config: &mut web::ServiceConfig) {
    let mut scope = web::scope(PREFIX)
        .route("/openapi.json", reading::get().to(openapi::answer))
        .route("/docs", reading::get().to(docs::answer));
    for (path, routes) in by_path() {
        let mut resource = web::resource(path);
        for route in routes {
            resource = resource.route(route.method.guarded().to(
                move |request: HttpRequest, payload: web::Payload, state: web::Data<State>| {
                    serve(route, request, payload, state)
                },
            ));
        }
        scope = scope.service(resource.default_service(web::to(
            move |request: HttpRequest, state: web::Data<State>| {
                let allowed = ALLOWED.get(path).map_or("", String::as_str);
                refuse(
                    request,
                    state,
                    Problem::of(AdminCode::MethodNotAllowed).allow(allowed),
                )
            },
        )));
    }
    let scope = scope.default_service(web::to(|request: HttpRequest, state: web::Data<State>| {
        refuse(request, state, Problem::of(AdminCode::NoSuchRoute))
    }));
    config.service(scope);
}

/// So many seconds, or the usual span.
fn span(seconds: Option<u32>, usual: TimeDelta) -> TimeDelta {
    seconds.map_or(usual, |seconds| TimeDelta::seconds(seconds.into()))
}

fn by_path() -> BTreeMap<&'static str, Vec<&'static Route>> {
    let mut by_path: BTreeMap<&'static str, Vec<&'static Route>> = BTreeMap::new();
    for route in &*ROUTES {
        by_path.entry(route.path).or_default().push(route);
    }
    by_path
}

/// The methods of each path, as the Allow header field has them.
static ALLOWED: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
    let methods = |routes: Vec<&Route>| {
        let methods: Vec<&str> = routes.iter().map(|route| route.method.allowed()).collect();
        methods.join(", ")
    };
    by_path()
        .into_iter()
        .map(|(path, routes)| (path, methods(routes)))
        .collect()
});

async fn serve(
    route: &'static Route,
    request: HttpRequest,
    mut payload: web::Payload,
    state: web::Data<State>,
) -> HttpResponse {
    match route.handle(&state, &request, &mut payload).await {
        Ok(answer) => answer,
        Err(problem) => {
            body::drain(&request, &mut payload).await;
            problem.problem(&request)
        }
    }
}

/// An address or a method that is not there; told to callers with a key only.
async fn refuse(request: HttpRequest, state: web::Data<State>, refusal: Problem) -> HttpResponse {
    let problem = match access::api_key(&state, &request).await {
        Ok(_) => refusal,
        Err(problem) => problem,
    };
    problem.problem(&request)
}

/// The templates of all addresses.
static TEMPLATES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let fixed = ["/openapi.json", "/docs"].into_iter();
    let paths = fixed.chain(ROUTES.iter().map(|route| route.path));
    paths.map(|path| format!("{PREFIX}{path}")).collect()
});

/// The template of a path of the admin API, for logs and metrics; `None` for other paths.
pub fn template(path: &str) -> Option<&'static str> {
    if !path.starts_with(PREFIX) {
        return None;
    }
    let fits = |template: &&String| {
        let (mut parts, mut path) = (template.split('/'), path.split('/'));
        loop {
            match (parts.next(), path.next()) {
                (None, None) => return true,
                (Some(part), Some(given)) if part.starts_with('{') || part == given => {}
                _ => return false,
            }
        }
    };
    let found = TEMPLATES.iter().find(fits);
    Some(found.map_or(PREFIX, String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_logged_by_its_template() {
        for (path, expected) in [
            ("/admin/v1/tenants", Some("/admin/v1/tenants")),
            ("/admin/v1/tenants/contoso", Some("/admin/v1/tenants/{tenant}")),
            (
                "/admin/v1/tenants/contoso/directories/advisors/tokens/rotate",
                Some("/admin/v1/tenants/{tenant}/directories/{profile}/tokens/rotate"),
            ),
            ("/admin/v1/openapi.json", Some("/admin/v1/openapi.json")),
            ("/admin/v1/bob@contoso.com", Some("/admin/v1")),
            ("/t/contoso/advisors/scim/Users", None),
        ] {
            assert_eq!(template(path), expected, "{path}");
        }
    }
}
