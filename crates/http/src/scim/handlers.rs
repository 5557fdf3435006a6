//! The operations on resources, once for users and groups.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, LOCATION};
use domain::group::Group;
use domain::id::IdentityId;
use domain::identity::Identity;
use provisioning::{ManagedResource, create, delete, get, list, patch, replace};
use scim::message::list_response;
use scim::query::Projection;
use scim::quirk::rules::{Answer, Rules};
use serde_json::Value;

use super::context::RequestContext;
use super::error::{ErrorCode, Failure};
use super::respond;
use super::response_body::{Entry, ResponseBody};
use super::routes::Verb;
use super::view::{View, meta};

/// What differs in the answers of users and groups.
pub trait AnsweredResource: ManagedResource {
    /// What a PATCH that succeeded is answered (ADR 0013).
    fn patch_answer(rules: Rules) -> Answer;
    /// The identity whose creation this is, to be remembered when it was answered (ADR 0006).
    fn created(&self) -> Option<IdentityId>;
    /// The tag of its answer, after what the tag depends on was read.
    async fn tag(&mut self, ctx: &RequestContext<'_>, view: &View) -> Result<String, Failure>;
    /// An entry of an answer.
    fn entry(self) -> Entry;
}

impl AnsweredResource for Identity {
    fn patch_answer(rules: Rules) -> Answer {
        rules.patch_user
    }

    fn created(&self) -> Option<IdentityId> {
        Some(self.id)
    }

    async fn tag(&mut self, ctx: &RequestContext<'_>, view: &View) -> Result<String, Failure> {
        let (request, one) = (&ctx.request, std::slice::from_mut(self));
        view.load_groups(&request.context, &request.caller, one).await?;
        Ok(view.user_tag(self))
    }

    fn entry(self) -> Entry {
        Entry::User(self)
    }
}

impl AnsweredResource for Group {
    fn patch_answer(rules: Rules) -> Answer {
        rules.patch_group
    }

    fn created(&self) -> Option<IdentityId> {
        None
    }

    async fn tag(&mut self, ctx: &RequestContext<'_>, view: &View) -> Result<String, Failure> {
        let request = &ctx.request;
        view.group_tag(&request.context, &request.caller, self).await
    }

    fn entry(self) -> Entry {
        Entry::Group(self)
    }
}

/// Does `verb` to the resource `id`, which is empty where the address has none.
///
/// # Errors
/// As the use-case; `preconditionFailed`.
pub async fn answer<R: AnsweredResource>(
    ctx: &RequestContext<'_>,
    verb: Verb,
    id: &str,
    body: Value,
) -> Result<HttpResponse, Failure> {
    let of_id = id.to_owned();
    match verb {
        Verb::List => list::<R>(ctx).await,
        Verb::Search => list::<R>(&ctx.searching(body)?).await,
        Verb::Get => get::<R>(ctx, id).await,
        Verb::Create => {
            let made: R = ctx.use_case(|request| create::execute(request, body)).await?;
            let created = made.created();
            let answer = changed_answer(ctx, StatusCode::CREATED, made).await?;
            if let (Some(answered), Some(id)) = (ctx.answered, created) {
                answered.add(id);
            }
            Ok(answer)
        }
        Verb::Replace => {
            let replaced =
                ctx.use_case(async move |request| replace::execute::<R>(request, &of_id, body).await);
            changed_answer(ctx, StatusCode::OK, replaced.await?).await
        }
        Verb::Patch => {
            let patched = ctx.use_case(async move |request| patch::execute::<R>(request, &of_id, body).await);
            patched_answer(ctx, patched.await?).await
        }
        // A repeated DELETE finds nothing and is answered 404.
        Verb::Delete => {
            delete::execute::<R>(ctx.request.clone(), id).await?;
            Ok(HttpResponse::NoContent().finish())
        }
    }
}

/// Entra's match query and its connection test. Users come with all their attributes, because Entra compares with the list
/// answer and reads no further (`docs/background/entra.md`, "Order of calls").
///
/// A directory without groups answers an empty list of them: Entra asks for groups in every connection test, and a 404 fails
/// the test (`docs/background/entra.md`, "The probe").
async fn list<R: AnsweredResource>(ctx: &RequestContext<'_>) -> Result<HttpResponse, Failure> {
    if !ctx.serves::<R>()? {
        let nothing = list_response(0, ctx.query.start_index(), Vec::new());
        return Ok(respond::body(StatusCode::OK, &nothing));
    }
    let found = list::execute::<R>(&ctx.request, &ctx.query).await?;
    ResponseBody::of_list(ctx, &found.head, found.items.into_iter().map(R::entry))?
        .into_response(StatusCode::OK)
        .await
}

/// 304 for the version that If-None-Match names (RFC 7644 §3.14).
async fn get<R: AnsweredResource>(ctx: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Failure> {
    if !ctx.serves::<R>()? {
        return Err(Failure::with(
            ErrorCode::NotFound,
            "No group with this id exists: this directory serves no groups.",
        ));
    }
    let mut found: R = get::execute(&ctx.request, id).await?;
    let view = View::of(ctx)?;
    let tag = found.tag(ctx, &view).await?;
    match ctx.not_modified(found.revision(), &tag)? {
        Some(answer) => Ok(answer),
        None => resource_answer(ctx, StatusCode::OK, found, (view, tag)).await,
    }
}

/// 204, or 200 with the resource, as the directory's provider expects (ADR 0013); a request for certain attributes gets them
/// (RFC 7644 §3.5.2).
async fn patched_answer<R: AnsweredResource>(
    ctx: &RequestContext<'_>,
    patched: R,
) -> Result<HttpResponse, Failure> {
    let wanted = R::patch_answer(*ctx.request.caller.directory.provider.rules());
    if wanted == Answer::NoContent && ctx.query.projection == Projection::default() {
        return Ok(respond::no_content(&meta(&patched, &ctx.base)));
    }
    changed_answer(ctx, StatusCode::OK, patched).await
}

/// The answer to a change: the resource after it.
async fn changed_answer<R: AnsweredResource>(
    ctx: &RequestContext<'_>,
    status: StatusCode,
    mut resource: R,
) -> Result<HttpResponse, Failure> {
    let view = View::of(ctx)?;
    let tag = resource.tag(ctx, &view).await?;
    resource_answer(ctx, status, resource, (view, tag)).await
}

/// One resource, with its `ETag`, and `Location` as RFC 7644 §3.3 asks.
async fn resource_answer<R: AnsweredResource>(
    ctx: &RequestContext<'_>,
    status: StatusCode,
    resource: R,
    (view, tag): (View, String),
) -> Result<HttpResponse, Failure> {
    let headers = [
        (ETAG, tag.clone()),
        (LOCATION, meta(&resource, &ctx.base).location),
    ];
    let body = ResponseBody::of_one(ctx, view, resource.entry(), tag);
    let mut answer = body.into_response(status).await?;
    for (name, value) in headers {
        if let Ok(value) = value.parse() {
            answer.headers_mut().insert(name, value);
        }
    }
    Ok(answer)
}
