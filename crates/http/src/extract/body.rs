//! The body of a request: bounded in size and time, JSON by content rather than by label.
//!
//! Must not know: what the JSON means.

use std::cell::Cell;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::{HttpRequest, web};
use futures_util::StreamExt;
use serde::de::DeserializeSeed as _;
use serde_json::Value;
use serde_json::error::Category;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::bounded::{Bounded, TOO_MANY, TWICE};
use crate::limits::{
    BODY_BYTES, BODY_TIME, BODY_VALUES, DRAIN_BYTES, DRAIN_TIME, LARGE_BODIES_BYTES, LARGE_BODY_BYTES,
    LARGE_BODY_PATIENCE,
};
use crate::scim::error::{Code, Failure};

/// The byte order mark some .NET writers put before JSON.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// What was sent, and for as long as it is worked at, its share of the memory for large bodies.
#[derive(Debug, Default)]
pub struct Body {
    /// A JSON object; null where none was asked for.
    pub value: Value,
    /// Kept until the answer is there.
    pub share: Option<SemaphorePermit<'static>>,
}

/// KiB of large bodies that may be worked at.
static LARGE: Semaphore = Semaphore::const_new(LARGE_BODIES_BYTES / 1024);

/// Reads a JSON body.
///
/// # Errors
/// `mediaType`, `bodyTooLarge`, `bodyTooSlow`, `bodiesBusy`, or `invalidSyntax` with line and column.
pub async fn json(request: &HttpRequest, payload: &mut web::Payload) -> Result<Body, Failure> {
    check_media_type(request)?;
    check_encoding(request)?;
    let bytes = tokio::time::timeout(BODY_TIME, read(payload))
        .await
        .map_err(|_| Failure::new(Code::BodyTooSlow))??;
    let share = share(bytes.len()).await?;
    let value = parse(&bytes)?;
    Ok(Body { value, share })
}

async fn share(bytes: usize) -> Result<Option<SemaphorePermit<'static>>, Failure> {
    if bytes <= LARGE_BODY_BYTES {
        return Ok(None);
    }
    let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
    match tokio::time::timeout(LARGE_BODY_PATIENCE, LARGE.acquire_many(kib)).await {
        Ok(Ok(share)) => Ok(Some(share)),
        _ => Err(Failure::new(Code::BodiesBusy)),
    }
}

/// Reads on and throws away, so that the client finishes sending and sees the answer; gives up after a while.
pub async fn drain(request: &HttpRequest, payload: &mut web::Payload) {
    if request.method().is_safe() {
        return;
    }
    let discard = async {
        let mut seen = 0;
        while let Some(Ok(chunk)) = payload.next().await {
            seen += chunk.len();
            if seen > DRAIN_BYTES {
                break;
            }
        }
    };
    // Running out of time here only means that the connection is closed with the answer.
    let _ = tokio::time::timeout(DRAIN_TIME, discard).await;
}

async fn read(payload: &mut web::Payload) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk =
            chunk.map_err(|_| Failure::with(Code::InvalidSyntax, "The body of the request broke off."))?;
        if bytes.len() + chunk.len() > BODY_BYTES {
            return Err(Failure::new(Code::BodyTooLarge));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

/// Refuses only what is certainly something else: clients label JSON in many ways (`entra.md` §4.2).
fn check_media_type(request: &HttpRequest) -> Result<(), Failure> {
    let label = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let label = label
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let plausible = label.is_empty()
        || label.contains("json")
        || label == "text/plain"
        || label == "application/octet-stream";
    if plausible {
        Ok(())
    } else {
        Err(Failure::new(Code::MediaType))
    }
}

/// Refuses what is packed: it would have to be unpacked before its size is known.
fn check_encoding(request: &HttpRequest) -> Result<(), Failure> {
    let packed = request
        .headers()
        .get_all(CONTENT_ENCODING)
        .any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
    if packed {
        return Err(Failure::with(
            Code::MediaType,
            "The body of the request is compressed (Content-Encoding). Send it as it is, without that header field.",
        ));
    }
    Ok(())
}

/// The JSON of a body, which must be an object.
fn parse(bytes: &[u8]) -> Result<Value, Failure> {
    let text = bytes.strip_prefix(BOM).unwrap_or(bytes);
    if text.trim_ascii().is_empty() {
        return Err(Failure::with(
            Code::InvalidSyntax,
            "The body of the request is empty; send a JSON object.",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(text);
    let left = Cell::new(BODY_VALUES);
    let value = Bounded(&left).deserialize(&mut reader);
    let value = value.and_then(|value| reader.end().map(|()| value));
    match value.map_err(|error| syntax(&error))? {
        value @ Value::Object(_) => Ok(value),
        _ => Err(Failure::with(
            Code::InvalidSyntax,
            "The body of the request must be a JSON object.",
        )),
    }
}

/// Where the JSON breaks, without repeating any of it.
fn syntax(error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let what = match error.classify() {
        Category::Eof => "ends too early".to_owned(),
        _ if said.starts_with("recursion limit") => "is nested more than 127 levels deep".to_owned(),
        _ if said.starts_with(TOO_MANY) => format!("has more than {BODY_VALUES} values"),
        _ if said.starts_with(TWICE) => "has a name twice in one object, with different values,".to_owned(),
        _ => "is not valid JSON".to_owned(),
    };
    Failure::with(
        Code::InvalidSyntax,
        format!(
            "The body of the request {what} at line {line}, column {column}. Correct that place and send it again."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;
    use futures_util::FutureExt as _;

    #[test]
    fn broken_json_is_told_by_its_place() {
        for (text, expected) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("{\"userName\": ", "ends too early at line 1"),
            ("{\"userName\": bob}", "is not valid JSON at line 1, column 14"),
            ("{\n\"a\":1,,}", "is not valid JSON at line 2, column 7"),
            ("[]", "must be a JSON object"),
            ("\"secret\"", "must be a JSON object"),
            (
                &"[".repeat(100_000),
                "is nested more than 127 levels deep at line 1, column 128",
            ),
            (&"{\"a\":".repeat(100_000), "is nested more than 127 levels deep"),
            (
                "{\"a\":1,\"b\":2,\"a\":3}",
                "has a name twice in one object, with different values, at line 1",
            ),
            (
                &format!("{{\"a\":[{}1]}}", "1,".repeat(BODY_VALUES)),
                "has more than 250000 values",
            ),
        ] {
            let failure = parse(text.as_bytes()).expect_err(expected);
            assert_eq!(failure.code, Code::InvalidSyntax);
            assert!(failure.detail.contains(expected), "{}", failure.detail);
            assert!(!failure.detail.contains("bob") && !failure.detail.contains("secret"));
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(
            parse(b"\xef\xbb\xbf{\"a\":1}").expect("JSON"),
            serde_json::json!({"a": 1})
        );
    }

    #[test]
    fn the_label_of_a_body_is_read_tolerantly() {
        for (label, fine) in [
            ("application/scim+json; charset=utf-8", true),
            ("application/json", true),
            ("APPLICATION/SCIM+JSON", true),
            ("text/plain", true),
            ("", true),
            ("application/x-www-form-urlencoded", false),
            ("multipart/form-data; boundary=x", false),
            ("application/xml", false),
        ] {
            let request = TestRequest::default()
                .insert_header(("content-type", label))
                .to_http_request();
            assert_eq!(check_media_type(&request).is_ok(), fine, "{label}");
        }
    }

    #[test]
    fn a_packed_body_is_refused() {
        for (packing, fine) in [
            ("identity", true),
            ("gzip", false),
            ("br", false),
            ("gzip, br", false),
        ] {
            let request = TestRequest::default()
                .insert_header(("content-encoding", packing))
                .to_http_request();
            let checked = check_encoding(&request);
            assert_eq!(checked.is_ok(), fine, "{packing}");
            if let Err(failure) = checked {
                assert!(failure.detail.contains("Send it as it is"), "{}", failure.detail);
            }
        }
    }

    #[tokio::test]
    async fn large_bodies_wait_for_one_another_and_small_ones_for_nobody() {
        let mut shares = Vec::new();
        for _ in 0..LARGE_BODIES_BYTES / BODY_BYTES {
            shares.push(share(BODY_BYTES).await.expect("room"));
        }
        assert!(share(LARGE_BODY_BYTES).await.expect("small").is_none());
        assert!(share(BODY_BYTES).now_or_never().is_none(), "all of it is taken");
        shares.pop();
        assert!(share(BODY_BYTES).await.expect("room again").is_some());
    }
}
