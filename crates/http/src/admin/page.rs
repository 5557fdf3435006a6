//! Pages of a list: `?limit=&cursor=` and `{"items":[…],"next":…}`.
//!
//! A cursor is the place of the last item in the list's order, so that what is added or removed in between shifts nothing.

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use domain::credential::TokenId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::problem::Problem;

/// Items of a page, without a limit in the query.
pub const USUAL: usize = 100;
/// Items of a page at most.
pub const MOST: usize = 500;

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Items of the page, 1 to 500; 100 without it.
    pub limit: Option<usize>,
    /// `next` of the page before; the first page without it.
    pub cursor: Option<String>,
}

/// A page.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PageOf{T}")]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// The cursor of the next page; null on the last one.
    pub next: Option<String>,
}

/// The limit of a query.
///
/// # Errors
/// `invalidValue`.
pub fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(USUAL);
    if (1..=MOST).contains(&limit) {
        Ok(limit)
    } else {
        Err(Problem::value(
            "limit",
            format!("\"limit\" must be from 1 to {MOST}: choose a number in between, or leave it out"),
        ))
    }
}

/// A place as a cursor.
pub fn cursor(place: &str) -> String {
    BASE64URL_NOPAD.encode(place.as_bytes())
}

/// A place in the order of time, as a text in that order.
pub fn by_time(at: DateTime<Utc>, id: TokenId) -> String {
    format!("{:020} {id}", at.timestamp_millis())
}

/// The place of a cursor.
///
/// # Errors
/// `invalidValue`.
pub fn place<T>(cursor: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
    let bytes = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| read(&text)).ok_or_else(|| {
        Problem::value(
            "cursor",
            "\"cursor\" is none of ours: send \"next\" of the page before as it is, or leave it out to begin again",
        )
    })
}

/// A page of a list that is in the order of `key`.
///
/// # Errors
/// `invalidValue`.
pub fn of<T, V>(
    query: &PageQuery,
    all: &[T],
    key: impl Fn(&T) -> String,
    view: impl Fn(&T) -> V,
) -> Result<Page<V>, Problem> {
    let limit = limit(query.limit)?;
    let after = match &query.cursor {
        Some(cursor) => Some(place(cursor, |text| Some(text.to_owned()))?),
        None => None,
    };
    let behind = all.partition_point(|item| after.as_ref().is_some_and(|after| key(item) <= *after));
    let rest = all.get(behind..).unwrap_or_default();
    let shown = rest.get(..limit).unwrap_or(rest);
    let next = shown.last().filter(|_| rest.len() > limit);
    Ok(Page {
        items: shown.iter().map(view).collect(),
        next: next.map(|last| cursor(&key(last))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(all: &[&str], limit: Option<usize>, cursor: Option<String>) -> Result<Page<String>, Problem> {
        let key = |item: &&str| (*item).to_owned();
        of(&PageQuery { limit, cursor }, all, key, key)
    }

    #[test]
    fn pages_follow_each_other_while_items_come_and_go() {
        let first = page(&["a", "c", "e", "g"], Some(2), None).expect("a page");
        assert_eq!(first.items, ["a", "c"]);
        // "c" is gone, "b" and "d" are new.
        let second = page(&["a", "b", "d", "e", "g"], Some(2), first.next).expect("a page");
        assert_eq!(second.items, ["d", "e"]);
        let last = page(&["a", "b", "d", "e", "g"], Some(2), second.next).expect("a page");
        assert_eq!((last.items, last.next), (vec!["g".to_owned()], None));
        let whole = page(&["a", "c"], Some(2), None).expect("a page");
        assert_eq!(whole.next, None, "nothing is behind it");
    }

    #[test]
    fn a_limit_or_cursor_that_cannot_be_used_is_named() {
        for (limit, cursor, field) in [
            (Some(0), None, "limit"),
            (Some(501), None, "limit"),
            (None, Some("%"), "cursor"),
            (None, Some("_w"), "cursor"),
        ] {
            let problem = page(&[], limit, cursor.map(str::to_owned)).expect_err(field);
            assert_eq!(problem.field.as_deref(), Some(field));
        }
    }
}
