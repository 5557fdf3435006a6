//! One batch: compare-and-append, and a look at the stream if it has another end than expected.

use opentelemetry::trace::Span as _;
use store::{FeedPage, StoreError};
use tokio::time::Instant;

use super::plan::{Cursor, batch_len};
use super::{BATCH, BATCH_BYTES, Relay, RoundError, trace};
use crate::stream::append::append;
use crate::stream::fault::Fault;

impl Relay {
    /// Appends one batch while the next page is read; returns that page if it follows the batch.
    pub(super) async fn send(
        &mut self,
        cursor: Cursor,
        page: &FeedPage,
        room: usize,
    ) -> Result<Option<FeedPage>, RoundError> {
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
            Ok(true) => {
                span.end();
                self.cursor = Some(Cursor {
                    tail: last,
                    done: last,
                });
                self.moved_at = Instant::now();
                Ok(next)
            }
            Ok(false) => {
                self.maintain().await?;
                Ok(None)
            }
            Err(Fault::Full) => {
                self.make_room().await?;
                Err(Fault::Full.into())
            }
            Err(fault) => Err(fault.into()),
        }
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
