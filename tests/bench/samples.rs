//! Medians and percentiles.

use std::time::Duration;

/// The middle value (the mean of the two middle ones of an even number); 0 without values.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The value that a share of `percent` does not exceed (nearest rank), in milliseconds; 0 without values.
pub fn percentile_ms(values: &[Duration], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort();
    let rank = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(rank).map_or(0.0, |value| value.as_secs_f64() * 1e3)
}
