//! The creations that were answered on a connection, so that its client has read the answers.
//!
//! An HTTP/1.1 client sends its next request after it has read the answer to the last one. A creation that is sent again on
//! the connection that answered it is therefore not a repeat after a lost answer (ADR 0006).

use std::cell::RefCell;
use std::collections::VecDeque;

use domain::id::IdentityId;

/// The creations kept for one connection; a test tool repeats a creation immediately.
const REMEMBERED: usize = 16;

/// The last creations answered on one connection, oldest first. A connection stays on one thread.
#[derive(Debug, Default)]
pub struct AnsweredCreations(RefCell<VecDeque<IdentityId>>);

impl AnsweredCreations {
    /// Adds one; beyond the maximum the oldest is dropped.
    pub fn add(&self, id: IdentityId) {
        let mut ids = self.0.borrow_mut();
        if ids.len() == REMEMBERED {
            ids.pop_front();
        }
        ids.push_back(id);
    }

    /// All that are kept, oldest first.
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
