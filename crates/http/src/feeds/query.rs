//! `?after=&limit=&wait=`. An unknown parameter is refused, because a mistyped one would silently read another part of the
//! feed.

use std::time::Duration;

use actix_web::web::Query;
use domain::position::Position;

use super::problem::Problem;

/// The most events in one answer.
const MAX_LIMIT: u64 = 500;
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
/// A parameter that is unknown or out of its range.
pub(super) fn parse(query: &str) -> Result<ReadQuery, Problem> {
    let pairs = Query::<Vec<(String, String)>>::from_query(query).map_err(|_| {
        Problem::value(
            "query",
            "the query cannot be read: send after=, limit= and wait= as plain numbers",
        )
    })?;
    let mut read = ReadQuery {
        after: Position::START,
        limit: 500,
        wait: Duration::ZERO,
    };
    for (name, value) in pairs.into_inner() {
        match name.as_str() {
            "after" => read.after = value.parse().map_err(|_| unusable("after", ""))?,
            "limit" => match number("limit", &value, MAX_LIMIT)? {
                0 => {
                    let detail = "\"limit\" is 0: send a whole number from 1 to 500";
                    return Err(Problem::value("limit", detail));
                }
                limit => read.limit = limit,
            },
            "wait" => read.wait = Duration::from_secs(number("wait", &value, MAX_WAIT)?),
            _ => {
                return Err(Problem::value(
                    "query",
                    "a parameter is unknown: a feed knows \"after\" (a position), \"limit\" (1 to 500) and \"wait\" (0 to 25 \
                     seconds); remove the others",
                ));
            }
        }
    }
    Ok(read)
}

fn number<N: TryFrom<u64>>(field: &'static str, value: &str, max: u64) -> Result<N, Problem> {
    let number = value.parse().ok().filter(|number| *number <= max);
    let number = number.and_then(|number| N::try_from(number).ok());
    number.ok_or_else(|| unusable(field, &format!(" to {max}")))
}

fn unusable(field: &'static str, to: &str) -> Problem {
    Problem::value(
        field,
        format!("\"{field}\" is not usable: send a whole number from 0{to}"),
    )
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
                "\"limit\" is not usable: send a whole number from 0 to 500",
            ),
            ("limit=0", "\"limit\" is 0: send a whole number from 1 to 500"),
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
