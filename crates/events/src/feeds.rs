//! Reading a feed without Redis: pages by position, long polls, acknowledgements
//! (`docs/reference/events.md`). The stream has the same positions and events, because it is filled from the
//! same rows.
//!
//! Must not know: HTTP. `crates/http/src/feeds` is the HTTP interface.

use std::sync::Arc;
use std::time::Duration;

use domain::clock::Clock;
use domain::feed::Epoch;
use domain::id::{AppId, DirectoryId, TenantId};
use domain::position::Position;
use store::{FeedPage, Store, StoreError};
use tokio::time::{Instant, timeout_at};

use crate::epoch;
use crate::notifier::Notifier;
use crate::read_limits::{ReadLimits, ReadPermit};
use crate::status::StatusRegistry;

/// The most events of one page.
const MAX_PAGE: usize = 500;
/// The longest wait of a read.
const MAX_WAIT: Duration = Duration::from_secs(25);
/// The most reads of one app at a time, whether they wait or not.
const MAX_READS: usize = 100;
/// The most reads of all apps at a time in one process: a page has up to 4 MiB.
const MAX_READS_OF_ALL: usize = 500;
/// The interval at which a waiting read checks the feed without a wake-up, and whether it is still allowed to
/// wait.
const LOOK: Duration = Duration::from_secs(2);

/// The reason why a feed could not be read or acknowledged.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The limit of reads of this app, or of all apps in this process, is reached.
    #[error(
        "{reads} reads of {whose} are under way already: use one reader, which asks for the next page when it has the last one"
    )]
    TooManyReads {
        /// The limit.
        reads: usize,
        /// What it limits.
        whose: &'static str,
    },
    /// A position beyond the feed's end, by a reader who does not say which epoch it is of.
    #[error(
        "the feed ends at {head}, before your position {position}: it is a position of another or an older database; take a snapshot: \
         GET /feeds/{{app}}/snapshot"
    )]
    AheadOfFeed {
        /// The position that the reader sent.
        position: Position,
        /// The parameter or member that holds it.
        field: &'static str,
        /// The feed's newest position.
        head: Position,
    },
    /// The reader's epoch is not the present one: its positions belong to another history of the feed.
    #[error(
        "the feed's epoch is {present}, positions of another one mean nothing: take a snapshot: GET /feeds/{{app}}/snapshot"
    )]
    EpochChanged {
        /// The feed's epoch.
        present: Epoch,
    },
    /// Events after the reader's position were deleted after their retention.
    #[error(
        "the events between {after} and {oldest} are past their retention: take a snapshot: GET /feeds/{{app}}/snapshot, and keep up \
         with the feed from then on"
    )]
    PastRetention {
        /// The position that the reader passed as `after`.
        after: Position,
        /// The oldest position that is kept.
        oldest: Position,
    },
    /// A cursor that no page of a snapshot has given.
    #[error(
        "\"cursor\" is not usable: send \"next\" of the page before, or begin a new snapshot: GET /feeds/{{app}}/snapshot"
    )]
    BadCursor,
    /// The profile of a directory is missing or does not fit: a fault of the set-up. The page is refused and not written without
    /// the directory's rows, because readers remove the rows that no page has.
    #[error(
        "the directory {directory} of the tenant {tenant} cannot be read: {reason}. Nothing is lost; ask for this page again later. \
         Operators: put the file of the profile {profile:?} back into profiles_dir and restart the gateway, or correct the \
         directory's extension (usher directory extension set)"
    )]
    ProfileUnusable {
        /// The directory.
        directory: DirectoryId,
        /// Its tenant.
        tenant: TenantId,
        /// The name of its profile.
        profile: String,
        /// What is wrong with the profile.
        reason: String,
    },
    /// An acknowledgement for a group that does not exist.
    #[error("the feed of {app} has one group, {app:?}: acknowledge for that one")]
    UnknownGroup {
        /// The app's name, which is also the group's name.
        app: String,
    },
    /// The feed does not exist.
    #[error("there is no such feed")]
    NoFeed,
    /// The database failed; a retry may succeed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks the epoch that a reader knows, as text, if it says one.
///
/// # Errors
/// [`FeedError::EpochChanged`].
pub(crate) fn check_epoch(present: &Epoch, known: Option<&str>) -> Result<(), FeedError> {
    match known {
        Some(known) if known != present.to_string() => Err(FeedError::EpochChanged {
            present: present.clone(),
        }),
        _ => Ok(()),
    }
}

/// What a reader asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Events after this position.
    pub after: Position,
    /// The most events, cut to 1–500.
    pub limit: usize,
    /// The wait for the first event, cut to 25 s.
    pub wait: Duration,
    /// The epoch of `after`, if the reader knows it.
    pub epoch: Option<String>,
}

/// The reading side of all feeds. Cheap to clone; one for each process.
#[derive(Clone)]
pub struct Feeds {
    pub(crate) store: Store,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) registry: StatusRegistry,
    notifier: Notifier,
    limits: ReadLimits,
}

impl std::fmt::Debug for Feeds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Feeds").finish_non_exhaustive()
    }
}

impl Feeds {
    pub(crate) fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        notifier: Notifier,
        registry: StatusRegistry,
    ) -> Self {
        Self {
            store,
            clock,
            registry,
            notifier,
            limits: ReadLimits::new(MAX_READS, MAX_READS_OF_ALL),
        }
    }

    /// The events after a position: at once if there are some, otherwise as soon as there are, or after the wait with an empty
    /// page. A page ends at about 4 MiB. A read that has waited calls `still_allowed` after it has read the events and before it
    /// answers them, and every two seconds meanwhile. The read counts until its permit is dropped: keep it as long as the page.
    ///
    /// # Errors
    /// [`FeedError::TooManyReads`], [`FeedError::EpochChanged`], [`FeedError::AheadOfFeed`], [`FeedError::PastRetention`],
    /// [`FeedError::NoFeed`], the database failed, or an error of `still_allowed`.
    pub async fn read<E: From<FeedError>>(
        &self,
        app: AppId,
        read: &Read,
        still_allowed: impl AsyncFn() -> Result<(), E>,
    ) -> Result<(FeedPage, ReadPermit), E> {
        let permit = self.permit(app)?;
        let deadline = Instant::now() + read.wait.min(MAX_WAIT);
        let mut heads = self.notifier.heads();
        let mut closing = self.notifier.closing();
        let mut has_waited = false;
        loop {
            heads.mark_unchanged();
            let page = self.page(app, read).await?;
            if has_waited {
                still_allowed().await?;
            }
            if !page.events.is_empty() || Instant::now() >= deadline || *closing.borrow() {
                return Ok((page, permit));
            }
            has_waited = true;
            let look = deadline.min(Instant::now() + LOOK);
            let moved = async {
                tokio::select! {
                    _ = heads.wait_for(|heads| heads.get(&app).is_some_and(|known| known.head > read.after)) => {}
                    _ = closing.wait_for(|closing| *closing) => {}
                }
            };
            // A time-out is not an error: the database is read again.
            let _ = timeout_at(look, moved).await;
        }
    }

    /// The events after a position, without waiting.
    async fn page(&self, app: AppId, read: &Read) -> Result<FeedPage, FeedError> {
        let (after, limit) = (read.after, read.limit.clamp(1, MAX_PAGE));
        let page = self.store.feed_page(app, after, limit).await?;
        let page = page.ok_or(FeedError::NoFeed)?;
        let (ends, field) = (&page.ends, "after");
        check_epoch(&ends.epoch, read.epoch.as_deref())?;
        if after > ends.head {
            let (known, head) = (read.epoch.is_some(), ends.head);
            return Err(self.ahead(app, &ends.epoch, known, (after, field, head)).await?);
        }
        // A gap is an error, also before the first event that a reader gets: nobody is to be incomplete without knowing it.
        if ends.oldest > after.next() {
            let oldest = ends.oldest;
            return Err(FeedError::PastRetention { after, oldest });
        }
        Ok(page)
    }

    /// What a reader beyond the feed's end is told. One who knows the present epoch has read events of it that the database does
    /// not have: it is an older one, and begins another epoch (ADR 0039).
    async fn ahead(
        &self,
        app: AppId,
        present: &Epoch,
        knows_epoch: bool,
        (position, field, head): (Position, &'static str, Position),
    ) -> Result<FeedError, FeedError> {
        if !knows_epoch {
            return Ok(FeedError::AheadOfFeed {
                position,
                field,
                head,
            });
        }
        if epoch::renew(&self.store, app, present, present.number).await? {
            tracing::warn!(
                %app,
                position = position.number(),
                head = head.number(),
                "a reader is ahead of its feed: the database is older than what the reader has read; the feed has begun a new epoch, \
                 and its readers take a snapshot"
            );
        }
        let feed = self.store.feed(app).await?.ok_or(FeedError::NoFeed)?;
        Ok(FeedError::EpochChanged { present: feed.epoch })
    }

    /// Stores that an app's group has applied everything up to `position`, and returns the stored position:
    /// one lower than before changes nothing. `group` is the app's name, `epoch` that of the position, if the reader knows it.
    ///
    /// # Errors
    /// [`FeedError::UnknownGroup`], [`FeedError::EpochChanged`], [`FeedError::AheadOfFeed`], [`FeedError::NoFeed`], or the
    /// database failed.
    pub async fn acknowledge(
        &self,
        app: AppId,
        group: &str,
        position: Position,
        epoch: Option<&str>,
    ) -> Result<Position, FeedError> {
        let feed = self.store.feed(app).await?.ok_or(FeedError::NoFeed)?;
        if group != feed.name.as_str() {
            return Err(FeedError::UnknownGroup {
                app: feed.name.to_string(),
            });
        }
        check_epoch(&feed.epoch, epoch)?;
        if position > feed.head {
            let beyond = (position, "pos", feed.head);
            return Err(self.ahead(app, &feed.epoch, epoch.is_some(), beyond).await?);
        }
        let place = (&feed.epoch, position);
        self.store.ack(app, group, place, self.clock.now()).await?;
        let acks = self.store.acks(app).await?;
        let remembered = acks
            .into_iter()
            .find(|ack| ack.group == group)
            .map_or(position, |ack| ack.position);
        Ok(remembered)
    }

    /// A share of the limits of reads, until it is dropped.
    ///
    /// # Errors
    /// [`FeedError::TooManyReads`].
    pub(crate) fn permit(&self, app: AppId) -> Result<ReadPermit, FeedError> {
        self.limits.permit(app)
    }
}
