//! A session: what a browser holds after a login, and when it ends (ADR 0052).
//!
//! The browser has 256 random bits in a cookie; the database has their SHA-256, the person and three times. What the person may do is not in
//! it, and is read at every request. The token against requests that other sites make is derived from the same bits. Must not know: where
//! sessions are stored, HTTP frameworks.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::Mac as _;
use sha2::{Digest as _, Sha256};

use crate::keyed::hmac;
use crate::random::{NoRandomness, system};

/// The use of a session is written once in this time.
const SEEN_EVERY: TimeDelta = TimeDelta::minutes(1);

/// What the cookie holds. It is in no log: its debug output hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSecret([u8; 32]);

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(…)")
    }
}

impl SessionSecret {
    /// A new one: each login has its own, so what a browser had before opens nothing (ASVS 7.2.4).
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn random() -> Result<Self, NoRandomness> {
        system().map(Self)
    }

    /// Reads the value of a cookie.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// The value of the cookie: 43 letters.
    pub fn text(&self) -> String {
        BASE64URL_NOPAD.encode(&self.0)
    }

    /// What is stored: SHA-256 in 64 lower-case hexadecimal digits. Enough for 256 random bits, which nobody can try out.
    pub fn hash(&self) -> String {
        HEXLOWER.encode(&Sha256::digest(self.0))
    }

    /// The token that requests which change something must bring beside the cookie.
    pub fn request_token(&self) -> String {
        let mut mac = hmac(&self.0);
        mac.update(b"usher.session.request-token.v1");
        BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
    }

    /// Whether a request brought the right token.
    pub fn has_request_token(&self, given: &str) -> bool {
        verify_slices_are_equal(self.request_token().as_bytes(), given.as_bytes()).is_ok()
    }
}

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Without a request.
    pub idle: TimeDelta,
    /// Since the login.
    pub absolute: TimeDelta,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            idle: TimeDelta::minutes(30),
            absolute: TimeDelta::hours(10),
        }
    }
}

/// The times of a session as they are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTimes {
    /// The login.
    pub created_at: DateTime<Utc>,
    /// The last request, to the minute.
    pub seen_at: DateTime<Utc>,
    /// When it ends at the latest, as decided at the login.
    pub ends_at: DateTime<Utc>,
}

/// Why a session opens nothing any more; for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", prefix = "session_")]
pub enum SessionEnded {
    /// No request for too long.
    #[error("the session was not used for too long: log in again")]
    Idle,
    /// The login was too long ago.
    #[error("the session has reached its end: log in again")]
    Absolute,
}

impl SessionTimes {
    /// Of a session that begins now.
    pub fn begin(limits: SessionLimits, now: DateTime<Utc>) -> Self {
        Self {
            created_at: now,
            seen_at: now,
            ends_at: now + limits.absolute,
        }
    }

    /// Whether the session still lasts. Limits that were made shorter hold for sessions that are under way; longer ones do not.
    ///
    /// # Errors
    /// Why it has ended.
    pub fn check(self, limits: SessionLimits, now: DateTime<Utc>) -> Result<(), SessionEnded> {
        if now >= self.ends_at || now - self.created_at >= limits.absolute {
            Err(SessionEnded::Absolute)
        } else if now - self.seen_at >= limits.idle {
            Err(SessionEnded::Idle)
        } else {
            Ok(())
        }
    }

    /// Whether this request's time is to be written: once a minute, and not for times in the past, which another instance's clock makes.
    pub fn is_seen_due(self, now: DateTime<Utc>) -> bool {
        now - self.seen_at >= SEEN_EVERY
    }
}

/// The name of a session's cookie. With the prefix a browser takes it from this host only, over TLS, for every path; plain HTTP on this machine
/// has no TLS, and so another name.
pub const fn cookie_name(is_secure: bool) -> &'static str {
    if is_secure { "__Host-usher" } else { "usher-dev" }
}

/// The one value of a cookie in a `Cookie` header field (RFC 6265 §4.2). `None` also when it stands there twice: somebody planted one, and
/// which of them is the server's own cannot be told.
pub fn cookie<'h>(header: &'h str, name: &str) -> Option<&'h str> {
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(given, _)| *given == name).map(|(_, value)| value);
    let value = values.next()?;
    values.next().is_none().then_some(value)
}

/// Whether a request that changes something comes from a page of this site. Browsers say so in `Sec-Fetch-Site`; those that do not know it send
/// `Origin` with every such request. Neither: it is refused.
pub fn is_same_origin(fetch_site: Option<&str>, origin: Option<&str>, own: &str) -> bool {
    match (fetch_site, origin) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => origin == own,
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_785_194_550 + 60 * minutes, 0).unwrap()
    }

    #[test]
    fn a_session_ends_when_it_is_not_used_and_when_its_time_is_over() {
        let limits = SessionLimits::default();
        let begun = SessionTimes::begin(limits, at(0));
        assert_eq!(begun.check(limits, at(29)), Ok(()));
        assert_eq!(begun.check(limits, at(30)), Err(SessionEnded::Idle));
        let used = SessionTimes {
            seen_at: at(599),
            ..begun
        };
        assert_eq!(used.check(limits, at(599)), Ok(()));
        assert_eq!(used.check(limits, at(600)), Err(SessionEnded::Absolute));
        assert_eq!(
            [SessionEnded::Idle, SessionEnded::Absolute].map(|ended| ended.to_string()),
            [
                "the session was not used for too long: log in again",
                "the session has reached its end: log in again"
            ]
        );
    }

    #[test]
    fn shorter_limits_hold_at_once_and_longer_ones_for_new_sessions() {
        let of = |idle, absolute| SessionLimits {
            idle: TimeDelta::minutes(idle),
            absolute: TimeDelta::minutes(absolute),
        };
        let begun = SessionTimes::begin(of(30, 60), at(0));
        assert_eq!(begun.check(of(10, 60), at(10)), Err(SessionEnded::Idle));
        assert_eq!(begun.check(of(30, 20), at(20)), Err(SessionEnded::Absolute));
        assert_eq!(begun.check(of(300, 600), at(60)), Err(SessionEnded::Absolute));
    }

    #[test]
    fn a_use_is_written_once_a_minute() {
        let begun = SessionTimes::begin(SessionLimits::default(), at(1));
        assert_eq!(
            [0, 1, 2, 3].map(|minutes| begun.is_seen_due(at(minutes))),
            [false, false, true, true]
        );
    }

    #[test]
    fn each_session_has_a_secret_a_hash_and_a_token_of_its_own() {
        let (one, two) = (SessionSecret([1; 32]), SessionSecret([2; 32]));
        assert_eq!(SessionSecret::read(&one.text()), Some(one.clone()));
        assert_eq!((one.text().len(), one.hash().len()), (43, 64));
        assert!(one.hash() != two.hash() && one.hash() != one.text());
        assert!(one.has_request_token(&one.request_token()));
        for wrong in [two.request_token(), one.text(), one.hash(), String::new()] {
            assert!(!one.has_request_token(&wrong), "{wrong}");
        }
        assert_ne!(SessionSecret::random().unwrap(), SessionSecret::random().unwrap());
        assert_eq!(format!("{one:?}"), "SessionSecret(…)");
        for text in ["", "AQ", &one.text()[1..], &format!("{}A", one.text())] {
            assert_eq!(SessionSecret::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_cookie_that_stands_twice_is_none() {
        let name = cookie_name(true);
        for (header, expected) in [
            ("__Host-usher=a", Some("a")),
            ("x=1; __Host-usher=a=b; y", Some("a=b")),
            ("__Host-usher=a; __Host-usher=b", None),
            ("__Host-usher=a; __Host-usher=a", None),
            ("usher-dev=a; __Host-usher2=b; __host-usher=c", None),
            ("", None),
        ] {
            assert_eq!(cookie(header, name), expected, "{header}");
        }
        assert_eq!(cookie("usher-dev=a", cookie_name(false)), Some("a"));
    }

    #[test]
    fn a_change_comes_from_a_page_of_this_site() {
        let own = "https://usher.example";
        for (site, origin, expected) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some(own), true),
            (Some("same-site"), Some(own), false),
            (Some("cross-site"), Some(own), false),
            (Some("none"), None, false),
            (Some(""), Some(own), false),
            (None, Some(own), true),
            (None, Some("https://usher.example:444"), false),
            (None, Some("http://usher.example"), false),
            (None, Some("null"), false),
            (None, None, false),
        ] {
            assert_eq!(is_same_origin(site, origin, own), expected, "{site:?} {origin:?}");
        }
    }
}
