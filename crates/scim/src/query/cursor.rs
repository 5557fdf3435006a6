//! Cursors: a position in a list as opaque text (RFC 9865).
//!
//! A cursor holds the sort key of the last resource of a page and no state of the server. So it costs no memory, never
//! expires, and resources that are added or deleted between two pages move no others (ADR 0022). It is no secret and grants
//! nothing: an invented one names a position in a list that the client may read. Must not know: what is listed.

use chrono::DateTime;
use data_encoding::BASE64URL_NOPAD;

use super::sort::{SortKey, SortNumber, SortPosition};
use crate::error::{Error, ScimType};

/// The longest cursor read, in bytes; far beyond the longest one made.
const MAX_TEXT: usize = 2_048;
/// The first byte of what is inside: a cursor of another version is refused as expired.
const VERSION: u8 = 1;
/// Version, check value, time and id come before the key.
const CHECK: std::ops::Range<usize> = 1..9;
const AT: std::ops::Range<usize> = 9..17;
const ID: std::ops::Range<usize> = 17..33;
const KEY: usize = 33;

/// The list of a cursor: directory, endpoint, filter and sort. A cursor of another list is refused, because its position has
/// no meaning there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a list, from everything that determines its content and its order.
    pub fn of(parts: &[&str]) -> Self {
        let hash = parts.iter().fold(FNV_START, |hash, part| {
            // The length first, so that ["a", "b"] and ["ab", ""] differ.
            fnv(fnv(hash, &part.len().to_be_bytes()), part.as_bytes())
        });
        Self(hash)
    }
}

/// Reading and writing of cursors.
#[derive(Debug)]
pub struct Cursor;

impl Cursor {
    /// The text of a position: base64url without padding, that is, unreserved characters of a URL (RFC 9865 §2).
    pub fn encode(fingerprint: Fingerprint, position: &SortPosition) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend([0; CHECK.end - CHECK.start]);
        bytes.extend(position.at.to_be_bytes());
        bytes.extend(position.id.to_be_bytes());
        match &position.key {
            None => bytes.push(b'-'),
            Some(SortKey::Missing) => bytes.push(b'm'),
            Some(SortKey::Bool(flag)) => bytes.extend([b'b', u8::from(*flag)]),
            Some(SortKey::Number(number)) => {
                let (near, whole) = number.parts();
                bytes.push(b'n');
                bytes.extend(near.to_be_bytes());
                bytes.extend(whole.to_be_bytes());
            }
            Some(SortKey::Instant(time)) => {
                bytes.push(b'i');
                bytes.extend(time.timestamp().to_be_bytes());
                bytes.extend(time.timestamp_subsec_nanos().to_be_bytes());
            }
            Some(SortKey::Text(text)) => {
                bytes.push(b't');
                bytes.extend(text.as_bytes());
            }
        }
        let check = check(fingerprint, &bytes);
        for (byte, value) in bytes.iter_mut().skip(CHECK.start).zip(check) {
            *byte = value;
        }
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The position of a text.
    ///
    /// # Errors
    /// [`ScimType::InvalidCursor`] for a text that is none, was damaged or belongs to another list;
    /// [`ScimType::ExpiredCursor`] for one of another version of the gateway.
    pub fn decode(text: &str, fingerprint: Fingerprint) -> Result<SortPosition, Error> {
        let foreign = || {
            Error::new(
                ScimType::InvalidCursor,
                "The cursor does not belong to this query. Send nextCursor exactly as it was answered, with the same \
                 filter, sortBy and sortOrder at the same address, or an empty cursor to begin again.",
            )
        };
        let bytes = (text.len() <= MAX_TEXT)
            .then(|| BASE64URL_NOPAD.decode(text.as_bytes()).ok())
            .flatten()
            .ok_or_else(foreign)?;
        if bytes.len() > KEY && bytes.first() != Some(&VERSION) {
            return Err(Error::new(
                ScimType::ExpiredCursor,
                "The cursor was made by another version of the gateway. Send an empty cursor to begin again.",
            ));
        }
        if bytes.get(CHECK) != Some(check(fingerprint, &bytes).as_slice()) {
            return Err(foreign());
        }
        position(&bytes).ok_or_else(foreign)
    }
}

fn position(bytes: &[u8]) -> Option<SortPosition> {
    let (kind, rest) = bytes.get(KEY..)?.split_first()?;
    let key = match kind {
        b'-' => None,
        b'm' => Some(SortKey::Missing),
        b'b' => Some(SortKey::Bool(rest == [1])),
        b'n' => Some(SortKey::Number(SortNumber::from_parts(
            f64::from_be_bytes(array(rest.get(..8)?)?),
            i64::from_be_bytes(array(rest.get(8..)?)?),
        ))),
        b'i' => Some(SortKey::Instant(DateTime::from_timestamp(
            i64::from_be_bytes(array(rest.get(..8)?)?),
            u32::from_be_bytes(array(rest.get(8..)?)?),
        )?)),
        b't' => Some(SortKey::Text(std::str::from_utf8(rest).ok()?.to_owned())),
        _ => return None,
    };
    Some(SortPosition {
        key,
        at: i64::from_be_bytes(array(bytes.get(AT)?)?),
        id: u128::from_be_bytes(array(bytes.get(ID)?)?),
    })
}

fn array<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    bytes.try_into().ok()
}

/// The check value of the bytes behind it, for one list.
fn check(fingerprint: Fingerprint, bytes: &[u8]) -> [u8; 8] {
    fnv(fingerprint.0, bytes.get(CHECK.end..).unwrap_or_default()).to_be_bytes()
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a: detects errors; not cryptographic.
fn fnv(start: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(start, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position() -> SortPosition {
        SortPosition {
            key: Some(SortKey::Text("bjensen".to_owned())),
            at: 1_700_000_000_000,
            id: 7,
        }
    }

    #[test]
    fn base64url_is_the_one_of_the_rfc() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg"),
            ("fo", "Zm8"),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg"),
            ("fooba", "Zm9vYmE"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(BASE64URL_NOPAD.encode(bytes.as_bytes()), text);
            assert_eq!(BASE64URL_NOPAD.decode(text.as_bytes()), Ok(bytes.into()));
        }
        for bad in ["Z", "Zh", "Zm9", "Zg==", "Zm9v Zg", "Zm9+", "é"] {
            assert!(BASE64URL_NOPAD.decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cursor_of_another_list_or_a_damaged_one_is_refused_with_the_way_on() {
        let users = Fingerprint::of(&["dir", "/Users", "userName pr", ""]);
        let text = Cursor::encode(users, &position());
        assert_eq!(Cursor::decode(&text, users), Ok(position()));
        let other = Fingerprint::of(&["dir", "/Users", "userName sw \"a\"", ""]);
        for (text, list) in [
            (text.clone(), other),
            (format!("{}B{}", &text[..30], &text[31..]), users),
            (text[..text.len() - 2].to_owned(), users),
            (format!("{text}{text}"), users),
            ("x".repeat(MAX_TEXT + 1), users),
            ("none".to_owned(), users),
            ("%".to_owned(), users),
        ] {
            let error = Cursor::decode(&text, list).expect_err(&text);
            assert_eq!(error.scim_type, ScimType::InvalidCursor);
            assert!(error.detail.contains("or an empty cursor to begin again"));
            assert!(!error.detail.contains("bjensen"));
        }
    }

    #[test]
    fn a_cursor_of_another_version_has_expired() {
        let list = Fingerprint::of(&[]);
        let mut bytes = BASE64URL_NOPAD
            .decode(Cursor::encode(list, &position()).as_bytes())
            .expect("base64url");
        bytes[0] = VERSION + 1;
        let error = Cursor::decode(&BASE64URL_NOPAD.encode(&bytes), list).expect_err("another version");
        assert_eq!(error.scim_type, ScimType::ExpiredCursor);
    }

    #[test]
    fn the_longest_cursor_made_can_be_read_again() {
        let list = Fingerprint::of(&["dir"]);
        let long = SortPosition {
            key: Some(SortKey::Text("\u{10FFFF}".repeat(super::super::sort::KEY_CHARS))),
            at: i64::MIN,
            id: u128::MAX,
        };
        let text = Cursor::encode(list, &long);
        assert!(text.len() <= MAX_TEXT, "{}", text.len());
        assert_eq!(Cursor::decode(&text, list), Ok(long));
    }

    #[test]
    fn parts_of_a_fingerprint_are_kept_apart() {
        assert_ne!(Fingerprint::of(&["a", "b"]), Fingerprint::of(&["ab", ""]));
        assert_ne!(Fingerprint::of(&["a", ""]), Fingerprint::of(&["a"]));
    }
}
