//! Limits the log lines of unauthenticated clients per ten seconds, by network and in total; further lines are only
//! counted.
//!
//! Requests with a verified credential are logged one by one. Must not know: the text of the lines. Memory is bounded by `NETWORKS`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The length of a window; the owner of a [`LogBudget`] calls [`LogBudget::renew`] at this interval.
pub const WINDOW: Duration = Duration::from_secs(10);
/// Lines of one network in a window.
const LINES: u32 = 50;
/// Lines of all networks in a window.
const LINES_IN_ALL: u32 = 500;
/// Networks that are counted one by one in a window; later ones have no lines and are counted together.
const NETWORKS: usize = 1_024;
/// Networks whose count has a line of its own.
const NAMED: usize = 20;

/// The budget of the present window.
#[derive(Debug, Default)]
pub struct LogBudget(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    lines: u32,
    networks: HashMap<IpAddr, Spent>,
    others: u64,
}

#[derive(Debug, Default, Clone, Copy)]
struct Spent {
    lines: u32,
    left_out: u64,
}

/// The lines that were left out in a window.
#[derive(Debug, Default, PartialEq, Eq)]
struct LeftOut {
    /// By network, the most first.
    named: Vec<(IpAddr, u64)>,
    /// Of all other networks together.
    others: u64,
}

impl LogBudget {
    /// Whether a line about a client of this network may be written; counts it if not.
    pub fn allows(&self, network: IpAddr) -> bool {
        let mut window = self.lock();
        let Window {
            lines,
            networks,
            others,
        } = &mut *window;
        if networks.len() >= NETWORKS && !networks.contains_key(&network) {
            *others += 1;
            return false;
        }
        let spent = networks.entry(network).or_default();
        let allowed = spent.lines < LINES && *lines < LINES_IN_ALL;
        if allowed {
            spent.lines += 1;
            *lines += 1;
        } else {
            spent.left_out += 1;
        }
        allowed
    }

    /// Begins a new window, and logs how many lines the last one left out.
    pub fn renew(&self) {
        let left_out = std::mem::take(&mut *self.lock()).left_out();
        let seconds = WINDOW.as_secs();
        for (network, count) in left_out.named {
            tracing::info!(
                event.name = "usher.security",
                reason = "not_logged",
                %network,
                count,
                "{count} more requests without a valid credential from {network} within {seconds} s were not logged one by one"
            );
        }
        let count = left_out.others;
        if count > 0 {
            tracing::info!(
                event.name = "usher.security",
                reason = "not_logged",
                count,
                "{count} more requests without a valid credential from other addresses within {seconds} s were not logged one by one"
            );
        }
    }

    fn lock(&self) -> MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    fn left_out(self) -> LeftOut {
        let all = self
            .networks
            .into_iter()
            .map(|(network, spent)| (network, spent.left_out));
        let mut named: Vec<(IpAddr, u64)> = all.filter(|(_, count)| *count > 0).collect();
        named.sort_by_key(|(network, count)| (std::cmp::Reverse(*count), *network));
        let more = named.split_off(named.len().min(NAMED));
        LeftOut {
            named,
            others: self.others + more.iter().map(|(_, count)| count).sum::<u64>(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    fn spend(budget: &LogBudget, numbers: impl IntoIterator<Item = u32>) -> usize {
        let allowed = numbers
            .into_iter()
            .filter(|number| budget.allows(network(*number)));
        allowed.count()
    }

    fn renewed(budget: &LogBudget) -> LeftOut {
        std::mem::take(&mut *budget.lock()).left_out()
    }

    #[test]
    fn each_network_has_its_lines_and_then_its_number() {
        let budget = LogBudget::default();
        for _ in 0..2 {
            assert_eq!(spend(&budget, [1; 1_000]), 50);
            assert_eq!(spend(&budget, [2; 7]), 7, "another network has its own");
            let expected = LeftOut {
                named: vec![(network(1), 950)],
                others: 0,
            };
            assert_eq!(renewed(&budget), expected);
        }
        assert_eq!(renewed(&budget), LeftOut::default());
    }

    #[test]
    fn lines_and_memory_are_bounded_however_many_networks_there_are() {
        let budget = LogBudget::default();
        let written = spend(&budget, (0..20).flat_map(|_| 0..10_000));
        assert_eq!(written, 500);
        assert_eq!(budget.lock().networks.len(), NETWORKS);
        let left_out = renewed(&budget);
        let named: u64 = left_out.named.iter().map(|(_, count)| count).sum();
        assert_eq!(left_out.named.len(), NAMED);
        assert_eq!(named + left_out.others, 200_000 - 500, "all are counted");
    }
}
