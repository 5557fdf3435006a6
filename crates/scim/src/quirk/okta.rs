//! Okta's deviations from RFC 7643/7644, one function each, with the broken request and the right one.
//!
//! | function | Okta sends | where it is used |
//! | --- | --- | --- |
//! | [`is_unasked`] | `password` with a random text, mapped or not | a closed list of attributes |
//!
//! Its other requests need no function: `groups: []` and `id` in a body are read-only and ignored, as is the `id` inside a
//! PATCH without path. Must not know: the caller; see [`super::entra`]. Each has a fixture in `tests/fixtures/idp/okta/`.

use crate::name;

/// A creation has an attribute that no mapping names and no administrator can remove.
///
/// Broken: `"password":"1mz050nq"` in a creation for an application without passwords; right: no such attribute. A directory
/// that refuses unknown attributes must accept this one, or no user could be created; the value is dropped.
pub fn is_unasked(path: &str) -> bool {
    name::eq(path, "password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_unasked_and_nothing_else_is() {
        assert!(is_unasked("password") && is_unasked("Password"));
        assert!(!is_unasked("passwords") && !is_unasked("title"));
    }
}
