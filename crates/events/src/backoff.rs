//! The wait after a failure: 0.1 s doubling to 5 s, with jitter so that instances do not retry at the same
//! time.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(100);
const LAST: Duration = Duration::from_secs(5);

/// Counts consecutive failures.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts one more failure; returns the wait before the next attempt.
    pub fn failed(&mut self) -> Duration {
        #[expect(
            clippy::disallowed_methods,
            reason = "jitter decides nothing that a test would want to repeat"
        )]
        let jitter = rand::RngExt::random::<f64>(&mut rand::rng());
        let delay = delay(self.failures, jitter);
        self.failures = self.failures.saturating_add(1);
        delay
    }

    /// Resets the count: the next failure has the shortest wait again.
    pub const fn succeeded(&mut self) {
        self.failures = 0;
    }
}

/// The wait after `failures` earlier failures; `jitter` in `0.0..1.0` shortens it by up to a half.
fn delay(failures: u32, jitter: f64) -> Duration {
    let full = FIRST.saturating_mul(1_u32 << failures.min(10)).min(LAST);
    full.mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_a_tenth_of_a_second_to_five_seconds() {
        let waits: Vec<u128> = [0, 1, 2, 3, 4, 5, 6, 60]
            .map(|n| delay(n, 0.0).as_millis())
            .to_vec();
        assert_eq!(waits, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    }

    #[test]
    fn jitter_takes_at_most_half() {
        assert_eq!(delay(0, 1.0).as_millis(), 50);
        assert_eq!(delay(60, 1.0).as_millis(), 2500);
    }
}
