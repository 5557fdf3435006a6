//! The consumer's rule for positions: what to do with a delivered batch. Pure, and the contract with the
//! gateway.
//!
//! The rule for sequences ("only if newer") is the sink's, because it is one `WHERE` in its own store.

use crate::delivery::Delivery;
use std::cmp::Ordering;
use std::ops::RangeInclusive;

/// The decision about a batch.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Positions that were applied before: only to be acknowledged again.
    pub repeated: Vec<u64>,
    /// Deliveries to apply now, in this order: contiguous, from the position after the applied one.
    pub ready: Vec<Delivery>,
    /// Positions that are missing after `ready`; the deliveries behind them wait.
    pub missing: Option<RangeInclusive<u64>>,
}

/// Plans a batch. `applied` is the stored position (0: nothing yet); deliveries may come in any order and
/// twice.
pub fn plan(applied: u64, mut batch: Vec<Delivery>) -> Plan {
    batch.sort_by_key(|delivery| delivery.position);
    let mut plan = Plan {
        repeated: Vec::new(),
        ready: Vec::new(),
        missing: None,
    };
    let mut next = applied + 1;
    for delivery in batch {
        match delivery.position.cmp(&next) {
            Ordering::Less => plan.repeated.push(delivery.position),
            Ordering::Equal => {
                next += 1;
                plan.ready.push(delivery);
            }
            Ordering::Greater => {
                plan.missing = Some(next..=delivery.position - 1);
                break;
            }
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn batch(positions: &[u64]) -> Vec<Delivery> {
        positions
            .iter()
            .map(|&position| Delivery {
                position,
                epoch: None,
                event: Value::Null,
            })
            .collect()
    }

    #[test]
    fn each_batch_is_split_into_repeated_ready_and_missing() {
        type Row = (
            u64,
            &'static [u64],
            &'static [u64],
            &'static [u64],
            Option<RangeInclusive<u64>>,
        );
        let table: [Row; 7] = [
            (0, &[1, 2, 3], &[], &[1, 2, 3], None),
            (3, &[1, 2, 3], &[1, 2, 3], &[], None),
            (2, &[2, 3, 4], &[2], &[3, 4], None),
            (2, &[5, 6], &[], &[], Some(3..=4)),
            (2, &[3, 6], &[], &[3], Some(4..=5)),
            (0, &[3, 1, 2, 2], &[2], &[1, 2, 3], None),
            (9, &[], &[], &[], None),
        ];
        for (applied, positions, repeated, ready, missing) in table {
            let plan = plan(applied, batch(positions));
            let got: Vec<u64> = plan.ready.iter().map(|delivery| delivery.position).collect();
            let case = format!("{applied} then {positions:?}");
            assert_eq!(
                (plan.repeated.as_slice(), got.as_slice()),
                (repeated, ready),
                "{case}"
            );
            assert_eq!(plan.missing, missing, "{case}");
        }
    }
}
