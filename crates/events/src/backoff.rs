//! The waits after failures in a row: from 0.05–0.1 s, doubling to 2.5–5 s. The exact ones are drawn, so that instances do
//! not retry at the same time.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBuilder};

/// The longest wait without what is drawn on top, which is at most as much again.
pub(crate) const LAST: Duration = Duration::from_millis(2_500);

/// The waits of one row of failures; they do not end.
pub(crate) fn waits() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::new()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(LAST)
        .without_max_times()
        .with_jitter()
        .build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_a_tenth_of_a_second_to_five_seconds_and_at_most_half_of_it_is_left_out() {
        let least = [50, 100, 200, 400, 800, 1600, 2500, 2500];
        let waits: Vec<u128> = waits().take(60).map(|wait| wait.as_millis()).collect();
        for (wait, least) in waits
            .iter()
            .zip(least)
            .chain(waits.last().map(|last| (last, 2500)))
        {
            assert!((least..=2 * least).contains(wait), "{wait} of {least}");
        }
        assert_eq!(waits.len(), 60);
    }
}
