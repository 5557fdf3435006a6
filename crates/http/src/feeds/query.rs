//! `?after=&limit=&wait=`. An unknown parameter is refused, because a mistyped one would silently read another part of the
//! feed.

use std::str::FromStr;
use std::time::Duration;

use actix_web::web::Query;
use domain::position::Position;

use super::problem::Problem;

/// The most events in one answer.
const MAX_LIMIT: usize = 500;
/// The longest wait, in seconds.
const MAX_WAIT: u64 = 25;

/// The parameters of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadQuery {
    /// Events after this position; 0 is the beginning.
    pub after: Position,
    /// The most events, 1 to 500.
    pub limit: usize,
    /// The wait for the first event, up to 25 seconds.
    pub wait: Duration,
}

/// Reads the query of a URL.
///
/// # Errors
/// A parameter that is unknown, repeated or out of its range.
pub(super) fn parse(query: &str) -> Result<ReadQuery, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map_err(|_| {
        Problem::value(
            "query",
            "the query cannot be read: send after=, limit= and wait= as plain numbers",
        )
    })?;
    let mut pairs = pairs.into_inner();
    let after = number(&mut pairs, "after", "from 0", |_| true)?;
    let limit = number(&mut pairs, "limit", "from 1 to 500", |limit| {
        (1..=MAX_LIMIT).contains(limit)
    })?;
    let wait = number(&mut pairs, "wait", "from 0 to 25", |wait| *wait <= MAX_WAIT)?;
    if !pairs.is_empty() {
        return Err(Problem::value(
            "query",
            "a parameter is unknown: a feed knows \"after\" (a position), \"limit\" (1 to 500) and \"wait\" (0 to 25 \
             seconds); remove the others",
        ));
    }
    Ok(ReadQuery {
        after: after.unwrap_or(Position::START),
        limit: limit.unwrap_or(MAX_LIMIT),
        wait: Duration::from_secs(wait.unwrap_or_default()),
    })
}

/// Takes a parameter out of the pairs; `None` when it was not sent.
fn number<N: FromStr>(
    pairs: &mut Vec<(String, String)>,
    name: &'static str,
    range: &str,
    is_in_range: impl Fn(&N) -> bool,
) -> Result<Option<N>, Problem> {
    let mut values = pairs.extract_if(.., |(sent, _)| sent == name);
    let Some((_, value)) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(Problem::value(
            name,
            format!("\"{name}\" is sent more than once: send it once"),
        ));
    }
    let number = value.parse().ok().filter(is_in_range);
    number.map(Some).ok_or_else(|| {
        let detail = format!("\"{name}\" is not usable: send a whole number {range}");
        Problem::value(name, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_is_read_from_its_start_without_waiting_unless_told() {
        let plain = ReadQuery {
            after: Position::START,
            limit: 500,
            wait: Duration::ZERO,
        };
        let told = ReadQuery {
            after: Position::new(9120).expect("from 0"),
            limit: 20,
            wait: Duration::from_secs(25),
        };
        assert_eq!(parse(""), Ok(plain));
        assert_eq!(parse("after=9120&limit=20&wait=25"), Ok(told));
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
                "a parameter is unknown: a feed knows \"after\" (a position), \"limit\" (1 to 500) and \"wait\" (0 to 25 seconds); remove the others",
            ),
        ];
        for (query, text) in table {
            let problem = parse(query).expect_err(query);
            assert!(
                format!("{problem:?}").contains(&format!("{text:?}")),
                "{query}: {problem:?}"
            );
        }
    }
}
