//! Searches by POST, and the tags of `If-Match`: read or refused in words.

use scim::etag::{Precondition, Revision};
use scim::query::parse_search;
use serde_json::Value;

/// Reads a search body; text that is no JSON is read as a header field.
pub fn check(data: &[u8]) {
    if let Ok(body) = serde_json::from_slice::<Value>(data) {
        match parse_search(body) {
            Ok(query) => assert!(query.start_index() >= 1),
            Err(error) => super::check_error(&error),
        }
    } else {
        let Ok(text) = std::str::from_utf8(data) else {
            return;
        };
        match Precondition::parse(Some(text), None) {
            // Whoever names a version means that one and no other; "*" and no tag mean any.
            Ok(precondition) => {
                let allows = |revision| precondition.check(revision).is_ok();
                let both =
                    allows(Revision::FIRST) && allows(Revision::FIRST.next(chrono::DateTime::default()));
                assert!(!both || every(text), "{text}");
            }
            Err(error) => super::check_error(&error),
        }
    }
}

fn every(text: &str) -> bool {
    text.contains(['*', ',', ' ', '\t']) || text.trim().is_empty()
}
