//! File descriptors: each connection of a client or to the database takes one or more. The limit is raised as far as the system
//! allows, and the bound of open connections follows from it.

/// Descriptors for standard streams, listening sockets, Redis, exporters and timers.
const OTHERS: u64 = 128;
/// The limit when the system does not give one.
const ASSUMED: u64 = 1_024;

/// Raises the limit and returns the number of clients that may be connected at a time.
pub fn connections(database: u32) -> usize {
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of file descriptors cannot be raised");
        rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(ASSUMED, |(soft, _)| soft)
    });
    left(limit, database)
}

/// A connection of SQLite has up to three files (database, WAL, shared memory), one of PostgreSQL a socket.
fn left(limit: u64, database: u32) -> usize {
    let taken = OTHERS + 3 * u64::from(database);
    // A quarter at least, so that a low limit still serves clients.
    let left = limit.saturating_sub(taken).max(limit / 4).max(1);
    usize::try_from(left).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_get_what_the_rest_of_the_process_leaves() {
        for (limit, database, expected) in [
            (1_024, 32, 800),
            (20_000, 32, 19_776),
            (256, 32, 64),
            (3, 32, 1),
            (u64::MAX, 1, usize::MAX - 131),
        ] {
            assert_eq!(left(limit, database), expected, "{limit}");
        }
    }
}
