//! Spans of time as operators type them: `7d`, `12h`, `30m`, `90s`, `0`.

use chrono::TimeDelta;

/// # Errors
/// The expected form.
pub(super) fn parse(text: &str) -> Result<TimeDelta, String> {
    let wrong =
        || format!("\"{text}\" is no span of time: write a whole number and d, h, m or s, such as 7d or 12h");
    if text == "0" {
        return Ok(TimeDelta::zero());
    }
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let number: i64 = text[..text.len() - unit.len_utf8()]
        .parse()
        .map_err(|_| wrong())?;
    let span = match unit {
        'd' => TimeDelta::try_days(number),
        'h' => TimeDelta::try_hours(number),
        'm' => TimeDelta::try_minutes(number),
        's' => TimeDelta::try_seconds(number),
        _ => None,
    };
    // 10,000 days are more than any use needs, and never overflow a date.
    span.filter(|span| (0..=10_000).contains(&span.num_days()) && number >= 0)
        .ok_or_else(wrong)
}

/// How long a token is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// From now on.
    Span(TimeDelta),
    /// Until it is revoked.
    Never,
}

impl Lifetime {
    /// `None` without an end.
    pub(super) fn span(self) -> Option<TimeDelta> {
        match self {
            Self::Span(span) => Some(span),
            Self::Never => None,
        }
    }
}

/// Reads a span, or `never`.
///
/// # Errors
/// Both expected forms.
pub(super) fn lifetime(text: &str) -> Result<Lifetime, String> {
    match text {
        "never" => Ok(Lifetime::Never),
        text => parse(text)
            .map(Lifetime::Span)
            .map_err(|error| format!("{error}; or never, for no end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_span_or_never() {
        assert_eq!(lifetime("365d").unwrap().span(), Some(TimeDelta::days(365)));
        assert_eq!(lifetime("never").unwrap().span(), None);
        let error = lifetime("forever").unwrap_err();
        assert!(
            error.ends_with("such as 7d or 12h; or never, for no end"),
            "{error}"
        );
    }

    #[test]
    fn spans_are_read_and_everything_else_is_refused_with_the_form() {
        let table = [
            ("7d", TimeDelta::days(7)),
            ("12h", TimeDelta::hours(12)),
            ("30m", TimeDelta::minutes(30)),
            ("90s", TimeDelta::seconds(90)),
            ("0", TimeDelta::zero()),
            ("0d", TimeDelta::zero()),
        ];
        for (text, span) in table {
            assert_eq!(parse(text), Ok(span));
        }
        for text in [
            "",
            "7",
            "d",
            "-1d",
            "1.5h",
            "7 d",
            "7w",
            "7ä",
            "99999999d",
            "9223372036854775807s",
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                error.ends_with("write a whole number and d, h, m or s, such as 7d or 12h"),
                "{error}"
            );
        }
    }
}
