//! What a user is that its document does not say.
//!
//! Must not know: who stores documents. A default is a value like any other (RFC 7644 §3.3): it is answered, found by
//! filters, sorted by and compared, so it stands in the document itself and no reader has to know it (ADR 0035).

use serde_json::Value;

use super::Resource;
use super::read::get;

impl Resource {
    /// This user with what its document left unsaid: an account that does not say whether it is `active` is
    /// (RFC 7643 §4.1.1). For creations, and for documents stored before this was said in full.
    #[must_use]
    pub fn with_defaults(self) -> Self {
        let says = match &self.stored {
            Some(stored) => stored.says_active(),
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
