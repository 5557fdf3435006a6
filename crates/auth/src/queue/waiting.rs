//! Who waits, in which order they are called, and who gives way when the queue is full. No time, no tasks.

use std::collections::VecDeque;
use std::net::IpAddr;

use tokio::sync::oneshot;

use super::{Asker, Rank};

const RANKS: [Rank; 4] = [Rank::Checked, Rank::KnownNetwork, Rank::Unknown, Rank::Suspected];

/// Everybody who waits: one line a rank.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    lines: [Line; RANKS.len()],
    next: u64,
}

/// One rank's askers by network, in the order in which the networks' turns come. No network stands there without one.
#[derive(Debug, Default)]
struct Line(VecDeque<(IpAddr, VecDeque<Waiter>)>);

#[derive(Debug)]
struct Waiter {
    number: u64,
    call: oneshot::Sender<()>,
}

impl Waiting {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.lines.iter().map(Line::len).sum()
    }

    /// Adds an asker at the end; its number, and what is called when its turn has come.
    pub fn push(&mut self, asker: Asker) -> (u64, oneshot::Receiver<()>) {
        let (call, called) = oneshot::channel();
        let number = self.next;
        self.next += 1;
        self.line(asker.rank).push(asker.network, Waiter { number, call });
        (number, called)
    }

    /// Calls whoever's turn it is; `false` when nobody waits.
    pub fn call_next(&mut self) -> bool {
        while let Some(waiter) = self.lines.iter_mut().find_map(Line::pop) {
            // An asker that has left is on its way to take itself out.
            if waiter.call.send(()).is_ok() {
                return true;
            }
        }
        false
    }

    /// Takes somebody out, so that `asker` can come in; `false` when everybody has the better right.
    pub fn make_room(&mut self, asker: Asker) -> bool {
        let lowest = RANKS.iter().rev().find(|rank| !self.line(**rank).0.is_empty());
        let Some(rank) = lowest.copied().filter(|rank| *rank >= asker.rank) else {
            return false;
        };
        let own = if rank == asker.rank {
            self.line(rank).of(asker.network) + 1
        } else {
            0
        };
        self.line(rank).drop_newest_of_longest(own)
    }

    /// Takes out an asker that leaves.
    pub fn remove(&mut self, asker: Asker, number: u64) {
        self.line(asker.rank).remove(asker.network, number);
    }

    fn line(&mut self, rank: Rank) -> &mut Line {
        let [checked, known, unknown, suspected] = &mut self.lines;
        match rank {
            Rank::Checked => checked,
            Rank::KnownNetwork => known,
            Rank::Unknown => unknown,
            Rank::Suspected => suspected,
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
        let longest = self
            .0
            .iter()
            .enumerate()
            .max_by_key(|(_, (_, waiters))| waiters.len());
        let Some(index) = longest
            .filter(|(_, (_, waiters))| waiters.len() > own)
            .map(|(index, _)| index)
        else {
            return false;
        };
        self.take(index, |waiters| {
            waiters.pop_back();
        });
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
