//! A bounded number of places and a bounded, fair queue for them: no network can block another for long.
//!
//! Waiting requests are ordered by [`Priority`] first; within a priority the networks take turns, and a network's requests are
//! in the order of arrival. When the queue is full, a new request replaces one of a lower priority, or one of the network that
//! has the most waiting; the replaced request gets [`Busy`]. So a flood from one network delays that network only. Must not
//! know: what the places are for. Used by [`crate::pool`] (argon2) and [`crate::Verifier`] (reading records).

mod waiting;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use waiting::Waiting;

/// The priority of a request in the queue, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// The secret has passed the fast check ([`domain::credential::SecretCheck`]), so it is almost certainly right.
    Checked,
    /// The credential was used from this network before.
    KnownNetwork,
    /// Nothing is known.
    Unknown,
    /// This network has sent too many wrong secrets for this id.
    Suspected,
}

/// The requester of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requester {
    /// Its priority.
    pub priority: Priority,
    /// Its network; see [`crate::rate_limiter::network`].
    pub network: IpAddr,
}

impl Requester {
    /// The command line on this machine.
    pub const LOCAL: Self = Self {
        priority: Priority::Checked,
        network: IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
}

/// The queue is full: ask again in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many secrets are being checked at once; try again in a second")]
pub struct Busy;

/// The places and their queue. Cheap to clone; clones share it.
#[derive(Debug, Clone)]
pub struct Queue {
    state: Arc<Mutex<State>>,
    places: usize,
    most: usize,
}

#[derive(Debug)]
struct State {
    /// Free places; the queue is empty while there is one.
    free: usize,
    waiting: Waiting,
}

/// A taken place, which is freed on drop.
#[derive(Debug)]
pub struct Permit(Queue);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.pass_on();
    }
}

impl Queue {
    /// `places` (at least one), and at most `most` waiting requests.
    pub fn new(places: usize, most: usize) -> Self {
        let places = places.max(1);
        let state = State {
            free: places,
            waiting: Waiting::default(),
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            places,
            most,
        }
    }

    /// Waits for a place.
    ///
    /// # Errors
    /// [`Busy`] when the queue is full, at once or while waiting.
    pub async fn enter(&self, requester: Requester) -> Result<Permit, Busy> {
        let mut ticket = {
            let mut state = self.lock();
            if state.free > 0 {
                state.free -= 1;
                return Ok(Permit(self.clone()));
            }
            if state.waiting.len() >= self.most && !state.waiting.make_room(requester) {
                return Err(Busy);
            }
            let (number, called) = state.waiting.push(requester);
            Ticket {
                queue: self,
                requester,
                number,
                called,
                settled: false,
            }
        };
        let called = (&mut ticket.called).await;
        ticket.settled = true;
        called.map(|()| Permit(self.clone())).map_err(|_| Busy)
    }

    /// The number of taken places.
    pub fn taken(&self) -> usize {
        self.places - self.lock().free
    }

    /// The number of waiting requests.
    pub fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// The number of places.
    pub const fn places(&self) -> usize {
        self.places
    }

    fn pass_on(&self) {
        let mut state = self.lock();
        if !state.waiting.call_next() {
            state.free += 1;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code panics while it is held; if it did, the counts would be consistent.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A position in the queue, which is removed when its request is cancelled.
struct Ticket<'q> {
    queue: &'q Queue,
    requester: Requester,
    number: u64,
    called: oneshot::Receiver<()>,
    settled: bool,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if self.settled {
            return;
        }
        self.queue.lock().waiting.remove(self.requester, self.number);
        // The place was given to this request meanwhile: pass it on to the next.
        if self.called.try_recv().is_ok() {
            self.queue.pass_on();
        }
    }
}

#[cfg(test)]
mod tests;
