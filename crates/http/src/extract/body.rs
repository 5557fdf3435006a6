//! The body of a request: bounded in size and time, JSON by content rather than by label.
//!
//! Must not know: what the JSON means.

use std::borrow::Cow;
use std::cell::Cell;

use actix_web::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, web};
use futures_util::StreamExt;
use scim::exact;
use serde::de::DeserializeSeed as _;
use serde_json::Value;
use serde_json::error::Category;
use tokio::time::Instant;

use super::bounded::{Bounded, TOO_MANY, TWICE};
use crate::backpressure::Reads;
use crate::limits::{BODY_BYTES, BODY_TIME, BODY_VALUES, DRAIN_BYTES, DRAIN_TIME};
use crate::long;
use crate::scim::error::{ErrorCode, Failure};
use crate::state::State;
use crate::tenant_limits::Permits;

/// The byte order mark that some .NET programs write before JSON.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads a body. A request whose body turns out to be long takes a permit for long bodies first.
///
/// # Errors
/// `mediaType`, `bodyTooLarge`, `bodyTooSlow`, `bodiesBusy`, `tenantBusy`, or `invalidSyntax` when it breaks off.
pub async fn bytes(
    state: &State,
    request: &HttpRequest,
    payload: &mut web::Payload,
    permits: &mut Permits,
) -> Result<Bytes, Failure> {
    check_media_type(request)?;
    check_encoding(request)?;
    let bytes = Reads::body(request, read(state, payload, permits)).await?;
    Ok(Bytes::from(bytes))
}

/// Parses a body; a long one on the threads for long work.
///
/// # Errors
/// `invalidSyntax` with line and column.
pub async fn json(state: &State, bytes: &Bytes, is_long: bool) -> Result<Value, Failure> {
    if is_long {
        let bytes = bytes.clone();
        long::run(&state.long, async move { parse(&bytes) }).await?
    } else {
        parse(bytes)
    }
}

/// Reads the rest of a body and drops it, so that the client finishes sending and reads the answer. Stops after
/// [`DRAIN_BYTES`] or [`DRAIN_TIME`].
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
    // After a time-out the connection is closed with the answer.
    let _ = tokio::time::timeout(DRAIN_TIME, Reads::body(request, discard)).await;
}

/// Reads the bytes. The wait for a permit is not part of the time that the client has.
async fn read(state: &State, payload: &mut web::Payload, permits: &mut Permits) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut deadline = Instant::now() + BODY_TIME;
    loop {
        let chunk = tokio::time::timeout_at(deadline, payload.next()).await;
        let chunk = match chunk.map_err(|_| Failure::new(ErrorCode::BodyTooSlow))? {
            Some(Ok(chunk)) => chunk,
            Some(Err(_)) => {
                return Err(Failure::with(
                    ErrorCode::InvalidSyntax,
                    "The body of the request broke off.",
                ));
            }
            None => return Ok(bytes),
        };
        let length = bytes.len() + chunk.len();
        if length > BODY_BYTES {
            return Err(Failure::new(ErrorCode::BodyTooLarge));
        }
        let waiting = Instant::now();
        state.tenant_limits.grown(permits, length).await?;
        deadline += waiting.elapsed();
        bytes.extend_from_slice(&chunk);
    }
}

/// Refuses only what is certainly something else: clients label JSON in many ways
/// (`docs/background/entra.md`, "Headers and media types").
fn check_media_type(request: &HttpRequest) -> Result<(), Failure> {
    let label = request.headers().get(CONTENT_TYPE);
    let label = label.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let label = label.split(';').next().unwrap_or_default();
    let label = label.trim().to_ascii_lowercase();
    let plausible = label.is_empty()
        || label.contains("json")
        || label == "text/plain"
        || label == "application/octet-stream";
    if plausible {
        Ok(())
    } else {
        Err(Failure::new(ErrorCode::MediaType))
    }
}

/// Refuses a compressed body: its size is known only after decompression.
fn check_encoding(request: &HttpRequest) -> Result<(), Failure> {
    let packed = request
        .headers()
        .get_all(CONTENT_ENCODING)
        .any(|value| !value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"identity"));
    if packed {
        return Err(Failure::with(
            ErrorCode::MediaType,
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
            ErrorCode::InvalidSyntax,
            "The body of the request is empty; send a JSON object.",
        ));
    }
    let value = bounded(text).map_err(|error| syntax(&error))?;
    // Parsed a second time only where digits were lost, so that an error names the position in what was sent.
    let value = match exact::quoted(text) {
        Cow::Borrowed(_) => value,
        Cow::Owned(quoted) => bounded(&quoted).map_err(|error| syntax(&error))?,
    };
    match value {
        value @ Value::Object(_) => Ok(value),
        _ => Err(Failure::with(
            ErrorCode::InvalidSyntax,
            "The body of the request must be a JSON object.",
        )),
    }
}

/// Parses JSON of at most [`BODY_VALUES`] values.
///
/// # Errors
/// What is wrong with it; see [`fault`].
pub fn bounded(text: &[u8]) -> Result<Value, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let left = Cell::new(BODY_VALUES);
    let value = Bounded(&left).deserialize(&mut reader)?;
    reader.end().map(|()| value)
}

/// The error of invalid JSON.
fn syntax(error: &serde_json::Error) -> Failure {
    Failure::with(
        ErrorCode::InvalidSyntax,
        format!(
            "The body of the request {}. Correct that place and send it again.",
            fault(error)
        ),
    )
}

/// What is wrong with a JSON text, with line and column and without any of its content.
pub fn fault(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let what = match error.classify() {
        Category::Eof => "ends too early".to_owned(),
        _ if said.starts_with("recursion limit") => "is nested more than 127 levels deep".to_owned(),
        _ if said.starts_with(TOO_MANY) => format!("has more than {BODY_VALUES} values"),
        _ if said.starts_with(TWICE) => "has a name twice in one object, with different values,".to_owned(),
        _ => "is not valid JSON".to_owned(),
    };
    format!("{what} at line {line}, column {column}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

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
            assert_eq!(failure.code, ErrorCode::InvalidSyntax);
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
    fn a_number_with_more_digits_than_a_number_keeps_is_read_as_its_text() {
        assert_eq!(
            parse(b"{\"a\":12345678901234567890123,\"b\":1.5}").expect("JSON"),
            serde_json::json!({"a": "12345678901234567890123", "b": 1.5})
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
}
