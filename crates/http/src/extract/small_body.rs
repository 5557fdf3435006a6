//! The body of a request that is short: bounded in size and time, and read whole.
//!
//! Must not know: what it says. Long bodies are in [`super::body`].

use actix_web::web::Bytes;
use actix_web::{HttpRequest, web};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::backpressure::Reads;
use crate::limits::BODY_TIME;

/// The body; `None` when it is longer than `most` bytes, breaks off, or does not arrive in time.
pub async fn read(request: &HttpRequest, payload: &mut web::Payload, most: usize) -> Option<Bytes> {
    let whole = async {
        let mut body = Vec::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.ok()?;
            if body.len() + chunk.len() > most {
                return None;
            }
            body.extend_from_slice(&chunk);
        }
        Some(Bytes::from(body))
    };
    timeout(BODY_TIME, Reads::body(request, whole)).await.ok()?
}
