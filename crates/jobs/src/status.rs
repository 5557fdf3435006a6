//! The jobs that have used all their attempts, for readiness and metrics. They stand in the database, so every instance says the
//! same.

use std::collections::BTreeMap;

use store::JobRow;

/// The most jobs that are named one by one.
const NAMED: usize = 5;
/// The most jobs that are counted.
pub(crate) const COUNTED: usize = 1_000;

/// The jobs that have used all their attempts, as of the last look.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// By the time since when, oldest first.
    pub failed: Vec<JobRow>,
}

impl Status {
    /// What does not happen and what to do, as texts for `/health/ready`; empty when all goes well.
    pub fn troubles(&self) -> Vec<String> {
        let named = self.failed.iter().take(NAMED).map(|job| {
            let (kind, key) = (&job.kind, &job.key);
            let error = job.last_error.as_deref().unwrap_or("it did not come to an end");
            let next = if job.due_at.is_some() {
                "it is tried again by itself".to_owned()
            } else {
                format!("mend the cause, then `usher job retry {kind} {key}`")
            };
            let key = if key.is_empty() {
                String::new()
            } else {
                format!(" {key}")
            };
            format!("job {kind}{key}: {error}; {next}")
        });
        let more = self.failed.len().saturating_sub(NAMED);
        let rest = (more > 0).then(|| format!("{more} more jobs have failed: `usher job list --failed`"));
        named.chain(rest).collect()
    }

    /// How many there are of each kind.
    pub fn by_kind(&self) -> BTreeMap<&str, u64> {
        let mut counts = BTreeMap::new();
        for job in &self.failed {
            *counts.entry(job.kind.as_str()).or_default() += 1;
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(kind: &str, key: &str, recurs: bool) -> JobRow {
        JobRow {
            kind: kind.to_owned(),
            key: key.to_owned(),
            due_at: recurs.then(Default::default),
            attempts: 12,
            is_claimed: false,
            last_error: Some("the server says no".to_owned()),
            failed_at: Some(chrono::DateTime::default()),
        }
    }

    #[test]
    fn each_failed_job_is_told_with_the_next_step_and_many_as_a_number() {
        assert_eq!(Status::default().troubles(), [] as [&str; 0]);
        let mut status = Status {
            failed: vec![job("token_notice", "a:14:mail", false), job("prune", "", true)],
        };
        assert_eq!(
            status.troubles(),
            [
                "job token_notice a:14:mail: the server says no; mend the cause, then `usher job retry token_notice a:14:mail`",
                "job prune: the server says no; it is tried again by itself",
            ]
        );
        status
            .failed
            .extend((0..7).map(|n| job("token_notice", &n.to_string(), false)));
        let troubles = status.troubles();
        assert_eq!(troubles.len(), 6);
        assert_eq!(troubles[5], "4 more jobs have failed: `usher job list --failed`");
        assert_eq!(
            status.by_kind(),
            BTreeMap::from([("prune", 1), ("token_notice", 8)])
        );
    }
}
