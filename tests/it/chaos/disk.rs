//! Disks that fill up, or fail with errors, at random moments under load. After each row: free space, `kill
//! -9`, a new start, and every answered change is read back, with its events.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use support::disk::{BrokenDisk, SmallDisk};
use support::gateway::{App, Directory, Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::{Database, Postgres, server_user};
use support::wait::until;

use super::oracle;
use super::recorder::Recorder;

/// The limit of every wait; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(50);
/// Printed with every failure: the same number gives the same order of faults (not the same interleaving).
const SEED: u64 = 20_261_126;

/// The fault of the disk.
enum Harm {
    Full(SmallDisk),
    Broken(BrokenDisk),
}

impl Harm {
    fn begin(&self, random: &mut StdRng) {
        match self {
            Self::Full(disk) => disk.fill(random.random_range(0..64)),
            Self::Broken(disk) => {
                let kinds = ["w", "s", "ws"][random.random_range(0..3)];
                disk.break_it(kinds, random.random_range(1..8));
            }
        }
    }

    fn end(&self) {
        match self {
            Self::Full(disk) => disk.free(),
            Self::Broken(disk) => disk.mend(),
        }
    }
}

/// A gateway under load on a disk that fails.
struct Site {
    gateway: Gateway,
    harm: Harm,
    cluster: Option<Postgres>,
    advisors: Directory,
    app: App,
    recorder: Arc<Recorder>,
    random: StdRng,
}

impl Site {
    async fn start(settings: Settings, harm: Harm, cluster: Option<Postgres>, seed: u64) -> Self {
        println!("seed {seed}");
        let gateway = Gateway::start(settings).await;
        let advisors = gateway.directory("contoso", "advisors");
        Self {
            app: gateway.app("booking"),
            recorder: Arc::new(Recorder::new(Scim::new(&advisors), seed)),
            advisors,
            gateway,
            harm,
            cluster,
            random: StdRng::seed_from_u64(seed),
        }
    }

    async fn answers(&self, more: u64) {
        let enough = self.recorder.answered() + more;
        until("the load to get answers", PATIENCE, || async {
            (self.recorder.answered() >= enough).then_some(())
        })
        .await;
    }

    /// The disk fails for a while; then it works, and the gateway continues by itself or after `kill -9`.
    async fn round(&mut self, round: u32) {
        let quiet = self.random.random_range(10..40);
        self.answers(quiet).await;
        tokio::time::sleep(Duration::from_millis(self.random.random_range(0..100))).await;
        let failed = |recorder: &Recorder| recorder.refused() + recorder.unanswered();
        let before = failed(&self.recorder);
        self.harm.begin(&mut self.random);
        until("the failing disk to be felt", PATIENCE, || async {
            (failed(&self.recorder) > before).then_some(())
        })
        .await;
        match round % 3 {
            0 => {
                self.harm.end();
                self.revive_the_database().await;
            }
            1 => {
                self.gateway.kill9();
                self.gateway.start_without_waiting();
                tokio::time::sleep(Duration::from_millis(self.random.random_range(0..300))).await;
                self.harm.end();
                self.revive_the_database().await;
                // A start on a full disk may fail; one with free space must succeed.
                self.gateway.restart().await;
            }
            _ => {
                self.harm.end();
                self.revive_the_database().await;
                self.gateway.restart().await;
            }
        }
        self.answers(5).await;
    }

    /// PostgreSQL stops if its log cannot be written; the operator's service manager starts it again.
    async fn revive_the_database(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.revive().await;
        }
    }

    async fn everything_answered_is_there(mut self) {
        self.gateway.restart().await;
        let feed = Feed::new(&self.app);
        let scim = Scim::new(&self.advisors);
        oracle::directory_is_what_was_answered(&scim, &self.recorder.people()).await;
        let head = feed.settled_head().await;
        let events = feed.all().await;
        oracle::positions_are_contiguous(&events, head);
        oracle::each_revision_has_one_event(&events);
        oracle::feed_equals_the_directory(&events, "advisors", &oracle::list(&scim).await);
        assert!(
            self.recorder.answered() > 50,
            "only {} changes were answered: no load, no proof",
            self.recorder.answered()
        );
    }
}

async fn rounds(mut site: Site, writers: u64, rounds: u32) {
    let load = site.recorder.clone().start(writers);
    for round in 0..rounds {
        site.round(round).await;
    }
    site.recorder.stop();
    load.await.expect("the load ends by itself");
    site.everything_answered_is_there().await;
}

fn sqlite_on(disk: &SmallDisk) -> Settings {
    let url = format!("\"sqlite://{}/usher.db\"", disk.path().display());
    Settings {
        more: vec![("database.url".to_owned(), url)],
        ..Settings::default()
    }
}

fn on(database: Database) -> Settings {
    Settings {
        database: Some(database),
        ..Settings::default()
    }
}

/// A cluster with its databases on the small disk and its log elsewhere: it refuses statements that need
/// space and continues.
async fn tables_on(disk: &SmallDisk) -> (Postgres, Database) {
    let cluster = Postgres::start().await;
    let folder = disk.folder("tables", server_user());
    let database = cluster.database_in(&folder).await;
    (cluster, database)
}

async fn full_under_sqlite(writers: u64) {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let settings = sqlite_on(&disk);
    let site = Site::start(settings, Harm::Full(disk), None, SEED + writers).await;
    rounds(site, writers, 6).await;
}

async fn full_under_postgresql(writers: u64) {
    let Some(disk) = SmallDisk::mount(64) else { return };
    let (cluster, database) = tables_on(&disk).await;
    let site = Site::start(on(database), Harm::Full(disk), Some(cluster), SEED + writers).await;
    rounds(site, writers, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_of_one_writer_on_sqlite() {
    full_under_sqlite(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_of_six_writers_on_sqlite() {
    full_under_sqlite(6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_of_one_writer_on_postgresql() {
    full_under_postgresql(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_of_six_writers_on_postgresql() {
    full_under_postgresql(6).await;
}

/// PostgreSQL stops if there is no space for its log.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_the_log_loses_nothing_on_postgresql() {
    let Some(disk) = SmallDisk::mount(48) else { return };
    let cluster = Postgres::start_with_log_in(&disk.folder("log", server_user())).await;
    let database = cluster.database().await;
    let site = Site::start(on(database), Harm::Full(disk), Some(cluster), SEED).await;
    rounds(site, 6, 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_with_errors_loses_nothing_on_sqlite() {
    for writers in [1, 6] {
        let disk = BrokenDisk::build("usher.db");
        let settings = Settings {
            env: disk.env(),
            ..Settings::default()
        };
        let site = Site::start(settings, Harm::Broken(disk), None, SEED + writers).await;
        rounds(site, writers, 4).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_with_errors_loses_nothing_on_postgresql() {
    let disk = BrokenDisk::build("/data/");
    let cluster = Postgres::start_in(&disk.env()).await;
    let database = cluster.database().await;
    let site = Site::start(on(database), Harm::Broken(disk), Some(cluster), SEED).await;
    rounds(site, 6, 2).await;
}

/// Seen by an operator and a load balancer: an instance that is not ready gets no traffic.
async fn readiness_reports_a_full_disk(settings: Settings, disk: SmallDisk) {
    // PostgreSQL can change a row in place.
    let revocation_needs_room = settings.database.is_none();
    let gateway = Gateway::start(settings).await;
    let advisors = gateway.directory("contoso", "advisors");
    let leaked = gateway.cli(&["token", "list", "--tenant", "contoso"]);
    let leaked = leaked.as_array().map_or(&leaked, |tokens| &tokens[0])["id"]
        .as_str()
        .expect("the token's id")
        .to_owned();
    let scim = Scim::new(&advisors);
    let create = async |n: u32| {
        let name = format!("p{n}@contoso.example");
        let more = serde_json::json!({"name": {"givenName": "P", "familyName": "Q"}});
        scim.create(&format!("object-{n}"), &name, more).await
    };
    create(0).await.expect(201);
    assert_eq!(gateway.readiness().await.status, 200);

    disk.fill(0);
    // The last allocated pages may take a few more rows.
    let mut n = 0;
    while create(n + 1).await.status != 503 {
        n += 1;
        assert!(n < 10_000, "the disk is full, and changes are answered for ever");
    }
    // Repeated, also for the probe: the state does not change back and forth.
    for _ in 0..4 {
        let answer = gateway.readiness().await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        assert!(answer.text.contains("disk is full"), "{}", answer.text);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    assert_eq!(scim.get("/Users?count=1").await.status, 200, "reads go on");
    let revoke = ["token", "revoke", "--tenant", "contoso", &leaked];
    let refused = gateway.try_cli(&revoke);
    if revocation_needs_room {
        assert!(!refused.status.success(), "no room, no revocation");
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(said.contains("disk is full"), "{said}");
    }

    disk.free();
    let revoked = gateway.try_cli(&revoke);
    assert!(
        revoked.status.success(),
        "the server holds no lock: {}",
        String::from_utf8_lossy(&revoked.stderr)
    );
    until("readiness to return without any traffic", PATIENCE, || async {
        (gateway.readiness().await.status == 200).then_some(())
    })
    .await;
    assert_eq!(scim.get("/Users?count=1").await.status, 401, "revoked is revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_reports_a_full_disk_on_sqlite() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    readiness_reports_a_full_disk(sqlite_on(&disk), disk).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_reports_a_full_disk_on_postgresql() {
    let Some(disk) = SmallDisk::mount(32) else { return };
    let (_cluster, database) = tables_on(&disk).await;
    readiness_reports_a_full_disk(on(database), disk).await;
}
