//! The body of a request: bounded in size and time, JSON by content rather than by label.
//!
//! Must not know: what the JSON means.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, web};
use futures_util::StreamExt;
use serde_json::Value;
use serde_json::error::Category;

use crate::limits::{BODY_BYTES, BODY_TIME, DRAIN_BYTES, DRAIN_TIME};
use crate::scim::error::{Code, Failure};

/// The byte order mark some .NET writers put before JSON.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// Reads a JSON body.
///
/// # Errors
/// `mediaType`, `bodyTooLarge`, `bodyTooSlow`, or `invalidSyntax` with line and column.
pub async fn json(request: &HttpRequest, payload: &mut web::Payload) -> Result<Value, Failure> {
    check_media_type(request)?;
    let bytes = tokio::time::timeout(BODY_TIME, read(payload))
        .await
        .map_err(|_| Failure::new(Code::BodyTooSlow))??;
    parse(&bytes)
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

/// The JSON of a body, which must be an object.
fn parse(bytes: &[u8]) -> Result<Value, Failure> {
    let text = bytes.strip_prefix(BOM).unwrap_or(bytes);
    if text.trim_ascii().is_empty() {
        return Err(Failure::with(
            Code::InvalidSyntax,
            "The body of the request is empty; send a JSON object.",
        ));
    }
    let value: Value = serde_json::from_slice(text).map_err(|error| syntax(&error))?;
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(Failure::with(
            Code::InvalidSyntax,
            "The body of the request must be a JSON object.",
        )),
    }
}

/// Where the JSON breaks, without repeating any of it.
fn syntax(error: &serde_json::Error) -> Failure {
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        Category::Eof => "ends too early",
        _ if error.to_string().starts_with("recursion limit") => "is nested too deeply",
        _ => "is not valid JSON",
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
            (&"[".repeat(100_000), "is nested too deeply"),
            (&"{\"a\":".repeat(100_000), "is nested too deeply"),
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
}
