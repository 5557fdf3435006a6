//! What a credential looks like: `usher_{t|p}_{12}_{43}_{6}`, and the same with `usherapp_` for apps, `usheradm_` for
//! API keys and `ushercs_` for the secrets of OAuth clients.
//!
//! Prefix, then the environment's letter, a public id of 12 base62 characters (the key of its record), 256 random bits
//! as 43 base62 characters, and the CRC-32 of everything before the last `_` as 6 base62 characters, so that a typo, a
//! cut-off paste and a chance match of a secret scanner are detected without a database. Only ASCII letters, digits and `_`:
//! a double click selects all of it, and no encoding changes it. Read next: [`crate::hash`].

mod header;
mod parse_error;

use domain::environment::Environment;
use sha2::{Digest as _, Sha256};

pub use domain::credential::{CredentialKind, TokenId};
pub use header::bearer;
pub use parse_error::ParseError;

/// Base62 in the order of its values.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID: usize = TokenId::LENGTH;
const SECRET: usize = 43;
const CHECKSUM: usize = 6;
/// How many random bytes one credential takes: 16 for its id, 32 for its secret.
pub const RANDOM: usize = 48;

/// The first word of a credential.
const fn prefix(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Token => "usher",
        CredentialKind::App => "usherapp",
        CredentialKind::ApiKey => "usheradm",
        CredentialKind::ClientSecret => "ushercs",
    }
}

/// A well-formed credential, without a judgement on its secret.
#[derive(Clone, Copy, PartialEq, Eq, derive_more::Debug)]
#[debug("Credential({id})")]
pub struct Credential<'a> {
    /// The whole text.
    text: &'a str,
    /// Its public part, the key of its record.
    pub id: TokenId,
    /// Its secret part.
    pub(crate) secret: &'a str,
}

impl Credential<'_> {
    /// The last four characters of its secret: enough to distinguish two tokens, and useless for an attack.
    pub fn last_four(&self) -> &str {
        &self.secret[SECRET - 4..]
    }

    /// The whole text, for use as a cache key.
    pub(crate) const fn text(&self) -> &str {
        self.text
    }
}

/// A new credential: its text is shown once and stored nowhere.
#[derive(Clone, PartialEq, Eq, derive_more::Debug)]
#[debug("Issued({})", self.id())]
pub struct Issued {
    id: TokenId,
    text: String,
}

impl Issued {
    /// The whole text: show it once, then drop it.
    pub fn reveal(&self) -> &str {
        &self.text
    }

    /// Its public part.
    pub const fn id(&self) -> TokenId {
        self.id
    }

    /// Its secret part.
    pub(crate) fn secret(&self) -> &str {
        let from = self.text.len() - (CHECKSUM + 1 + SECRET);
        &self.text[from..from + SECRET]
    }

    /// The last four characters of its secret.
    pub fn last_four(&self) -> &str {
        &self.secret()[SECRET - 4..]
    }
}

/// Makes a credential from [`RANDOM`] unguessable bytes ([`crate::random::system`]).
pub fn issue(kind: CredentialKind, environment: Environment, random: &[u8; RANDOM]) -> Issued {
    let (id, secret) = random.split_at(RANDOM - 32);
    let mut text = format!("{}_{}_", prefix(kind), environment.letter());
    // 128 bits cut to 62^12 (71 bits): the bias is below 2^-56, and an id is no secret.
    let id = base62(id, ID);
    text.push_str(&id);
    text.push('_');
    text.push_str(&base62(secret, SECRET));
    let checksum = checksum(&text);
    text.push('_');
    text.push_str(&checksum);
    #[expect(clippy::expect_used, reason = "base62 of this length is what an id is")]
    let id = id.parse().expect("an id");
    Issued { id, text }
}

/// A new id, for what has no secret of its own: [`Issued::id`] without the rest.
///
/// # Errors
/// [`crate::random::NoRandomness`].
pub fn new_id() -> Result<TokenId, crate::random::NoRandomness> {
    let id = base62(&crate::random::system::<16>()?, ID);
    id.parse().map_err(|_| crate::random::NoRandomness)
}

/// An id that stands for something else's name, always the same for it.
#[expect(clippy::expect_used, reason = "base62 of this length is what an id is")]
pub fn id_for(name: &str) -> TokenId {
    let digest = Sha256::digest(name);
    let beginning = digest.get(..16).unwrap_or(&digest);
    base62(beginning, ID).parse().expect("an id")
}

/// Parses a credential of the wanted kind and environment, without its record.
///
/// # Errors
/// [`ParseError`] with the fault and the next step, never with the text.
pub fn parse(
    text: &str,
    kind: CredentialKind,
    environment: Environment,
) -> Result<Credential<'_>, ParseError> {
    let found = prefix_of(text)?;
    if found != kind {
        return Err(ParseError::WrongKind { found, wanted: kind });
    }
    let wanted = whole_length(kind);
    if text.len() < wanted {
        return Err(ParseError::Truncated {
            missing: wanted - text.len(),
        });
    }
    let parts: Vec<&str> = text.split('_').take(6).collect();
    let &[_, letter, id, secret, check] = parts.as_slice() else {
        return Err(ParseError::Malformed);
    };
    let base62 = |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let shape = [(secret, SECRET), (check, CHECKSUM)];
    let id = id.parse().map_err(|_| ParseError::Malformed)?;
    if letter.len() != 1
        || !shape
            .iter()
            .all(|(part, length)| part.len() == *length && base62(part))
    {
        return Err(ParseError::Malformed);
    }
    let body = &text[..text.len() - CHECKSUM - 1];
    if checksum(body) != check {
        return Err(ParseError::Checksum);
    }
    if !letter.starts_with(environment.letter()) {
        return Err(ParseError::WrongEnvironment { here: environment });
    }
    Ok(Credential { text, id, secret })
}

fn prefix_of(text: &str) -> Result<CredentialKind, ParseError> {
    // A credential that was quoted, wrapped or padded; its own text never has these characters.
    if text
        .bytes()
        .any(|byte| byte <= b' ' || byte == b'"' || byte == b'\'' || byte >= 0x7f)
    {
        return Err(ParseError::StrayCharacters);
    }
    match text.split('_').next() {
        Some("usher") => Ok(CredentialKind::Token),
        Some("usherapp") => Ok(CredentialKind::App),
        Some("usheradm") => Ok(CredentialKind::ApiKey),
        Some("ushercs") => Ok(CredentialKind::ClientSecret),
        _ if text.starts_with("eyJ") => Err(ParseError::Jwt),
        _ => Err(ParseError::NotOurs),
    }
}

const fn whole_length(kind: CredentialKind) -> usize {
    prefix(kind).len() + 1 + 1 + 1 + ID + 1 + SECRET + 1 + CHECKSUM
}

fn checksum(body: &str) -> String {
    base62(&crc32fast::hash(body.as_bytes()).to_be_bytes(), CHECKSUM)
}

/// The big-endian number in `bytes` as the last `digits` base62 digits, padded with zeros.
fn base62(bytes: &[u8], digits: usize) -> String {
    let mut number = bytes.to_vec();
    let digit = |_| {
        let mut rest = 0_u16;
        for byte in &mut number {
            let value = rest << 8 | u16::from(*byte);
            // The rest is below 62, so the quotient is below 256.
            [_, *byte] = (value / 62).to_be_bytes();
            rest = value % 62;
        }
        ALPHABET.get(usize::from(rest)).copied().map(char::from)
    };
    let digits: Vec<char> = (0..digits).filter_map(digit).collect();
    digits.into_iter().rev().collect()
}

#[cfg(test)]
mod tests;
