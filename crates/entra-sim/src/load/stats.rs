//! Latencies and failures of a load run. Exact percentiles: every latency is kept (4 bytes each, bounded by the count).

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::Mix;
use crate::problem::Problem;

/// Kinds of requests that have separate figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// GET with a filter.
    Query,
    /// POST of a user.
    Create,
    /// PATCH of a user.
    Update,
}

/// The measurements of one worker.
#[derive(Debug, Default)]
pub struct Recorder {
    micros: BTreeMap<Kind, Vec<u32>>,
    failed: BTreeMap<Kind, u64>,
    errors: BTreeMap<String, u64>,
}

impl Recorder {
    /// Adds one request. Failed ones are timed as well.
    pub fn record(&mut self, kind: Kind, took: Duration, problem: Option<&Problem>) {
        self.micros
            .entry(kind)
            .or_default()
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        if let Some(problem) = problem {
            *self.failed.entry(kind).or_default() += 1;
            let status = problem
                .status
                .map_or_else(|| problem.code.as_str().to_owned(), |status| status.to_string());
            *self.errors.entry(status).or_default() += 1;
        }
    }
}

/// The figures of one kind of request.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindSummary {
    /// The number of requests, failed ones included.
    pub count: u64,
    /// The number of failed requests.
    pub failed: u64,
    /// Median latency in milliseconds.
    pub p50_ms: f64,
    /// 95th percentile of the latency in milliseconds.
    pub p95_ms: f64,
    /// 99th percentile of the latency in milliseconds.
    pub p99_ms: f64,
    /// The longest latency in milliseconds.
    pub max_ms: f64,
}

/// The figures of a whole load run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The mix of requests.
    pub mix: Mix,
    /// The number of tenant URLs.
    pub tenants: usize,
    /// The requested requests a second; null is unlimited.
    pub rate: Option<f64>,
    /// Seconds from the first request to the last answer.
    pub seconds: f64,
    /// The number of requests, answered or failed.
    pub requests: u64,
    /// The achieved rate: requests by seconds.
    pub requests_per_second: f64,
    /// The number of failed requests.
    pub failed: u64,
    /// The number of failures by status, or by Entra's code if there was no answer.
    pub errors: BTreeMap<String, u64>,
    /// The figures of each kind; a kind without requests is absent.
    pub kinds: BTreeMap<Kind, KindSummary>,
}

impl Summary {
    /// Merges the workers' measurements.
    #[must_use]
    pub fn new(
        mix: Mix,
        tenants: usize,
        rate: Option<f64>,
        took: Duration,
        recorders: Vec<Recorder>,
    ) -> Self {
        let mut all = Recorder::default();
        for recorder in recorders {
            for (kind, micros) in recorder.micros {
                all.micros.entry(kind).or_default().extend(micros);
            }
            for (kind, count) in recorder.failed {
                *all.failed.entry(kind).or_default() += count;
            }
            for (status, count) in recorder.errors {
                *all.errors.entry(status).or_default() += count;
            }
        }
        let requests: u64 = all.micros.values().map(|micros| micros.len() as u64).sum();
        let kinds = all.micros.into_iter().map(|(kind, micros)| {
            let failed = all.failed.get(&kind).copied().unwrap_or_default();
            (kind, KindSummary::new(micros, failed))
        });
        Self {
            mix,
            tenants,
            rate,
            seconds: took.as_secs_f64(),
            requests,
            requests_per_second: requests as f64 / took.as_secs_f64().max(f64::EPSILON),
            failed: all.failed.values().sum(),
            errors: all.errors,
            kinds: kinds.collect(),
        }
    }
}

impl KindSummary {
    fn new(mut micros: Vec<u32>, failed: u64) -> Self {
        micros.sort_unstable();
        let at = |share: f64| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of a count is a count"
            )]
            let rank = (share * micros.len() as f64).ceil() as usize;
            micros
                .get(rank.clamp(1, micros.len().max(1)) - 1)
                .map_or(0.0, |micros| f64::from(*micros) / 1000.0)
        };
        Self {
            count: micros.len() as u64,
            failed,
            p50_ms: at(0.50),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: at(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::ErrorCode;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let summary = KindSummary::new((1..=100).rev().map(|ms| ms * 1000).collect(), 0);
        assert_eq!(
            (summary.p50_ms, summary.p95_ms, summary.p99_ms, summary.max_ms),
            (50.0, 95.0, 99.0, 100.0)
        );
        assert!((KindSummary::new(vec![7000], 0).p99_ms - 7.0).abs() < f64::EPSILON);
    }

    #[test]
    fn workers_are_summed_and_failures_counted_by_status() {
        let mut one = Recorder::default();
        one.record(Kind::Query, Duration::from_millis(1), None);
        let mut two = Recorder::default();
        let conflict = Problem {
            status: Some(409),
            ..Problem::new(ErrorCode::EntryConflict, "taken")
        };
        two.record(Kind::Create, Duration::from_millis(2), Some(&conflict));
        two.record(
            Kind::Query,
            Duration::from_millis(3),
            Some(&Problem::new(ErrorCode::Timeout, "slow")),
        );
        let summary = Summary::new(Mix::Initial, 1, None, Duration::from_secs(1), vec![one, two]);
        assert_eq!((summary.requests, summary.failed), (3, 2));
        assert_eq!(
            summary.errors,
            BTreeMap::from([("409".to_owned(), 1), ("Timeout".to_owned(), 1)])
        );
        assert_eq!(summary.kinds[&Kind::Query].count, 2);
    }
}
