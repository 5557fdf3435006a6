//! Limits requests to a rate. Entra has no limiter of its own; this one is for the user of the simulator.

use std::sync::Mutex;
use std::time::Duration;

use tokio::time::Instant;

/// Gives evenly spaced starting times.
#[derive(Debug)]
pub struct Pace {
    gap: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// `per_second` requests a second; `None` or anything not above zero means no limit.
    #[must_use]
    pub fn new(per_second: Option<f64>) -> Self {
        let gap = per_second
            .filter(|rate| rate.is_finite() && *rate > 0.0)
            .map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate));
        Self {
            gap,
            next: Mutex::new(None),
        }
    }

    /// Waits for the next free slot. Unused slots of the past are lost.
    pub async fn wait(&self) {
        if self.gap.is_zero() {
            return;
        }
        let slot = {
            let mut next = self
                .next
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let now = Instant::now();
            let slot = next.map_or(now, |next| next.max(now));
            *next = Some(slot + self.gap);
            slot
        };
        tokio::time::sleep_until(slot).await;
    }
}
