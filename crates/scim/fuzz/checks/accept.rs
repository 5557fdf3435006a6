//! Bodies of POST and PUT: what was accepted is canonical, and accepted again it is the same.

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
                super::put_of_what_is_read(rt, &accepted.resource);
            }
            Err(error) => super::check_error(&error),
        }
    }
}
