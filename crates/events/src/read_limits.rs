//! How many reads may be under way at a time, of one app and of all. A read is under way until its answer was sent, because a page
//! of up to 4 MiB is in memory for as long.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::id::AppId;

use crate::feeds::FeedError;

/// The limits of reads in this process. Clones count together.
#[derive(Debug, Clone)]
pub struct ReadLimits {
    of_app: usize,
    of_all: usize,
    reads: Arc<Mutex<HashMap<AppId, usize>>>,
}

impl ReadLimits {
    /// The most reads of one app, and of all apps, at a time.
    pub fn new(of_app: usize, of_all: usize) -> Self {
        Self {
            of_app,
            of_all,
            reads: Arc::default(),
        }
    }

    /// A share of the limits, until it is dropped.
    ///
    /// # Errors
    /// [`FeedError::TooManyReads`].
    pub fn permit(&self, app: AppId) -> Result<ReadPermit, FeedError> {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = reads.values().sum();
        let of_app = reads.get(&app).copied().unwrap_or_default();
        let full = match (of_app >= self.of_app, all >= self.of_all) {
            (true, _) => Some((self.of_app, "this feed")),
            (false, true) => Some((self.of_all, "all feeds")),
            (false, false) => None,
        };
        if let Some((reads, whose)) = full {
            return Err(FeedError::TooManyReads { reads, whose });
        }
        reads.insert(app, of_app + 1);
        Ok(ReadPermit {
            reads: Arc::clone(&self.reads),
            app,
        })
    }
}

/// A read's share of the limits; released on drop, also if the client disconnects.
#[derive(Debug)]
#[must_use = "the read no longer counts when this is dropped"]
pub struct ReadPermit {
    reads: Arc<Mutex<HashMap<AppId, usize>>>,
    app: AppId,
}

impl Drop for ReadPermit {
    fn drop(&mut self) {
        let mut reads = self.reads.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = reads.get_mut(&self.app) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                reads.remove(&self.app);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn one_app_has_its_limit_and_all_have_theirs() {
        let limits = ReadLimits::new(2, 3);
        let [one, other] = [1, 2].map(|number| AppId::from_uuid(Uuid::from_u128(number)));
        let refused = |app| match limits.permit(app) {
            Err(FeedError::TooManyReads { reads, whose }) => Some((reads, whose)),
            _ => None,
        };
        let held = [limits.permit(one), limits.permit(one)].map(|permit| permit.expect("within the limit"));
        assert_eq!(refused(one), Some((2, "this feed")));
        let last = limits.permit(other).expect("within the limit");
        assert_eq!(refused(other), Some((3, "all feeds")));
        drop(held);
        assert_eq!((refused(one), refused(other)), (None, None));
        drop(last);
        assert!(limits.reads.lock().expect("no panic").is_empty());
    }
}
