//! `?after=&limit=&wait=&epoch=`, and a snapshot's `?limit=&cursor=`. An unknown parameter is refused, because a mistyped one would silently read another part of the
//! feed.

use std::str::FromStr;
use std::time::Duration;

use actix_web::web::Query;
use domain::position::Position;

use events::Read;

use super::problem::Problem;

/// The most events in one answer.
const MAX_LIMIT: usize = 500;
/// The longest wait, in seconds.
const MAX_WAIT: u64 = 25;

/// The parameters of a read: `after` from 0, where a feed begins, `limit` up to 500, `wait` up to 25 seconds.
///
/// # Errors
/// A parameter that is unknown, repeated or out of its range.
pub(super) fn read(query: &str) -> Result<Read, Problem> {
    let mut pairs = pairs(query)?;
    let after = number(&mut pairs, "after", "from 0", |_| true)?;
    let limit = limit(&mut pairs)?;
    let wait = number(&mut pairs, "wait", "from 0 to 25", |wait| *wait <= MAX_WAIT)?;
    let epoch = text(&mut pairs, "epoch")?;
    no_more(
        &pairs,
        "a parameter is unknown: a feed knows \"after\" (a position), \"limit\" (1 to 500), \"wait\" (0 to 25 seconds) and \
         \"epoch\" (that of the position); remove the others",
    )?;
    Ok(Read {
        after: after.unwrap_or(Position::START),
        limit,
        wait: Duration::from_secs(wait.unwrap_or_default()),
        epoch,
    })
}

/// The parameters of a page of a snapshot: its limit and its cursor.
///
/// # Errors
/// As [`read`].
pub(super) fn snapshot(query: &str) -> Result<(usize, Option<String>), Problem> {
    let mut pairs = pairs(query)?;
    let limit = limit(&mut pairs)?;
    let cursor = text(&mut pairs, "cursor")?;
    no_more(
        &pairs,
        "a parameter is unknown: a snapshot knows \"limit\" (1 to 500) and \"cursor\" (\"next\" of the page before); remove the others",
    )?;
    Ok((limit, cursor))
}

fn pairs(query: &str) -> Result<Vec<(String, String)>, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query);
    pairs.map(Query::into_inner).map_err(|_| {
        Problem::value(
            "query",
            "the query cannot be read: send name=value pairs, joined by \"&\"",
        )
    })
}

fn no_more(pairs: &[(String, String)], detail: &str) -> Result<(), Problem> {
    match pairs {
        [] => Ok(()),
        _ => Err(Problem::value("query", detail)),
    }
}

fn limit(pairs: &mut Vec<(String, String)>) -> Result<usize, Problem> {
    let limit = number(pairs, "limit", "from 1 to 500", |limit| {
        (1..=MAX_LIMIT).contains(limit)
    })?;
    Ok(limit.unwrap_or(MAX_LIMIT))
}

/// Takes a parameter out of the pairs; `None` when it was not sent.
fn number<N: FromStr>(
    pairs: &mut Vec<(String, String)>,
    name: &'static str,
    range: &str,
    is_in_range: impl Fn(&N) -> bool,
) -> Result<Option<N>, Problem> {
    let Some(value) = text(pairs, name)? else {
        return Ok(None);
    };
    let number = value.parse().ok().filter(is_in_range);
    number.map(Some).ok_or_else(|| {
        let detail = format!("\"{name}\" is not usable: send a whole number {range}");
        Problem::value(name, detail)
    })
}

/// As [`number`], of any text.
fn text(pairs: &mut Vec<(String, String)>, name: &'static str) -> Result<Option<String>, Problem> {
    let mut values = pairs.extract_if(.., |(sent, _)| sent == name);
    let first = values.next().map(|(_, value)| value);
    if values.next().is_some() {
        return Err(Problem::value(
            name,
            format!("\"{name}\" is sent more than once: send it once"),
        ));
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_read_from_its_start_without_waiting_unless_told() {
        let plain = Read {
            after: Position::START,
            limit: 500,
            wait: Duration::ZERO,
            epoch: None,
        };
        let told = Read {
            after: Position::new(9120).expect("from 0"),
            limit: 20,
            wait: Duration::from_secs(25),
            epoch: Some("3-5f0c9a72b3d4".to_owned()),
        };
        assert_eq!(read(""), Ok(plain));
        assert_eq!(read("after=9120&limit=20&wait=25&epoch=3-5f0c9a72b3d4"), Ok(told));
        assert_eq!(snapshot(""), Ok((500, None)));
        assert_eq!(snapshot("cursor=s1.x&limit=7"), Ok((7, Some("s1.x".to_owned()))));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        let table = [
            ("after=-1", "\"after\" is not usable: send a whole number from 0"),
            ("after=abc", "\"after\" is not usable: send a whole number from 0"),
            (
                "after=99999999999999999999",
                "\"after\" is not usable: send a whole number from 0",
            ),
            (
                "limit=501",
                "\"limit\" is not usable: send a whole number from 1 to 500",
            ),
            (
                "limit=0",
                "\"limit\" is not usable: send a whole number from 1 to 500",
            ),
            (
                "after=3&limit=2&after=4",
                "\"after\" is sent more than once: send it once",
            ),
            ("wait=1&wait=1", "\"wait\" is sent more than once: send it once"),
            (
                "wait=26",
                "\"wait\" is not usable: send a whole number from 0 to 25",
            ),
            (
                "offset=1",
                "a parameter is unknown: a feed knows \"after\" (a position), \"limit\" (1 to 500), \"wait\" (0 to 25 seconds) and \"epoch\" (that of the position); remove the others",
            ),
        ];
        for (query, text) in table {
            let problem = read(query).expect_err(query);
            assert!(
                format!("{problem:?}").contains(&format!("{text:?}")),
                "{query}: {problem:?}"
            );
        }
    }
}
