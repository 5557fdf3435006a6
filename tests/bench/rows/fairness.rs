//! The effect of one tenant on another: a tenant at 25 requests a second, alone and beside a tenant in its
//! initial cycle, one that sends PATCHes of 1,000 operations, and one that sends bulks of 1.6 MB.

use crate::base::{BOTH, Kind};
use crate::load::expect;
use crate::plan::Plan;
use crate::report::{Bar, Row, Side, say};
use crate::samples::percentile_ms;
use crate::site::{Site, encoded, user_name, whole_person};
use crate::wire::{self, Connection};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use support::gateway::Settings;
use support::postgres::Postgres;

/// Requests a second of the measured tenant.
pub const RATE: u32 = 25;
/// Its connections: enough that a slow answer does not delay the next request.
const CONNECTIONS: u32 = 10;
/// Operations of a PATCH and of a bulk.
const OPERATIONS: u64 = 1_000;

/// The load of the other tenant.
#[derive(Clone, Copy, Debug)]
enum Load {
    Cycle,
    Patches,
    Bulks,
}

impl Load {
    const ALL: [Self; 3] = [Self::Cycle, Self::Patches, Self::Bulks];

    const fn name(self) -> &'static str {
        match self {
            Self::Cycle => "an initial cycle on 32 connections",
            Self::Patches => "PATCHes of 1,000 operations on 64 connections",
            Self::Bulks => "bulks of 1.6 MB on 8 connections",
        }
    }

    const fn connections(self) -> u64 {
        match self {
            Self::Cycle => 32,
            Self::Patches => 64,
            Self::Bulks => 8,
        }
    }

    /// The requests of one step.
    fn step(self, site: &Site, whom: &str, number: u64) -> Vec<Vec<u8>> {
        match self {
            Self::Cycle => {
                let key = number.to_string();
                vec![site.find(&user_name(&key)), site.create(&key)]
            }
            Self::Patches => {
                let one = |at| json!({"op": "replace", "path": "displayName", "value": format!("name {number} {at}")});
                let body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                    "Operations": (0..OPERATIONS).map(one).collect::<Vec<_>>(),
                });
                vec![wire::patch(
                    &format!("{}/Users/{whom}", site.path),
                    &site.authorization,
                    &body.to_string(),
                )]
            }
            Self::Bulks => {
                let long = "Bahnhofstrasse ".repeat(80);
                let one = |at| {
                    let mut person: Value =
                        serde_json::from_str(&whole_person(&format!("{number}-{at}"))).expect("JSON");
                    person["addresses"][0]["formatted"] = long.clone().into();
                    json!({"method": "POST", "path": "/Users", "bulkId": format!("b{at}"), "data": person})
                };
                let body = json!({
                    "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
                    "Operations": (0..OPERATIONS).map(one).collect::<Vec<_>>(),
                });
                vec![wire::post(
                    &format!("{}/Bulk", site.path),
                    &site.authorization,
                    &body.to_string(),
                )]
            }
        }
    }
}

pub async fn run(plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in BOTH {
        say(&format!("fairness between two tenants, {}", kind.name()));
        let database = match kind {
            Kind::Postgres => Some(Postgres::shared().await.database().await),
            Kind::Sqlite => None,
        };
        let settings = Settings {
            database,
            ..plan.settings()
        };
        let flooder = Arc::new(Site::of(settings, "people").await);
        let other = Other::of(&flooder).await;
        let mut targets = Vec::new();
        for number in 0..64 {
            targets.push(person(flooder.address, &flooder.path, &flooder.authorization, number).await);
        }
        let targets = Arc::new(targets);
        other.measure(Duration::from_secs(2)).await;
        for load in Load::ALL {
            let (mut idle, mut beside, mut done) = (Vec::new(), Vec::new(), 0);
            for _ in 0..plan.rounds {
                idle.extend(other.measure(plan.slice).await);
                let flood = Flood::start(load, &flooder, &targets);
                tokio::time::sleep(Duration::from_millis(500)).await;
                beside.extend(other.measure(plan.slice).await);
                done += flood.stop().await;
            }
            rows.push(row(kind, load, &idle, &beside, done));
        }
    }
    rows
}

fn row(kind: Kind, load: Load, idle: &[Duration], beside: &[Duration], done: u64) -> Row {
    Row {
        what: format!(
            "p99 of a tenant at {RATE} requests/s beside {}, {}",
            load.name(),
            kind.name()
        ),
        unit: "ms",
        ours: Side::single("beside the other tenant", percentile_ms(beside, 99)),
        theirs: Some(Side::single("alone", percentile_ms(idle, 99))),
        bar: Bar::RatioBelow(2.0),
        notes: vec![
            format!(
                "p50 {:.1} ms beside, {:.1} ms alone; longest {:.1} ms beside, {:.1} ms alone",
                percentile_ms(beside, 50),
                percentile_ms(idle, 50),
                percentile_ms(beside, 100),
                percentile_ms(idle, 100),
            ),
            format!(
                "{} requests measured beside; {done} requests of the other tenant were answered 2xx",
                beside.len()
            ),
        ],
    }
}

/// Creates a person and returns its id.
async fn person(address: SocketAddr, path: &str, authorization: &str, number: u32) -> String {
    let mut connection = Connection::open(address).await.expect("connect");
    let request = wire::post(
        &format!("{path}/Users"),
        authorization,
        &whole_person(&format!("known-{number}")),
    );
    let body: Value =
        serde_json::from_slice(&expect(&mut connection, &request, 201).await).expect("a person");
    body["id"].as_str().expect("an id").to_owned()
}

/// The measured tenant.
#[derive(Debug)]
pub struct Other {
    address: SocketAddr,
    path: String,
    authorization: String,
    whom: String,
    next: Arc<AtomicU64>,
}

impl Other {
    /// The tenant fabrikam, with one person.
    pub async fn of(site: &Site) -> Self {
        let directory = site.gateway.directory("fabrikam", "people");
        let path = directory
            .tenant_url
            .strip_prefix(&site.gateway.url())
            .expect("ours")
            .to_owned();
        let authorization = format!("Bearer {}", directory.token);
        let whom = person(site.address, &path, &authorization, 0).await;
        Self {
            address: site.address,
            path,
            authorization,
            whom,
            next: Arc::new(AtomicU64::new(0)),
        }
    }

    /// Sends at its rate, match queries and PATCHes in turn; returns the time of each from the moment it was
    /// due.
    pub async fn measure(&self, time: Duration) -> Vec<Duration> {
        let start = Instant::now() + Duration::from_millis(50);
        let (step, mut tasks) = (Duration::from_secs(1) / RATE, Vec::new());
        for lane in 0..CONNECTIONS {
            let mut connection = Connection::open(self.address).await.expect("connect");
            let (path, key, whom) = (self.path.clone(), self.authorization.clone(), self.whom.clone());
            let next = Arc::clone(&self.next);
            tasks.push(tokio::spawn(async move {
                let (mut times, mut due) = (Vec::new(), start + step * lane);
                while due < start + time {
                    tokio::time::sleep_until(due.into()).await;
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let request = if number.is_multiple_of(2) {
                        let filter = encoded(&format!("userName eq \"{}\"", user_name("known-0")));
                        wire::get(&format!("{path}/Users?filter={filter}"), &key)
                    } else {
                        let body = json!({
                            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                            "Operations": [{"op": "Replace", "path": "title", "value": format!("title {number}")}],
                        });
                        wire::patch(&format!("{path}/Users/{whom}"), &key, &body.to_string())
                    };
                    expect(&mut connection, &request, 200).await;
                    times.push(due.elapsed());
                    due += step * CONNECTIONS;
                }
                times
            }));
        }
        let mut times = Vec::new();
        for task in tasks {
            times.extend(task.await.expect("a connection's loop"));
        }
        times
    }
}

/// Numbers of the flood's people, over all slices.
static NUMBER: AtomicU64 = AtomicU64::new(1);

/// The tenant with unlimited load.
struct Flood {
    ended: Arc<AtomicBool>,
    tasks: Vec<tokio::task::JoinHandle<u64>>,
}

impl Flood {
    fn start(load: Load, site: &Arc<Site>, targets: &Arc<Vec<String>>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let mut tasks = Vec::new();
        for lane in 0..load.connections() {
            let (site, targets, ended) = (Arc::clone(site), Arc::clone(targets), Arc::clone(&ended));
            tasks.push(tokio::spawn(async move {
                let whom = &targets[usize::try_from(lane).unwrap_or_default() % targets.len()];
                let (mut done, mut connection) = (0, None);
                while !ended.load(Ordering::Relaxed) {
                    for request in &load.step(&site, whom, NUMBER.fetch_add(1, Ordering::Relaxed)) {
                        let open: &mut Connection = match &mut connection {
                            Some(open) => open,
                            none => none.insert(Connection::open(site.address).await.expect("connect")),
                        };
                        match open.call(request).await {
                            Ok(answer) => done += u64::from(answer.status < 300),
                            Err(_) => connection = None,
                        }
                    }
                }
                done
            }));
        }
        Self { ended, tasks }
    }

    /// Waits for the requests in flight; returns the number of served requests.
    async fn stop(self) -> u64 {
        self.ended.store(true, Ordering::Relaxed);
        let mut done = 0;
        for task in self.tasks {
            done += task.await.expect("a connection's loop");
        }
        done
    }
}
