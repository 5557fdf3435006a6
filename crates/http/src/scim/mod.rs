//! SCIM 2.0 over HTTP (RFC 7644) at the Tenant URLs: one operation one file, one table of routes ([`serve`]), one table
//! of errors ([`error`]).
//!
//! The order of things (`docs/architecture.md`): size → route → method → credential → place → body → use-case →
//! projection. Must not know: how anything is decided or stored.

mod bulk;
mod discovery;
pub mod error;
mod groups;
pub mod respond;
mod response_body;
pub mod route;
mod search;
mod users;

use std::time::Instant;

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_LENGTH, HeaderName, IF_MATCH, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::credential::Caller;
use provisioning::{Context, RequestMetadata};
use scim::etag::Precondition;
use scim::query::{ListParameters, has_filter, parse_query, parse_search};
use serde_json::Value;

use self::error::{ErrorCode, Failure};
use self::route::{Endpoint, Route};
use crate::extract::body::{drain, json};
use crate::extract::caller::caller;
use crate::extract::connection::AnsweredCreations;
use crate::extract::origin;
use crate::limits::{ADMITTED, BODY_BYTES};
use crate::long;
use crate::observe::Facts;
use crate::state::State;
use crate::tenant_limits::Permits;

/// What an operation is given: a verified caller and everything around the request but its body.
struct RequestContext<'a> {
    state: &'a State,
    caller: Caller,
    call: RequestMetadata,
    query: ListParameters,
    /// The full Tenant URL, as the client called it.
    base: String,
    /// What the Tenant URL begins with.
    origin: String,
    /// Its places among the requests at work.
    taken: Permits,
}

impl<'a> RequestContext<'a> {
    /// The same caller, asking what a search body says (RFC 7644 §3.4.3). A filter that stands in the URL instead would be
    /// lost, so it is refused there.
    fn searching(self, body: Value) -> Result<RequestContext<'a>, Failure> {
        if self.query != ListParameters::default() {
            return Err(Failure::with(
                ErrorCode::InvalidSyntax,
                "A search says what it looks for in the body of the POST, not in the URL. Move the parameters there.",
            ));
        }
        Ok(RequestContext {
            query: parse_search(body)?,
            ..self
        })
    }

    /// Runs a use-case: here, or on threads of its own when the request is long, so that the other connections of this
    /// worker go on meanwhile.
    async fn run<T, W>(&self, work: impl FnOnce(Context, Caller, RequestMetadata) -> W) -> Result<T, Failure>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, provisioning::Error>> + Send + 'static,
    {
        let work = work(
            self.state.provisioning.clone(),
            self.caller.clone(),
            self.call.clone(),
        );
        if self.taken.is_long() {
            Ok(long::run(&self.state.long, work).await??)
        } else {
            Ok(work.await?)
        }
    }

    /// The answer to a reading, where the tag of what would be answered decides it: 304 for one that the client has.
    fn unread(&self, revision: i64, tag: &str) -> Result<Option<HttpResponse>, Failure> {
        let precondition = &self.call.precondition;
        if precondition.is_known(tag) {
            return Ok(Some(respond::not_modified(tag)));
        }
        precondition
            .check_if_match(revision)
            .map_err(provisioning::Error::Stale)?;
        Ok(None)
    }
}

/// What a request wants done.
enum ScimOperation<'a> {
    ListUsers,
    CreateUser,
    GetUser(&'a str),
    ReplaceUser(&'a str),
    PatchUser(&'a str),
    DeleteUser(&'a str),
    ListGroups,
    CreateGroup,
    GetGroup(&'a str),
    ReplaceGroup(&'a str),
    PatchGroup(&'a str),
    DeleteGroup(&'a str),
    Search,
    SearchUsers,
    SearchGroups,
    Bulk,
    Discovery(discovery::Page<'a>),
}

/// Answers everything that is no other route of the gateway.
pub async fn serve(request: HttpRequest, mut payload: web::Payload, state: web::Data<State>) -> HttpResponse {
    match answer(&request, &mut payload, &state).await {
        Ok(answer) => answer,
        Err(failure) => {
            drain(&request, &mut payload).await;
            respond::failure(&request, &failure)
        }
    }
}

async fn answer(
    request: &HttpRequest,
    payload: &mut web::Payload,
    state: &State,
) -> Result<HttpResponse, Failure> {
    let begun = Instant::now();
    let announced = announced_length(request);
    if announced > BODY_BYTES {
        return Err(Failure::new(ErrorCode::BodyTooLarge));
    }
    let route = Route::of(request.path()).ok_or_else(|| Failure::new(ErrorCode::NoSuchRoute))?;
    let operation = operation(request.method(), &route.endpoint)?;
    Facts::record(request, |facts| facts.operation = Some(operation.word()));
    let caller = caller(state, request, &route.base).await?;
    let query = match operation {
        // Nothing but a filter means anything there, and that is refused (RFC 7644 §4).
        ScimOperation::Discovery(_) if has_filter(request.query_string()) => {
            return Err(Failure::new(ErrorCode::DiscoveryFilter));
        }
        ScimOperation::Discovery(_) => ListParameters::default(),
        _ => parse_query(request.query_string())?,
    };
    let created = request.conn_data::<AnsweredCreations>();
    let origin = origin::of(request, state);
    let taken = state.places.enter(caller.scope.tenant(), announced).await?;
    let mut ctx = RequestContext {
        state,
        caller,
        taken,
        call: RequestMetadata {
            precondition: precondition(request)?,
            created: created.map(AnsweredCreations::all).unwrap_or_default(),
            ..call(request, state)
        },
        query,
        base: format!("{origin}{}", route.base.path()),
        origin,
    };
    let sent = operation.body();
    if matches!(sent, ExpectedBody::Group) {
        groups::served(&ctx)?;
    }
    let body = match sent {
        ExpectedBody::Nothing => Value::Null,
        ExpectedBody::Json | ExpectedBody::Group => json(state, request, payload, &mut ctx.taken).await?,
    };
    if begun.elapsed() > ADMITTED {
        // It has waited, for a place or for its body: what was taken back meanwhile does nothing any more.
        ctx.caller = self::caller(state, request, &route.base).await?;
    }
    match operation {
        ScimOperation::ListUsers => users::list::answer(&ctx).await,
        ScimOperation::GetUser(id) => users::get::answer(&ctx, id).await,
        ScimOperation::DeleteUser(id) => users::delete::answer(&ctx, id).await,
        ScimOperation::CreateUser => users::create::answer(&ctx, body, created).await,
        ScimOperation::ReplaceUser(id) => users::replace::answer(&ctx, id, body).await,
        ScimOperation::PatchUser(id) => users::patch::answer(&ctx, id, body).await,
        ScimOperation::ListGroups => groups::list::answer(&ctx).await,
        ScimOperation::GetGroup(id) => groups::get::answer(&ctx, id).await,
        ScimOperation::DeleteGroup(id) => groups::delete::answer(&ctx, id).await,
        ScimOperation::CreateGroup => groups::create::answer(&ctx, body).await,
        ScimOperation::ReplaceGroup(id) => groups::replace::answer(&ctx, id, body).await,
        ScimOperation::PatchGroup(id) => groups::patch::answer(&ctx, id, body).await,
        ScimOperation::Search => search::answer(&ctx.searching(body)?).await,
        ScimOperation::SearchUsers => users::list::answer(&ctx.searching(body)?).await,
        ScimOperation::SearchGroups => groups::list::answer(&ctx.searching(body)?).await,
        ScimOperation::Bulk => bulk::answer(&ctx, body, created).await,
        ScimOperation::Discovery(page) => discovery::answer(&ctx, &page),
    }
}

/// The methods of RFC 9110 and RFC 5789: those that an address may refuse, while others mean nothing anywhere.
const KNOWN_METHODS: [&str; 8] = [
    "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT",
];

/// The table of methods; a path that exists but does not take the method says which ones it takes.
fn operation<'a>(method: &Method, endpoint: &'a Endpoint<'_>) -> Result<ScimOperation<'a>, Failure> {
    use discovery::Page;
    let not_allowed = |allow| Err(Failure::method(ErrorCode::MethodNotAllowed, allow));
    let not_implemented = |detail| Err(Failure::with(ErrorCode::NotImplemented, detail));
    // A HEAD is a GET whose body the server leaves out (RFC 9110 §9.3.2).
    let word = if *method == Method::HEAD {
        "GET"
    } else {
        method.as_str()
    };
    match (endpoint, word) {
        (Endpoint::Me, _) => not_implemented(
            "The token belongs to a directory, not to a person, so there is no /Me. Address people by /Users/{id}.",
        ),
        (_, unknown) if !KNOWN_METHODS.contains(&unknown) => not_implemented(
            "The gateway does not know this HTTP method. Use GET, POST, PUT, PATCH or DELETE.",
        ),
        (Endpoint::Users, "GET") => Ok(ScimOperation::ListUsers),
        (Endpoint::Users, "POST") => Ok(ScimOperation::CreateUser),
        (Endpoint::Users, _) => not_allowed("GET, POST"),
        (Endpoint::User(id), "GET") => Ok(ScimOperation::GetUser(id)),
        (Endpoint::User(id), "PUT") => Ok(ScimOperation::ReplaceUser(id)),
        (Endpoint::User(id), "PATCH") => Ok(ScimOperation::PatchUser(id)),
        (Endpoint::User(id), "DELETE") => Ok(ScimOperation::DeleteUser(id)),
        (Endpoint::User(_), _) => not_allowed("GET, PUT, PATCH, DELETE"),
        (Endpoint::Groups, "GET") => Ok(ScimOperation::ListGroups),
        (Endpoint::Groups, "POST") => Ok(ScimOperation::CreateGroup),
        (Endpoint::Groups, _) => not_allowed("GET, POST"),
        (Endpoint::Group(id), "GET") => Ok(ScimOperation::GetGroup(id)),
        (Endpoint::Group(id), "PUT") => Ok(ScimOperation::ReplaceGroup(id)),
        (Endpoint::Group(id), "PATCH") => Ok(ScimOperation::PatchGroup(id)),
        (Endpoint::Group(id), "DELETE") => Ok(ScimOperation::DeleteGroup(id)),
        (Endpoint::Group(_), _) => not_allowed("GET, PUT, PATCH, DELETE"),
        (Endpoint::Search, "POST") => Ok(ScimOperation::Search),
        (Endpoint::UsersSearch, "POST") => Ok(ScimOperation::SearchUsers),
        (Endpoint::GroupsSearch, "POST") => Ok(ScimOperation::SearchGroups),
        (Endpoint::Bulk, "POST") => Ok(ScimOperation::Bulk),
        (Endpoint::Search | Endpoint::UsersSearch | Endpoint::GroupsSearch | Endpoint::Bulk, _) => {
            not_allowed("POST")
        }
        (Endpoint::Unknown | Endpoint::Root, _) => Err(unknown(endpoint)),
        (_, method) if method != "GET" => not_allowed("GET"),
        (Endpoint::ServiceProviderConfig, _) => Ok(ScimOperation::Discovery(Page::ServiceProviderConfig)),
        (Endpoint::Schemas, _) => Ok(ScimOperation::Discovery(Page::Schemas)),
        (Endpoint::Schema(id), _) => Ok(ScimOperation::Discovery(Page::Schema(id))),
        (Endpoint::ResourceTypes, _) => Ok(ScimOperation::Discovery(Page::ResourceTypes)),
        (Endpoint::ResourceType(name), _) => Ok(ScimOperation::Discovery(Page::ResourceType(name))),
    }
}

/// What body a request has.
enum ExpectedBody {
    Nothing,
    Json,
    /// JSON, where groups are served; not read where there are none.
    Group,
}

impl ScimOperation<'_> {
    const fn body(&self) -> ExpectedBody {
        match self {
            Self::ListUsers
            | Self::GetUser(_)
            | Self::DeleteUser(_)
            | Self::ListGroups
            | Self::GetGroup(_)
            | Self::DeleteGroup(_)
            | Self::Discovery(_) => ExpectedBody::Nothing,
            Self::CreateGroup | Self::ReplaceGroup(_) | Self::PatchGroup(_) => ExpectedBody::Group,
            Self::CreateUser
            | Self::ReplaceUser(_)
            | Self::PatchUser(_)
            | Self::Search
            | Self::SearchUsers
            | Self::SearchGroups
            | Self::Bulk => ExpectedBody::Json,
        }
    }

    /// The word in metrics.
    const fn word(&self) -> &'static str {
        match self {
            Self::ListUsers => "list",
            Self::CreateUser => "create",
            Self::GetUser(_) => "get",
            Self::ReplaceUser(_) => "replace",
            Self::PatchUser(_) => "patch",
            Self::DeleteUser(_) => "delete",
            Self::ListGroups => "list_groups",
            Self::CreateGroup => "create_group",
            Self::GetGroup(_) => "get_group",
            Self::ReplaceGroup(_) => "replace_group",
            Self::PatchGroup(_) => "patch_group",
            Self::DeleteGroup(_) => "delete_group",
            Self::Search | Self::SearchUsers | Self::SearchGroups => "search",
            Self::Bulk => "bulk",
            Self::Discovery(_) => "discovery",
        }
    }
}

fn unknown(endpoint: &Endpoint<'_>) -> Failure {
    let detail = match endpoint {
        Endpoint::Root => {
            "This is a Tenant URL: paste it into the identity provider as it is. SCIM clients append /Users to it; there is nothing to read here itself."
        }
        _ => {
            "There is nothing at this address below the Tenant URL. It serves /Users, /Groups, /Bulk, /.search, \
             /ServiceProviderConfig, /ResourceTypes and /Schemas. Check that the Tenant URL at the identity provider ends in /scim."
        }
    };
    Failure::with(ErrorCode::NoSuchRoute, detail)
}

/// The length a client announces; a body without one is counted while it is read.
fn announced_length(request: &HttpRequest) -> usize {
    let length = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    length.and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}

fn call(request: &HttpRequest, state: &State) -> RequestMetadata {
    match Facts::of(request) {
        Some(facts) => RequestMetadata {
            request: facts.request,
            client_request_id: facts.client_request_id,
            traceparent: facts.traceparent,
            precondition: Precondition::NONE,
            created: Vec::new(),
        },
        None => RequestMetadata {
            request: domain::id::RequestId::from_uuid(state.ids.next()),
            client_request_id: None,
            traceparent: None,
            precondition: Precondition::NONE,
            created: Vec::new(),
        },
    }
}

/// What the request asks of the resource's version.
fn precondition(request: &HttpRequest) -> Result<Precondition, Failure> {
    let field = |name: HeaderName| -> Option<String> {
        let lines: Vec<_> = request
            .headers()
            .get_all(name)
            .map(|line| String::from_utf8_lossy(line.as_bytes()))
            .collect();
        (!lines.is_empty()).then(|| lines.join(","))
    };
    Ok(Precondition::parse(
        field(IF_MATCH).as_deref(),
        field(IF_NONE_MATCH).as_deref(),
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_method_says_which_ones_are_taken() {
        for (path, method, status, allow) in [
            ("/scim/Users", "DELETE", 405, Some("GET, POST")),
            ("/scim/Users/1", "POST", 405, Some("GET, PUT, PATCH, DELETE")),
            ("/scim/Schemas", "POST", 405, Some("GET")),
            ("/scim/Groups", "PUT", 405, Some("GET, POST")),
            ("/scim/Groups/1", "POST", 405, Some("GET, PUT, PATCH, DELETE")),
            ("/scim/Users/.search", "GET", 405, Some("POST")),
            ("/scim/.search", "PUT", 405, Some("POST")),
            ("/scim/Bulk", "GET", 405, Some("POST")),
            ("/scim/Me", "GET", 501, None),
            ("/scim/Me", "PATCH", 501, None),
            ("/scim/Users", "PROPFIND", 501, None),
            ("/scim/Users", "OPTIONS", 405, Some("GET, POST")),
            ("/scim/Nothing", "GET", 404, None),
            ("/scim", "GET", 404, None),
        ] {
            let route = Route::of(path).expect(path);
            let method = Method::from_bytes(method.as_bytes()).expect(method);
            let failure = operation(&method, &route.endpoint).err().expect(path);
            assert_eq!(
                (failure.code.row().status, failure.allow),
                (status, allow),
                "{path}"
            );
            if let (ErrorCode::MethodNotAllowed, Some(allow)) = (failure.code, allow) {
                assert!(failure.detail.contains(allow), "{}", failure.detail);
            }
        }
    }
}
