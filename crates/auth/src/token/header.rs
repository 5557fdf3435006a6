//! From `Authorization` header lines to the bearer text (RFC 6750 §2.1).

use super::ParseError;

/// The text behind `Bearer`, from all `Authorization` lines of a request.
///
/// # Errors
/// [`ParseError`] for no line, several lines, another scheme, an empty text (never equal to an unset secret) and
/// `Bearer Bearer …`, which is what a pasted `Bearer <token>` becomes.
pub fn bearer<'h>(lines: impl IntoIterator<Item = &'h [u8]>) -> Result<&'h str, ParseError> {
    let mut lines = lines.into_iter();
    let line = lines.next().ok_or(ParseError::Missing)?;
    if lines.next().is_some() {
        return Err(ParseError::Repeated);
    }
    let text = std::str::from_utf8(line)
        .map_err(|_| ParseError::StrayCharacters)?
        .trim_matches([' ', '\t']);
    let (scheme, rest) = text.split_once([' ', '\t']).unwrap_or((text, ""));
    if text.is_empty() {
        return Err(ParseError::Empty);
    }
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(ParseError::NotBearer);
    }
    let token = rest.trim_matches([' ', '\t']);
    let first = token.split([' ', '\t']).next().unwrap_or_default();
    if token.is_empty() {
        Err(ParseError::Empty)
    } else if first.eq_ignore_ascii_case("bearer") {
        Err(ParseError::BearerTwice)
    } else {
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_misuse_of_the_header_has_its_name() {
        let table: [(&[&str], ParseError); 13] = [
            (&[], ParseError::Missing),
            (&["Bearer a", "Bearer b"], ParseError::Repeated),
            (&[""], ParseError::Empty),
            (&["Bearer"], ParseError::Empty),
            (&["Bearer "], ParseError::Empty),
            (&["bearer \t "], ParseError::Empty),
            (&["Bearer Bearer x"], ParseError::BearerTwice),
            (&["Bearer bearer"], ParseError::BearerTwice),
            (&["Basic dXNlcjpwYXNz"], ParseError::NotBearer),
            (&["usher_t_x"], ParseError::NotBearer),
            (&["Bearerusher"], ParseError::NotBearer),
            (&["Bearer,x"], ParseError::NotBearer),
            (&["Token x"], ParseError::NotBearer),
        ];
        for (lines, wanted) in table {
            assert_eq!(
                bearer(lines.iter().map(|line| line.as_bytes())),
                Err(wanted),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn the_scheme_is_caseless_and_blanks_around_are_nothing() {
        for line in ["Bearer x", "bearer x", "BEARER   x ", "Bearer\tx"] {
            assert_eq!(bearer([line.as_bytes()]), Ok("x"), "{line:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(bearer([&b"Bearer \xff"[..]]), Err(ParseError::StrayCharacters));
    }
}
