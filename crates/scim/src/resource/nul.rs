//! The character that no value may have: U+0000. PostgreSQL cannot store it, so an app that stores events there would fail.
//!
//! Must not know: schemas. The bodies of POST, PUT and PATCH are checked here.

use serde_json::Value;

use crate::error::Error;

/// Refuses U+0000 anywhere in what was sent for `name`, keys included.
///
/// # Errors
/// `invalidValue` naming the attribute or its part.
pub(crate) fn check_nul(name: &str, value: &Value) -> Result<(), Error> {
    if name.contains('\0') {
        return Err(refused(name));
    }
    let below = |part: &str| match name {
        "" => part.to_owned(),
        name => format!("{name}.{part}"),
    };
    match value {
        Value::String(text) if text.contains('\0') => Err(refused(name)),
        Value::Array(items) => items.iter().try_for_each(|item| check_nul(name, item)),
        Value::Object(parts) => parts.iter().try_for_each(|(part, value)| {
            // The longer name is made for an error only.
            match check_nul(part, value) {
                Ok(()) => Ok(()),
                Err(error) => Err(refused(&below(error.attribute.as_deref().unwrap_or(part)))),
            }
        }),
        _ => Ok(()),
    }
}

fn refused(name: &str) -> Error {
    let shown: String = name.replace('\0', "\\u0000").chars().take(160).collect();
    let detail = format!(
        "{shown} holds the character U+0000, which is no text that can be kept. Take the character out \
         where the value comes from, and send it again."
    );
    Error::invalid_value(shown, detail)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_place_of_the_character_is_named() {
        for (name, value, attribute) in [
            ("title", json!("a\0b"), Some("title")),
            (
                "emails",
                json!([{"value": "a"}, {"value": "\0"}]),
                Some("emails.value"),
            ),
            ("", json!({"name": {"givenName": "\0"}}), Some("name.givenName")),
            ("ti\0tle", json!("x"), Some("ti\\u0000tle")),
            ("name", json!({"a\0": 1}), Some("name.a\\u0000")),
            ("emails", json!([{"value": "a", "primary": true}, null, 4]), None),
        ] {
            let found = check_nul(name, &value).err().and_then(|error| error.attribute);
            assert_eq!(found.as_deref(), attribute, "{value}");
        }
    }
}
