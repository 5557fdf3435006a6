//! One batch: compare-and-append, and what follows if the stream has another end than expected.

use domain::position::Position;
use opentelemetry::trace::Span as _;
use store::{FeedPage, StoreError};
use tokio::time::Instant;

use super::plan::{self, Cursor, Realigned, batch_len, missing, realign};
use super::{BATCH, BATCH_BYTES, Relay, RoundError, trace};
use crate::stream::append::{Appended, append};
use crate::stream::fault::Fault;
use crate::stream::key::EntryId;

impl Relay {
    /// Appends one batch while the next page is read; returns that page if it follows the batch.
    pub(super) async fn send(
        &mut self,
        cursor: Cursor,
        page: &FeedPage,
        room: usize,
    ) -> Result<Option<FeedPage>, RoundError> {
        if let Some(position) = missing(cursor.done, &page.events) {
            tracing::error!(
                app = self.group,
                position = position.number(),
                "events are past their retention and were never relayed: the app must start over"
            );
        }
        let count = batch_len(&page.events, BATCH_BYTES).min(room);
        let batch = page.events.get(..count).unwrap_or(&page.events);
        let Some(last) = batch.last().map(|event| event.position) else {
            return Ok(None);
        };
        let mut span = trace::send(&self.key, batch);
        let store = &self.setup.store;
        let appending = append(&self.setup.link, &self.key, cursor.tail, &page.ends.epoch, batch);
        let (appended, next) = if count == BATCH {
            let (appended, next) = tokio::join!(appending, store.feed_page(self.app, last, BATCH));
            (appended, next.ok().flatten())
        } else {
            (appending.await, None)
        };
        match appended.inspect_err(|fault| trace::failed(&mut span, fault)) {
            Ok(Appended::Done) => {
                span.end();
                self.cursor = Some(Cursor {
                    tail: last,
                    done: last,
                });
                self.moved_at = Instant::now();
                self.setup.registry.feed(self.app, |feed| feed.published = last);
                Ok(next)
            }
            Ok(Appended::Elsewhere(actual)) => {
                self.realign(actual).await?;
                Ok(None)
            }
            Err(Fault::Full) => {
                self.make_room().await?;
                Err(Fault::Full.into())
            }
            Err(fault) => Err(fault.into()),
        }
    }

    /// The stream has another end than expected: continues from there.
    pub(super) async fn realign(&mut self, actual: EntryId) -> Result<(), RoundError> {
        // Read again: another relay may have sent events that were stamped after this relay's page.
        let head = self
            .setup
            .store
            .feed(self.app)
            .await?
            .map_or(Position::START, |feed| feed.head);
        let floor = plan::floor(self.acknowledged, head, self.setup.redis.keep_entries);
        let Realigned::At(cursor) = realign(actual, head, floor) else {
            return Err(RoundError::Foreign(actual));
        };
        let believed = self.cursor.replace(cursor).unwrap_or_default();
        if cursor.tail < believed.tail {
            tracing::warn!(
                app = self.group,
                believed = believed.tail.number(),
                actual = cursor.tail.number(),
                "Redis lost the stream's tail; sending it again"
            );
            self.setup.registry.feed(self.app, |feed| feed.rewinds += 1);
        }
        self.setup
            .registry
            .feed(self.app, |feed| feed.published = cursor.done);
        Ok(())
    }

    /// Stores the stream's progress.
    pub(super) async fn note(&mut self) -> Result<(), StoreError> {
        self.noted_at = Instant::now();
        let Some(cursor) = self.cursor.filter(|cursor| cursor.done != self.noted) else {
            return Ok(());
        };
        self.setup.store.set_published(self.app, cursor.done).await?;
        self.noted = cursor.done;
        Ok(())
    }
}
