//! Decoding of `application/x-www-form-urlencoded`, the way .NET's encoder (Entra's) writes it.
//!
//! Must not know: which parameters there are.

use percent_encoding::percent_decode_str;

use crate::error::Error;

/// The decoded pairs; a key without `=` has an empty value, an empty pair is skipped. A client that adds its parameters to a
/// Tenant URL with a flag may write a second `?` instead of a `&`: what stands before it is another key, or a filter would be
/// lost and everybody listed.
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

/// `+` is a blank and `%2B` a plus; a `%` that begins no escape stands for itself.
fn decode(text: &str) -> Result<String, Error> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| {
        Error::invalid_syntax(
            "The query part of the URL is not UTF-8 text. Encode special characters as percent-encoded UTF-8.",
        )
    })
}
