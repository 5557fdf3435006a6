//! What an attempt comes to: pure.

use std::time::Duration;

use store::JobEnd;

use crate::handler::{Failure, Plan, Retries, Then};

/// How much longer the lease is than the longest attempt: time to write down what it came to.
const MARGIN: Duration = Duration::from_secs(30);
/// The longest text of an error, in characters.
const ERROR_LENGTH: usize = 500;

/// How long a claim holds.
pub(crate) fn lease(plan: &Plan) -> Duration {
    plan.time_limit + MARGIN
}

/// What a claimed job comes to without being done: its attempts were used, the last one by an instance that did not live to
/// say so. A job that ends the process must not do so for ever.
pub(crate) fn refused(plan: &Plan, attempts: i32) -> Option<JobEnd> {
    (attempts > plan.retries.most && plan.every.is_none()).then(|| {
        let most = plan.retries.most;
        JobEnd::Dead(format!("the last of its {most} attempts did not come to an end"))
    })
}

/// What the attempt with this number comes to.
pub(crate) fn end(plan: &Plan, attempts: i32, outcome: Result<(), Failure>) -> JobEnd {
    let failure = match (outcome, plan.every) {
        (Ok(()), None) => return JobEnd::Done,
        (Ok(()), Some(every)) => return JobEnd::Again(every),
        (Err(failure), _) => failure,
    };
    let (why, used) = (shortened(&failure.why), attempts >= plan.retries.most);
    match (failure.then, plan.every) {
        (Then::GiveUp, None) => JobEnd::Dead(why),
        (_, None) if used => JobEnd::Dead(why),
        (_, Some(every)) if used => JobEnd::Failing(every, why),
        (Then::GiveUp, Some(every)) => JobEnd::Failing(every, why),
        (Then::Again(least), every) => {
            let wait = backoff(&plan.retries, attempts).max(least);
            JobEnd::Retry(wait.min(every.unwrap_or(wait)), why)
        }
    }
}

/// The wait after so many failures in a row.
fn backoff(retries: &Retries, failures: i32) -> Duration {
    let doublings = u32::try_from(failures - 1).unwrap_or_default().min(31);
    retries.first.saturating_mul(1 << doublings).min(retries.longest)
}

fn shortened(error: &str) -> String {
    error.chars().take(ERROR_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn plan(every: Option<Duration>) -> Plan {
        Plan {
            every,
            time_limit: Duration::from_mins(1),
            retries: Retries {
                first: Duration::from_secs(30),
                longest: Duration::from_hours(2),
                most: 10,
            },
        }
    }

    fn failed() -> Result<(), Failure> {
        Err("no route".to_owned().into())
    }

    #[test]
    fn a_failure_may_say_when_to_come_again_or_that_nothing_mends_it() {
        let (why, long) = ("no route", Duration::from_hours(3));
        let later = |plan| end(&plan, 1, Err(Failure::after(long, why)));
        assert_eq!(later(plan(None)), JobEnd::Retry(long, why.to_owned()));
        assert_eq!(later(plan(Some(HOUR))), JobEnd::Retry(HOUR, why.to_owned()));
        let soon = end(&plan(None), 3, Err(Failure::after(Duration::from_secs(1), why)));
        assert_eq!(soon, JobEnd::Retry(Duration::from_mins(2), why.to_owned()));
        let for_good = |plan| end(&plan, 1, Err(Failure::for_good(why)));
        assert_eq!(for_good(plan(None)), JobEnd::Dead(why.to_owned()));
        assert_eq!(for_good(plan(Some(HOUR))), JobEnd::Failing(HOUR, why.to_owned()));
    }

    #[test]
    fn what_is_done_goes_or_is_due_again() {
        assert_eq!(end(&plan(None), 3, Ok(())), JobEnd::Done);
        assert_eq!(end(&plan(Some(HOUR)), 3, Ok(())), JobEnd::Again(HOUR));
    }

    #[test]
    fn the_wait_after_a_failure_doubles_up_to_the_longest() {
        let waits: Vec<_> = (1..10)
            .map(|attempts| match end(&plan(None), attempts, failed()) {
                JobEnd::Retry(wait, error) => {
                    assert_eq!(error, "no route");
                    wait.as_secs()
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1_920, 3_840, 7_200]);
        assert_eq!(backoff(&Retries::USUAL, i32::MAX), Retries::USUAL.longest);
        assert_eq!(backoff(&Retries::USUAL, 0), Retries::USUAL.first);
    }

    #[test]
    fn a_recurring_job_waits_no_longer_after_a_failure_than_after_a_success() {
        let soon = Duration::from_secs(45);
        assert_eq!(
            end(&plan(Some(soon)), 2, failed()),
            JobEnd::Retry(soon, "no route".to_owned())
        );
    }

    #[test]
    fn after_its_last_attempt_a_job_waits_for_an_operator_and_one_that_recurs_goes_on() {
        let why = || "no route".to_owned();
        assert_eq!(end(&plan(None), 10, failed()), JobEnd::Dead(why()));
        assert_eq!(end(&plan(Some(HOUR)), 10, failed()), JobEnd::Failing(HOUR, why()));
        assert_eq!(
            end(&plan(Some(HOUR)), i32::MAX, failed()),
            JobEnd::Failing(HOUR, why())
        );
    }

    #[test]
    fn a_job_that_ends_its_process_is_not_tried_for_ever() {
        assert_eq!(refused(&plan(None), 10), None);
        let dead = JobEnd::Dead("the last of its 10 attempts did not come to an end".to_owned());
        assert_eq!(refused(&plan(None), 11), Some(dead));
        assert_eq!(refused(&plan(Some(HOUR)), 11), None, "what recurs goes on");
    }

    #[test]
    fn an_attempt_ends_before_its_lease() {
        assert!(lease(&plan(None)) > plan(None).time_limit);
    }

    #[test]
    fn an_endless_error_is_cut() {
        let end = end(&plan(None), 10, Err("é".repeat(10_000).into()));
        assert_eq!(end, JobEnd::Dead("é".repeat(ERROR_LENGTH)));
    }
}
