//! Groups, acknowledgements, trimming: keeps a stream usable and bounded (ADR 0016).
//!
//! Only this module creates groups; after a loss a group is created again at the position that the database
//! has. Entries are trimmed by a computed `MINID` only, in slices, never one that a group has not
//! acknowledged.

use std::collections::BTreeMap;

use domain::position::Position;
use tokio::time::Instant;

use super::plan::{self, Cursor};
use super::{Relay, RoundError};
use crate::stream::groups::{Ends, ends, groups, make_group, trim_before};
use crate::stream::key::EntryId;

/// The most entries removed by one command, and the most commands at a time: bounded work for a server that
/// others use, too.
const SLICE: i64 = 10_000;
const SLICES: usize = 50;

impl Relay {
    /// Checks the stream's end (a lost tail is noticed without new events), its groups and its length.
    pub(super) async fn maintain(&mut self) -> Result<(), RoundError> {
        self.maintained_at = Some(Instant::now());
        let mut known = self.known().await?;
        let found = ends(&self.setup.link, &self.key).await?;
        if found.is_some() {
            self.collect(&mut known).await?;
        }
        let acknowledged = known.values().copied().min().unwrap_or_default();
        if acknowledged != self.acknowledged {
            self.acknowledged = acknowledged;
            self.moved_at = Instant::now();
        }
        let actual = found.map_or(EntryId::at(Position::START), |ends| ends.last);
        if self
            .cursor
            .is_none_or(|cursor| EntryId::at(cursor.tail) != actual || cursor == Cursor::default())
        {
            self.realign(actual).await?;
        }
        self.restore(&known).await?;
        if let Some(Ends {
            first: Some(first), ..
        }) = found
        {
            self.trim(first, self.setup.redis.keep_entries).await?;
        }
        Ok(())
    }

    /// The groups of the database with their positions; the app's own group is always included.
    async fn known(&self) -> Result<BTreeMap<String, Position>, RoundError> {
        let acks = self.setup.store.acks(self.app).await?;
        let mut known: BTreeMap<String, Position> =
            acks.into_iter().map(|ack| (ack.group, ack.position)).collect();
        known.entry(self.group.clone()).or_default();
        Ok(known)
    }

    /// Stores the stream's acknowledgements in the database, and thereby in the provisioning log.
    async fn collect(&self, known: &mut BTreeMap<String, Position>) -> Result<(), RoundError> {
        let head = self.setup.notifier.head(self.app);
        for group in groups(&self.setup.link, &self.key).await? {
            // Groups created by hand are ignored: they neither delay trimming nor are created again after a
            // loss.
            let Some(before) = known.get_mut(&group.name) else {
                continue;
            };
            // A group can be set to a position ahead of the feed; its acknowledgement counts only up to the
            // head.
            let acknowledged = group.acknowledged.min(head);
            if acknowledged > *before {
                let now = self.setup.clock.now();
                self.setup
                    .store
                    .ack(self.app, &group.name, acknowledged, now)
                    .await?;
                *before = acknowledged;
            }
        }
        Ok(())
    }

    /// Creates missing groups, each at its stored position.
    async fn restore(&self, known: &BTreeMap<String, Position>) -> Result<(), RoundError> {
        for (group, acknowledged) in known {
            make_group(&self.setup.link, &self.key, group, *acknowledged).await?;
        }
        Ok(())
    }

    /// Removes the entries that no group needs any more, but keeps the newest `keep`.
    async fn trim(&self, first: EntryId, keep: i64) -> Result<(), RoundError> {
        let tail = self.cursor.unwrap_or_default().tail;
        let floor = plan::floor(self.acknowledged, tail, keep);
        let mut from = first.position;
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
        let mut known = self.known().await?;
        if let Some(Ends {
            first: Some(first), ..
        }) = ends(&self.setup.link, &self.key).await?
        {
            self.collect(&mut known).await?;
            self.acknowledged = known.values().copied().min().unwrap_or_default();
            self.trim(first, 0).await?;
        }
        Ok(())
    }
}
