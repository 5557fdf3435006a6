//! The operations on resources, once for users and groups. What differs in their answers: [`super::users`],
//! [`super::groups`].

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use provisioning::{ManagedResource, create, delete, get, list, patch, replace};
use scim::message::{Meta, list_response};
use scim::query::Projection;
use scim::quirk::rules::{Answer, Rules};
use serde_json::Value;

use super::context::RequestContext;
use super::error::{ErrorCode, Failure};
use super::respond;
use super::response_body::{Entry, ResponseBody};
use super::routes::Verb;
use crate::extract::connection::AnsweredCreations;

/// A resource that can be answered.
pub trait AnsweredResource: ManagedResource {
    /// What is read of it before its answer begins.
    type Shown;

    /// Whether this directory serves such resources at all.
    fn is_served(_: &RequestContext<'_>) -> bool {
        true
    }
    /// What a PATCH that succeeded is answered (ADR 0013).
    fn patch_answer(rules: Rules) -> Answer;
    /// Remembers that its creation was answered (ADR 0006).
    fn remember(&self, _: &AnsweredCreations) {}
    /// What the server knows about it; `base` is the Tenant URL.
    fn meta(&self, base: &str) -> Meta;
    /// As this request wants to see it.
    async fn shown(&self, ctx: &RequestContext<'_>) -> Result<Self::Shown, Failure>;
    /// The tag of the answer.
    fn tag(shown: &Self::Shown) -> &str;
    /// The answer.
    async fn answer(
        self,
        ctx: &RequestContext<'_>,
        status: StatusCode,
        shown: Self::Shown,
    ) -> Result<HttpResponse, Failure>;
    /// An entry of a list.
    fn entry(self) -> Entry;
}

/// Does what `verb` says to the resource `id`, which is empty where the address names none.
///
/// # Errors
/// As the use-case; `preconditionFailed`.
pub async fn answer<R: AnsweredResource>(
    ctx: RequestContext<'_>,
    verb: Verb,
    id: &str,
    body: Value,
) -> Result<HttpResponse, Failure> {
    match verb {
        Verb::List => list::<R>(&ctx).await,
        Verb::Search => list::<R>(&ctx.searching(body)?).await,
        Verb::Create => create::<R>(&ctx, body).await,
        Verb::Get => get::<R>(&ctx, id).await,
        Verb::Replace => replace::<R>(&ctx, id, body).await,
        Verb::Patch => patch::<R>(&ctx, id, body).await,
        Verb::Delete => delete::<R>(&ctx, id).await,
    }
}

/// Entra's match query and its connection test; nothing in a directory that serves no such resources. Users come with all
/// their attributes, because Entra compares with the list answer and reads no further (`docs/background/entra.md`, "Order of
/// calls").
async fn list<R: AnsweredResource>(ctx: &RequestContext<'_>) -> Result<HttpResponse, Failure> {
    if !R::is_served(ctx) {
        let nothing = list_response(0, ctx.query.start_index(), Vec::new());
        return Ok(respond::body(StatusCode::OK, &nothing));
    }
    let found = list::execute::<R>(&ctx.request, &ctx.query).await?;
    ResponseBody::of_list(ctx, &found.head, found.items.into_iter().map(R::entry))?
        .into_response(StatusCode::OK)
        .await
}

/// 201 with the whole resource.
async fn create<R: AnsweredResource>(ctx: &RequestContext<'_>, body: Value) -> Result<HttpResponse, Failure> {
    let made: R = ctx.run(|request| create::execute(request, body)).await?;
    let shown = made.shown(ctx).await?;
    if let Some(answered) = ctx.answered {
        made.remember(answered);
    }
    made.answer(ctx, StatusCode::CREATED, shown).await
}

/// 304 for the version that If-None-Match names (RFC 7644 §3.14).
async fn get<R: AnsweredResource>(ctx: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Failure> {
    if !R::is_served(ctx) {
        return Err(Failure::with(
            ErrorCode::NotFound,
            "No group with this id exists: this directory serves no groups.",
        ));
    }
    let found: R = get::execute(&ctx.request, id).await?;
    let shown = found.shown(ctx).await?;
    if let Some(answer) = ctx.unread(found.revision(), R::tag(&shown))? {
        return Ok(answer);
    }
    found.answer(ctx, StatusCode::OK, shown).await
}

async fn replace<R: AnsweredResource>(
    ctx: &RequestContext<'_>,
    id: &str,
    body: Value,
) -> Result<HttpResponse, Failure> {
    let id = id.to_owned();
    let changed: R = ctx
        .run(|request| async move { replace::execute(request, &id, body).await })
        .await?;
    let shown = changed.shown(ctx).await?;
    changed.answer(ctx, StatusCode::OK, shown).await
}

/// 204, or 200 with the resource, as the directory's provider likes it (ADR 0013); a request for certain attributes gets them
/// (RFC 7644 §3.5.2).
async fn patch<R: AnsweredResource>(
    ctx: &RequestContext<'_>,
    id: &str,
    body: Value,
) -> Result<HttpResponse, Failure> {
    let id = id.to_owned();
    let changed: R = ctx
        .run(|request| async move { patch::execute(request, &id, body).await })
        .await?;
    let wanted = R::patch_answer(*ctx.request.caller.directory.provider.rules());
    if wanted == Answer::NoContent && ctx.query.projection == Projection::default() {
        return Ok(respond::no_content(&changed.meta(&ctx.base)));
    }
    let shown = changed.shown(ctx).await?;
    changed.answer(ctx, StatusCode::OK, shown).await
}

/// 204, and 404 the second time.
async fn delete<R: AnsweredResource>(ctx: &RequestContext<'_>, id: &str) -> Result<HttpResponse, Failure> {
    delete::execute::<R>(ctx.request.clone(), id).await?;
    Ok(HttpResponse::NoContent().finish())
}
