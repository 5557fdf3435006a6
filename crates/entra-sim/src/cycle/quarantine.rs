//! When a job goes into quarantine, and how long it waits there. Pure. The numbers are Microsoft's
//! ("Application provisioning in quarantine status"); all of them can be lowered for tests.

use crate::state::{JobState, Quarantine, QuarantineReason};

const HOUR: u64 = 60 * 60;

/// The thresholds of the quarantine.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// The number of failures from which the proportion counts.
    pub proportion_from: usize,
    /// The allowed share of failing objects in scope, from 0 to 1.
    pub proportion: f64,
    /// The allowed number of failures without references.
    pub base: usize,
    /// The allowed number of failures with references.
    pub total: usize,
    /// Simulated seconds in quarantine after which the job is disabled.
    pub disabled_after: u64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            proportion_from: 5_000,
            proportion: 0.40,
            base: 40_000,
            total: 60_000,
            disabled_after: 28 * 24 * HOUR,
        }
    }
}

impl Rules {
    /// The reason for a quarantine; `None` if the failures are below every threshold.
    #[must_use]
    pub fn verdict(&self, failures: usize, references: usize, in_scope: usize) -> Option<QuarantineReason> {
        let share = failures as f64 / in_scope.max(1) as f64;
        if failures > self.base {
            Some(QuarantineReason::EncounteredBaseEscrowThreshold)
        } else if failures + references > self.total {
            Some(QuarantineReason::EncounteredTotalEscrowThreshold)
        } else if failures >= self.proportion_from && share > self.proportion {
            Some(QuarantineReason::EncounteredEscrowProportionThreshold)
        } else {
            None
        }
    }
}

/// Puts the job into quarantine, or counts one more attempt in it: attempts after 6, 12, 24 hours, then
/// daily; disabled after 28 days.
pub fn enter(rules: &Rules, state: &mut JobState, reason: QuarantineReason, detail: String) {
    let (since, attempts) = state.quarantine.as_ref().map_or((state.clock, 1), |quarantine| {
        (quarantine.since, quarantine.attempts + 1)
    });
    let wait = match attempts {
        1 => 6 * HOUR,
        2 => 12 * HOUR,
        _ => 24 * HOUR,
    };
    state.quarantine = Some(Quarantine {
        reason,
        detail,
        since,
        attempts,
        next_try: state.clock + wait,
        disabled: state.clock - since >= rules.disabled_after,
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::App;

    #[test]
    fn thresholds_are_microsofts() {
        let rules = Rules::default();
        let table = [
            (4_999, 0, 5_000, None),
            (5_000, 0, 12_500, None),
            (
                5_001,
                0,
                12_500,
                Some(QuarantineReason::EncounteredEscrowProportionThreshold),
            ),
            (40_000, 0, 1_000_000, None),
            (
                40_001,
                0,
                1_000_000,
                Some(QuarantineReason::EncounteredBaseEscrowThreshold),
            ),
            (20_000, 40_000, 1_000_000, None),
            (
                20_000,
                40_001,
                1_000_000,
                Some(QuarantineReason::EncounteredTotalEscrowThreshold),
            ),
        ];
        for (failures, references, in_scope, expected) in table {
            assert_eq!(
                rules.verdict(failures, references, in_scope),
                expected,
                "{failures} {references} {in_scope}"
            );
        }
    }

    #[test]
    fn waits_grow_and_the_job_is_disabled_after_28_days() {
        let mut state = JobState::new(App::Rooms, "scim.x".to_owned());
        let mut waits = Vec::new();
        loop {
            enter(
                &Rules::default(),
                &mut state,
                QuarantineReason::EncounteredQuarantineException,
                String::new(),
            );
            let quarantine = state.quarantine.clone().unwrap();
            if quarantine.disabled {
                break;
            }
            waits.push((quarantine.next_try - state.clock) / HOUR);
            state.clock = quarantine.next_try;
        }
        assert_eq!(waits[..4], [6, 12, 24, 24]);
        assert!(state.clock >= 28 * 24 * HOUR && state.clock < 30 * 24 * HOUR);
    }
}
