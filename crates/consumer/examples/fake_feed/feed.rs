//! A feed that is recorded events and bad days: what it answers, without a network.
#![expect(clippy::indexing_slicing, reason = "of JSON: what is absent is null")]

use super::directory;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::str::FromStr;

/// The most events of one page of a snapshot, until it is told otherwise.
const PAGE: usize = 500;

/// Something that happens to the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// The next so many recorded events are told.
    Tell(usize),
    /// Events before this position are no longer kept: 410.
    Oldest(u64),
    /// As [`Day::Oldest`], but the page begins later and says nothing. A gateway answers 410; a consumer that checks positions
    /// does not depend on it.
    Hole(u64),
    /// The database comes back as it was at this position, in a new epoch. What was told after it can be told again.
    Epoch(u64),
    /// The next request, whatever it asks for, is refused with this status.
    Refuse(u16),
    /// An event without a source and without data gets the next position.
    Poison,
    /// Each page begins with events that were asked for before, as a stream does after a loss.
    Repeat,
    /// The events of a page are in no order. Pages of a gateway are in order; what several workers read of a stream is not.
    Shuffle,
    /// Pages of a snapshot have at most so many events.
    Page(usize),
}

impl FromStr for Day {
    type Err = String;

    /// `tell 3`, `oldest 7`, `hole 7`, `epoch 5`, `refuse 503`, `poison`, `repeat`, `shuffle`, `page 2`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_whitespace();
        let word = words.next().unwrap_or_default();
        let number = words.next().and_then(|number| number.parse::<u64>().ok());
        let count = number.and_then(|number| usize::try_from(number).ok());
        let day = match (word, number) {
            ("poison", None) => Some(Self::Poison),
            ("repeat", None) => Some(Self::Repeat),
            ("shuffle", None) => Some(Self::Shuffle),
            ("tell", _) => count.map(Self::Tell),
            ("page", _) => count.filter(|count| *count > 0).map(Self::Page),
            ("oldest", _) => number.map(Self::Oldest),
            ("hole", _) => number.map(Self::Hole),
            ("epoch", _) => number.map(Self::Epoch),
            ("refuse", _) => number
                .and_then(|status| u16::try_from(status).ok())
                .map(Self::Refuse),
            _ => None,
        };
        let known = "tell N, oldest N, hole N, epoch N, refuse STATUS, page N, poison, repeat, shuffle";
        day.ok_or_else(|| format!("{text:?} is none of: {known}"))
    }
}

/// A request, as far as the feed is concerned.
#[derive(Debug, Default)]
pub struct Request {
    /// `events`, `ack` or `snapshot`.
    pub resource: String,
    /// The parameters of the query.
    pub query: Vec<(String, String)>,
    /// The body, or null.
    pub body: Value,
}

impl Request {
    /// A parameter of the query.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.parameter(name)?.parse().ok()
    }
}

/// The feed of one app.
#[derive(Debug)]
pub struct FakeFeed {
    waiting: VecDeque<Value>,
    /// Position 1 is the first.
    told: Vec<Value>,
    epoch: u32,
    oldest: u64,
    says_410: bool,
    repeat: bool,
    shuffle: bool,
    page: usize,
    refusals: VecDeque<u16>,
    /// The positions that were acknowledged, in order.
    pub acknowledged: Vec<u64>,
    /// The requests: resource and query.
    pub asked: Vec<String>,
}

impl FakeFeed {
    /// None of the events is told yet.
    pub fn new(recorded: impl IntoIterator<Item = Value>) -> Self {
        Self {
            waiting: recorded.into_iter().collect(),
            told: Vec::new(),
            epoch: 1,
            oldest: 1,
            says_410: true,
            repeat: false,
            shuffle: false,
            page: PAGE,
            refusals: VecDeque::new(),
            acknowledged: Vec::new(),
            asked: Vec::new(),
        }
    }

    /// The feed's last position.
    pub fn head(&self) -> u64 {
        self.told.len() as u64
    }

    /// The present epoch.
    pub fn epoch(&self) -> String {
        format!("{}-{:012x}", self.epoch, u64::from(self.epoch) * 0x005f_0c9a_72b3)
    }

    /// Lets something happen.
    pub fn happen(&mut self, day: Day) {
        match day {
            Day::Tell(count) => {
                let count = count.min(self.waiting.len());
                self.told.extend(self.waiting.drain(..count));
            }
            Day::Oldest(position) => (self.oldest, self.says_410) = (position, true),
            Day::Hole(position) => (self.oldest, self.says_410) = (position, false),
            Day::Epoch(position) => {
                let kept = usize::try_from(position)
                    .unwrap_or(usize::MAX)
                    .min(self.told.len());
                for event in self.told.drain(kept..).rev() {
                    self.waiting.push_front(event);
                }
                self.epoch += 1;
            }
            Day::Refuse(status) => self.refusals.push_back(status),
            Day::Poison => self
                .told
                .push(json!({"type": "usher.identity.created.v1", "poison": true})),
            Day::Repeat => self.repeat = true,
            Day::Shuffle => self.shuffle = true,
            Day::Page(events) => self.page = events,
        }
    }

    /// Whether a read would have nothing to say.
    pub fn is_quiet(&self, request: &Request) -> bool {
        request.resource == "events"
            && request.number("after") == Some(self.head())
            && request
                .parameter("epoch")
                .is_none_or(|epoch| epoch == self.epoch())
    }

    /// Notes that a request has come. Gives a refusal if one is due: it is for a request that begins now, not for one
    /// that waits already.
    pub fn arrive(&mut self, request: &Request) -> Option<(u16, Value)> {
        let parameter = |(name, value): &(String, String)| format!("{name}={value}");
        let query: Vec<String> = request.query.iter().map(parameter).collect();
        self.asked
            .push(format!("{} {}", request.resource, query.join("&")));
        let status = self.refusals.pop_front()?;
        let code = match status {
            401 => "unauthorized",
            409 => "epochChanged",
            410 => "pastRetention",
            429 => "tooMany",
            _ => "unavailable",
        };
        Some(self.problem(status, code))
    }

    /// The answer: status and body.
    pub fn answer(&mut self, request: &Request) -> (u16, Value) {
        match request.resource.as_str() {
            "events" => self.events(request),
            "ack" => self.ack(request),
            "snapshot" => self.snapshot(request),
            _ => self.problem(404, "noSuchFeed"),
        }
    }

    fn events(&mut self, request: &Request) -> (u16, Value) {
        let after = request.number("after").unwrap_or(0);
        if let Some(refusal) = self.other_history(after, request.parameter("epoch")) {
            return refusal;
        }
        if self.says_410 && after + 1 < self.oldest {
            return self.problem(410, "pastRetention");
        }
        let from = if self.repeat {
            after.saturating_sub(3)
        } else {
            after
        };
        let limit = request.number("limit").unwrap_or(500);
        let positions = (from + 1).max(self.oldest)..=self.head().min(after + limit);
        let mut events: Vec<Value> = positions
            .clone()
            .zip(
                self.told
                    .iter()
                    .skip(usize::try_from(*positions.start() - 1).unwrap_or(usize::MAX)),
            )
            .map(|(position, event)| {
                let mut event = event.clone();
                event["epoch"] = json!(self.epoch());
                json!({"pos": position, "event": event})
            })
            .collect();
        if self.shuffle {
            // A fixed mixing: every third first.
            let (third, others): (Vec<_>, Vec<_>) = events
                .into_iter()
                .enumerate()
                .partition(|(index, _)| index % 3 == 2);
            events = third
                .into_iter()
                .chain(others.into_iter().rev())
                .map(|(_, event)| event)
                .collect();
        }
        let next = (*positions.end()).max(after);
        let page = json!({"events": events, "next": next, "head": self.head(), "oldest": self.oldest, "epoch": self.epoch()});
        (200, page)
    }

    fn ack(&mut self, request: &Request) -> (u16, Value) {
        let position = request.body["pos"].as_u64().unwrap_or(0);
        if let Some(refusal) = self.other_history(position, request.body["epoch"].as_str()) {
            return refusal;
        }
        self.acknowledged.push(position);
        (200, json!({"group": request.body["group"], "pos": position}))
    }

    /// The cursor is epoch, position and the number of events before it, with a sign that a URL has to quote.
    fn snapshot(&self, request: &Request) -> (u16, Value) {
        let mut words = request.parameter("cursor").unwrap_or_default().split('&');
        let epoch = words.next().filter(|epoch| !epoch.is_empty());
        if epoch.is_some_and(|epoch| epoch != self.epoch()) {
            return self.problem(409, "epochChanged");
        }
        let mut number = || words.next().and_then(|word| word.parse::<u64>().ok());
        let position = number().unwrap_or(self.head());
        let start = number()
            .and_then(|start| usize::try_from(start).ok())
            .unwrap_or(0);
        let all = directory::synced(self.told.iter());
        let mut events: Vec<Value> = all.iter().skip(start).take(self.page).cloned().collect();
        for event in &mut events {
            event["epoch"] = json!(self.epoch());
        }
        let end = start + events.len();
        let next = (end < all.len()).then(|| format!("{}&{position}&{end}", self.epoch()));
        (
            200,
            json!({"events": events, "position": position, "epoch": self.epoch(), "next": next}),
        )
    }

    fn other_history(&mut self, position: u64, epoch: Option<&str>) -> Option<(u16, Value)> {
        let ahead = position > self.head();
        match epoch {
            None if ahead => Some(self.problem(409, "aheadOfFeed")),
            Some(epoch) if epoch != self.epoch() => Some(self.problem(409, "epochChanged")),
            Some(_) if ahead => {
                self.epoch += 1;
                Some(self.problem(409, "epochChanged"))
            }
            _ => None,
        }
    }

    fn problem(&self, status: u16, code: &str) -> (u16, Value) {
        let detail = format!("the epoch is {}; GET /feeds/{{app}}/snapshot", self.epoch());
        (status, json!({"status": status, "code": code, "detail": detail}))
    }
}
