//! Pruning: deletes old rows of every table that grows without end.

use chrono::{DateTime, Utc};

use super::names::{Before, Limit};
use super::outbox::OPEN_OUTBOX;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::store::Store;

/// Rows from before a time, and the largest number of them.
pub(crate) type OlderThan = (Before, Limit);

/// Only events that are in the app's queue (a feed whose `published` is 0 has none and is read over HTTP).
///
/// PostgreSQL reads the first `:limit` positions of each feed, which are its oldest, and deletes by `ctid`
/// (the row's place in the table), here and below: none of these rows is ever updated again.
pub(crate) static PRUNE_FEEDS: Statement<OlderThan> = Statement::new(|on| {
    on.either(
        "DELETE FROM feed_event WHERE ctid = ANY (ARRAY(SELECT f.place FROM feed CROSS JOIN LATERAL \
         (SELECT x.ctid AS place, x.tenant_id, x.outbox_id FROM feed_event x WHERE x.app_id = feed.app_id \
         AND (feed.published = 0 OR x.pos <= feed.published) ORDER BY x.pos LIMIT :limit) f CROSS JOIN LATERAL \
         (SELECT o.stamped, o.created_at FROM outbox o WHERE o.tenant_id = f.tenant_id AND o.id = f.outbox_id OFFSET 0) o \
         WHERE o.stamped AND o.created_at < :before LIMIT :limit))",
        "DELETE FROM feed_event WHERE (app_id, pos) IN (SELECT f.app_id, f.pos FROM feed_event f \
         JOIN feed ON feed.app_id = f.app_id JOIN outbox o ON o.tenant_id = f.tenant_id AND o.id = f.outbox_id \
         WHERE o.stamped AND o.created_at < :before AND (feed.published = 0 OR f.pos <= feed.published) LIMIT :limit)",
    )
    .into()
});

/// As [`PRUNE_FEEDS`]; only what no feed holds any more.
pub(crate) static PRUNE_OUTBOX: Statement<OlderThan> = Statement::new(|on| {
    let old = "FROM outbox o WHERE o.stamped AND o.created_at < :before \
               AND NOT EXISTS (SELECT 1 FROM feed_event f WHERE f.outbox_id = o.id";
    on.either(
        format!(
            "DELETE FROM outbox WHERE ctid = ANY (ARRAY(SELECT o.ctid {old} OFFSET 0) ORDER BY o.created_at LIMIT :limit))"
        ),
        format!("DELETE FROM outbox WHERE (tenant_id, id) IN (SELECT o.tenant_id, o.id {old}) LIMIT :limit)"),
    )
});

/// As [`PRUNE_FEEDS`].
pub(crate) static PRUNE_LOG: Statement<OlderThan> = Statement::new(|on| {
    on.either(
        "DELETE FROM provisioning_log WHERE ctid = ANY (ARRAY(SELECT l.place FROM tenant CROSS JOIN LATERAL \
         (SELECT x.ctid AS place FROM provisioning_log x WHERE x.tenant_id = tenant.id AND x.at < :before \
         ORDER BY x.at LIMIT :limit) l LIMIT :limit))",
        "DELETE FROM provisioning_log WHERE (tenant_id, id) IN \
         (SELECT tenant_id, id FROM provisioning_log WHERE at < :before LIMIT :limit)",
    )
    .into()
});

/// As [`PRUNE_FEEDS`].
pub(crate) static PRUNE_ACKS: Statement<OlderThan> = Statement::new(|on| {
    on.either(
        "DELETE FROM feed_ack WHERE ctid = ANY (ARRAY(SELECT a.place FROM feed_group CROSS JOIN LATERAL \
         (SELECT x.ctid AS place, x.at FROM feed_ack x WHERE x.app_id = feed_group.app_id AND x.grp = feed_group.grp \
         ORDER BY x.pos LIMIT :limit) a WHERE a.at < :before LIMIT :limit))",
        "DELETE FROM feed_ack WHERE (app_id, grp, pos) IN (SELECT app_id, grp, pos FROM feed_ack WHERE at < :before LIMIT :limit)",
    )
    .into()
});

/// Rows deleted in one transaction by [`Store::prune`].
const PRUNE_BATCH: usize = 2000;

/// What [`Store::prune`] deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PruneReport {
    /// Events that are in no feed any more.
    pub events: u64,
    /// Rows of the provisioning log.
    pub log: u64,
    /// Earlier acknowledgements; the last one of each group is kept.
    pub acks: u64,
}

impl Store {
    /// Deletes events, log rows and earlier acknowledgements from before a time, in small transactions. An event
    /// stays until every feed with a queue has it there.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`]; what was deleted until then stays deleted.
    pub async fn prune(&self, before: DateTime<Utc>) -> Result<PruneReport> {
        self.prune_all(&PRUNE_FEEDS, before).await?;
        Ok(PruneReport {
            events: self.prune_all(&PRUNE_OUTBOX, before).await?,
            log: self.prune_all(&PRUNE_LOG, before).await?,
            acks: self.prune_all(&PRUNE_ACKS, before).await?,
        })
    }

    async fn prune_all(&self, statement: &Statement<OlderThan>, before: DateTime<Utc>) -> Result<u64> {
        let open = OPEN_OUTBOX.bind(self.backend(), (), None)?;
        let change = statement.bind(self.backend(), (Before(before), Limit(PRUNE_BATCH)), None)?;
        let mut pruned = 0;
        loop {
            let gone = self.change_after(Some(open.clone()), change.clone()).await?;
            pruned += gone;
            if gone < PRUNE_BATCH as u64 {
                return Ok(pruned);
            }
        }
    }
}
