//! `lease`: who does a job that one process is enough for, by the database's clock.
//!
//! A lease that ends later than one taken now would was made before that clock was set back. It is nobody's: otherwise
//! the job of a holder that has died would wait for as long as the clock was set back.

use std::sync::LazyLock;

use crate::sql::Sql;

/// `$1` name, `$2` owner, `$3` milliseconds: taken or renewed when a row changes.
pub(crate) static TAKE: LazyLock<Sql> = LazyLock::new(|| {
    let take = |now: &str| {
        format!(
            "INSERT INTO lease (name, owner, expires_at) VALUES ($1, $2, {now} + $3) \
             ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at \
             WHERE lease.owner = excluded.owner OR lease.expires_at <= {now} OR lease.expires_at > {now} + $3"
        )
    };
    Sql::pair(
        &take("(extract(epoch FROM clock_timestamp()) * 1000)::bigint"),
        &take("CAST(unixepoch('now', 'subsec') * 1000 AS INTEGER)"),
    )
});

/// `$1` name, `$2` owner.
pub(crate) static RELEASE: LazyLock<Sql> =
    LazyLock::new(|| Sql::same("DELETE FROM lease WHERE name = $1 AND owner = $2"));
