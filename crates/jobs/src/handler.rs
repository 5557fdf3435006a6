//! What does the jobs of one kind.

use std::time::Duration;

use store::{BoxFuture, Job};

/// Does the jobs of one kind. An attempt may be cut off at any point (its instance was killed) and then be made again, so
/// whatever it does outside the database it must be able to do twice.
pub trait Handler: Send + Sync {
    /// The kind, a word in the database.
    fn kind(&self) -> &'static str;

    /// How often, how long, and how many times.
    fn plan(&self) -> Plan;

    /// Does one job.
    ///
    /// # Errors
    /// Why it was not done, and whether to try again.
    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>>;
}

/// Why an attempt failed, in words for the operator and without secrets and personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The words.
    pub why: String,
    /// What to do then.
    pub then: Then,
}

/// What to do after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// Try again, after this time at the earliest.
    Again(Duration),
    /// No attempt mends it: operators are told at once. A job that recurs goes on.
    GiveUp,
}

impl Failure {
    /// No attempt mends it.
    pub fn for_good(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            then: Then::GiveUp,
        }
    }

    /// To be tried again, after `wait` at the earliest.
    pub fn after(wait: Duration, why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            then: Then::Again(wait),
        }
    }
}

/// To be tried again.
impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::after(Duration::ZERO, why)
    }
}

/// How the jobs of a kind are done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// For a job that recurs: the time from its end to its next beginning. There is one of the kind then, and it exists from the
    /// first start on. `None`: jobs of the kind are added by others and go when they are done.
    pub every: Option<Duration>,
    /// The longest time of an attempt. The lease is a little longer, so that no job is done twice at a time.
    pub time_limit: Duration,
    /// What happens after failures.
    pub retries: Retries,
}

impl Plan {
    /// A job that recurs, with the usual attempts.
    pub const fn every(every: Duration, time_limit: Duration) -> Self {
        Self {
            every: Some(every),
            ..Self::once(time_limit)
        }
    }

    /// Jobs that others add, with the usual attempts.
    pub const fn once(time_limit: Duration) -> Self {
        Self {
            every: None,
            time_limit,
            retries: Retries::USUAL,
        }
    }
}

/// The attempts of a job, and the waits between them, which double.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// The wait after the first failure.
    pub first: Duration,
    /// The longest wait.
    pub longest: Duration,
    /// The most attempts; then operators are told.
    pub most: i32,
}

impl Retries {
    /// 12 attempts over half a day: outages of mail servers and of other people's services last that long.
    pub const USUAL: Self = Self {
        first: Duration::from_secs(30),
        longest: Duration::from_hours(6),
        most: 12,
    };
}
