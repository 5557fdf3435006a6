//! What a connection knows of its client: the creations whose answers it has read.
//!
//! An HTTP/1.1 client sends its next request after it has read the answer to the last one. A creation that comes a second
//! time on the connection that answered the first is therefore no repeat of a lost one (ADR 0006).

use std::cell::RefCell;
use std::collections::VecDeque;

use domain::id::IdentityId;

/// As many creations as a connection remembers; a test tool repeats itself at once.
const REMEMBERED: usize = 16;

/// The last creations answered on one connection, oldest first. A connection stays on one thread.
#[derive(Debug, Default)]
pub struct AnsweredCreations(RefCell<VecDeque<IdentityId>>);

impl AnsweredCreations {
    /// Remembers an answer; the oldest one is forgotten for it.
    pub fn add(&self, id: IdentityId) {
        let mut ids = self.0.borrow_mut();
        if ids.len() == REMEMBERED {
            ids.pop_front();
        }
        ids.push_back(id);
    }

    /// Those remembered.
    pub fn all(&self) -> Vec<IdentityId> {
        self.0.borrow().iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_answer_is_forgotten_first() {
        let created = AnsweredCreations::default();
        let id = |number: usize| -> IdentityId { format!("idn_{number:032x}").parse().expect("an id") };
        for number in 0..=REMEMBERED {
            created.add(id(number));
        }
        assert_eq!(created.all(), (1..=REMEMBERED).map(id).collect::<Vec<_>>());
    }
}
