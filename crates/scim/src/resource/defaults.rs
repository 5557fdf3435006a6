//! Default values of a user's attributes.
//!
//! Must not know: storage. A default is a value like any other (RFC 7644 §3.3): it is returned, filtered, sorted and
//! compared. So it is part of the document, and no reader has to add it (ADR 0035).

use serde_json::Value;

use super::Resource;
use super::read::get;

impl Resource {
    /// This user with its defaults: `active` is true where the document does not have it (RFC 7643 §4.1.1). For creations,
    /// and for documents that were stored without defaults.
    #[must_use]
    pub fn with_defaults(self) -> Self {
        let says = match &self.stored {
            Some(stored) => stored.has_active(),
            None => get(self.as_map(), "active").is_some(),
        };
        if says {
            return self;
        }
        let mut map = self.into_map();
        map.insert("active".to_owned(), Value::Bool(true));
        Self::from_stored(map)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_is_active_unless_it_says_otherwise() {
        let completed = |document: Value| {
            let Value::Object(map) = document else {
                panic!("an object")
            };
            Value::Object(Resource::from_stored(map).with_defaults().into_map())
        };
        let silent = json!({"userName": "m"});
        assert_eq!(completed(silent), json!({"userName": "m", "active": true}));
        for said in [true, false] {
            let document = json!({"active": said, "userName": "m"});
            assert_eq!(completed(document.clone()), document);
        }
    }
}
