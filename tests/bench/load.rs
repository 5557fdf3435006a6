//! Closed-loop load: a number of connections, each with one request in flight, for a time.

use crate::wire::Connection;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The number of connections, in every row of `docs/benchmarks.md` that names one.
pub const CONNECTIONS: usize = 32;

/// A unit of work: its requests in order, each with the expected status of its answer.
pub type Unit = Vec<(Vec<u8>, u16)>;

/// Makes the unit of a number; every number is used once.
pub type Make = Arc<dyn Fn(u64) -> Unit + Send + Sync>;

/// The result of a slice.
#[derive(Debug, Default)]
pub struct Done {
    pub rate: f64,
    /// The number of units, including those that ended after the time.
    pub all: f64,
    /// The time of each unit that ended in time, in no order.
    pub times: Vec<Duration>,
}

/// Runs units until the time is over. Numbers continue from `next`. Panics with the answer if a status is not
/// the expected one: a rate of refusals means nothing.
pub async fn closed_loop(address: SocketAddr, time: Duration, next: &Arc<AtomicU64>, make: &Make) -> Done {
    over(CONNECTIONS, address, time, next, make).await
}

/// As [`closed_loop`], with another number of connections.
pub async fn over(
    connections: usize,
    address: SocketAddr,
    time: Duration,
    next: &Arc<AtomicU64>,
    make: &Make,
) -> Done {
    let start = Instant::now();
    // Dropped with its tasks: a caller that stops early leaves none behind.
    let mut tasks = JoinSet::new();
    for _ in 0..connections {
        let (next, make) = (Arc::clone(next), Arc::clone(make));
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await.expect("connect");
            let mut times = Vec::with_capacity(16 * 1024);
            loop {
                let unit = make(next.fetch_add(1, Ordering::Relaxed));
                let begin = Instant::now();
                for (request, expected) in &unit {
                    expect(&mut connection, request, *expected).await;
                }
                if start.elapsed() >= time {
                    return times;
                }
                times.push(begin.elapsed());
            }
        });
    }
    let mut done = Done::default();
    while let Some(times) = tasks.join_next().await {
        done.times.extend(times.expect("a connection's loop"));
    }
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let count = done.times.len() as f64;
    done.rate = count / time.as_secs_f64();
    // The last unit of each connection is not counted.
    #[expect(clippy::cast_precision_loss, reason = "few connections")]
    let last = connections as f64;
    done.all = count + last;
    done
}

/// Sends one request and returns its answer's body; panics with it if the status is not the expected one.
pub async fn expect(connection: &mut Connection, request: &[u8], status: u16) -> Vec<u8> {
    let answer = connection.call(request).await.expect("an answer");
    if answer.status != status {
        let shown = String::from_utf8_lossy(request);
        let said = String::from_utf8_lossy(answer.body);
        panic!(
            "{} instead of {status}: {said}\n{}",
            answer.status,
            shown.lines().next().unwrap_or_default()
        );
    }
    answer.body.to_vec()
}
