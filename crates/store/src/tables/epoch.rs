//! The epochs of feeds (ADR 0039): how another one begins, and whether an app has read a snapshot since.

use chrono::{DateTime, Utc};
use domain::feed::Epoch;
use domain::id::AppId;
use domain::position::Position;

use super::feed::{Feed, FeedGroup};
use super::lease::now;
use super::names::{Above, Mark, OfApp};
use crate::admin_tx::AdminTx;
use crate::engine::executor::Executor;
use crate::engine::statement::Statement;
use crate::error::Result;
use crate::settings::Backend;
use crate::store::Store;

/// Another epoch for a feed that still has the one of this mark.
pub(crate) static RENEW: Statement<(OfApp, Mark<'_>, Above)> = Statement::new(|on| renewed(on, ""));
/// The same by an operator: the stream is to be filled by this deployment, whoever filled it before.
pub(crate) static RENEW_BY_HAND: Statement<(OfApp, Mark<'_>, Above)> =
    Statement::new(|on| renewed(on, ", take_over = true"));

fn renewed(on: Backend, also: &str) -> String {
    let (mark, greatest) = on.either(
        ("right(gen_random_uuid()::text, 12)", "greatest"),
        ("lower(hex(randomblob(6)))", "max"),
    );
    let now = now(on);
    format!(
        "UPDATE feed SET epoch_number = {greatest}(epoch_number, :above) + 1, epoch_mark = {mark}, epoch_start = head, \
         epoch_at = {now}{also} WHERE app_id = :app AND epoch_mark = :mark"
    )
}

/// The stream is in the epoch that an operator began.
pub(crate) static END_TAKE_OVER: Statement<OfApp> =
    Statement::new(|_| "UPDATE feed SET take_over = false WHERE app_id = :app AND take_over".into());

/// Another epoch for every feed.
pub(crate) static RENEW_ALL: Statement<()> = Statement::new(|on| {
    let mark = on.either("right(gen_random_uuid()::text, 12)", "lower(hex(randomblob(6)))");
    let now = now(on);
    format!(
        "UPDATE feed SET epoch_number = epoch_number + 1, epoch_mark = {mark}, epoch_start = head, epoch_at = {now}"
    )
});

/// The app has read a snapshot of the present epoch to its end.
pub(crate) static NOTE_SNAPSHOT: Statement<(OfApp, Mark<'_>)> = Statement::new(|_| {
    "UPDATE feed SET snapshot_mark = epoch_mark WHERE app_id = :app AND epoch_mark = :mark \
     AND coalesce(snapshot_mark, '') <> epoch_mark"
        .into()
});

impl Feed {
    /// Since when the app has nothing of the present epoch: it has neither read a snapshot to its end nor acknowledged an event of
    /// it. Its acknowledged position is of the epoch before.
    pub fn lacks_snapshot(&self, acknowledged: Position) -> Option<DateTime<Utc>> {
        let has_read = self.snapshot_mark.as_ref() == Some(&self.epoch.mark);
        self.epoch_at
            .filter(|_| !has_read && acknowledged <= self.epoch_start)
    }

    /// What the operator should know: why its relay does not run, what was lost, or that the app has nothing of its present epoch.
    pub fn warning(&self, groups: &[FeedGroup]) -> Option<String> {
        let lacks = || {
            let group = groups.iter().find(|group| group.app == self.app)?;
            let since = self.lacks_snapshot(group.acknowledged)?;
            Some(format!(
                "epoch {} began at {}, and the app has not read a snapshot since: its tables are those of the epoch before \
                 (GET /feeds/{}/snapshot)",
                self.epoch,
                since.format("%FT%TZ"),
                self.name
            ))
        };
        self.why.clone().or_else(lacks)
    }

    /// Since when a group waits for what it has not applied; `None` when it has everything.
    pub fn waiting_since(&self, group: &FeedGroup) -> Option<DateTime<Utc>> {
        self.lacks_snapshot(group.acknowledged)
            .into_iter()
            .chain(group.waiting_since)
            .min()
    }
}

/// [`Store::renew_feed`] in a transaction.
pub(crate) async fn renew(executor: &mut Executor, app: AppId, expected: &Epoch) -> Result<bool> {
    let parameters = (OfApp(app), Mark(&expected.mark), Above(0));
    Ok(executor.change(&RENEW, parameters).await? > 0)
}

impl AdminTx {
    /// [`Store::renew_feed`] for an operator: the relay fills the stream from then on, also one of another deployment.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn renew_feed_by_hand(&mut self, app: AppId, expected: &Epoch) -> Result<bool> {
        let parameters = (OfApp(app), Mark(&expected.mark), Above(0));
        Ok(self.executor.change(&RENEW_BY_HAND, parameters).await? > 0)
    }
}

impl Store {
    /// Begins another epoch of a feed, whose number is greater than `above` and than that of the present one, which is named by
    /// `expected`: when another process has begun one meanwhile, nothing changes and the answer is `false`.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn renew_feed(&self, app: AppId, expected: &Epoch, above: i64) -> Result<bool> {
        let parameters = (OfApp(app), Mark(&expected.mark), Above(above));
        Ok(self.change(&RENEW, parameters).await? > 0)
    }

    /// Notes that the app has read a snapshot of this epoch to its end.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn note_snapshot(&self, app: AppId, epoch: &Epoch) -> Result<()> {
        let parameters = (OfApp(app), Mark(&epoch.mark));
        self.change(&NOTE_SNAPSHOT, parameters).await.map(|_| ())
    }

    /// Notes that the stream is in the epoch that an operator began.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn end_take_over(&self, app: AppId) -> Result<()> {
        self.change(&END_TAKE_OVER, OfApp(app)).await.map(|_| ())
    }
}
