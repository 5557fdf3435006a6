//! OneLogin's deviations from RFC 7643/7644, one function each, with the broken request and the right one.
//!
//! | function | OneLogin sends | where it is used |
//! | --- | --- | --- |
//! | [`modern_urn`] | the URNs of SCIM 1.1 | bodies, PATCH paths, filters |
//! | [`super::entra::unassigns`] | `""` for what is unknown | resources, PATCH |
//!
//! A `?` or `&` at the end of a URL without parameters, which it sends too, is ignored. Must not know: the caller; see
//! [`super::entra`]. Each has a fixture in `tests/fixtures/idp/onelogin/`.

use crate::name;
use crate::schema::{ENTERPRISE_USER, GROUP, USER};

/// Schemas are named by the URNs of SCIM 1.1, or by those with the version of 2.0.
///
/// Broken: `"urn:scim:schemas:extension:enterprise:1.0":{"department":"Care"}`; right:
/// `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{…}`. Without this the person would have no department, and
/// no error would report it. `None` for every other URN.
pub fn modern_urn(urn: &str) -> Option<&'static str> {
    const OLD: [(&str, &str); 9] = [
        ("urn:scim:schemas:core:1.0", USER),
        ("urn:scim:schemas:core:2.0", USER),
        ("urn:scim:schemas:core:1.0:User", USER),
        ("urn:scim:schemas:core:2.0:User", USER),
        ("urn:scim:schemas:core:2.0:Group", GROUP),
        ("urn:scim:schemas:extension:enterprise:1.0", ENTERPRISE_USER),
        ("urn:scim:schemas:extension:enterprise:2.0", ENTERPRISE_USER),
        ("urn:scim:schemas:extension:enterprise:1.0:User", ENTERPRISE_USER),
        ("urn:scim:schemas:extension:enterprise:2.0:User", ENTERPRISE_USER),
    ];
    let mut known = OLD.into_iter();
    known
        .find(|(old, _)| name::eq(old, urn))
        .map(|(_, modern)| modern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_urns_of_scim_1_are_read_in_any_case_and_no_others() {
        for (old, modern) in [
            ("urn:scim:schemas:core:1.0", Some(USER)),
            ("URN:SCIM:schemas:core:2.0", Some(USER)),
            ("urn:scim:schemas:extension:enterprise:1.0", Some(ENTERPRISE_USER)),
            ("urn:scim:schemas:extension:other:1.0", None),
            (USER, None),
            ("", None),
        ] {
            assert_eq!(modern_urn(old), modern, "{old}");
        }
    }
}
