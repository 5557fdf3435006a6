//! A concurrency limiter that is fair between keys (tenants): a limit in total, a limit for each key, and a queue for each key,
//! which are served in turn.
//!
//! Must not know: what the permits are for ([`crate::tenant_limits`] does).

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

/// The limits.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Permits in total.
    pub total: usize,
    /// Permits of one key.
    pub each: usize,
    /// The most waiting requests of one key; further ones are refused at once.
    pub queue: usize,
    /// The longest wait; after it a request is refused.
    pub wait: Duration,
}

/// No permit became free in time, or too many requests wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

/// The limiter.
pub struct ConcurrencyLimiter<K: LimiterKey>(Arc<Shared<K>>);

/// What a limiter tells apart, such as a tenant.
pub trait LimiterKey: Copy + Eq + Hash + Send + 'static {}

impl<K: Copy + Eq + Hash + Send + 'static> LimiterKey for K {}

struct Shared<K: LimiterKey> {
    bounds: Bounds,
    state: Mutex<State<K>>,
}

struct State<K: LimiterKey> {
    free: usize,
    keys: HashMap<K, Held<K>>,
    /// Keys with waiting requests, in the order in which they are served.
    turns: VecDeque<K>,
}

struct Held<K: LimiterKey> {
    running: usize,
    waiting: VecDeque<oneshot::Sender<Permit<K>>>,
}

/// The permission to run; released on drop.
pub struct Permit<K: LimiterKey> {
    of: Option<Arc<Shared<K>>>,
    key: K,
}

impl<K: LimiterKey> ConcurrencyLimiter<K> {
    /// A limiter whose permits are all free.
    pub fn new(bounds: Bounds) -> Self {
        let state = State {
            free: bounds.total,
            keys: HashMap::new(),
            turns: VecDeque::new(),
        };
        Self(Arc::new(Shared {
            bounds,
            state: Mutex::new(state),
        }))
    }

    /// Waits for a permit. A dropped future leaves the queue.
    ///
    /// # Errors
    /// [`Full`] when the queue is full, or no permit became free in time.
    pub async fn enter(&self, key: K) -> Result<Permit<K>, Full> {
        let waiter = {
            let mut state = self.0.lock();
            let held = state.keys.entry(key).or_insert_with(Held::new);
            held.waiting.retain(|waiter| !waiter.is_closed());
            let (none_waits, waiting) = (held.waiting.is_empty(), held.waiting.len());
            if none_waits && state.turns.is_empty() && self.0.may(&state, key) {
                return Ok(self.0.take(&mut state, key));
            }
            if waiting >= self.0.bounds.queue {
                return Err(Full);
            }
            let (sender, waiter) = oneshot::channel();
            if let Some(held) = state.keys.get_mut(&key) {
                held.waiting.push_back(sender);
            }
            if none_waits && !state.turns.contains(&key) {
                state.turns.push_back(key);
            }
            self.0.serve(&mut state);
            waiter
        };
        match tokio::time::timeout(self.0.bounds.wait, waiter).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Full),
        }
    }
}

impl<K: LimiterKey> Held<K> {
    const fn new() -> Self {
        Self {
            running: 0,
            waiting: VecDeque::new(),
        }
    }
}

impl<K: LimiterKey> Shared<K> {
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may(&self, state: &State<K>, key: K) -> bool {
        let running = state.keys.get(&key).map_or(0, |held| held.running);
        state.free > 0 && running < self.bounds.each
    }

    fn take(self: &Arc<Self>, state: &mut State<K>, key: K) -> Permit<K> {
        state.free -= 1;
        state.keys.entry(key).or_insert_with(Held::new).running += 1;
        Permit {
            of: Some(Arc::clone(self)),
            key,
        }
    }

    fn release(state: &mut State<K>, key: K) {
        state.free += 1;
        if let Some(held) = state.keys.get_mut(&key) {
            held.running = held.running.saturating_sub(1);
            if held.running == 0 && held.waiting.is_empty() {
                state.keys.remove(&key);
            }
        }
    }

    /// Gives free permits to waiting requests: one for each key, then the next round.
    fn serve(self: &Arc<Self>, state: &mut State<K>) {
        // A key at its limit keeps its turn; the round ends when no key in it can be served.
        let mut passed = 0;
        while state.free > 0 && passed < state.turns.len() {
            let Some(key) = state.turns.pop_front() else {
                return;
            };
            if !self.may(state, key) {
                state.turns.push_back(key);
                passed += 1;
                continue;
            }
            let next = state.keys.get_mut(&key).and_then(|held| held.waiting.pop_front());
            if let Some(waiter) = next {
                passed = 0;
                let permit = self.take(state, key);
                // The request has left the queue. Dropping its permit here would wait for the lock that is held.
                if let Err(mut permit) = waiter.send(permit) {
                    permit.of = None;
                    Self::release(state, key);
                }
            }
            match state.keys.get(&key) {
                Some(held) if !held.waiting.is_empty() => state.turns.push_back(key),
                Some(held) if held.running == 0 => drop(state.keys.remove(&key)),
                _ => {}
            }
        }
    }
}

impl<K: LimiterKey> Drop for Permit<K> {
    fn drop(&mut self) {
        if let Some(shared) = self.of.take() {
            let mut state = shared.lock();
            Shared::release(&mut state, self.key);
            shared.serve(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn limiter(total: usize, each: usize, queue: usize) -> ConcurrencyLimiter<u8> {
        ConcurrencyLimiter::new(Bounds {
            total,
            each,
            queue,
            wait: Duration::from_mins(1),
        })
    }

    #[tokio::test]
    async fn a_key_that_has_its_share_waits_and_another_does_not() {
        let limiter = limiter(3, 2, 8);
        let first = limiter.enter(1).await.expect("free");
        let _second = limiter.enter(1).await.expect("free");
        let mut third = Box::pin(limiter.enter(1));
        assert!(third.as_mut().now_or_never().is_none(), "its share is taken");
        let _other = limiter.enter(2).now_or_never().expect("at once").expect("free");
        drop(first);
        third.now_or_never().expect("free again").expect("a permit");
    }

    #[tokio::test]
    async fn those_who_wait_are_served_in_turn_however_many_one_key_sends() {
        let limiter = limiter(1, 1, 100);
        let held = limiter.enter(0).await.expect("free");
        let mut flood: Vec<_> = (0..50).map(|_| Box::pin(limiter.enter(1))).collect();
        for waiter in &mut flood {
            assert!(waiter.as_mut().now_or_never().is_none());
        }
        let mut other = Box::pin(limiter.enter(2));
        assert!(other.as_mut().now_or_never().is_none());
        drop(held);
        let first = flood[0].as_mut().now_or_never().expect("first in turn");
        drop(first);
        assert!(flood[1].as_mut().now_or_never().is_none());
        drop(other.now_or_never().expect("second in turn"));
        flood[1]
            .as_mut()
            .now_or_never()
            .expect("then the first again")
            .expect("a permit");
    }

    #[tokio::test]
    async fn a_full_queue_turns_away_and_those_who_left_do_not_count() {
        let limiter = limiter(1, 1, 2);
        let held = limiter.enter(1).await.expect("free");
        let mut waiting: Vec<_> = (0..2).map(|_| Box::pin(limiter.enter(1))).collect();
        for waiter in &mut waiting {
            assert!(waiter.as_mut().now_or_never().is_none());
        }
        assert_eq!(limiter.enter(1).now_or_never().map(Result::err), Some(Some(Full)));
        waiting.clear();
        let mut last = Box::pin(limiter.enter(1));
        assert!(last.as_mut().now_or_never().is_none());
        drop(held);
        drop(last.now_or_never().expect("served").expect("a permit"));
        assert!(
            limiter.0.lock().keys.is_empty(),
            "nothing is remembered of who is gone"
        );
        assert_eq!(limiter.0.lock().free, 1);
    }

    #[tokio::test]
    async fn who_waits_too_long_is_turned_away() {
        let limiter = ConcurrencyLimiter::new(Bounds {
            total: 1,
            each: 1,
            queue: 1,
            wait: Duration::from_millis(1),
        });
        let _held = limiter.enter(1).await.expect("free");
        assert_eq!(limiter.enter(2).await.err(), Some(Full));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_storm_loses_no_place() {
        let limiter = Arc::new(limiter(4, 2, 1_000));
        let mut storm = Vec::new();
        for number in 0..400_u32 {
            let limiter = Arc::clone(&limiter);
            storm.push(tokio::spawn(async move {
                let enter = limiter.enter(u8::try_from(number % 5).expect("small"));
                if number % 7 == 0 {
                    let _ = tokio::time::timeout(Duration::from_micros(50), enter).await;
                } else {
                    let _permit = enter.await.expect("a permit");
                    tokio::task::yield_now().await;
                }
            }));
        }
        for task in storm {
            task.await.expect("no panic");
        }
        let state = limiter.0.lock();
        assert_eq!((state.free, state.keys.len(), state.turns.len()), (4, 0, 0));
    }
}
