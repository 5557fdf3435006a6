//! References to another operation of the request: `bulkId:` and the name (RFC 7644 §3.7.2).
//!
//! A reference is a whole text, or part of one: in the quotes of a PATCH path (`members[value eq "bulkId:1"]`), or at the end
//! of a URL (`/Users/bulkId:1`). Must not know: the operations.

use std::collections::BTreeSet;

use serde_json::Value;

const MARK: &str = "bulkId:";

/// The names that a value refers to, at any depth.
pub(super) fn of_value(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => of_text(text, found),
        Value::Array(items) => items.iter().for_each(|item| of_value(item, found)),
        Value::Object(map) => map.values().for_each(|item| of_value(item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The names that a text refers to.
pub(super) fn of_text(text: &str, found: &mut BTreeSet<String>) {
    pieces(text, |piece| {
        if let Piece::Name(name) = piece {
            found.insert(name.to_owned());
        }
    });
}

/// Whether a value refers to one of these names.
pub(super) fn mentions(value: &Value, names: &BTreeSet<String>) -> bool {
    let mut found = BTreeSet::new();
    of_value(value, &mut found);
    !found.is_disjoint(names)
}

/// Replaces each reference in a value by its id; one without an id stays.
pub(super) fn resolve(value: &mut Value, id_of: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) if text.contains(MARK) => *text = resolve_text(text, id_of),
        Value::Array(items) => items.iter_mut().for_each(|item| resolve(item, id_of)),
        Value::Object(map) => map.values_mut().for_each(|item| resolve(item, id_of)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// [`resolve`] for a text.
pub(super) fn resolve_text(text: &str, id_of: &impl Fn(&str) -> Option<String>) -> String {
    let mut resolved = String::with_capacity(text.len());
    pieces(text, |piece| match piece {
        Piece::Plain(plain) => resolved.push_str(plain),
        Piece::Name(name) => {
            if let Some(id) = id_of(name) {
                resolved.push_str(&id);
            } else {
                resolved.push_str(MARK);
                resolved.push_str(name);
            }
        }
    });
    resolved
}

enum Piece<'a> {
    Plain(&'a str),
    Name(&'a str),
}

/// Splits a text into references and the texts between them.
fn pieces<'a>(text: &'a str, mut take: impl FnMut(Piece<'a>)) {
    let (mut rest, mut before) = (text, None);
    while let Some((plain, behind)) = rest.split_once(MARK) {
        let opened = plain.chars().next_back().or(before);
        let end = match opened {
            // The whole text, or the end of a URL: the name goes on to the end.
            None | Some('/') => Some(behind.len()),
            Some('"') => behind.find('"'),
            Some(_) => None,
        };
        take(Piece::Plain(plain));
        match end.and_then(|end| behind.split_at_checked(end)) {
            Some((name, behind)) if !name.is_empty() => {
                take(Piece::Name(name));
                before = name.chars().next_back();
                rest = behind;
            }
            _ => {
                take(Piece::Plain(MARK));
                before = Some(':');
                rest = behind;
            }
        }
    }
    take(Piece::Plain(rest));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_a_whole_text_a_quoted_one_or_the_end_of_a_url() {
        for (text, resolved) in [
            ("bulkId:a", "ID"),
            ("/Users/bulkId:a", "/Users/ID"),
            ("members[value eq \"bulkId:a\"]", "members[value eq \"ID\"]"),
            (
                "x[v eq \"bulkId:a\" or v eq \"bulkId:b\"]",
                "x[v eq \"ID\" or v eq \"bulkId:b\"]",
            ),
            ("about bulkId:a", "about bulkId:a"),
            ("bulkId:", "bulkId:"),
            ("bulkId:c", "bulkId:c"),
            ("\"bulkId:a", "\"bulkId:a"),
            ("", ""),
        ] {
            let id_of = |name: &str| (name == "a").then(|| "ID".to_owned());
            assert_eq!(resolve_text(text, &id_of), resolved, "{text}");
        }
    }

    #[test]
    fn references_are_found_at_any_depth() {
        let mut found = BTreeSet::new();
        let value =
            json!({"a": [{"b": "bulkId:1"}, "bulkId:2"], "c": {"d": "x[v eq \"bulkId:3\"]"}, "bulkId:4": 5});
        of_value(&value, &mut found);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["1", "2", "3"]);
    }
}
