//! Exact digits of numbers: a JSON number is parsed into 64 bits, and a number that is sent for a text attribute (an employee
//! number, an id) may have more digits than 64 bits hold.
//!
//! Must not know: attributes. The texts that are made here are converted by the attribute's type like any other text
//! ([`crate::resource::coerce`]): for a text attribute they stay, for a number attribute they become numbers again.

use std::borrow::Cow;

use serde_json::Number;

/// The JSON with double quotes around each number whose digits parsing would change: `12345678901234567890123`, `1.50`,
/// `1e2`. Invalid JSON stays invalid.
pub fn quoted(json: &[u8]) -> Cow<'_, [u8]> {
    let mut quoted: Vec<u8> = Vec::new();
    let (mut copied, mut rest) = (0, json);
    while let Some(first) = rest.first() {
        let length = match first {
            b'"' => text_length(rest).unwrap_or(rest.len()),
            b'-' | b'0'..=b'9' => number_length(rest),
            _ => 1,
        };
        let (token, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if *first != b'"' && loses_digits(token) {
            let start = json.len() - rest.len();
            quoted.extend_from_slice(json.get(copied..start).unwrap_or_default());
            quoted.push(b'"');
            quoted.extend_from_slice(token);
            quoted.push(b'"');
            copied = json.len() - behind.len();
        }
        rest = behind;
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    quoted.extend_from_slice(json.get(copied..).unwrap_or_default());
    Cow::Owned(quoted)
}

/// The length in bytes of the JSON string that begins a text, both quotes included; `None` when it does not end.
pub(crate) fn text_length(text: &[u8]) -> Option<usize> {
    let mut escaped = false;
    let end = text.iter().skip(1).position(|byte| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    });
    end.map(|end| end + 2)
}

fn number_length(rest: &[u8]) -> usize {
    let of_number = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
    rest.iter()
        .position(|byte| !of_number(byte))
        .unwrap_or(rest.len())
}

/// The number of digits that every 64-bit integer holds.
const SAFE_DIGITS: usize = 18;

fn loses_digits(token: &[u8]) -> bool {
    let whole = token.len() <= SAFE_DIGITS && token.iter().all(u8::is_ascii_digit);
    if whole || token.is_empty() {
        return false;
    }
    let Ok(text) = std::str::from_utf8(token) else {
        return false;
    };
    serde_json::from_str::<Number>(text).is_ok_and(|number| number.to_string() != text)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn numbers_that_would_lose_digits_become_their_text_and_nothing_else_changes() {
        for (sent, read) in [
            (r#"{"a":1,"b":[-2,0.5,true]}"#, r#"{"a":1,"b":[-2,0.5,true]}"#),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("9007199254740993", "9007199254740993"),
            ("12345678901234567890123", r#""12345678901234567890123""#),
            ("1.50", r#""1.50""#),
            ("1e2", r#""1e2""#),
            ("-0", r#""-0""#),
            (r#"[1.0, 1.10 ,"1.10"]"#, r#"[1.0, "1.10" ,"1.10"]"#),
            (r#"{"a\"1.10":"b\\","c":1.10}"#, r#"{"a\"1.10":"b\\","c":"1.10"}"#),
            ("01", "01"),
            ("1.", "1."),
            ("--1", "--1"),
            (r#"{"a":"1.10"#, r#"{"a":"1.10"#),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&quoted(sent.as_bytes())), read, "{sent}");
            let broken = serde_json::from_str::<Value>(sent).is_err();
            assert_eq!(serde_json::from_str::<Value>(read).is_err(), broken, "{sent}");
        }
    }
}
