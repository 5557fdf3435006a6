//! A route of the admin API: its address, the right it demands, what it reads and answers, and its handler.
//!
//! There is no way to make one without a right: [`route`] takes it by type. The handler gets an [`Access`] that was checked
//! against that right, so it never runs for anybody else. Must not know: which routes there are ([`super::routes`]).

use std::marker::PhantomData;

use actix_web::http::StatusCode;
use actix_web::http::header::ETAG;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, guard, web};
use domain::role::Right;
use futures_util::future::LocalBoxFuture;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::access::{Access, Target};
use super::problem::Problem;
use super::{idempotency, input};
use crate::reading;
use crate::state::State;

/// The method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads; its input are the parameters of the query.
    Get,
    /// Makes or does something; its input is the body.
    Post,
    /// Changes some members; its input is the body.
    Patch,
    /// Deletes; its input are the parameters of the query.
    Delete,
}

impl Method {
    /// As OpenAPI writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    /// As the Allow header field has it.
    pub const fn allowed(self) -> &'static str {
        match self {
            Self::Get => "GET, HEAD",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether the input is the body.
    pub const fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Patch)
    }

    /// What takes requests of this method.
    pub fn guarded(self) -> actix_web::Route {
        match self {
            Self::Get => reading::get(),
            Self::Post => web::post(),
            Self::Patch => web::patch(),
            Self::Delete => web::route().guard(guard::Delete()),
        }
    }
}

/// The answer of a handler.
#[derive(Debug)]
pub struct Answered<A> {
    /// The body.
    pub body: A,
    /// The version of the object, for a later If-Match.
    pub etag: Option<String>,
}

impl<A> From<A> for Answered<A> {
    fn from(body: A) -> Self {
        Self { body, etag: None }
    }
}

/// What handlers return.
pub type Outcome<A> = Result<Answered<A>, Problem>;

/// What a handler answers with.
pub trait Reply {
    /// What the body is made of, for its schema.
    type Body: JsonSchema;
    /// Its media type.
    const MEDIA_TYPE: &'static str;

    /// The answer.
    fn reply(self, route: &Route) -> HttpResponse;
}

impl<A: Serialize + JsonSchema> Reply for Answered<A> {
    type Body = A;
    const MEDIA_TYPE: &'static str = "application/json";

    fn reply(self, route: &Route) -> HttpResponse {
        let status = StatusCode::from_u16(route.status).unwrap_or_default();
        let mut answer = HttpResponseBuilder::new(status);
        if let Some(etag) = self.etag {
            answer.insert_header((ETAG, etag));
        }
        answer.json(self.body)
    }
}

/// A route.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path behind `/admin/v1`, with parameters in braces.
    pub path: &'static str,
    /// The right that a caller must have.
    pub right: Right,
    /// Its name for generated clients.
    pub id: &'static str,
    /// What it does, in a sentence.
    pub summary: &'static str,
    /// The status of its success.
    pub status: u16,
    /// Whether its answer has an ETag, which a change may name in If-Match.
    pub is_versioned: bool,
    /// Whether it takes `?dryRun=true`, and then only says what it would end.
    pub has_dry_run: bool,
    /// The media type of what it answers.
    pub media_type: &'static str,
    /// The schema of what it reads.
    pub input: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of what it answers.
    pub output: fn(&mut SchemaGenerator) -> Schema,
    handler: Box<dyn Handle>,
}

/// A route that works at the object `T`, reads `I` and answers `R`.
pub fn route<F, Fut, T, I, R>(
    method: Method,
    path: &'static str,
    right: Right,
    id: &'static str,
    summary: &'static str,
    run: F,
) -> Route
where
    F: Fn(Access<T>, I) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<R, Problem>> + 'static,
    T: Target + 'static,
    I: DeserializeOwned + JsonSchema + 'static,
    R: Reply + 'static,
{
    Route {
        method,
        path,
        right,
        id,
        summary,
        status: 200,
        is_versioned: false,
        has_dry_run: false,
        media_type: R::MEDIA_TYPE,
        input: |generator| generator.subschema_for::<I>(),
        output: |generator| generator.subschema_for::<R::Body>(),
        handler: Box::new(Handler {
            run,
            types: PhantomData,
        }),
    }
}

impl Route {
    /// Its success makes something: 201. Its use-case keeps its answer (`admin::once`), so that it can be repeated with the same
    /// Idempotency-Key.
    #[must_use]
    pub fn creates(self) -> Self {
        Self { status: 201, ..self }
    }

    /// Its answer has an ETag.
    #[must_use]
    pub fn versioned(self) -> Self {
        Self {
            is_versioned: true,
            ..self
        }
    }

    /// It takes `?dryRun=true`, which its handler finds in [`Access::is_dry_run`].
    #[must_use]
    pub fn with_dry_run(self) -> Self {
        Self {
            has_dry_run: true,
            ..self
        }
    }

    /// Whether its success makes something.
    pub const fn is_creation(&self) -> bool {
        self.status == 201
    }

    /// Checks who asks, and then handles the request.
    ///
    /// # Errors
    /// Every [`super::problem::AdminCode`].
    pub async fn handle(
        &self,
        state: &State,
        request: &HttpRequest,
        payload: &mut web::Payload,
    ) -> Result<HttpResponse, Problem> {
        self.handler.handle(self, state, request, payload).await
    }
}

/// A handler without its types.
trait Handle: Send + Sync {
    fn handle<'a>(
        &'a self,
        route: &'a Route,
        state: &'a State,
        request: &'a HttpRequest,
        payload: &'a mut web::Payload,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, Problem>>;
}

struct Handler<F, Fut, T, I, R> {
    run: F,
    #[expect(clippy::type_complexity, reason = "only names the types of the handler")]
    types: PhantomData<fn(T, I) -> (Fut, R)>,
}

impl<F, Fut, T, I, R> Handle for Handler<F, Fut, T, I, R>
where
    F: Fn(Access<T>, I) -> Fut + Send + Sync,
    Fut: Future<Output = Result<R, Problem>>,
    T: Target,
    I: DeserializeOwned,
    R: Reply,
{
    fn handle<'a>(
        &'a self,
        route: &'a Route,
        state: &'a State,
        request: &'a HttpRequest,
        payload: &'a mut web::Payload,
    ) -> LocalBoxFuture<'a, Result<HttpResponse, Problem>> {
        Box::pin(async move {
            // Before the input is read: a caller without the right learns nothing of what it would be.
            let mut access = Access::of(state, request, route.right).await?;
            if route.has_dry_run {
                access.is_dry_run = input::is_dry_run(request)?;
            }
            if !route.method.has_body() {
                let input = if route.has_dry_run {
                    input::none()?
                } else {
                    input::of_query(request)?
                };
                return Ok((self.run)(access, input).await?.reply(route));
            }
            let body = input::body(request, payload).await?;
            let input = input::of_body(body.clone())?;
            let run = async |access| {
                (self.run)(access, input)
                    .await
                    .map(|answered| answered.reply(route))
            };
            if route.is_creation() {
                let context = access.context.clone();
                let run = async |context| {
                    access.context = context;
                    run(access).await
                };
                idempotency::once(context, request, body, run).await
            } else {
                run(access).await
            }
        })
    }
}
