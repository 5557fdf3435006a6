//! How an attribute name is spelled and compared (RFC 7643 §2.1).
//!
//! Must not know: which attributes exist ([`crate::schema`] does).

/// Whether two attribute names or URNs are the same: ASCII letters compare without case (RFC 7643 §2.1, RFC 8141 §3.1).
pub const fn eq(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b)
}

/// Whether `text` is an attribute name: a letter, then letters, digits, `$`, `-` and `_` (`ATTRNAME` of RFC 7643 §2.1, which
/// takes a `$` where RFC 7644 §3.4.2.2 forgot it), or the `$ref` of RFC 7643 §2.4, which begins with one.
pub fn is_valid(text: &str) -> bool {
    let body = text.strip_prefix('$').unwrap_or(text);
    let mut bytes = body.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_case() {
        assert!(eq("userName", "USERNAME"));
        assert!(!eq("userName", "userNames"));
        assert!(!eq("\u{130}", "i"), "only ASCII folds");
    }

    #[test]
    fn a_name_starts_with_a_letter_and_holds_letters_digits_and_three_signs() {
        for good in [
            "userName",
            "$ref",
            "x-dashed",
            "x509Certificates",
            "a_b",
            "a$b",
            "a$",
            "A",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in ["", "$", "1a", "-a", "a b", "a.b", "é", "a:b", "a[", "$$ref"] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
