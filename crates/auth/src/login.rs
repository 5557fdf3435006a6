//! A login from the link to the provider's answer: authorization code with PKCE, `state` and `nonce` (RFC 6749 §4.1, RFC 7636, RFC 9700 §2.1).
//!
//! The browser that begins a login gets a cookie with one random secret. `state`, `nonce` and the code verifier are made of that secret, of the
//! time and of the page to go on to, so nothing is stored, and an answer fits only the browser and the login that it was made for (ADR 0052).
//! Must not know: HTTP, the provider's addresses.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64URL_NOPAD;
use hmac::Mac as _;
use sha2::{Digest as _, Sha256};

use crate::keyed::hmac;

/// How long a person has to log in at the provider.
pub const LIFE: TimeDelta = TimeDelta::minutes(10);
/// Where a login leads that names no page.
pub const HOME: &str = "/";
/// The longest path to go on to.
const LONGEST_PATH: usize = 1_024;

/// Why an answer of the provider is not accepted; for logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", prefix = "login_")]
pub enum LoginError {
    /// No cookie, or one that does not hold a login.
    #[error("this browser has not begun a login, or does not keep cookies: begin at the link again")]
    NotBegun,
    /// It was begun too long ago, or in the future.
    #[error("the login was begun more than 10 minutes ago: begin at the link again")]
    TooLate,
    /// Another `state`: the answer is for another login, maybe one that somebody else began.
    #[error("the answer is for another login (state): begin at the link again")]
    State,
}

/// A login that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    secret: [u8; 32],
    begun: DateTime<Utc>,
    /// The local path to go on to.
    pub next: String,
}

impl Login {
    /// Begins a login. `secret` is random; a `next` that is not a local path is replaced by [`HOME`].
    pub fn begin(secret: [u8; 32], next: &str, now: DateTime<Utc>) -> Self {
        Self {
            secret,
            begun: DateTime::from_timestamp(now.timestamp(), 0).unwrap_or(now),
            next: if is_local(next) { next } else { HOME }.to_owned(),
        }
    }

    /// What the cookie holds: letters that need no quotes (RFC 6265 §4.1.1).
    pub fn cookie(&self) -> String {
        format!(
            "{}.{}.{}",
            BASE64URL_NOPAD.encode(&self.secret),
            self.begun.timestamp(),
            BASE64URL_NOPAD.encode(self.next.as_bytes())
        )
    }

    /// Reads the cookie that comes back with the provider's answer, and compares `state`.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn answered(cookie: &str, state: &str, now: DateTime<Utc>) -> Result<Self, LoginError> {
        let login = Self::read(cookie).ok_or(LoginError::NotBegun)?;
        verify_slices_are_equal(login.state().as_bytes(), state.as_bytes()).map_err(|_| LoginError::State)?;
        let age = now - login.begun;
        // A whole second was cut off when it began.
        if age < TimeDelta::zero() || age >= LIFE {
            return Err(LoginError::TooLate);
        }
        Ok(login)
    }

    fn read(cookie: &str) -> Option<Self> {
        let mut parts = cookie.split('.');
        let (secret, begun, next) = (parts.next()?, parts.next()?, parts.next()?);
        let secret = BASE64URL_NOPAD.decode(secret.as_bytes()).ok()?;
        let next = BASE64URL_NOPAD.decode(next.as_bytes()).ok()?;
        let login = Self {
            secret: secret.try_into().ok()?,
            begun: DateTime::from_timestamp(begun.parse().ok()?, 0)?,
            next: String::from_utf8(next).ok()?,
        };
        // Whoever can write the cookie must not choose a page of another site.
        (parts.next().is_none() && is_local(&login.next)).then_some(login)
    }

    /// `state` of the request.
    pub fn state(&self) -> String {
        self.derived("state")
    }

    /// `nonce` of the request, which the ID token repeats.
    pub fn nonce(&self) -> String {
        self.derived("nonce")
    }

    /// The code verifier: sent with the code, to the provider only (RFC 7636 §4.1).
    pub fn verifier(&self) -> String {
        self.derived("verifier")
    }

    /// The code challenge, method `S256` (RFC 7636 §4.2).
    pub fn challenge(&self) -> String {
        BASE64URL_NOPAD.encode(&Sha256::digest(self.verifier()))
    }

    fn derived(&self, purpose: &str) -> String {
        let mut mac = hmac(&self.secret);
        mac.update(format!("usher.login.v1\0{purpose}\0{}\0", self.begun.timestamp()).as_bytes());
        mac.update(self.next.as_bytes());
        BASE64URL_NOPAD.encode(&mac.finalize().into_bytes())
    }
}

/// Whether a text is a path of this site, to every browser: one slash, then no second one, no backslash (browsers read it as a slash), and
/// no letter that browsers leave out.
pub fn is_local(path: &str) -> bool {
    path.len() <= LONGEST_PATH
        && path.starts_with('/')
        && !path.starts_with("//")
        && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_785_194_550;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(NOW + seconds, 0).unwrap()
    }

    fn begun(byte: u8) -> Login {
        Login::begin([byte; 32], "/admin/v1/tenants?a=b", at(0))
    }

    #[test]
    fn the_browser_that_began_a_login_ends_it_within_ten_minutes() {
        let login = begun(1);
        let answered = |after| Login::answered(&login.cookie(), &login.state(), at(after));
        assert_eq!(answered(0), Ok(login.clone()));
        assert_eq!(answered(599).unwrap().next, "/admin/v1/tenants?a=b");
        assert_eq!(answered(600), Err(LoginError::TooLate));
        assert_eq!(answered(-1), Err(LoginError::TooLate));
        assert_eq!(
            LoginError::TooLate.to_string(),
            "the login was begun more than 10 minutes ago: begin at the link again"
        );
    }

    #[test]
    fn an_answer_to_another_login_is_refused() {
        let (own, others) = (begun(1), begun(2));
        let own_cookie = own.cookie();
        for state in [
            others.state(),
            String::new(),
            own.nonce(),
            own.state()[1..].to_owned(),
        ] {
            assert_eq!(
                Login::answered(&own_cookie, &state, at(1)),
                Err(LoginError::State),
                "{state}"
            );
        }
    }

    #[test]
    fn a_cookie_that_was_changed_fits_no_answer() {
        let login = begun(1);
        let parts: Vec<String> = login.cookie().split('.').map(str::to_owned).collect();
        let page = |path: &str| BASE64URL_NOPAD.encode(path.as_bytes());
        let (secret, time, next) = (&parts[0], &parts[1], &parts[2]);
        for (cookie, expected) in [
            (format!("{secret}.{}.{next}", NOW + 1), LoginError::State),
            (
                format!("{secret}.{time}.{}", page("/elsewhere")),
                LoginError::State,
            ),
            (
                format!("{secret}.{time}.{}", page("//evil.example")),
                LoginError::NotBegun,
            ),
            (format!("{secret}.{time}.{next}."), LoginError::NotBegun),
            (format!("{}.{time}.{next}", &secret[4..]), LoginError::NotBegun),
            (format!("{secret}.x.{next}"), LoginError::NotBegun),
            (format!("{secret}.{time}"), LoginError::NotBegun),
            (String::new(), LoginError::NotBegun),
        ] {
            assert_eq!(
                Login::answered(&cookie, &login.state(), at(1)),
                Err(expected),
                "{cookie}"
            );
        }
    }

    #[test]
    fn state_nonce_and_verifier_tell_nothing_of_each_other_or_of_the_cookie() {
        let login = begun(1);
        let texts = [login.state(), login.nonce(), login.verifier(), login.challenge()];
        for (place, text) in texts.iter().enumerate() {
            assert_eq!(text.len(), 43, "what RFC 7636 asks of a verifier");
            assert!(!texts[place + 1..].contains(text) && !login.cookie().contains(text.as_str()));
        }
        assert_eq!(
            login.challenge(),
            BASE64URL_NOPAD.encode(&Sha256::digest(login.verifier().as_bytes()))
        );
    }

    #[test]
    fn a_login_leads_to_a_path_of_this_site_only() {
        for path in ["/", "/a", "/a//b?next=https://x.example", "/%2F%2Fevil.example"] {
            assert!(is_local(path), "{path}");
        }
        let long = format!("/{}", "a".repeat(LONGEST_PATH));
        for path in [
            "//evil.example",
            "/\\evil.example",
            "/a\\b",
            "https://evil.example/",
            "javascript:alert(1)",
            "evil",
            "",
            "/\t/evil.example",
            "/\n/evil.example",
            "/a b",
            "/\u{e9}",
            long.as_str(),
        ] {
            assert!(!is_local(path), "{path}");
            assert_eq!(Login::begin([1; 32], path, at(0)).next, HOME, "{path}");
        }
    }
}
