//! The waiting requests: their order, and which one is dropped when the queue is full. No time, no tasks.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use tokio::sync::oneshot;

use super::{Priority, Requester};

/// All waiting requests by priority.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lines: BTreeMap<Priority, Line>,
    next: u64,
}

/// The requests of one priority by network, in the order of the networks' turns. Each network has at least one.
#[derive(Debug, Default)]
struct Line(VecDeque<(IpAddr, VecDeque<Waiter>)>);

#[derive(Debug)]
struct Waiter {
    number: u64,
    call: oneshot::Sender<()>,
}

impl Waiting {
    /// The number of waiting requests.
    pub fn len(&self) -> usize {
        self.lines.values().map(Line::len).sum()
    }

    /// Adds a request at the end; returns its number and the signal that gives it a place.
    pub fn push(&mut self, requester: Requester) -> (u64, oneshot::Receiver<()>) {
        let (call, called) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        let line = self.lines.entry(requester.priority).or_default();
        line.push(requester.network, Waiter { number, call });
        (number, called)
    }

    /// Gives the place to the next request; `false` when none waits.
    pub fn call_next(&mut self) -> bool {
        while let Some(waiter) = self.lines.values_mut().find_map(Line::pop) {
            // A cancelled request removes itself.
            if waiter.call.send(()).is_ok() {
                return true;
            }
        }
        false
    }

    /// Drops one waiting request in favour of `requester`; `false` when all others come before it.
    pub fn make_room(&mut self, requester: Requester) -> bool {
        let lowest = self.lines.iter_mut().rev().find(|(_, line)| !line.0.is_empty());
        let Some((priority, line)) = lowest.filter(|(priority, _)| **priority >= requester.priority) else {
            return false;
        };
        let own = if *priority == requester.priority {
            line.of(requester.network) + 1
        } else {
            0
        };
        line.drop_newest_of_longest(own)
    }

    /// Removes a cancelled request.
    pub fn remove(&mut self, requester: Requester, number: u64) {
        if let Some(line) = self.lines.get_mut(&requester.priority) {
            line.remove(requester.network, number);
        }
    }
}

impl Line {
    fn len(&self) -> usize {
        self.0.iter().map(|(_, waiters)| waiters.len()).sum()
    }

    fn of(&self, network: IpAddr) -> usize {
        let own = self.0.iter().find(|(other, _)| *other == network);
        own.map_or(0, |(_, waiters)| waiters.len())
    }

    fn push(&mut self, network: IpAddr, waiter: Waiter) {
        match self.0.iter_mut().find(|(other, _)| *other == network) {
            Some((_, waiters)) => waiters.push_back(waiter),
            None => self.0.push_back((network, VecDeque::from([waiter]))),
        }
    }

    /// The first of the network whose turn it is; that network's next turn comes last.
    fn pop(&mut self) -> Option<Waiter> {
        let (network, mut waiters) = self.0.pop_front()?;
        let waiter = waiters.pop_front();
        if !waiters.is_empty() {
            self.0.push_back((network, waiters));
        }
        waiter
    }

    /// Drops one of the network with the most waiting, if these are more than `own`.
    fn drop_newest_of_longest(&mut self, own: usize) -> bool {
        let lengths = self.0.iter().map(|(_, waiters)| waiters.len()).enumerate();
        let longest = lengths.max_by_key(|(_, length)| *length);
        let Some((index, _)) = longest.filter(|(_, length)| *length > own) else {
            return false;
        };
        self.take(index, |waiters| drop(waiters.pop_back()));
        true
    }

    fn remove(&mut self, network: IpAddr, number: u64) {
        if let Some(index) = self.0.iter().position(|(other, _)| *other == network) {
            self.take(index, |waiters| waiters.retain(|waiter| waiter.number != number));
        }
    }

    fn take(&mut self, index: usize, take: impl FnOnce(&mut VecDeque<Waiter>)) {
        if let Some((_, waiters)) = self.0.get_mut(index) {
            take(waiters);
            if waiters.is_empty() {
                self.0.remove(index);
            }
        }
    }
}
