//! `Idempotency-Key`: a creation that is asked for again is not done again (ADR 0049). Must not know: what is created.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse};
use admin::Context;
use admin::once::{self, Asked, Begun};
use serde_json::Value;

use super::problem::{AdminCode, Problem};

/// The header field of a request that is to be done once.
pub const KEY: &str = "Idempotency-Key";
/// The header field of an answer that is a repeated one.
pub const REPEATED: &str = "Idempotent-Replayed";
/// Characters of a key at most.
pub const LONGEST: usize = 255;

/// Does what a request asks for, or repeats the answer that its key stands for. Without a key it is done.
///
/// # Errors
/// `invalidValue`, `keyReused`, `keyInUse`; whatever `run` answers.
pub async fn once(
    mut context: Context,
    request: &HttpRequest,
    body: Value,
    run: impl AsyncFnOnce(Context) -> Result<HttpResponse, Problem>,
) -> Result<HttpResponse, Problem> {
    let Some(key) = key(request)? else {
        return run(context).await;
    };
    let asked = Asked {
        key,
        route: format!("{} {}", request.method(), request.path()),
        body,
    };
    match once::begin(&context, asked).await? {
        Begun::First(claim) => {
            let before = context.clone();
            context.once = Some(claim.clone());
            let answer = run(context).await;
            if answer.is_ok() && !claim.is_kept() {
                tracing::error!(path = %request.path(), "this creation keeps no answer: a repeat would do it again");
            }
            once::end(&before, &claim).await;
            answer
        }
        Begun::Done(answer) => Ok(HttpResponse::build(StatusCode::CREATED)
            .insert_header((REPEATED, "true"))
            .content_type("application/json")
            .body(answer)),
        Begun::UnderWay => Err(Problem::of(AdminCode::KeyInUse).after(1)),
        Begun::Other => Err(Problem::of(AdminCode::KeyReused).about(KEY)),
    }
}

/// The key of a request.
fn key(request: &HttpRequest) -> Result<Option<&str>, Problem> {
    let mut fields = request.headers().get_all(KEY);
    let Some(field) = fields.next() else {
        return Ok(None);
    };
    let key = field.to_str().unwrap_or_default();
    let is_key = (1..=LONGEST).contains(&key.len()) && key.bytes().all(|letter| letter.is_ascii_graphic());
    if is_key && fields.next().is_none() {
        Ok(Some(key))
    } else {
        Err(Problem::value(
            KEY,
            format!(
                "{KEY} must be one header field with 1 to {LONGEST} visible ASCII characters and no blank: a random UUID is usual"
            ),
        ))
    }
}
