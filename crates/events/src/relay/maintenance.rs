//! Groups, acknowledgements, trimming: what keeps a stream usable and bounded (ADR 0016).
//!
//! Groups are made here and nowhere else; after a loss a group is made again where the database knows it to be.
//! Entries are trimmed by a computed `MINID` only, in slices, never one that a group has not acknowledged.

use std::collections::BTreeMap;

use tokio::time::Instant;

use super::plan::{self, Cursor};
use super::{Relay, RoundError};
use crate::status::GroupStatus;
use crate::stream::groups::{Ends, ends, groups, make_group, trim_before};
use crate::stream::key::EntryId;

/// Entries removed by one command, and commands in one go: bounded work for a server that others use too.
const SLICE: i64 = 10_000;
const SLICES: usize = 50;

impl Relay {
    /// Looks at the stream: its end (a lost tail is noticed though nothing new is to be sent), its groups, its length.
    pub(super) async fn maintain(&mut self) -> Result<(), RoundError> {
        self.cared_at = Some(Instant::now());
        let mut known = self.known().await?;
        let found = ends(&self.setup.link, &self.key).await?;
        if found.is_some() {
            self.collect(&mut known).await?;
        }
        let acknowledged = known.values().copied().min().unwrap_or(0);
        if acknowledged != self.acknowledged {
            self.acknowledged = acknowledged;
            self.moved_at = Instant::now();
        }
        let actual = found.map_or(EntryId::at(0), |ends| ends.last);
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
        let mut groups: Vec<GroupStatus> = Vec::with_capacity(known.len());
        groups.extend(
            known
                .into_iter()
                .map(|(group, acknowledged)| GroupStatus { group, acknowledged }),
        );
        self.setup.registry.feed(self.app, |feed| feed.groups = groups);
        Ok(())
    }

    /// What the database knows of each group; the app's own is always there.
    async fn known(&self) -> Result<BTreeMap<String, i64>, RoundError> {
        let acks = self.setup.store.acks(self.app).await?;
        let mut known: BTreeMap<String, i64> =
            acks.into_iter().map(|ack| (ack.group, ack.position)).collect();
        known.entry(self.group.clone()).or_insert(0);
        Ok(known)
    }

    /// Takes the stream's acknowledgements over into the database, and with it into the provisioning log.
    async fn collect(&self, known: &mut BTreeMap<String, i64>) -> Result<(), RoundError> {
        let head = self.setup.notifier.head(self.app);
        for group in groups(&self.setup.link, &self.key).await? {
            // Groups made by hand are nobody's: they neither hold back trimming nor come back after a loss.
            let Some(before) = known.get_mut(&group.name) else {
                continue;
            };
            // A group that somebody placed ahead of everything has acknowledged no more than there is.
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

    /// Makes the groups that are missing, each where it was.
    async fn restore(&self, known: &BTreeMap<String, i64>) -> Result<(), RoundError> {
        for (group, acknowledged) in known {
            make_group(&self.setup.link, &self.key, group, *acknowledged).await?;
        }
        Ok(())
    }

    /// Removes what nobody needs any more, but the newest `keep`.
    async fn trim(&self, first: EntryId, keep: i64) -> Result<(), RoundError> {
        let tail = self.cursor.map_or(0, |cursor| cursor.tail);
        let floor = plan::floor(self.acknowledged, tail, keep);
        let mut from = first.position;
        for _ in 0..SLICES {
            if from > floor {
                break;
            }
            from = from.saturating_add(SLICE).min(floor + 1);
            trim_before(&self.setup.link, &self.key, from).await?;
        }
        Ok(())
    }

    /// Redis is full: everything acknowledged goes at once, the newest too.
    pub(super) async fn make_room(&mut self) -> Result<(), RoundError> {
        let mut known = self.known().await?;
        if let Some(Ends {
            first: Some(first), ..
        }) = ends(&self.setup.link, &self.key).await?
        {
            self.collect(&mut known).await?;
            self.acknowledged = known.values().copied().min().unwrap_or(0);
            self.trim(first, 0).await?;
        }
        Ok(())
    }
}
