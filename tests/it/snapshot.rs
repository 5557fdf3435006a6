//! Whole texts beside their snapshots in `snapshots/`: the body of an answer, an event, a table of the command line.
//!
//! What differs from run to run (ids, times, ports, secrets) is replaced by a word first. A changed text fails its test;
//! `INSTA_UPDATE=always` accepts it.

use insta::{Settings, assert_snapshot};
use serde_json::Value;
use support::http::Answer;

/// What is replaced, by what.
const REDACTED: [(&str, &str); 15] = [
    (r"\b(tn|dir|idn|grp|app|evt|req)_[0-9a-f]{32}", "${1}_ID"),
    ("tka_[0-9a-f]{32}", "tka_ALIAS"),
    (
        "usher(app)?_t_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}",
        "usher${1}_t_SECRET",
    ),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
    (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "YYYY-MM-DD hh:mm:ss"),
    (r"\d\d:\d\d:\d\d", "hh:mm:ss"),
    // A revision after the first follows the clock.
    (r"\b(0{7})?[12]\d{12}\b", "REVISION"),
    (r"just now|\d+ min ago", "AGE"),
    (r"127\.0\.0\.1:\d+", "HOST"),
    ("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}", "TRACEPARENT"),
    (r#""tokenId": "[0-9A-Za-z]{12}""#, r#""tokenId": "TOKEN-ID""#),
    (r#""epoch": "\d+-[0-9a-f]{12}""#, r#""epoch": "EPOCH""#),
    (r"epoch is \d+-[0-9a-f]{12}", "epoch is EPOCH"),
    (r#""traceId": "[0-9a-f]{32}""#, r#""traceId": "TRACE""#),
    (r"\b[0-9A-Za-z]{12}  …[0-9A-Za-z]{4}\b", "TOKEN-ID      …LAST"),
];

/// Compares a text with the snapshot of this name.
pub fn matches(name: &str, text: &str) {
    let mut settings = Settings::clone_current();
    settings.set_filters(REDACTED);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| assert_snapshot!(name, text));
}

/// Compares a JSON document.
pub fn json_matches(name: &str, document: &Value) {
    matches(name, &serde_json::to_string_pretty(document).unwrap());
}

/// Compares the status and the body of an answer.
pub fn answer_matches(name: &str, answer: &Answer) {
    let body = serde_json::to_string_pretty(&answer.body).unwrap();
    matches(name, &format!("{}\n{body}", answer.status));
}
