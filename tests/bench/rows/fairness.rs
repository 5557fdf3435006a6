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

    const fn connections(self) -> u32 {
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
        let settings = Settings {
            database: kind.database().await,
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
                let flood = flood(load, &flooder, &targets);
                tokio::time::sleep(Duration::from_millis(500)).await;
                beside.extend(other.measure(plan.slice).await);
                done += flood.stop().await.iter().sum::<u64>();
            }
            rows.push(row(kind, load, &idle, &beside, done));
        }
    }
    rows
}

fn row(kind: Kind, load: Load, idle: &[Duration], beside: &[Duration], done: u64) -> Row {
    let note = format!(
        "{} requests measured beside; {done} requests of the other tenant were answered 2xx",
        beside.len()
    );
    compared(
        kind,
        load.name(),
        "beside the other tenant",
        [idle, beside],
        vec![note],
    )
}

/// The row of the measured tenant's times, alone and beside a load.
pub fn compared(
    kind: Kind,
    load: &str,
    side: &str,
    [idle, beside]: [&[Duration]; 2],
    more: Vec<String>,
) -> Row {
    let mut notes = vec![format!(
        "p50 {:.1} ms beside, {:.1} ms alone; longest {:.1} ms beside, {:.1} ms alone",
        percentile_ms(beside, 50),
        percentile_ms(idle, 50),
        percentile_ms(beside, 100),
        percentile_ms(idle, 100),
    )];
    notes.extend(more);
    Row {
        what: format!(
            "p99 of a tenant at {RATE} requests/s beside {load}, {}",
            kind.name()
        ),
        unit: "ms",
        ours: Side::single(side, percentile_ms(beside, 99)),
        theirs: Some(Side::single("alone", percentile_ms(idle, 99))),
        bar: Bar::RatioBelow(2.0),
        notes,
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

/// A load under way, on connections of its own.
#[derive(Debug)]
pub struct Flood<T> {
    ended: Arc<AtomicBool>,
    lanes: Vec<tokio::task::JoinHandle<T>>,
}

impl<T: Send + 'static> Flood<T> {
    /// Starts lanes; each is to end soon after its flag is set.
    pub fn start<L>(lanes: u32, lane: impl Fn(u32, Arc<AtomicBool>) -> L) -> Self
    where
        L: Future<Output = T> + Send + 'static,
    {
        let ended = Arc::new(AtomicBool::new(false));
        let start = |number| tokio::spawn(lane(number, Arc::clone(&ended)));
        let lanes = (0..lanes).map(start).collect();
        Self { ended, lanes }
    }

    /// Waits for the requests in flight; returns what each lane counted.
    pub async fn stop(self) -> Vec<T> {
        self.ended.store(true, Ordering::Relaxed);
        let mut counted = Vec::new();
        for lane in self.lanes {
            counted.push(lane.await.expect("a connection's loop"));
        }
        counted
    }
}

/// A lane's connection, opened anew after it was lost.
#[derive(Debug)]
pub struct Lane {
    address: SocketAddr,
    connection: Option<Connection>,
}

impl Lane {
    pub const fn to(address: SocketAddr) -> Self {
        let connection = None;
        Self { address, connection }
    }

    /// The status of the answer; `None` when the connection was lost.
    pub async fn call(&mut self, request: &[u8]) -> Option<u16> {
        let open: &mut Connection = match &mut self.connection {
            Some(open) => open,
            none => none.insert(Connection::open(self.address).await.expect("connect")),
        };
        let status = open.call(request).await.map(|answer| answer.status).ok();
        if status.is_none() {
            self.connection = None;
        }
        status
    }
}

/// The tenant with unlimited load; counts the requests that are served.
fn flood(load: Load, site: &Arc<Site>, targets: &Arc<Vec<String>>) -> Flood<u64> {
    Flood::start(load.connections(), |lane, ended| {
        let (site, targets) = (Arc::clone(site), Arc::clone(targets));
        async move {
            let whom = &targets[lane as usize % targets.len()];
            let (mut done, mut lane) = (0, Lane::to(site.address));
            while !ended.load(Ordering::Relaxed) {
                for request in &load.step(&site, whom, NUMBER.fetch_add(1, Ordering::Relaxed)) {
                    let status = lane.call(request).await;
                    done += u64::from(status.is_some_and(|status| status < 300));
                }
            }
            done
        }
    })
}
