//! The load generator: many tenants at once, a mix of the requests that cycles send, bounded in count and
//! time.
//!
//! Every request is timed from sending to the end of the answer, nothing is sent twice, and failures are
//! counted by status. If the target is too slow, the achieved rate falls below the requested one. Next:
//! [`stats`], [`work`].

pub mod stats;
pub mod work;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::directory::App;
use crate::wire::pace::Pace;
use stats::{Kind, Recorder, Summary};
use work::Tenant;

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Mix {
    /// An initial cycle: match query and POST for each new object.
    Initial,
    /// Incremental cycles: PATCH of known objects, one in twenty a new one.
    Incremental,
    /// Match queries only, four in five of a known object.
    Query,
}

/// One tenant URL to load, as in the file of `--targets`.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadTarget {
    /// The tenant URL, as pasted into Entra.
    pub tenant_url: String,
    /// The secret token, as pasted into Entra.
    pub token: String,
    /// The application; it decides the shape of the objects.
    #[serde(default = "advisors")]
    pub app: App,
}

fn advisors() -> App {
    App::Advisors
}

/// The bounds of a load run.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests a second over all tenants; `None` is unlimited.
    pub rate: Option<f64>,
    /// The longest time of sending.
    pub duration: Duration,
    /// The limit of requests, over all tenants.
    pub requests: u64,
    /// The number of requests in flight at once.
    pub concurrency: usize,
    /// The number of objects each tenant has before the measurement starts (incremental and query).
    pub objects: usize,
}

/// Prepares the tenants (not measured), then sends the mix until a limit is reached.
///
/// # Errors
/// If a tenant could not be prepared: its first failing answer, as text.
pub async fn run(tenants: &[Tenant], mix: Mix, limits: Limits, seed: u64) -> anyhow::Result<Summary> {
    anyhow::ensure!(!tenants.is_empty(), "no tenants to load");
    if mix != Mix::Initial {
        for tenant in tenants {
            tenant.prepare(limits.objects, limits.concurrency).await?;
        }
    }
    let pace = Pace::new(limits.rate);
    let counters = Counters {
        tickets: AtomicU64::new(0),
        sent: AtomicU64::new(0),
    };
    let started = Instant::now();
    let run = Run {
        tenants,
        mix,
        limits,
        seed,
        pace: &pace,
        counters: &counters,
        deadline: started + limits.duration,
    };
    let workers = (0..limits.concurrency.max(1)).map(|_| run.worker());
    let recorders = futures_util::future::join_all(workers).await;
    Ok(Summary::new(
        mix,
        tenants.len(),
        limits.rate,
        started.elapsed(),
        recorders,
    ))
}

struct Counters {
    /// The number of the next draw, which decides tenant and action.
    tickets: AtomicU64,
    /// The number of requests begun.
    sent: AtomicU64,
}

/// The state that the workers share.
struct Run<'a> {
    tenants: &'a [Tenant],
    mix: Mix,
    limits: Limits,
    seed: u64,
    pace: &'a Pace,
    counters: &'a Counters,
    deadline: Instant,
}

impl Run<'_> {
    async fn worker(&self) -> Recorder {
        let mut recorder = Recorder::default();
        while Instant::now() < self.deadline {
            let ticket = self.counters.tickets.fetch_add(1, Ordering::Relaxed);
            #[expect(
                clippy::indexing_slicing,
                clippy::cast_possible_truncation,
                reason = "the remainder is below the number of tenants"
            )]
            let tenant = &self.tenants[(ticket % self.tenants.len() as u64) as usize];
            for step in tenant.draw(self.mix, self.seed, ticket) {
                if !self.may_send().await {
                    return recorder;
                }
                let begun = Instant::now();
                let kind = step.kind();
                let result = tenant.send(step).await;
                recorder.record(kind, begun.elapsed(), result.as_ref().err());
                // If a match query finds the object (or fails), the POST after it is pointless.
                if !matches!((kind, result), (Kind::Query, Ok(false))) {
                    break;
                }
            }
        }
        recorder
    }

    /// Waits for the rate, then takes one request off the budget; false if none is left.
    async fn may_send(&self) -> bool {
        if self.counters.sent.fetch_add(1, Ordering::Relaxed) >= self.limits.requests {
            return false;
        }
        tokio::select! {
            () = self.pace.wait() => Instant::now() < self.deadline,
            () = tokio::time::sleep_until(self.deadline) => false,
        }
    }
}
