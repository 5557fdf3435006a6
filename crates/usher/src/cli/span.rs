//! Spans of time as operators type them: `7d`, `12h`, `30m`, `90s`, `0`.

use chrono::TimeDelta;

/// Reads a span.
///
/// # Errors
/// A text that says the form.
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
    // Ten thousand days reach further than any use, and never overflow a date.
    span.filter(|span| (0..=10_000).contains(&span.num_days()) && number >= 0)
        .ok_or_else(wrong)
}

/// How long something lives that ends by itself, unless it is said not to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// So long.
    Span(TimeDelta),
    /// Until it is taken back.
    Never,
}

impl Life {
    /// The span, if it ends.
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
/// A text that says both forms.
pub(super) fn life(text: &str) -> Result<Life, String> {
    match text {
        "never" => Ok(Life::Never),
        text => parse(text)
            .map(Life::Span)
            .map_err(|error| format!("{error}; or never, for no end")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_span_or_never() {
        assert_eq!(life("365d").unwrap().span(), Some(TimeDelta::days(365)));
        assert_eq!(life("never").unwrap().span(), None);
        let error = life("forever").unwrap_err();
        assert!(
            error.ends_with("such as 7d or 12h; or never, for no end"),
            "{error}"
        );
    }

    #[test]
    fn spans_are_read_and_everything_else_is_told_the_form() {
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
