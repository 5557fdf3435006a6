//! One look at the stream and what follows from it: whose it is, whether it is whole, what its group acknowledged, what can be
//! trimmed (ADR 0016, ADR 0039, ADR 0040).
//!
//! The decisions are those of `judge.rs`. Entries are trimmed by a computed `MINID` only, in slices, never one that the group has
//! not acknowledged.

use std::time::Duration;

use domain::position::Position;
use store::Feed;
use tokio::time::Instant;

use super::judge::{self, Group, Ours, Standing};
use super::plan::{self, Cursor};
use super::{Relay, RoundError};
use crate::epoch;
use crate::stream::fault::Fault;
use crate::stream::groups::{begin, make_group, mark_group, note, trim_before};
use crate::stream::key::EntryId;
use crate::stream::look::{Look, Stream, event_id, look};

/// The most entries removed by one command, and the most commands at a time: bounded work for a server that
/// others use, too.
const SLICE: i64 = 10_000;
const SLICES: usize = 50;
/// Two epochs that are begun for what the stream has, within this time, are a contest of two databases.
const CONTEST: Duration = Duration::from_mins(10);

impl Relay {
    /// Looks at the stream, its group and its length, and puts right what is not as it is to be.
    pub(super) async fn maintain(&mut self) -> Result<(), RoundError> {
        self.maintained_at = Some(Instant::now());
        let look = look(&self.setup.link, &self.key, &self.group).await?;
        // Read after the look: what other relays appended or trimmed before it has its position and acknowledgement by then.
        let mut feed = self.feed().await?;
        let (mut acknowledged, delivered) = self.acknowledgement().await?;
        self.remember_loss(&look);
        match self.standing(&look, &feed).await? {
            Standing::Theirs(deployment) => {
                return Err(RoundError::Theirs {
                    deployment,
                    app: self.group.clone(),
                });
            }
            Standing::Foreign(end) => {
                return Err(RoundError::Foreign {
                    end,
                    app: self.group.clone(),
                });
            }
            Standing::Newer { above } => {
                self.check_contest(above)?;
                epoch::renew(&self.setup.store, self.app, &feed.epoch, above).await?;
                feed = self.feed().await?;
                tracing::warn!(
                    app = self.group, epoch = %feed.epoch,
                    "the stream has what this database does not: the database is older, the feed begins another epoch, and its \
                     readers take a snapshot"
                );
                self.fill_again(&feed, acknowledged).await?;
            }
            Standing::Anew => self.fill_again(&feed, acknowledged).await?,
            Standing::Unnamed | Standing::Ours => match &look.stream {
                Some(stream) if !judge::has_hole(stream, acknowledged, feed.oldest) => {
                    acknowledged = self.keep(&look, stream, &feed, (acknowledged, delivered)).await?;
                }
                _ => {
                    tracing::warn!(
                        app = self.group,
                        after = acknowledged.number(),
                        "entries that the group has not acknowledged are gone from the stream; filling it again"
                    );
                    self.fill_again(&feed, acknowledged).await?;
                }
            },
        }
        if feed.take_over {
            self.setup.store.end_take_over(self.app).await?;
        }
        self.settle_loss(acknowledged);
        match self.note_look(&look, &feed, acknowledged).await {
            Err(RoundError::Redis(Fault::Full)) => {
                self.trim(0).await?;
                self.note_look(&look, &feed, acknowledged).await
            }
            noted => noted,
        }
    }

    /// Another database that fills the same stream, such as a restored copy that runs beside this one, begins an epoch whenever this
    /// one does: after the second time in a row both wait for an operator instead of emptying the stream for each other.
    fn check_contest(&mut self, above: i64) -> Result<(), RoundError> {
        if above == 0 {
            return Ok(());
        }
        let last = self.renewed_above.replace(Instant::now());
        if last.is_some_and(|at| at.elapsed() < CONTEST) {
            return Err(RoundError::Contested {
                app: self.group.clone(),
            });
        }
        Ok(())
    }

    /// Events that the database no longer has, and the group never got: the feed begins another epoch, so that whoever reads it takes
    /// a snapshot, also workers that keep no position and would not notice the hole. `false` when the present epoch began after
    /// them: its readers have taken one.
    pub(super) async fn lose(&mut self, from: Position, until: Position) -> Result<bool, RoundError> {
        let feed = self.feed().await?;
        if feed.epoch_start >= until {
            return Ok(false);
        }
        epoch::renew(&self.setup.store, self.app, &feed.epoch, feed.epoch.number).await?;
        self.tell_missing(from, until);
        self.maintain().await?;
        Ok(true)
    }

    async fn feed(&self) -> Result<Feed, RoundError> {
        let feed = self.setup.store.feed(self.app).await?;
        feed.ok_or(RoundError::NoFeed)
    }

    /// What the app's group has acknowledged, and what was delivered to it, as the database has it.
    async fn acknowledgement(&self) -> Result<(Position, Position), RoundError> {
        let acks = self.setup.store.acks(self.app).await?;
        let ours = acks.into_iter().find(|ack| ack.group == self.group);
        Ok(ours.map_or_else(Default::default, |ack| (ack.position, ack.delivered)))
    }

    async fn standing(&mut self, look: &Look, feed: &Feed) -> Result<Standing, RoundError> {
        let deployment = match self.deployment.take() {
            Some(known) => known,
            None => self.setup.store.deployment().await?.id,
        };
        let event_at_tail = match &look.stream {
            Some(stream) => self.event_at_tail(stream, feed.head).await?,
            None => None,
        };
        let ours = Ours {
            epoch: &feed.epoch,
            deployment: &deployment,
            head: feed.head,
            event_at_tail: event_at_tail.as_deref(),
            is_taken_over: feed.take_over,
        };
        let standing = judge::standing(look, ours);
        self.deployment = Some(deployment);
        Ok(standing)
    }

    /// The id of the event that the database has where the stream ends; `None` for an end that this relay knows already.
    async fn event_at_tail(&self, stream: &Stream, head: Position) -> Result<Option<String>, RoundError> {
        let Some(tail) = stream.tail.as_ref().map(|tail| tail.id.position) else {
            return Ok(None);
        };
        if tail == Position::START || tail > head || self.cursor.is_some_and(|cursor| cursor.tail == tail) {
            return Ok(None);
        }
        let page = self.setup.store.feed_page(self.app, tail.back(1), 1).await?;
        let event = page.and_then(|page| page.events.into_iter().next());
        Ok(event
            .filter(|event| event.position == tail)
            .and_then(|event| event_id(&event.body)))
    }

    /// Empties the stream and goes on after what is acknowledged.
    async fn fill_again(&mut self, feed: &Feed, acknowledged: Position) -> Result<(), RoundError> {
        let deployment = self.deployment.clone().unwrap_or_default();
        let link = &self.setup.link;
        begin(
            link,
            &self.key,
            &feed.epoch,
            &deployment,
            &self.group,
            acknowledged,
        )
        .await?;
        self.acknowledged_up_to(acknowledged);
        let floor = plan::floor(acknowledged, feed.head, self.setup.redis.keep_entries);
        self.go_on_from(plan::realign(Position::START, feed.head, floor));
        Ok(())
    }

    /// The stream is ours and whole: collects its acknowledgements, goes on from its end, and trims. Returns what is acknowledged.
    async fn keep(
        &mut self,
        look: &Look,
        stream: &Stream,
        feed: &Feed,
        (mut acknowledged, delivered): (Position, Position),
    ) -> Result<Position, RoundError> {
        let collected = look
            .companion
            .get("acknowledged")
            .and_then(|text| text.parse().ok());
        let has_moved = collected.is_some_and(|collected: Position| collected < acknowledged);
        let (link, key) = (&self.setup.link, &self.key);
        match (judge::group(look, acknowledged, has_moved), &look.group) {
            (Group::Believed, Some(group)) => {
                if !group.is_marked {
                    mark_group(link, key, &self.group).await?;
                }
                let now = self.setup.clock.now();
                let store = &self.setup.store;
                // What was never in the stream was not given to the group.
                let was_given = stream
                    .first
                    .is_some_and(|first| first.position <= group.settled());
                if group.settled() > acknowledged && was_given {
                    acknowledged = group.settled();
                    let place = (&feed.epoch, acknowledged);
                    store.ack(self.app, &self.group, place, now).await?;
                }
                if group.delivered.position > delivered {
                    let place = (&feed.epoch, group.delivered.position);
                    store.set_delivered(self.app, &self.group, place, now).await?;
                }
            }
            (Group::Doubted(doubt), Some(group)) => {
                make_group(link, key, &self.group, acknowledged).await?;
                self.tell_doubt(doubt, acknowledged, group.delivered.position.min(feed.head));
            }
            _ => make_group(link, key, &self.group, acknowledged).await?,
        }
        self.acknowledged_up_to(acknowledged);
        let last = stream.last.position;
        if self.cursor.is_none_or(|cursor| cursor.tail != last) {
            let floor = plan::floor(acknowledged, feed.head, self.setup.redis.keep_entries);
            self.go_on_from(plan::realign(last, feed.head, floor));
        }
        self.first = stream.first;
        self.trim(self.setup.redis.keep_entries).await?;
        Ok(acknowledged)
    }

    fn acknowledged_up_to(&mut self, position: Position) {
        if position != self.acknowledged {
            self.acknowledged = position;
            self.moved_at = Instant::now();
        }
    }

    /// The stream ends where it was not believed to end.
    fn go_on_from(&mut self, cursor: Cursor) {
        let believed = self.cursor.replace(cursor).unwrap_or_default();
        if cursor.tail < believed.tail {
            self.setup.registry.feed(self.app, |feed| feed.rewinds += 1);
            tracing::warn!(
                app = self.group,
                believed = believed.tail.number(),
                actual = cursor.tail.number(),
                "entries of the stream are gone; sending them again"
            );
        }
    }

    /// Writes into the companion what the next look compares with, and what is to be told until it is acknowledged.
    async fn note_look(&self, look: &Look, feed: &Feed, acknowledged: Position) -> Result<(), RoundError> {
        let (loss, until) = match &self.loss {
            Some(loss) => (loss.why.clone(), loss.until.to_string()),
            None => (String::new(), String::new()),
        };
        let fields = [
            ("epoch", feed.epoch.to_string()),
            ("deployment", self.deployment.clone().unwrap_or_default()),
            ("run", look.calls.run.clone()),
            ("calls", look.calls.by_hand.clone()),
            ("acks", look.calls.acks.clone()),
            ("acknowledged", acknowledged.to_string()),
            ("loss", loss),
            ("loss_until", until),
        ];
        let is_noted = |(name, value): &(&str, String)| look.companion.get(*name) == Some(value);
        if !fields.iter().all(is_noted) {
            note(&self.setup.link, &self.key, &fields).await?;
        }
        Ok(())
    }

    /// Removes the entries that the group does not need any more, but keeps the newest `keep`.
    async fn trim(&self, keep: i64) -> Result<(), RoundError> {
        let Some(EntryId {
            position: mut from, ..
        }) = self.first
        else {
            return Ok(());
        };
        let tail = self.cursor.unwrap_or_default().tail;
        let floor = plan::floor(self.acknowledged, tail, keep);
        for _ in 0..SLICES {
            if from > floor {
                break;
            }
            from = from.forward(SLICE).min(floor.next());
            trim_before(&self.setup.link, &self.key, from).await?;
        }
        Ok(())
    }

    /// Redis is full: removes all acknowledged entries, the newest ones included.
    pub(super) async fn make_room(&mut self) -> Result<(), RoundError> {
        match self.maintain().await {
            Ok(()) | Err(RoundError::Redis(Fault::Full)) => self.trim(0).await,
            other => other,
        }
    }
}
