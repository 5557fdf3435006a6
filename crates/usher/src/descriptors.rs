//! File descriptors: every connection takes one, and so do the database's. The limit is raised as far as the system allows
//! at the start, and the bound of open connections follows from it.

/// Descriptors for everything but clients and the database: standard streams, sockets to listen on, Redis, exporters, timers.
const OTHERS: u64 = 128;
/// What is assumed where the system tells no limit.
const ASSUMED: u64 = 1_024;

/// Raises the limit and says how many clients may be connected at a time.
pub fn connections(database: u32) -> usize {
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of file descriptors cannot be raised");
        rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(ASSUMED, |(soft, _)| soft)
    });
    left(limit, database)
}

/// SQLite's connections have up to three files each (database, WAL, shared memory), PostgreSQL's one socket.
fn left(limit: u64, database: u32) -> usize {
    let taken = OTHERS + 3 * u64::from(database);
    // A limit too low for all of it still serves somebody.
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
