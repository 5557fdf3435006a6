//! The parameters of a list request: filter, order, page and projection (RFC 7644 §3.4.2, §3.9; RFC 9865).
//!
//! Must not know: HTTP; the input is the text after `?`. Filters and sort attributes are parsed later, by [`crate::filter`]
//! and [`Sort::parse`], because that needs a resource type.
//!
//! Reading order: `form` (decoding), [`parse_query`], `search` (the parameters in a body), `projection`, `sort` (the order),
//! `cursor` (a position in the order).

mod cursor;
mod form;
mod projection;
mod search;
mod sort;

pub use cursor::{Cursor, Fingerprint};
pub use projection::{Projection, ResolvedProjection};
pub use search::{SEARCH_REQUEST, parse_search};
pub use sort::{KEY_CHARS, Sort, SortKey, SortNumber, SortOrder, SortPosition};

use crate::error::{Error, ScimType};
use crate::name;

/// The parameters of a list request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListParameters {
    /// The filter's text, decoded. An empty one is kept, so that parsing it fails: a filter that was lost on its way must not
    /// list all resources.
    pub filter: Option<String>,
    /// The order, if one was asked for.
    pub sort: Option<SortRequest>,
    /// The beginning of the page.
    pub start: Start,
    /// The most results; `None` is the server's default, 0 asks for the total only, with a cursor too.
    pub count: Option<usize>,
    /// The attributes of the response.
    pub projection: Projection,
}

impl ListParameters {
    /// The first result, from 1; 1 in a list that is read by cursors.
    pub const fn start_index(&self) -> usize {
        match self.start {
            Start::Index(first) => first,
            Start::FirstCursor | Start::Cursor(_) => 1,
        }
    }
}

/// `sortBy` and `sortOrder` as sent, for [`Sort::parse`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortRequest {
    /// The attribute.
    pub by: String,
    /// The direction, if one was named.
    pub order: Option<String>,
}

/// The beginning of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// The result of this number, from 1 (`startIndex`): the default.
    Index(usize),
    /// The first result of a list that is read by cursors (`cursor=`, RFC 9865 §2).
    FirstCursor,
    /// The result behind the position of this cursor ([`Cursor::decode`]).
    Cursor(String),
}

impl Default for Start {
    fn default() -> Self {
        Self::Index(1)
    }
}

/// Reads the text after `?` (a leading `?` is fine).
///
/// Parameter names are the same in any case; unknown ones (`aadOptscim062020`, with or without a value) are ignored;
/// `+` is a blank, as Entra writes it, unless the parameter writes blanks as `%20`. `startIndex` below 1 is 1 and a negative
/// `count` is 0 (RFC 7644 §3.4.2.4, RFC 9865 §2). With `cursor` the page is read by cursors, and a `startIndex` other than 1
/// contradicts it.
///
/// # Errors
/// [`ScimType::InvalidValue`] for a `startIndex` that is no whole number or is sent with a `cursor`, and for names of
/// attributes that are none; [`ScimType::InvalidCount`] for a `count` that is no whole number;
/// [`ScimType::InvalidFilter`] for two different filters; [`ScimType::InvalidSyntax`] for text that is
/// not UTF-8.
pub fn parse_query(raw: &str) -> Result<ListParameters, Error> {
    let mut parameters = Parameters::default();
    for (key, value) in form::pairs(raw)? {
        match key.parse() {
            Ok(Name::Filter) if parameters.filter.as_ref().is_some_and(|first| *first != value) => {
                return Err(Error::new(
                    ScimType::InvalidFilter,
                    "The query has two different filters. Send one, joined by 'and' or 'or'.",
                ));
            }
            Ok(Name::Attributes) => join(&mut parameters.attributes, &value),
            Ok(Name::ExcludedAttributes) => join(&mut parameters.excluded, &value),
            Ok(name) => parameters.set(name, value)?,
            Err(_) => {}
        }
    }
    parameters.into_query()
}

/// Whether the text after `?` has a filter, valid or not: endpoints without filters must refuse it (RFC 7644 §4).
pub fn has_filter(raw: &str) -> bool {
    let raw = raw.strip_prefix('?').unwrap_or(raw);
    raw.split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .any(|key| name::eq(key.trim_matches('+'), "filter"))
}

/// The name of a parameter, read in any case.
#[derive(Clone, Copy, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "camelCase", ascii_case_insensitive)]
enum Name {
    Filter,
    SortBy,
    SortOrder,
    StartIndex,
    Count,
    Cursor,
    Attributes,
    ExcludedAttributes,
}

/// The parameters as sent, in a URL or in a body.
#[derive(Default)]
struct Parameters {
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    cursor: Option<String>,
    attributes: Option<String>,
    excluded: Option<String>,
}

impl Parameters {
    fn set(&mut self, name: Name, text: String) -> Result<(), Error> {
        match name {
            Name::Filter => self.filter = Some(text),
            Name::SortBy => self.sort_by = Some(text),
            Name::SortOrder => self.sort_order = Some(text),
            Name::StartIndex => self.start_index = Some(whole_number(name, &text)?),
            Name::Count => self.count = Some(whole_number(name, &text)?),
            Name::Cursor => self.cursor = Some(text),
            Name::Attributes => self.attributes = Some(text),
            Name::ExcludedAttributes => self.excluded = Some(text),
        }
        Ok(())
    }

    /// Checks the parameters that depend on each other.
    fn into_query(self) -> Result<ListParameters, Error> {
        let first = self.start_index.unwrap_or(1).max(1);
        let start = match self.cursor {
            None => Start::Index(usize::try_from(first).unwrap_or(usize::MAX)),
            Some(_) if first > 1 => {
                return Err(Error::invalid_value(
                    "startIndex",
                    "The query has both cursor and startIndex, which are two ways of paging. Send cursor alone to go on \
                     from a page, or startIndex alone to count from the beginning.",
                ));
            }
            Some(cursor) if cursor.trim().is_empty() => Start::FirstCursor,
            Some(cursor) => Start::Cursor(cursor),
        };
        let sort = self.sort_by.filter(|by| !by.trim().is_empty());
        Ok(ListParameters {
            filter: self.filter,
            sort: sort.map(|by| SortRequest {
                by,
                order: self.sort_order,
            }),
            start,
            count: self
                .count
                .map(|count| usize::try_from(count.max(0)).unwrap_or(usize::MAX)),
            projection: Projection::parse(self.attributes.as_deref(), self.excluded.as_deref())?,
        })
    }
}

/// `attributes=a&attributes=b` is `attributes=a,b`.
fn join(list: &mut Option<String>, more: &str) {
    let joined = list
        .take()
        .map_or_else(|| more.to_owned(), |list| format!("{list},{more}"));
    *list = Some(joined);
}

/// A whole number; one beyond 64 bits is the nearest of 64 bits.
fn whole_number(name: Name, value: &str) -> Result<i64, Error> {
    let text = value.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(not_whole(name));
    }
    let nearest = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Ok(text.parse().unwrap_or(nearest))
}

fn not_whole(name: Name) -> Error {
    let scim_type = match name {
        Name::Count => ScimType::InvalidCount,
        _ => ScimType::InvalidValue,
    };
    let key: &str = name.into();
    let detail =
        format!("The parameter {key} must be a whole number, such as {key}=10. Correct or remove it.");
    Error::new(scim_type, detail).on(key)
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
            // A Tenant URL with a flag, and a client that writes its parameters behind a ? of its own.
            (
                "aadOptscim062020?filter=userName+eq+%22x%22",
                r#"userName eq "x""#,
            ),
            (
                "?aadOptscim062020&?filter=userName+eq+%22x%22",
                r#"userName eq "x""#,
            ),
            ("filter=userName+eq+%22who?%22", r#"userName eq "who?""#),
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
        for raw in [
            "",
            "?",
            "&",
            "aadOptscim062020",
            "sortBy=",
            "sortOrder=descending",
            "?&&",
        ] {
            assert_eq!(parse_query(raw).unwrap(), ListParameters::default(), "{raw}");
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
            assert_eq!(
                (query.start, query.count),
                (Start::Index(start_index), count),
                "{raw}"
            );
        }
    }

    #[test]
    fn a_number_that_is_none_is_refused_by_name() {
        for (raw, scim_type) in [
            ("count=ten", ScimType::InvalidCount),
            ("count=", ScimType::InvalidCount),
            ("startIndex=1.5", ScimType::InvalidValue),
            ("count=+", ScimType::InvalidCount),
            ("startIndex=0x1", ScimType::InvalidValue),
        ] {
            let error = parse_query(raw).unwrap_err();
            assert_eq!(error.scim_type, scim_type, "{raw}");
            assert!(
                error.detail.contains("must be a whole number"),
                "{}",
                error.detail
            );
        }
    }

    #[test]
    fn a_cursor_turns_paging_by_cursors_on_even_when_it_is_empty() {
        for (raw, start) in [
            ("cursor=", Start::FirstCursor),
            ("cursor&count=10", Start::FirstCursor),
            ("CURSOR=+", Start::FirstCursor),
            ("cursor=&startIndex=1", Start::FirstCursor),
            (
                "cursor=VZUTiyhEQJ94IR",
                Start::Cursor("VZUTiyhEQJ94IR".to_owned()),
            ),
            ("startIndex=7", Start::Index(7)),
        ] {
            assert_eq!(parse_query(raw).unwrap().start, start, "{raw}");
        }
    }

    #[test]
    fn a_cursor_takes_no_start_index_and_a_count_below_one_is_zero() {
        let error = parse_query("cursor=x&startIndex=2").unwrap_err();
        assert_eq!(error.scim_type, ScimType::InvalidValue);
        assert!(error.detail.contains("two ways of paging"), "{}", error.detail);
        for raw in ["cursor=&count=0", "cursor=&count=-3"] {
            let query = parse_query(raw).unwrap();
            assert_eq!((query.start, query.count), (Start::FirstCursor, Some(0)), "{raw}");
        }
    }

    #[test]
    fn an_order_is_kept_as_it_was_sent() {
        let sort = |raw: &str| parse_query(raw).unwrap().sort.map(|sort| (sort.by, sort.order));
        assert_eq!(
            sort("sortBy=name.givenName&sortOrder=descending"),
            Some(("name.givenName".to_owned(), Some("descending".to_owned())))
        );
        assert_eq!(sort("SORTBY=userName"), Some(("userName".to_owned(), None)));
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
    fn a_filter_is_noticed_even_where_it_cannot_be_read() {
        for (raw, filtered) in [
            ("filter=%ff", true),
            ("?FILTER", true),
            ("a=b&filter=x", true),
            ("a=filter", false),
            ("", false),
        ] {
            assert_eq!(has_filter(raw), filtered, "{raw}");
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_refused() {
        assert_eq!(
            parse_query("filter=%ff%fe").unwrap_err().scim_type,
            ScimType::InvalidSyntax
        );
    }
}
