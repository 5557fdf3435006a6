//! A queue that is fair between tenants: one item of each in turn, however many one of them has put in.
//!
//! Must not know: what the items are. Read next: [`crate::engine::group_commit`].

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The end that items are put in.
pub(crate) struct Sender<K, T>(Arc<Shared<K, T>>);

/// The end that items are taken from; when it is dropped, what still waits is dropped with it.
pub(crate) struct Receiver<K, T>(Arc<Shared<K, T>>);

struct Shared<K, T> {
    state: Mutex<State<K, T>>,
    filled: Notify,
}

struct State<K, T> {
    waiting: HashMap<K, VecDeque<T>>,
    /// Keys with waiting items, in the order of their turns.
    turns: VecDeque<K>,
    closed: bool,
}

/// An empty queue. It has no bound of its own: each sender waits for the outcome of its item, and the number of senders is
/// bounded where requests are admitted.
pub(crate) fn fair_queue<K, T>() -> (Sender<K, T>, Receiver<K, T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            waiting: HashMap::new(),
            turns: VecDeque::new(),
            closed: false,
        }),
        filled: Notify::new(),
    });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<K, T> Shared<K, T> {
    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Copy + Eq + Hash, T> Sender<K, T> {
    /// Puts an item in; false when the queue is closed.
    pub(crate) fn send(&self, key: K, item: T) -> bool {
        let mut state = self.0.lock();
        if state.closed {
            return false;
        }
        let items = state.waiting.entry(key).or_default();
        items.push_back(item);
        if items.len() == 1 {
            state.turns.push_back(key);
        }
        drop(state);
        self.0.filled.notify_one();
        true
    }

    /// Takes no more items; those that wait are still received.
    pub(crate) fn close(&self) {
        self.0.lock().closed = true;
        self.0.filled.notify_one();
    }
}

impl<K: Copy + Eq + Hash, T> Receiver<K, T> {
    /// The next item in turn, if one waits.
    pub(crate) fn try_recv(&mut self) -> Option<T> {
        let mut state = self.0.lock();
        let key = state.turns.pop_front()?;
        let items = state.waiting.get_mut(&key)?;
        let item = items.pop_front();
        if items.is_empty() {
            state.waiting.remove(&key);
        } else {
            state.turns.push_back(key);
        }
        item
    }

    /// The next item in turn; `None` when the queue is closed and empty.
    pub(crate) async fn recv(&mut self) -> Option<T> {
        loop {
            if let Some(item) = self.try_recv() {
                return Some(item);
            }
            if self.0.lock().closed {
                // Something may have been put in between the two reads.
                return self.try_recv();
            }
            self.0.filled.notified().await;
        }
    }
}

impl<K, T> Drop for Receiver<K, T> {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.lock();
            state.closed = true;
            state.turns.clear();
            std::mem::take(&mut state.waiting)
        };
        drop(waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_of_each_in_turn_and_each_in_its_own_order() {
        let (sender, mut receiver) = fair_queue();
        for item in 0..4 {
            assert!(sender.send("flood", item));
        }
        assert!(sender.send("other", 10));
        assert!(sender.send("third", 20));
        let mut order = Vec::new();
        while let Some(item) = receiver.try_recv() {
            order.push(item);
        }
        assert_eq!(order, [0, 10, 20, 1, 2, 3]);
    }

    #[tokio::test]
    async fn a_closed_queue_gives_what_waits_and_ends() {
        let (sender, mut receiver) = fair_queue();
        assert!(sender.send(1, "kept"));
        sender.close();
        assert!(!sender.send(1, "late"));
        assert_eq!(receiver.recv().await, Some("kept"));
        assert_eq!(receiver.recv().await, None);
    }

    #[tokio::test]
    async fn a_receiver_that_waits_is_woken() {
        let (sender, mut receiver) = fair_queue();
        let waiting = tokio::spawn(async move { receiver.recv().await });
        tokio::task::yield_now().await;
        assert!(sender.send((), 7));
        assert_eq!(waiting.await.expect("no panic"), Some(7));
    }

    #[tokio::test]
    async fn what_waits_ends_with_the_receiver() {
        let (sender, receiver) = fair_queue();
        let (answer, asker) = tokio::sync::oneshot::channel::<()>();
        assert!(sender.send((), answer));
        drop(receiver);
        assert!(asker.await.is_err());
        assert!(!sender.send((), tokio::sync::oneshot::channel::<()>().0));
    }
}
