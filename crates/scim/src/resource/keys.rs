//! Equality of texts: the keys that filters, sorting and the database's match keys use.
//!
//! Must not know: attributes. One letter has several spellings in Unicode ("é" as one character, or as "e" and an accent),
//! and which one is sent depends on the client's keyboard or program. So texts are compared after NFC (Unicode Standard
//! Annex 15); values are stored as they were sent (ADR 0036).

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization as _, is_nfc_quick};

/// The key that two texts share when they are equal with case: NFC.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    }
}

/// The key that two texts share when they are equal without case: each character's Unicode lower case, after NFC.
///
/// Character by character, because the lower case of a whole text depends on context (a final sigma). Filters and the
/// database's match keys use this function only.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // A lower-case letter may compose with what its capital does not ("J" with a caron), so NFC comes once more.
    text.nfc().flat_map(char::to_lowercase).nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_text_share_a_key_and_other_texts_do_not() {
        for (one, other) in [
            ("\u{e9}", "e\u{301}"),
            ("\u{c5}", "A\u{30a}"),
            ("\u{212b}", "\u{c5}"),
            ("\u{1e69}", "s\u{307}\u{323}"),
            ("\u{ac00}", "\u{1100}\u{1161}"),
        ] {
            assert_eq!(nfc(one), nfc(other));
            assert_eq!(fold(one), fold(other));
            assert_eq!(fold(one), fold(&one.to_uppercase()), "{one}");
        }
        for (one, other) in [
            ("\u{130}", "i\u{307}"),
            ("J\u{30c}", "\u{1f0}"),
            ("\u{130}\u{327}", "i\u{307}\u{327}"),
            ("Jos\u{c9}", "jose\u{301}"),
        ] {
            assert_eq!(fold(one), fold(other));
            assert_ne!(nfc(one), nfc(other), "with case they differ");
        }
        for (one, other) in [
            ("e", "\u{e9}"),
            ("\u{fb01}", "fi"),
            ("\u{df}", "ss"),
            ("\u{3c3}", "\u{3c2}"),
        ] {
            assert_ne!(fold(one), fold(other));
        }
        for text in ["", "A b", "\u{e9}", "\u{1f465}"] {
            assert_eq!(fold(&fold(text)), fold(text));
            assert!(matches!(nfc(text), Cow::Borrowed(_)));
        }
    }
}
