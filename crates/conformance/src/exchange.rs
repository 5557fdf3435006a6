//! Requests and answers as evidence of a finding: for a reader, for a program, and as a `curl` line.
//!
//! Credentials are removed when an exchange is recorded, so that no later use can show them. Must not know:
//! rules.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use serde::Serialize;

/// The longest recorded body in bytes; a longer one is cut and marked as cut.
const BODY: usize = 16 * 1024;
/// The longest printed body of an answer, in characters.
const SCREEN: usize = 2_000;
/// The shortest token, in bytes, that is removed from every text. A shorter one is removed from header fields
/// only: elsewhere it would be part of ordinary words.
const SHORTEST: usize = 6;

/// Removes one credential from texts.
#[derive(Debug, Clone, Default)]
pub struct Mask(Vec<String>);

impl Mask {
    /// A mask for this token, in its plain, its JSON and its URL spelling.
    pub fn new(token: Option<&str>) -> Self {
        let Some(token) = token.filter(|token| token.len() >= SHORTEST) else {
            return Self::default();
        };
        let json = serde_json::Value::from(token).to_string();
        let mut spellings = vec![
            token.to_owned(),
            json.trim_matches('"').to_owned(),
            crate::wire::encoded(token),
        ];
        spellings.dedup();
        Self(spellings)
    }

    /// The text, with `$TOKEN` for the token.
    pub fn of(&self, text: &str) -> String {
        self.0
            .iter()
            .fold(text.to_owned(), |text, token| text.replace(token, "$TOKEN"))
    }
}

/// A recorded request, without its credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The HTTP method in capitals.
    pub method: String,
    /// The absolute URL with its query.
    pub url: String,
    /// The header fields by name.
    pub headers: BTreeMap<String, String>,
    /// The body; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
}

/// A recorded answer, without the credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Answered {
    /// The HTTP status, 100 to 599.
    pub status: u16,
    /// The header fields by name.
    pub headers: BTreeMap<String, String>,
    /// The body as text, cut if it is long.
    pub body: String,
}

/// A request and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// The request as it was sent, but for its credential.
    pub request: Asked,
    /// The answer; `None` if none came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<Answered>,
    /// The request as a shell command; `$TOKEN` stands for the token.
    pub curl: String,
}

impl Exchange {
    /// Records a request before it is sent; `own` is true if it carries the token of the command line.
    pub fn asked(request: &reqwest::Request, own: bool, mask: &Mask) -> Self {
        let mut headers = texts(request.headers(), mask);
        if request.headers().contains_key(AUTHORIZATION) {
            let value = headers.entry("authorization".to_owned()).or_default();
            let scheme = value.split(' ').next().unwrap_or_default().to_owned();
            if own {
                "Bearer $TOKEN".clone_into(value);
            } else if !scheme.eq_ignore_ascii_case("bearer") {
                *value = format!("{scheme} $CREDENTIALS");
            }
        }
        let body = request.body().and_then(reqwest::Body::as_bytes);
        let request = Asked {
            method: request.method().to_string(),
            url: mask.of(request.url().as_str()),
            headers,
            body: body.map(|body| cut(&mask.of(&String::from_utf8_lossy(body)))),
        };
        Self {
            curl: curl(&request),
            request,
            response: None,
        }
    }

    /// Adds the answer, without the credential.
    pub fn answered(&mut self, answer: &crate::wire::Answer, mask: &Mask) {
        self.response = Some(Answered {
            status: answer.status,
            headers: texts(&answer.headers, mask),
            body: cut(&mask.of(&answer.text)),
        });
    }

    /// The printed form: the `curl` line, then status, media type and body of the answer.
    pub fn lines(&self, margin: &str) -> String {
        let mut text = format!("{margin}$ {}\n", self.curl);
        match &self.response {
            None => {
                let _ = writeln!(text, "{margin}(no answer)");
            }
            Some(answer) => {
                let kind = answer.headers.get("content-type").map_or("", String::as_str);
                let _ = writeln!(text, "{margin}{} {kind}", answer.status);
                let body: String = answer.body.chars().take(SCREEN).collect();
                for line in body.lines() {
                    let _ = writeln!(text, "{margin}{line}");
                }
                if body.len() < answer.body.len() {
                    let _ = writeln!(text, "{margin}… (--json shows more)");
                }
            }
        }
        text
    }
}

fn texts(headers: &HeaderMap, mask: &Mask) -> BTreeMap<String, String> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let value = mask.of(&String::from_utf8_lossy(value.as_bytes()));
        let known = texts.entry(name.to_string()).or_default();
        if !known.is_empty() {
            known.push_str(", ");
        }
        known.push_str(&value);
    }
    texts
}

fn cut(text: &str) -> String {
    if text.len() <= BODY {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(BODY);
    format!("{}… ({} bytes in all)", &text[..end], text.len())
}

/// A shell command. The token is in double quotes, so that the shell expands it; everything else is in single
/// quotes.
fn curl(request: &Asked) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let mut line = format!("curl -i -g -X {} {}", request.method, quoted(&request.url));
    for (name, value) in &request.headers {
        if value == "Bearer $TOKEN" {
            line += " -H \"Authorization: Bearer $TOKEN\"";
        } else {
            let _ = write!(line, " -H {}", quoted(&format!("{name}: {value}")));
        }
    }
    if let Some(body) = &request.body {
        let _ = write!(line, " --data-raw {}", quoted(body));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "s3cret/with \"signs\"";

    fn exchange(own: bool, header: &str, body: &str) -> Exchange {
        let request = reqwest::Client::new()
            .post("http://127.0.0.1:1/scim/Users?filter=a%5Bb%5D")
            .header(AUTHORIZATION, header)
            .body(body.to_owned())
            .build()
            .unwrap();
        let mask = Mask::new(Some(TOKEN));
        let mut exchange = Exchange::asked(&request, own, &mask);
        let said = format!(
            "{{\"detail\": {}}}",
            serde_json::Value::from(format!("no {TOKEN}"))
        );
        let mut headers = HeaderMap::new();
        headers.insert("x-echo", "s3cret%2Fwith%20%22signs%22".parse().unwrap());
        let answer = crate::wire::Answer {
            status: 401,
            headers,
            body: serde_json::from_str(&said).unwrap(),
            text: said,
        };
        exchange.answered(&answer, &mask);
        exchange
    }

    #[test]
    fn the_token_is_in_no_part_of_an_exchange_however_it_is_spelled() {
        let exchange = exchange(
            true,
            &format!("Bearer {TOKEN}"),
            &serde_json::json!({ "x": TOKEN }).to_string(),
        );
        let text = serde_json::to_string(&exchange).unwrap() + &exchange.lines("");
        assert!(!text.contains("s3cret"), "{text}");
        assert_eq!(text.matches("Bearer $TOKEN").count(), 3, "{text}");
        assert!(text.contains("no $TOKEN"), "{text}");
    }

    #[test]
    fn a_made_up_token_is_shown_and_another_scheme_is_not() {
        let made_up = exchange(false, "Bearer no-such-token", "{}");
        assert_eq!(made_up.request.headers["authorization"], "Bearer no-such-token");
        let basic = exchange(false, "Basic dXNlcjpwYXNz", "{}");
        assert_eq!(basic.request.headers["authorization"], "Basic $CREDENTIALS");
    }

    #[test]
    fn a_curl_line_can_be_pasted() {
        let exchange = exchange(true, "Bearer x", "{\"name\": \"O'Neil\"}");
        assert_eq!(
            exchange.curl,
            "curl -i -g -X POST 'http://127.0.0.1:1/scim/Users?filter=a%5Bb%5D' -H \"Authorization: Bearer $TOKEN\" \
             --data-raw '{\"name\": \"O'\\''Neil\"}'"
        );
    }

    #[test]
    fn a_long_body_is_cut_and_says_how_long_it_was() {
        let exchange = exchange(true, "Bearer x", &"ä".repeat(BODY));
        let body = exchange.request.body.unwrap();
        assert!(body.ends_with("… (32768 bytes in all)"), "{}", body.len());
    }
}
