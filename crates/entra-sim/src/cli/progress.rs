//! The text of a progress bar. Pure; [`super::ui`] decides where and how often it is drawn.

use std::time::Duration;

const WIDTH: usize = 30;

/// One line: title, bar, count, rate and the time left.
#[must_use]
pub fn line(title: &str, done: usize, total: usize, elapsed: Duration) -> String {
    let filled = (done * WIDTH).checked_div(total).unwrap_or(WIDTH).min(WIDTH);
    let rate = done as f64 / elapsed.as_secs_f64().max(0.001);
    let left = total.saturating_sub(done) as f64 / rate.max(0.001);
    let bar = format!("{}{}", "█".repeat(filled), "░".repeat(WIDTH - filled));
    let percent = (done * 100).checked_div(total).unwrap_or(100);
    format!("{title} {bar} {done}/{total} {percent} %  {rate:.0}/s  {left:.0} s left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_and_shows_the_time_left() {
        let half = line("cycle 1", 50, 100, Duration::from_secs(5));
        assert_eq!(half.matches('█').count(), WIDTH / 2);
        assert!(half.ends_with("50/100 50 %  10/s  5 s left"), "{half}");
        assert!(line("cycle 2", 0, 0, Duration::ZERO).contains("0/0 100 %"));
    }
}
