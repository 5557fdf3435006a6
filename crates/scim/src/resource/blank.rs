//! Blank texts: a text of invisible characters counts as missing.
//!
//! Must not know: which attributes need a text ([`super::Resource::is_missing`] asks).

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory as _};

/// Whether a text is empty or has invisible characters only: white space, control characters, format characters
/// (zero-width space, word joiner, byte order mark) and other characters without a glyph.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

fn is_invisible(letter: char) -> bool {
    letter.is_whitespace()
        || letter.is_control()
        || letter.general_category() == GeneralCategory::Format
        || is_ignorable(letter)
}

/// The characters of Unicode's `Default_Ignorable_Code_Point` that are no format characters, and the blank pattern of
/// Braille, which is a symbol by category and invisible.
const fn is_ignorable(letter: char) -> bool {
    matches!(
        letter,
        '\u{034f}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{2800}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{ffa0}'
            | '\u{e0100}'..='\u{e01ef}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_can_see_is_blank_and_what_one_can_is_not() {
        for blank in [
            "",
            " ",
            "\t\r\n\u{b}\u{c}",
            "\u{a0}\u{1680}\u{2003}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}",
            "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}\u{ad}\u{61c}\u{180e}\u{200e}\u{202a}\u{2066}",
            "\u{3164}\u{115f}\u{1160}\u{ffa0}\u{2800}\u{34f}\u{fe0f}\u{e0100}\u{e0020}",
            "\u{0}\u{7f}\u{85}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for seen in [
            "-",
            ".",
            "0",
            "\u{301}",
            " a ",
            "\u{200b}x",
            "\u{2013}",
            "\u{1f465}",
            "\u{e000}",
        ] {
            assert!(!is_blank(seen), "{seen:?}");
        }
    }
}
