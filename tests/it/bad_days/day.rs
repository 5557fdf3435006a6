//! The world of a bad day: a gateway behind an address that stays, its database, its Redis, one customer, and three apps.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use support::booking::Booking;
use support::gateway::{App, Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::{Database, Postgres};
use support::proxy::Proxy;
use support::python::PythonConsumer;
use support::redis::Redis;
use support::wait::until;

pub use super::directory::Directories;
use super::directory::users;
use super::load::Load;
use super::oracle;

/// The limit of every wait; nothing is measured by it.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// Where a day's tables are.
pub enum Kept {
    /// SQLite in the gateway's folder.
    Sqlite,
    /// A database of the cluster that all tests share.
    Postgres,
    /// A cluster of its own, at an address that stays when another server takes its place.
    Cluster,
}

/// A running deployment and its readers.
pub struct Day {
    pub gateway: Gateway,
    pub redis: Redis,
    /// The cluster of [`Kept::Cluster`].
    pub cluster: Option<Postgres>,
    /// The address of the database of [`Kept::Cluster`].
    pub database_address: Option<Proxy>,
    /// The address of the gateway, for identity providers and apps.
    pub address: Proxy,
    pub directories: Directories,
    pub booking: Booking,
    booking_app: App,
    /// Booking once more, as a worker without a position of its own.
    worker: Booking,
    worker_app: App,
    pub over_redis: PythonConsumer,
    pub over_http: PythonConsumer,
    /// Consumers that came later.
    pub later: Vec<PythonConsumer>,
    /// The fault brought the database back as it was earlier: every feed must begin another epoch.
    pub is_older: bool,
    rounds: u64,
}

/// How often a fault is repeated: once, or as `make chaos` says.
fn rounds() -> u64 {
    std::env::var("USHER_TEST_ROUNDS")
        .map_or(1, |rounds| rounds.parse().expect("USHER_TEST_ROUNDS is a number"))
}

/// A bad day: the fault happens under load, once or (`make chaos`) many times; afterwards everything must be well.
pub async fn bad_day(kept: Kept, fault: impl AsyncFn(&mut Day)) {
    let mut day = Day::begin(kept).await;
    for round in 1..=day.rounds {
        let load = Load::start(&day.directories, round);
        load.more(20).await;
        let before = day.epochs();
        fault(&mut day).await;
        load.stop().await;
        day.ends_well().await;
        // A fault makes each reader take one snapshot at most.
        for (app, epoch) in day.epochs() {
            let known = before.get(&app).copied().unwrap_or(epoch);
            let least = known + u64::from(day.is_older);
            assert!(
                (least..=known + 1).contains(&epoch),
                "{app}: epoch {epoch} after {known}"
            );
        }
    }
}

impl Day {
    /// Starts everything; the apps have read some first changes.
    async fn begin(kept: Kept) -> Self {
        let redis = Redis::start().await;
        let address = Proxy::start().await;
        let (mut cluster, mut database_address, mut database) = (None, None, None);
        match kept {
            Kept::Sqlite => {}
            Kept::Postgres => database = Some(Postgres::shared().await.database().await),
            Kept::Cluster => {
                let started = Postgres::start().await;
                let proxy = Proxy::start().await;
                proxy.switch_to(started.port());
                database = Some(started.database().await.at_port(proxy.port()));
                (cluster, database_address) = (Some(started), Some(proxy));
            }
        }
        let gateway = Gateway::start(Settings {
            database,
            redis: Some(redis.url()),
            more: vec![(
                "http.public_url".to_owned(),
                format!("\"http://127.0.0.1:{}\"", address.port()),
            )],
            ..Settings::default()
        })
        .await;
        address.switch_to(port(&gateway));
        let scim = |profile| Scim::new(&gateway.directory("contoso", profile));
        let directories = Directories {
            advisors: scim("advisors"),
            rooms: scim("rooms"),
            people: scim("people"),
        };
        let [booking_app, worker_app, redis_app, http_app] =
            ["booking", "workers", "over-redis", "over-http"].map(|name| gateway.app(name));
        let day = Self {
            booking: Booking::over_redis(&booking_app, &redis.url()),
            over_redis: PythonConsumer::over_redis(&redis_app, &redis.url()),
            over_http: PythonConsumer::over_http(&http_app),
            later: Vec::new(),
            booking_app,
            worker: Booking::worker_over_redis(&worker_app, &redis.url(), "one"),
            worker_app,
            gateway,
            redis,
            cluster,
            database_address,
            address,
            directories,
            is_older: false,
            rounds: rounds(),
        };
        Load::start(&day.directories, 0).stop().await;
        day.ends_well().await;
        day
    }

    /// The number of each feed's epoch.
    fn epochs(&self) -> BTreeMap<String, u64> {
        let feeds = rows(self.gateway.cli(&["feed", "list"])).into_iter();
        let number = |feed: &Value| feed["epoch"].as_str()?.split_once('-')?.0.parse().ok();
        feeds
            .map(|feed| {
                let app = feed["app"].as_str().expect("a name").to_owned();
                let epoch = number(&feed).unwrap_or_else(|| panic!("no epoch in {feed}"));
                (app, epoch)
            })
            .collect()
    }

    /// The gateway's database, of PostgreSQL.
    pub fn database(&self) -> &Database {
        self.gateway.database().expect("a day on PostgreSQL")
    }

    /// All consumers in Python.
    pub fn python(&self) -> impl Iterator<Item = &PythonConsumer> {
        [&self.over_redis, &self.over_http].into_iter().chain(&self.later)
    }

    /// The apps that read over Redis.
    pub fn redis_apps(&self) -> [&App; 3] {
        [&self.booking_app, &self.worker_app, self.over_redis.app()]
    }

    /// `kill -9` to all consumers.
    pub fn stop_consumers(&mut self) {
        self.booking.kill9();
        self.worker.kill9();
        self.over_redis.kill9();
        self.over_http.kill9();
    }

    /// Starts all consumers with what they have.
    pub fn start_consumers(&mut self) {
        self.booking.restart();
        self.worker.restart();
        self.over_redis.restart();
        self.over_http.restart();
    }

    /// Waits until some more events are in the streams than now; needs a load.
    pub async fn streams_grow(&self) {
        for app in self.redis_apps() {
            let last = || async {
                self.redis
                    .command(&["XREVRANGE", &app.stream, "+", "-", "COUNT", "1"])
                    .await
            };
            let before = last().await;
            until("the stream to grow", PATIENCE, || async {
                (last().await != before).then_some(())
            })
            .await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// What the gateway takes for acknowledged, and what its log says is applied, is committed by the consumer.
    pub fn nothing_is_applied_that_no_consumer_has(&self) {
        // The claims first: consumers may go on meanwhile.
        let mut claims: Vec<(Value, Value, Value)> = Vec::new();
        for feed in rows(self.gateway.cli(&["feed", "list"])) {
            for group in rows(feed["groups"].clone()) {
                claims.push((feed["app"].clone(), group["acknowledged"].clone(), feed.clone()));
            }
        }
        for change in rows(
            self.gateway
                .cli(&["log", "list", "--tenant", "contoso", "--limit", "200"]),
        ) {
            let delivered = rows(change["delivered"].clone());
            let applied = delivered.into_iter().filter(|one| !one["appliedAt"].is_null());
            claims.extend(applied.map(|one| (one["app"].clone(), one["position"].clone(), one)));
        }
        let mut committed: BTreeMap<&str, u64> = BTreeMap::new();
        for consumer in self.python() {
            let dump = consumer.dump().unwrap_or_default();
            committed.insert(
                &consumer.app().name,
                dump["position"].as_u64().unwrap_or_default(),
            );
        }
        let booking = self.booking.dump();
        committed.insert(
            &self.booking_app.name,
            booking["position"].as_u64().unwrap_or_default(),
        );
        for (app, position, claim) in claims {
            // A worker stores no position that moves.
            let Some(&has) = committed.get(app.as_str().expect("a name")) else {
                continue;
            };
            assert!(
                position.as_u64().unwrap_or_default() <= has,
                "{app} has committed {has}: {claim}\n{}",
                self.gateway.log()
            );
        }
    }

    /// Waits until all tables equal the directories; then the laws of what was applied.
    pub async fn ends_well(&self) {
        let end = tokio::time::Instant::now() + PATIENCE;
        loop {
            let wrong = self.differences().await;
            if wrong.is_empty() {
                break;
            }
            if tokio::time::Instant::now() > end {
                self.give_up(&wrong).await;
            }
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        for consumer in self.python() {
            let dump = consumer.dump().expect("tables");
            oracle::positions_have_no_gaps(consumer, &dump);
            oracle::revisions_rise(consumer, &dump);
        }
        self.nothing_is_applied_that_no_consumer_has();
    }

    async fn differences(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let directory = self.directories.reconnected().tables().await;
        for consumer in self.python() {
            let name = &consumer.app().name;
            let ends = Feed::new(consumer.app()).page(0, 1, 0).await;
            let Some(dump) = consumer.dump() else {
                wrong.push(format!("{name}: no tables yet"));
                continue;
            };
            let found = oracle::differences(&directory, &oracle::of_python(&dump));
            wrong.extend(found.into_iter().map(|text| format!("{name}: {text}")));
            // A page that is past retention has its ends in the headers of the snapshot only.
            if ends.status == 200
                && (ends.body["head"] != dump["position"] || ends.body["epoch"] != dump["epoch"])
            {
                wrong.push(format!(
                    "{name} is at {} of {}, its feed at {} of {}",
                    dump["position"], dump["epoch"], ends.body["head"], ends.body["epoch"]
                ));
            }
        }
        let advisors = Value::Array(users(&self.directories.advisors.reconnected()).await);
        for (name, booking) in [("booking", &self.booking), ("workers", &self.worker)] {
            let found = oracle::differences_of_booking(&advisors, &directory["rooms"], &booking.dump());
            wrong.extend(found.into_iter().map(|text| format!("{name}: {text}")));
        }
        wrong
    }

    async fn give_up(&self, wrong: &[String]) -> ! {
        let last = |log: String| {
            let lines: Vec<&str> = log.lines().collect();
            lines[lines.len().saturating_sub(25)..].join("\n")
        };
        for consumer in self.python() {
            eprintln!("--- {}\n{}", consumer.app().name, last(consumer.log()));
        }
        eprintln!("--- booking\n{}", last(self.booking.log()));
        eprintln!("--- workers\n{}", last(self.worker.log()));
        eprintln!("--- gateway\n{}", last(self.gateway.log()));
        eprintln!("--- ready: {}", self.gateway.readiness().await.text);
        panic!("the day does not end well:\n{}", wrong.join("\n"));
    }
}

/// The rows of a command's answer, which is one row or an array.
fn rows(answer: Value) -> Vec<Value> {
    match answer {
        Value::Array(rows) => rows,
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

/// The port that a gateway listens on.
pub fn port(gateway: &Gateway) -> u16 {
    let url = gateway.url();
    url.rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a URL with a port")
}
