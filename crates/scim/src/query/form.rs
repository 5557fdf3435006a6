//! Decoding of `application/x-www-form-urlencoded`, the way .NET's encoder (Entra's) writes it.
//!
//! Must not know: which parameters there are.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::error::Error;

/// The decoded pairs; a key without `=` has an empty value, an empty pair is skipped. A client that adds its parameters to a
/// Tenant URL with a flag may write a second `?` instead of a `&`: the text before it is another key. Otherwise the filter
/// would be lost and all resources listed.
pub(super) fn pairs(raw: &str) -> Result<Vec<(String, String)>, Error> {
    raw.strip_prefix('?')
        .unwrap_or(raw)
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = key.rsplit_once('?').map_or(key, |(_, key)| key);
            Ok((decode(key)?, decode(value)?))
        })
        .collect()
}

/// `%2B` is a plus, and a `%` that begins no escape is literal. A `+` is a blank, as forms and Entra write it, unless the
/// first blank of the text is `%20`: then the text follows RFC 3986, where a plus is literal.
fn decode(text: &str) -> Result<String, Error> {
    let plus = text.find("%20").is_some_and(|blank| !text[..blank].contains('+'));
    let spaced = if plus {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.replace('+', " "))
    };
    percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned).map_err(|_| {
        Error::invalid_syntax(
            "The query part of the URL is not UTF-8 text. Encode special characters as percent-encoded UTF-8.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_a_blank_unless_blanks_are_written_as_percent_20() {
        for (raw, filter) in [
            ("filter=a+eq+%22x%2By%22", "a eq \"x+y\""),
            ("filter=a+eq+%22x+y%22", "a eq \"x y\""),
            ("filter=a%20eq%20%22x+y%22", "a eq \"x+y\""),
            ("filter=a%20eq%20%22x%2By%20z%22", "a eq \"x+y z\""),
            (
                "filter=a%20gt%202026-01-31T09:00:00+01:00",
                "a gt 2026-01-31T09:00:00+01:00",
            ),
            // A template that writes + with a value encoded by itself.
            ("filter=a+eq+%22x%20y%22", "a eq \"x y\""),
            // Each parameter for itself: a Tenant URL may bring its own.
            ("flag=x%20y&filter=a+pr", "a pr"),
            ("filter=a+", "a "),
        ] {
            let pairs = pairs(raw).expect(raw);
            let (_, value) = pairs.iter().find(|(key, _)| key == "filter").expect(raw);
            assert_eq!(value, filter, "{raw}");
        }
    }
}
