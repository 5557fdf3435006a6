//! An app's store in memory: identities, groups and memberships, each row guarded by its sequence, and its crashes.
#![expect(clippy::indexing_slicing, reason = "of JSON: what is absent is null")]

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use usher_consumer::sink::SinkError;
use usher_consumer::{Batch, IdentityEvent, Memberships, Place, Sink, SnapshotPage, Stored};

/// A failure of the store: nothing of the transaction is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// At the next batch.
    Apply,
    /// At this page of a snapshot, counted from 1.
    Page(usize),
}

#[derive(Clone, Default)]
struct State {
    place: Option<Place>,
    /// Id → sequence and release, and the row; `None` after a deletion, and while the app does not see it.
    identities: BTreeMap<String, ((u64, u64), Option<Value>)>,
    groups: BTreeMap<String, ((u64, u64), Option<String>)>,
    members: Memberships,
    rejected: Vec<u64>,
    applied: Vec<u64>,
    snapshot: u64,
    taken_by: Option<String>,
    pages: usize,
    seen: BTreeSet<String>,
    /// Of the snapshot so far.
    fresh: Memberships,
}

#[derive(Default)]
struct Inner {
    state: State,
    crashes: VecDeque<Crash>,
    pause: Duration,
    refused: u32,
}

/// The store, shared by the test and the consumers.
#[derive(Clone, Default)]
pub struct Tables(Arc<Mutex<Inner>>);

/// One consumer's connection to it.
pub struct Connection(Tables);

impl Tables {
    pub fn sink(&self) -> Connection {
        Connection(self.clone())
    }

    fn with<T>(&self, read: impl FnOnce(&mut Inner) -> T) -> T {
        read(&mut self.0.lock().unwrap())
    }

    pub fn place(&self) -> Option<Place> {
        self.with(|inner| inner.state.place.clone())
    }

    pub fn set_place(&self, place: Option<Place>) {
        self.with(|inner| inner.state.place = place);
    }

    pub fn applied(&self) -> Vec<u64> {
        self.with(|inner| inner.state.applied.clone())
    }

    pub fn rejected(&self) -> Vec<u64> {
        self.with(|inner| inner.state.rejected.clone())
    }

    pub fn snapshots(&self) -> u64 {
        self.with(|inner| inner.state.snapshot)
    }

    pub fn refused(&self) -> u32 {
        self.with(|inner| inner.refused)
    }

    pub fn crash(&self, crashes: &[Crash]) {
        self.with(|inner| inner.crashes.extend(crashes));
    }

    pub fn crashes_left(&self) -> usize {
        self.with(|inner| inner.crashes.len())
    }

    pub fn slow_pages(&self, pause: Duration) {
        self.with(|inner| inner.pause = pause);
    }

    pub fn begin_as(&self, consumer: &str) {
        self.with(|inner| inner.state.taken_by = Some(consumer.to_owned()));
    }

    pub fn let_go(&self) {
        self.with(|inner| inner.state.taken_by = None);
    }

    /// The tables in the form of `expected.json`: what is deleted is not shown.
    pub fn show(&self) -> Value {
        self.with(|inner| {
            let state = &inner.state;
            let identities: Vec<&Value> = state
                .identities
                .values()
                .filter_map(|(_, row)| row.as_ref())
                .collect();
            let groups = state.groups.iter().filter_map(|(id, (_, name))| {
                let name = name.as_ref()?;
                Some(json!({"id": id, "displayName": name, "members": state.members.of(id)}))
            });
            json!({"identities": identities, "groups": groups.collect::<Vec<_>>()})
        })
    }
}

impl State {
    fn write(&mut self, event: &Value, always: bool) -> Result<(), String> {
        let word = event["type"].as_str().unwrap_or_default();
        match word.strip_prefix("usher.group.") {
            Some("created.v1" | "updated.v1" | "synced.v1" | "added.v1" | "deleted.v1" | "removed.v1") => {
                let is_gone = word.ends_with("deleted.v1") || word.ends_with("removed.v1");
                let part = if is_gone { "tombstone" } else { "group" };
                let id = event["data"][part]["id"]
                    .as_str()
                    .ok_or("no group id")?
                    .to_owned();
                let sequence: u64 = event["sequence"]
                    .as_str()
                    .unwrap_or_default()
                    .parse()
                    .map_err(|_| "sequence")?;
                let name = event.pointer("/data/group/displayName").and_then(Value::as_str);
                let order = (sequence, event["release"].as_u64().unwrap_or_default());
                if always || self.groups.get(&id).is_none_or(|(known, _)| *known < order) {
                    self.groups.insert(id, (order, name.map(str::to_owned)));
                }
            }
            Some(_) => {}
            None => {
                let Some(read) = IdentityEvent::read(event)? else {
                    return Ok(());
                };
                let id = read.text("id").unwrap_or_default().to_owned();
                let row = json!({"id": id, "sequence": read.sequence, "active": read.active(), "userName": read.text("userName"),
                                 "displayName": read.text("displayName"), "office": read.text("office")});
                let row = (!read.kind.is_gone()).then_some(row);
                let order = (read.sequence, read.release);
                if always || self.identities.get(&id).is_none_or(|(known, _)| *known < order) {
                    self.identities.insert(id, (order, row));
                }
            }
        }
        Ok(())
    }
}

impl Sink for Connection {
    async fn place(&mut self) -> Result<Option<Place>, SinkError> {
        Ok(self.0.place())
    }

    async fn apply(&mut self, batch: &Batch) -> Result<Stored, SinkError> {
        self.0.with(|inner| {
            if inner.crashes.front() == Some(&Crash::Apply) {
                inner.crashes.pop_front();
                return Err("disk full".into());
            }
            let state = &mut inner.state;
            if state.place.as_ref() != Some(&batch.from) {
                return Ok(Stored::Moved);
            }
            for delivery in &batch.deliveries {
                let done = state
                    .write(&delivery.event, false)
                    .and_then(|()| state.members.apply(&delivery.event));
                if done.is_err() {
                    state.rejected.push(delivery.position);
                }
                state.applied.push(delivery.position);
            }
            state.place = Some(batch.to.clone());
            Ok(Stored::Yes)
        })
    }

    async fn begin_snapshot(&mut self, stale: Option<&Place>, by: &str) -> Result<Option<u64>, SinkError> {
        self.0.with(|inner| {
            let state = &mut inner.state;
            if state.place.as_ref() != stale || state.taken_by.as_ref().is_some_and(|taken| taken != by) {
                inner.refused += 1;
                return Ok(None);
            }
            state.place = None;
            state.taken_by = Some(by.to_owned());
            state.snapshot += 1;
            state.pages = 0;
            state.seen.clear();
            state.fresh = Memberships::default();
            Ok(Some(state.snapshot))
        })
    }

    async fn store_page(&mut self, snapshot: u64, page: &SnapshotPage) -> Result<Stored, SinkError> {
        tokio::time::sleep(self.0.with(|inner| inner.pause)).await;
        self.0.with(|inner| {
            let state = &mut inner.state;
            if state.snapshot != snapshot {
                return Ok(Stored::Moved);
            }
            state.pages += 1;
            if inner.crashes.front() == Some(&Crash::Page(state.pages)) {
                inner.crashes.pop_front();
                return Err("gone".into());
            }
            for event in &page.events {
                state.write(event, true)?;
                state.fresh.apply(event)?;
                let id = event["subject"].as_str().unwrap_or_default();
                state
                    .seen
                    .insert(id.rsplit('/').next().unwrap_or_default().to_owned());
            }
            if page.next.is_none() {
                let seen = std::mem::take(&mut state.seen);
                state.identities.retain(|id, _| seen.contains(id));
                state.groups.retain(|id, _| seen.contains(id));
                state.members = std::mem::take(&mut state.fresh);
                state.place = Some(page.place());
                state.taken_by = None;
            }
            Ok(Stored::Yes)
        })
    }
}
