//! `POST /oauth/token` beside what argon2id allows on this machine: right secrets that the process has not seen before, each of which costs
//! one run, and those that it has seen.

use crate::load::expect;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::site::Site;
use crate::wire::Connection;
use auth::{CredentialKind, hash, token};
use domain::environment::Environment;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Clients, each with one secret.
const CLIENTS: usize = 60;
/// The most clients of one directory.
const OF_DIRECTORY: usize = 20;
/// Times that each asks again: less than the burst that one client has ([ADR 0043](../../../docs/adr/0043-access-tokens.md)).
const AGAIN: usize = 20;
/// Connections: enough that both processors have work, and no more than wait for argon2 at a time.
const LANES: usize = 16;

pub async fn run(plan: &Plan) -> Vec<Row> {
    say("token endpoint, beside argon2id: making clients");
    let mut site = Site::start(plan.settings()).await;
    for tenant in 0..CLIENTS / OF_DIRECTORY {
        site.gateway.directory(&format!("tenant-{tenant}"), "advisors");
    }
    let clients: Arc<Vec<Vec<u8>>> = Arc::new(
        (0..CLIENTS)
            .map(|number| {
                let tenant = format!("tenant-{}", number / OF_DIRECTORY);
                site.token_request(&tenant, "advisors")
            })
            .collect(),
    );
    say("token endpoint, beside argon2id: measuring");
    let (mut limit, mut cold, mut warm) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        limit.push(argon2(plan.slice).await);
        // A new process has verified nothing yet.
        site.gateway.restart().await;
        cold.push(ask(site.address, &clients, 1).await);
        warm.push(ask(site.address, &clients, AGAIN).await);
    }
    let beside = "argon2id alone, on all processors";
    vec![
        Row {
            what: "access tokens for secrets that the process has not seen".to_owned(),
            unit: "tokens/s",
            ours: Side::median(
                &format!("{CLIENTS} clients, once each, {LANES} connections"),
                &cold,
            ),
            theirs: Some(Side::median(beside, &limit)),
            bar: Bar::RatioAtLeast(0.8),
            notes: vec!["argon2id runs in the bench's own process, with the gateway's parameters".to_owned()],
        },
        Row {
            what: "access tokens for secrets that it has seen".to_owned(),
            unit: "tokens/s",
            ours: Side::median(&format!("the same clients, {AGAIN} times each"), &warm),
            theirs: Some(Side::median(beside, &limit)),
            bar: Bar::None,
            notes: Vec::new(),
        },
    ]
}

/// Runs of argon2id a second, one thread a processor.
async fn argon2(time: Duration) -> f64 {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let end = Instant::now() + time;
    let runs = (0..threads).map(|_| {
        tokio::task::spawn_blocking(move || {
            let issued = token::issue(CredentialKind::Token, Environment::Test, &[7; token::RANDOM]);
            let mut count = 0_u32;
            while Instant::now() < end {
                std::hint::black_box(hash::hash(&issued)).expect("a hash");
                count += 1;
            }
            count
        })
    });
    let mut all = 0;
    for run in runs.collect::<Vec<_>>() {
        all += run.await.expect("a thread");
    }
    f64::from(all) / time.as_secs_f64()
}

/// Each client asks so often; answers a second.
async fn ask(address: SocketAddr, clients: &Arc<Vec<Vec<u8>>>, times: usize) -> f64 {
    let (next, begin) = (Arc::new(AtomicUsize::new(0)), Instant::now());
    let lanes = (0..LANES).map(|_| {
        let (next, clients) = (Arc::clone(&next), Arc::clone(clients));
        tokio::spawn(async move {
            let mut connection = Connection::open(address).await.expect("connect");
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= CLIENTS * times {
                    return;
                }
                expect(&mut connection, &clients[number % CLIENTS], 200).await;
            }
        })
    });
    for lane in lanes.collect::<Vec<_>>() {
        lane.await.expect("a connection's loop");
    }
    #[expect(clippy::cast_precision_loss, reason = "some hundreds")]
    let count = (CLIENTS * times) as f64;
    count / begin.elapsed().as_secs_f64()
}
