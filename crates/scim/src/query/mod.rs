//! The query part of a request's URL: filter, page and projection (RFC 7644 §3.4.2, §3.9).
//!
//! Must not know: HTTP; it is given the text after `?`. Filters are read later, by [`crate::filter`], since that takes a
//! resource type.
//!
//! Reading order: `form` (decoding), [`parse_query`], `projection`.

mod form;
mod projection;

pub use projection::Projection;

use crate::error::{Error, ScimType};
use crate::name;

/// What a GET asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// The filter's text, decoded. An empty one is kept, so that reading it fails: a filter that was meant but lost must
    /// not list everybody.
    pub filter: Option<String>,
    /// The first result, from 1.
    pub start_index: usize,
    /// How many results at most; `None` leaves it to the server, 0 asks for the total alone.
    pub count: Option<usize>,
    /// Which attributes to answer with.
    pub projection: Projection,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            filter: None,
            start_index: 1,
            count: None,
            projection: Projection::default(),
        }
    }
}

/// Reads the text after `?` (a leading `?` is fine).
///
/// Parameter names are the same in any case; unknown ones (`aadOptscim062020`, with or without a value) are ignored;
/// `+` is a blank, as Entra writes it. `startIndex` below 1 is 1 and a negative `count` is 0 (RFC 7644 §3.4.2.4).
///
/// # Errors
/// [`ScimType::InvalidValue`] for a `startIndex` or `count` that is no whole number and for names of attributes that
/// are none; [`ScimType::InvalidFilter`] for two different filters; [`ScimType::InvalidSyntax`] for text that is not
/// UTF-8.
pub fn parse_query(raw: &str) -> Result<ListQuery, Error> {
    let mut query = ListQuery::default();
    let (mut attributes, mut excluded) = (None, None);
    for (key, value) in form::pairs(raw)? {
        if name::eq(&key, "filter") {
            if query.filter.as_ref().is_some_and(|first| *first != value) {
                return Err(Error::new(
                    ScimType::InvalidFilter,
                    "The query has two different filters. Send one, joined by 'and' or 'or'.",
                ));
            }
            query.filter = Some(value);
        } else if name::eq(&key, "startIndex") {
            query.start_index = usize::try_from(whole(&key, &value)?.max(1)).unwrap_or(usize::MAX);
        } else if name::eq(&key, "count") {
            query.count = Some(usize::try_from(whole(&key, &value)?.max(0)).unwrap_or(usize::MAX));
        } else if name::eq(&key, "attributes") {
            join(&mut attributes, value);
        } else if name::eq(&key, "excludedAttributes") {
            join(&mut excluded, value);
        }
    }
    query.projection = Projection::parse(attributes.as_deref(), excluded.as_deref())?;
    Ok(query)
}

/// `attributes=a&attributes=b` says `attributes=a,b`.
fn join(list: &mut Option<String>, more: String) {
    match list {
        Some(list) => {
            list.push(',');
            list.push_str(&more);
        }
        None => *list = Some(more),
    }
}

/// A whole number; one too large for the machine is as large as it goes.
fn whole(key: &str, value: &str) -> Result<i64, Error> {
    let text = value.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::invalid_value(
            key,
            format!(
                "The query parameter '{key}' must be a whole number, such as {key}=10. Correct or remove it."
            ),
        ));
    }
    Ok(text
        .parse()
        .unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_decoded_as_entra_encodes_it() {
        for (raw, filter) in [
            ("filter=userName+eq+%22a%40b.com%22", r#"userName eq "a@b.com""#),
            (
                "?filter=userName%20eq%20%22a@b.com%22",
                r#"userName eq "a@b.com""#,
            ),
            (
                "aadOptscim062020&filter=externalId+eq+%22x%22",
                r#"externalId eq "x""#,
            ),
            (
                "aadOptscim062020=&filter=externalId+eq+%22x%22&",
                r#"externalId eq "x""#,
            ),
            (
                "filter=userName+eq+%22x_gmail.com%23EXT%23%40t.onmicrosoft.com%22",
                r#"userName eq "x_gmail.com#EXT#@t.onmicrosoft.com""#,
            ),
            ("FILTER=title+eq+%22R%2bD%22", r#"title eq "R+D""#),
            (
                "filter=displayName+eq+%22O'Brien+%C3%98%22",
                r#"displayName eq "O'Brien Ø""#,
            ),
            ("filter=a+eq+%22x=y%22", r#"a eq "x=y""#),
            ("filter=a+eq+%22100%%22", r#"a eq "100%""#),
            ("filter=", ""),
            ("filter", ""),
        ] {
            let query = parse_query(raw).unwrap();
            assert_eq!(query.filter.as_deref(), Some(filter), "{raw}");
        }
    }

    #[test]
    fn nothing_asked_for_is_everything_from_the_start() {
        for raw in ["", "?", "&", "aadOptscim062020", "sortBy=userName", "?&&"] {
            assert_eq!(parse_query(raw).unwrap(), ListQuery::default(), "{raw}");
        }
    }

    #[test]
    fn a_page_begins_at_one_and_a_count_is_never_negative() {
        for (raw, start_index, count) in [
            ("startIndex=1&count=2", 1, Some(2)),
            ("StartIndex=6&COUNT=5", 6, Some(5)),
            ("startIndex=0&count=0", 1, Some(0)),
            ("startIndex=-7&count=-1", 1, Some(0)),
            (
                "count=99999999999999999999999",
                1,
                Some(usize::try_from(i64::MAX).unwrap()),
            ),
            ("startIndex=3", 3, None),
        ] {
            let query = parse_query(raw).unwrap();
            assert_eq!((query.start_index, query.count), (start_index, count), "{raw}");
        }
    }

    #[test]
    fn a_number_that_is_none_is_refused_by_name() {
        for raw in [
            "count=ten",
            "count=",
            "startIndex=1.5",
            "count=+",
            "startIndex=0x1",
        ] {
            let error = parse_query(raw).unwrap_err();
            assert_eq!(error.scim_type, ScimType::InvalidValue, "{raw}");
            assert!(
                error.detail.contains("must be a whole number"),
                "{}",
                error.detail
            );
        }
    }

    #[test]
    fn two_different_filters_are_refused_and_one_said_twice_is_fine() {
        let error = parse_query("filter=a+pr&filter=b+pr").unwrap_err();
        assert_eq!(error.scim_type, ScimType::InvalidFilter);
        assert_eq!(
            parse_query("filter=a+pr&filter=a%20pr")
                .unwrap()
                .filter
                .as_deref(),
            Some("a pr")
        );
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        assert_eq!(
            parse_query("filter=%ff%fe").unwrap_err().scim_type,
            ScimType::InvalidSyntax
        );
    }
}
