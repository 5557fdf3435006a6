//! Cursors: every place has a text that leads back to it, within a URL's bounds; no text leads anywhere else.

use scim::query::{Cursor, Fingerprint, KEY_CHARS, SortKey, SortPosition};
use serde_json::Value;

/// Reads a cursor, and makes one of every sort key the bytes can be.
pub fn check(data: &[u8]) {
    let list = Fingerprint::of(&["dir_1", "/Users"]);
    let other = Fingerprint::of(&["dir_2", "/Users"]);
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Cursor::decode(text, list) {
        Ok(mark) => {
            check_mark(list, &mark);
            assert!(
                Cursor::decode(text, other).is_err(),
                "{text} leads into two lists"
            );
        }
        Err(error) => super::check_error(&error),
    }
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    let seed = data
        .iter()
        .fold(0_i64, |sum, byte| sum.rotate_left(7) ^ i64::from(*byte));
    let rt = super::users();
    let attributes = rt
        .core
        .attributes
        .iter()
        .chain(rt.extensions.iter().flat_map(|schema| &schema.attributes));
    for attribute in attributes {
        let key = SortKey::of(attribute, &value);
        if let SortKey::Text(text) = &key {
            assert!(text.chars().count() <= KEY_CHARS);
        }
        check_mark(
            list,
            &SortPosition {
                key: Some(key),
                at: seed,
                id: u128::from(seed.unsigned_abs()) << 64,
            },
        );
    }
}

fn check_mark(list: Fingerprint, mark: &SortPosition) {
    let text = Cursor::encode(list, mark);
    assert!(text.len() <= 2048, "{} bytes of cursor", text.len());
    assert!(
        text.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
        "{text}"
    );
    assert_eq!(Cursor::decode(&text, list).as_ref(), Ok(mark), "{text}");
}
