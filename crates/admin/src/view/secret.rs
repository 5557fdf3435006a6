//! A text that is shown once: in the answer that made it, and never in one that is kept to be repeated (ADR 0049).

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// A secret in a view. Its place is null in an answer that is repeated.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

thread_local! {
    /// Whether secrets are left out at the moment.
    static IS_LEFT_OUT: Cell<bool> = const { Cell::new(false) };
}

impl Secret {
    /// A secret that was just made.
    pub fn of(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if IS_LEFT_OUT.get() {
            serializer.serialize_none()
        } else {
            serializer.serialize_str(&self.0)
        }
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // By this word programs know which members to hide, and a test which answers have a secret.
        json_schema!({"type": ["string", "null"], "format": "password"})
    }
}

/// A view with null in place of each secret.
pub fn without_secrets(view: &impl Serialize) -> Result<Value, serde_json::Error> {
    /// Also when the view cannot be written.
    struct Until;
    impl Drop for Until {
        fn drop(&mut self) {
            IS_LEFT_OUT.set(false);
        }
    }
    let _until = Until;
    IS_LEFT_OUT.set(true);
    serde_json::to_value(view)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Issued {
        id: u8,
        token: Secret,
    }

    #[test]
    fn a_secret_is_shown_and_never_kept() {
        let issued = Issued {
            id: 7,
            token: Secret::of("canary"),
        };
        let kept = without_secrets(&issued).expect("JSON");
        assert_eq!(kept, json!({"id": 7, "token": null}));
        assert_eq!(json!(issued), json!({"id": 7, "token": "canary"}));
        assert!(!format!("{:?}", issued.token).contains("canary"));
    }
}
