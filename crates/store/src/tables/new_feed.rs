//! The feed of a new app, which begins with what the outbox holds ([`super::app`]).

use super::names::{CreatedAt, OfApp, Rows};
use crate::engine::statement::Statement;

/// PostgreSQL: keeps the stamper waiting while a feed is created; its `FOR UPDATE` takes `ROW SHARE`, which waits for this
/// lock.
pub(crate) static LOCK_FEEDS: Statement<()> = Statement::new(|_| "LOCK TABLE feed IN EXCLUSIVE MODE".into());

pub(crate) static INSERT: Statement<(OfApp, CreatedAt)> = Statement::new(|on| {
    let mark = on.either("right(gen_random_uuid()::text, 12)", "lower(hex(randomblob(6)))");
    format!(
        "INSERT INTO feed (app_id, head, published, created_at, epoch_mark) VALUES (:app, 0, 0, :created_at, {mark})"
    )
});

/// The events of a new feed that are stamped already. Afterwards the head is set by [`SET_HEAD`].
pub(crate) static BACKFILL: Statement<OfApp> = Statement::new(|_| backfill(""));
/// The same of some directories.
pub(crate) static BACKFILL_SOME: Statement<(OfApp, Rows)> = Statement::new(|on| {
    backfill(on.either(
        " AND directory_id = ANY (:ids)",
        " AND directory_id IN (SELECT unhex(d.value) FROM json_each(:ids) d)",
    ))
});

fn backfill(condition: &str) -> String {
    format!(
        "INSERT INTO feed_event (app_id, pos, tenant_id, outbox_id) SELECT :app, row_number() OVER (ORDER BY id), tenant_id, id \
         FROM outbox WHERE stamped AND app_id IS NULL{condition}"
    )
}

pub(crate) static SET_HEAD: Statement<OfApp> = Statement::new(|_| {
    "UPDATE feed SET head = (SELECT coalesce(max(pos), 0) FROM feed_event WHERE app_id = :app) WHERE app_id = :app"
        .into()
});
