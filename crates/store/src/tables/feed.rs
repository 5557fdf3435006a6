//! `feed`, `feed_event`, `feed_group`, `feed_ack`: the events of each app by position, and the last position that each consumer group acknowledged.

use chrono::{DateTime, Utc};
use domain::feed::{Epoch, FeedState};
use domain::id::{AppId, EventId, TenantId};
use domain::position::Position;
use domain::tenant::Slug;
use scim::etag::Revision;

use super::names::{At, AtPosition, Consumers, Limit, Mark, OfApp, Owner, StateName, Why};
use super::release::Stored;
use crate::engine::read::{Columns, Read, record};
use crate::engine::statement::{Opens, Statement};
use crate::error::Result;
use crate::store::Store;

const FEEDS: &str = "SELECT feed.app_id, app.name, feed.head, feed.published, \
    coalesce((SELECT e.pos FROM feed_event e WHERE e.app_id = feed.app_id ORDER BY e.pos LIMIT 1), feed.head + 1), \
    feed.epoch_number, feed.epoch_mark, feed.epoch_start, feed.epoch_at, feed.snapshot_mark, feed.take_over, feed.state, feed.why, feed.state_at, feed.state_by \
    FROM feed JOIN app ON app.id = feed.app_id";

pub(crate) static ALL: Statement<(), Feed> = Statement::new(|_| format!("{FEEDS} ORDER BY app.name"));

pub(crate) static BY_APP: Statement<OfApp, Feed> =
    Statement::new(|_| format!("{FEEDS} WHERE feed.app_id = :app"));

record!(Feed: app name head published oldest epoch epoch_start epoch_at snapshot_mark take_over state why state_at state_by);

/// A position in an app's feed.
pub(crate) type FeedPosition = (OfApp, AtPosition);

/// Where a feed begins and ends, and its epoch. The oldest position is no `min`: in a plan for an empty table PostgreSQL reads the whole
/// feed for that.
const ENDS: &str = "(SELECT head FROM feed WHERE app_id = :app) AS head, \
    (SELECT e.pos FROM feed_event e WHERE e.app_id = :app ORDER BY e.pos LIMIT 1) AS oldest, \
    (SELECT epoch_number FROM feed WHERE app_id = :app) AS epoch_number, \
    (SELECT epoch_mark FROM feed WHERE app_id = :app) AS epoch_mark";

/// The bytes of events after which a page ends: it has less before its last event.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// The events after a position, each with the feed's ends; a page without rows needs [`HEAD`]. It ends at [`PAGE_BYTES`]: the length of
/// a long text is known without reading it.
///
/// Positions have no gaps, so a page is bounded from above as well. Without that bound PostgreSQL reads and sorts the
/// bodies of everything that is left, at every page (measured: 134 ms against 3 ms with 40,000 events left).
///
/// The app's release policy stands beside the first event.
pub(crate) static PAGE: Statement<(FeedPosition, Limit), ((FeedEvent, FeedEnds), Stored)> =
    Statement::opening(Opens::All("outbox"), |_| {
        format!(
            "SELECT p.pos, p.event_id, p.event_type, p.tenant_id, p.source, p.sequence, p.body, {ENDS}, \
             CASE WHEN p.bytes_before IS NULL THEN (SELECT policy_revision FROM feed WHERE app_id = :app) ELSE 0 END \
             AS policy_revision, CASE WHEN p.bytes_before IS NULL THEN (SELECT policy FROM feed WHERE app_id = :app) END AS policy, \
             CAST(NULL AS text) AS policy_before FROM \
             (SELECT f.pos, o.event_id, o.event_type, o.tenant_id, o.source, o.sequence, o.body, sum(octet_length(o.body)) OVER \
             (ORDER BY f.pos ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before FROM feed_event f \
             JOIN outbox o ON o.tenant_id = f.tenant_id AND o.id = f.outbox_id \
             WHERE f.app_id = :app AND f.pos > :position AND f.pos < :limit + \
             (SELECT n.pos FROM feed_event n WHERE n.app_id = :app AND n.pos > :position ORDER BY n.pos LIMIT 1)) p \
             WHERE p.bytes_before IS NULL OR p.bytes_before < {PAGE_BYTES} ORDER BY p.pos LIMIT :limit"
        )
    });

pub(crate) static HEAD: Statement<OfApp, FeedEnds> =
    Statement::new(|_| format!("SELECT {ENDS} FROM feed WHERE app_id = :app"));

pub(crate) static SET_PUBLISHED: Statement<FeedPosition> = Statement::new(|_| {
    "UPDATE feed SET published = :position WHERE app_id = :app AND published <> :position AND head >= :position"
        .into()
});

/// The time stays as long as the state does.
pub(crate) static SET_STATE: Statement<(OfApp, StateName, Why<'_>, (Owner<'_>, At))> = Statement::new(|_| {
    "UPDATE feed SET state_at = CASE WHEN state = :state AND state_at IS NOT NULL THEN state_at ELSE :at END, \
     state = :state, why = :why, state_by = :owner WHERE app_id = :app"
        .into()
});

/// The sequence is a number in the outbox, and 20 digits for readers.
impl Read for FeedEvent {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            position: columns.next()?,
            id: columns.next()?,
            event_type: columns.next()?,
            tenant: columns.next()?,
            source: columns.next()?,
            sequence: columns.next::<Revision>()?.sequence(),
            body: columns.next()?,
        })
    }
}

/// A feed without events begins after its head.
impl Read for FeedEnds {
    fn read(columns: &mut Columns<'_>) -> Result<Self> {
        let (head, oldest): (Position, Option<Position>) = columns.next()?;
        Ok(Self {
            head,
            oldest: oldest.unwrap_or_else(|| head.next()),
            epoch: columns.next()?,
        })
    }
}

/// How far a consumer group is: a position of an epoch, and when it was there.
pub(crate) type Progress<'a> = ((FeedPosition, Mark<'a>), Consumers<'a>, At);

fn progress<'a>(
    app: AppId,
    group: &'a str,
    (epoch, position): (&'a Epoch, Position),
    at: DateTime<Utc>,
) -> Progress<'a> {
    let place = ((OfApp(app), AtPosition(position)), Mark(&epoch.mark));
    (place, Consumers(group), At(at))
}

/// The feed still has this epoch and this position. A connection that is lost may come back to a database that is older; what was
/// said of its successor must not be written there.
const IN_EPOCH: &str = "FROM feed WHERE app_id = :app AND head >= :position AND epoch_mark = :mark";

/// Changes nothing unless the position is after the group's last one, and of the present epoch.
pub(crate) static ACK: Statement<Progress<'_>> = Statement::new(|on| {
    let group = format!(
        "INSERT INTO feed_group (app_id, grp, pos, at) SELECT :app, :group, :position, :at {IN_EPOCH} \
         ON CONFLICT (app_id, grp) DO UPDATE SET pos = excluded.pos, at = excluded.at \
         WHERE feed_group.pos < excluded.pos"
    );
    let history = "INSERT INTO feed_ack (app_id, grp, pos, at)";
    on.either(
        format!(
            "WITH g AS ({group} RETURNING app_id, grp, pos, at) {history} SELECT * FROM g ON CONFLICT DO NOTHING"
        ),
        format!(
            "{group}; {history} SELECT :app, :group, :position, :at WHERE changes() > 0 ON CONFLICT DO NOTHING"
        ),
    )
});

/// Changes nothing unless the position is after the last delivered one, and of the present epoch.
pub(crate) static SET_DELIVERED: Statement<Progress<'_>> = Statement::new(|_| {
    format!(
        "INSERT INTO feed_group (app_id, grp, pos, delivered, at) SELECT :app, :group, 0, :position, :at {IN_EPOCH} \
         ON CONFLICT (app_id, grp) DO UPDATE SET delivered = excluded.delivered \
         WHERE feed_group.delivered < excluded.delivered"
    )
});

pub(crate) static ACKS: Statement<OfApp, Ack> = Statement::new(|_| {
    "SELECT grp, pos, delivered, at FROM feed_group WHERE app_id = :app ORDER BY grp".into()
});

record!(Ack: group position delivered at);

/// Every feed's groups; one named like the app is there before it has acknowledged anything.
pub(crate) static GROUPS: Statement<(), FeedGroup> = Statement::opening(Opens::All("outbox"), |_| {
    "SELECT r.app_id, r.grp, r.pos, r.delivered, \
     (SELECT o.created_at FROM (SELECT e.tenant_id, e.outbox_id FROM feed_event e \
     WHERE e.app_id = r.app_id AND e.pos > r.pos ORDER BY e.pos LIMIT 1) n \
     JOIN outbox o ON o.tenant_id = n.tenant_id AND o.id = n.outbox_id) AS waiting_since \
     FROM (SELECT f.app_id, coalesce(g.grp, app.name) AS grp, coalesce(g.pos, 0) AS pos, \
     coalesce(g.delivered, 0) AS delivered FROM feed f JOIN app ON app.id = f.app_id \
     LEFT JOIN feed_group g ON g.app_id = f.app_id) r ORDER BY r.app_id, r.grp"
        .into()
});

record!(FeedGroup: app group acknowledged delivered waiting_since);

/// One app's feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feed {
    /// The app.
    pub app: AppId,
    /// Its name.
    pub name: Slug,
    /// The last position given out; 0 in the beginning.
    pub head: Position,
    /// The last position known to be in the app's queue.
    pub published: Position,
    /// The oldest position whose event is kept; the one after the head when there is none.
    pub oldest: Position,
    /// The history that its positions belong to.
    pub epoch: Epoch,
    /// The head when that epoch began.
    pub epoch_start: Position,
    /// When it began; `None` for the first one.
    pub epoch_at: Option<DateTime<Utc>>,
    /// The mark of the epoch in which the app has read a snapshot to its end.
    pub snapshot_mark: Option<String>,
    /// Whether an operator began it, so that this deployment is to fill the stream, whoever filled it before.
    pub take_over: bool,
    /// What its relay does.
    pub state: FeedState,
    /// Why it does not run, for the operator.
    pub why: Option<String>,
    /// Since when it is in that state; `None` before a relay noted one.
    pub state_at: Option<DateTime<Utc>>,
    /// The instance that noted it.
    pub state_by: Option<String>,
}

/// Where a feed begins and ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEnds {
    /// The last position given out.
    pub head: Position,
    /// The oldest position whose event is kept; the one after the head when there is none.
    pub oldest: Position,
    /// The history that its positions belong to.
    pub epoch: Epoch,
}

/// One event of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEvent {
    /// Its position.
    pub position: Position,
    /// Its CloudEvents `id`.
    pub id: EventId,
    /// Its CloudEvents `type`.
    pub event_type: String,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// Its CloudEvents `source`: the identity it is about.
    pub source: String,
    /// Its CloudEvents `sequence`: the identity's revision, 20 digits.
    pub sequence: String,
    /// The CloudEvents JSON text, as committed.
    pub body: String,
}

/// Some events of a feed, in the order of their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPage {
    /// The events.
    pub events: Vec<FeedEvent>,
    /// The feed's ends; its head is at least as great as the position of any event here.
    pub ends: FeedEnds,
}

/// The last acknowledgement of a consumer group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ack {
    /// The group.
    pub group: String,
    /// The last position that it has applied, like all before it.
    pub position: Position,
    /// The last position that was delivered to it from the queue, acknowledged or not; over HTTP nothing is delivered, but read.
    pub delivered: Position,
    /// When it acknowledged.
    pub at: DateTime<Utc>,
}

/// How far a consumer group of a feed is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedGroup {
    /// The app.
    pub app: AppId,
    /// The group.
    pub group: String,
    /// Everything up to this position is acknowledged.
    pub acknowledged: Position,
    /// The last position that was delivered to it from the queue.
    pub delivered: Position,
    /// When the oldest event that it has not acknowledged was committed; `None` when there is none.
    pub waiting_since: Option<DateTime<Utc>>,
}

impl Store {
    /// All feeds, by name.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn feeds(&self) -> Result<Vec<Feed>> {
        self.autocommit().all(&ALL, ()).await
    }

    /// One app's feed.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn feed(&self, app: AppId) -> Result<Option<Feed>> {
        self.autocommit().one(&BY_APP, OfApp(app)).await
    }

    /// At most `limit` events after a position, which end at about 4 MiB, and the feed's ends; `None` when there is no such feed. Each
    /// event is cut to what the app's release policy lets it see now (ADR 0050): whoever reads a feed reads through this function.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn feed_page(&self, app: AppId, after: Position, limit: usize) -> Result<Option<FeedPage>> {
        let mut executor = self.autocommit();
        let rows = executor
            .all(&PAGE, ((OfApp(app), AtPosition(after)), Limit(limit)))
            .await?;
        let ends = match rows.last() {
            Some(((_, ends), _)) => Some(ends.clone()),
            None => executor.one(&HEAD, OfApp(app)).await?,
        };
        let release = rows.iter().map(|(_, stored)| &stored.0);
        let release = release.max_by_key(|release| release.revision).cloned();
        let mut events: Vec<FeedEvent> = rows.into_iter().map(|((event, _), _)| event).collect();
        if let Some(release) = release.filter(|release| release.policy.is_some()) {
            for event in &mut events {
                let (body, event_type) = release.cut(std::mem::take(&mut event.body));
                event.body = body;
                event.event_type = event_type.unwrap_or_else(|| std::mem::take(&mut event.event_type));
            }
        }
        events.sort_by_key(|event| event.position);
        Ok(ends.map(|ends| FeedPage { events, ends }))
    }

    /// Notes the last position that the app's queue has.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn set_published(&self, app: AppId, position: Position) -> Result<()> {
        let parameters = (OfApp(app), AtPosition(position));
        self.change(&SET_PUBLISHED, parameters).await.map(|_| ())
    }

    /// Notes that a consumer group has applied everything up to a position of an epoch. A group never goes back. Nothing is noted
    /// when the feed has another epoch by now, or has not given out that position.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn ack(
        &self,
        app: AppId,
        group: &str,
        position: (&Epoch, Position),
        at: DateTime<Utc>,
    ) -> Result<()> {
        let progress = progress(app, group, position, at);
        self.change(&ACK, progress).await.map(|_| ())
    }

    /// Notes what the relay of a feed does, why it does not run or what was lost, and which instance says so.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn set_feed_state(
        &self,
        app: AppId,
        state: FeedState,
        why: Option<&str>,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<()> {
        let parameters = (OfApp(app), StateName(state.into()), Why(why), (Owner(by), At(at)));
        self.change(&SET_STATE, parameters).await.map(|_| ())
    }

    /// Notes the last position that the queue delivered to a consumer group, as [`Store::ack`] does.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn set_delivered(
        &self,
        app: AppId,
        group: &str,
        position: (&Epoch, Position),
        at: DateTime<Utc>,
    ) -> Result<()> {
        let progress = progress(app, group, position, at);
        self.change(&SET_DELIVERED, progress).await.map(|_| ())
    }

    /// How far the consumer groups of all feeds are.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn feed_groups(&self) -> Result<Vec<FeedGroup>> {
        self.autocommit().all(&GROUPS, ()).await
    }

    /// The last acknowledgement of each consumer group of an app, by name.
    ///
    /// # Errors
    /// [`crate::StoreError::Unavailable`].
    pub async fn acks(&self, app: AppId) -> Result<Vec<Ack>> {
        self.autocommit().all(&ACKS, OfApp(app)).await
    }
}
