//! Filters: the canonical text means the same filter, evaluating ends, an error points into the text.

use scim::filter::Filter;

/// Reads a filter of users and of groups.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for rt in [super::users(), super::groups()] {
        match Filter::parse(text, rt) {
            Ok(filter) => {
                let canonical = filter.to_string();
                if canonical.len() <= scim::filter::MAX_LENGTH {
                    let again = Filter::parse(&canonical, rt);
                    assert_eq!(again.as_ref(), Ok(&filter), "{text} reads as {canonical}");
                }
                for document in super::documents() {
                    let _ = filter.matches(rt, document);
                }
            }
            Err(error) => {
                super::check_error(&error);
                let inside = |at: usize| at <= text.len() && text.is_char_boundary(at);
                assert!(
                    error.position.is_some_and(inside),
                    "{:?} is not in the text",
                    error.position
                );
            }
        }
    }
}
