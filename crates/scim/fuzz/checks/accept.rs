//! Bodies of POST and PUT: what was accepted is canonical, and accepted again it is the same.

use scim::change::diff;
use scim::resource::Resource;
use serde_json::Value;

/// Reads a body as a user and as a group.
pub fn check(data: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(data) else {
        return;
    };
    for rt in [super::users(), super::groups()] {
        match Resource::accept(rt, body.clone()) {
            Ok(accepted) => {
                let document = Value::Object(accepted.resource.as_map().clone());
                assert!(!super::has_empties(&document), "{document}");
                assert!(!super::has_two_primaries(&document), "{document}");
                let again = Resource::accept(rt, document.clone()).expect("an accepted document is accepted");
                assert_eq!(
                    (&again.resource, again.ignored.len()),
                    (&accepted.resource, 0),
                    "{document}"
                );
                let none = diff(rt, &accepted.resource, &again.resource);
                assert!(none.is_empty(), "a document differs from itself: {none:?}");
            }
            Err(error) => super::check_error(&error),
        }
    }
}
