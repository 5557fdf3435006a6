//! Paths: what is written reads back the same; every verb may meet every path, on every document.

use scim::path::{AttrPath, ValuePath};
use serde_json::json;

/// Reads a path three ways.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let rt = super::users();
    match AttrPath::parse(text, &rt.urns()) {
        Ok(path) => assert_eq!(AttrPath::parse(&path.to_string(), &rt.urns()), Ok(path), "{text}"),
        Err(error) => super::check_error(&error),
    }
    match ValuePath::parse(text, &rt.urns()) {
        Ok(path) => assert_eq!(
            ValuePath::parse(&path.to_string(), &rt.urns()),
            Ok(path),
            "{text}"
        ),
        Err(error) => super::check_error(&error),
    }
    // One value and one verb for each text, or most of the time would go to repetition.
    let values = [
        json!("a"),
        json!("True"),
        json!({"value": "a"}),
        json!([{"value": "a"}]),
        json!(null),
    ];
    let value = values.get(text.len() % values.len());
    let verb = ["add", "replace", "remove"]
        .into_iter()
        .nth(text.len() / values.len() % 3);
    super::patch::check_body(&json!({"Operations": [{"op": verb, "path": text, "value": value}]}));
}
