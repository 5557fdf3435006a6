//! Okta's deviations from RFC 7643/7644, one function each, with the broken request and the right one.
//!
//! | function | Okta sends | where it is used |
//! | --- | --- | --- |
//! | [`is_unasked`] | `password` with a random text, mapped or not | a closed list of attributes |
//!
//! Its other oddities are none of the language's: `groups: []` and `id` in a body are read-only and passed over, the `id`
//! inside a PATCH without path likewise. Must not know: who calls; see [`super::entra`]. Each is walked by a file in
//! `tests/fixtures/idp/okta/`.

use crate::name;

/// A create carries what nobody mapped and no administrator can take out.
///
/// Broken: `"password":"1mz050nq"` in the create of an application that does not take passwords; right: nothing. A directory
/// that refuses what its profile does not name must not refuse this, or nobody could ever be created; nothing of it is kept.
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
