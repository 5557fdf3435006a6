//! Which instance does which job, and what becomes of one that is not done.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::clock::SystemIds;
use jobs::{BoxFuture, Failure, Handler, Job, Jobs, NewJob, Plan, Retries};
use serde_json::json;
use sqlx::Connection as _;
use store::{JobEnd, JobRow, Store};
use support::wait::until;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::store::world::{World, worlds};

const LONG: Duration = Duration::from_mins(1);
const SOON: Retries = Retries {
    first: Duration::from_millis(1),
    longest: Duration::from_millis(1),
    most: 3,
};

fn plan(every: Option<Duration>) -> Plan {
    Plan {
        every,
        time_limit: LONG,
        retries: SOON,
    }
}

/// A handler that notes what it begins, and does what a test says.
struct Probe {
    plan: Plan,
    begun: Arc<Mutex<Vec<String>>>,
    work: fn(&Job) -> BoxFuture<'_, Result<(), String>>,
}

impl Handler for Probe {
    fn kind(&self) -> &'static str {
        "probe"
    }

    fn plan(&self) -> Plan {
        self.plan
    }

    fn run<'a>(&'a self, job: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        self.begun.lock().unwrap().push(job.key.clone());
        Box::pin(async { Ok((self.work)(job).await?) })
    }
}

fn done(_: &Job) -> BoxFuture<'_, Result<(), String>> {
    Box::pin(async { Ok(()) })
}

fn failed(_: &Job) -> BoxFuture<'_, Result<(), String>> {
    Box::pin(async { Err("the other side says no".to_owned()) })
}

fn hanging(_: &Job) -> BoxFuture<'_, Result<(), String>> {
    Box::pin(std::future::pending())
}

/// A runner as one instance has it, on connections of its own.
struct Instance {
    jobs: Jobs,
    begun: Arc<Mutex<Vec<String>>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Instance {
    async fn start(world: &World, plan: Plan, work: fn(&Job) -> BoxFuture<'_, Result<(), String>>) -> Self {
        let store = Store::connect(&world.settings).await.unwrap();
        let begun: Arc<Mutex<Vec<String>>> = Arc::default();
        let probe = Probe {
            plan,
            begun: Arc::clone(&begun),
            work,
        };
        let jobs = Jobs::new(
            store,
            Arc::new(SystemIds::default()),
            [Arc::new(probe) as Arc<dyn Handler>],
        );
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(jobs::run(jobs.clone(), stopped));
        Self {
            jobs,
            begun,
            stop,
            task,
        }
    }

    fn begun(&self) -> Vec<String> {
        self.begun.lock().unwrap().clone()
    }

    async fn has_begun(&self, count: usize) {
        until("jobs to begin", LONG, || async {
            (self.begun().len() >= count).then_some(())
        })
        .await;
    }

    /// As SIGTERM does.
    async fn end(self) -> Vec<String> {
        self.stop.send_replace(true);
        self.task.await.unwrap();
        Arc::try_unwrap(self.begun).map_or_else(
            |begun| begun.lock().unwrap().clone(),
            |begun| begun.into_inner().unwrap(),
        )
    }

    /// As `kill -9` does: in the middle of whatever it does.
    async fn die(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn add(world: &World, keys: impl IntoIterator<Item = String>) {
    for key in keys {
        let new = NewJob {
            kind: "probe",
            key,
            payload: json!({}),
            wait: Duration::ZERO,
        };
        assert!(world.store.add_job(&new).await.unwrap());
        assert!(!world.store.add_job(&new).await.unwrap(), "one of a kind and key");
    }
}

async fn rows(world: &World) -> Vec<JobRow> {
    world.store.jobs(1_000).await.unwrap()
}

async fn is_empty(world: &World) {
    until("all jobs to be done", LONG, || async {
        rows(world).await.is_empty().then_some(())
    })
    .await;
}

/// With all rights, as a clock or an operator changes it.
async fn sql(world: &World, text: &'static str) {
    if let Some(database) = &world.postgres {
        let mut connection = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
        sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
        return;
    }
    let mut connection = sqlx::SqliteConnection::connect(&world.settings.url)
        .await
        .unwrap();
    sqlx::raw_sql(text).execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_is_done_once_by_one_of_two_instances() {
    for world in worlds().await {
        add(&world, (0..60).map(|n| format!("job-{n:02}"))).await;
        let one = Instance::start(&world, plan(None), done).await;
        let other = Instance::start(&world, plan(None), done).await;
        is_empty(&world).await;
        let mut begun = one.end().await;
        begun.extend(other.end().await);
        begun.sort();
        let expected: Vec<String> = (0..60).map(|n| format!("job-{n:02}")).collect();
        assert_eq!(begun, expected, "{}", world.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_an_instance_that_died_is_taken_over_when_its_lease_ends() {
    for world in worlds().await {
        add(&world, ["one".to_owned()]).await;
        let dying = Instance::start(&world, plan(None), hanging).await;
        dying.has_begun(1).await;
        dying.die().await;
        let row = &rows(&world).await[0];
        assert!(
            row.is_claimed && row.due_at.is_some(),
            "{}: {row:?}",
            world.name()
        );
        let heir = Instance::start(&world, plan(None), done).await;
        // The lease holds.
        until("a look at what is due", LONG, || async {
            (!world
                .store
                .due_job_kinds()
                .await
                .unwrap()
                .contains(&"probe".to_owned()))
            .then_some(())
        })
        .await;
        assert_eq!(heir.begun(), [] as [&str; 0], "{}", world.name());
        // Time passes.
        sql(&world, "UPDATE job SET due_at = due_at - 600000").await;
        is_empty(&world).await;
        assert_eq!(heir.end().await, ["one"], "{}", world.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_was_away_for_longer_than_its_lease_ends_nothing() {
    for world in worlds().await {
        add(&world, ["one".to_owned()]).await;
        let store = &world.store;
        let claim = async |owner: &str| store.claim_jobs("probe", owner, LONG, 9).await.unwrap();
        let late = claim("late").await;
        assert_eq!(late.len(), 1);
        assert_eq!(claim("other").await, [], "{}: it is claimed", world.name());
        sql(&world, "UPDATE job SET due_at = due_at - 600000").await;
        let heir = claim("heir").await;
        assert_eq!((heir.len(), heir[0].attempts), (1, 2), "{}", world.name());
        for end in [
            JobEnd::Done,
            JobEnd::Again(LONG),
            JobEnd::Retry(LONG, "x".to_owned()),
            JobEnd::Failing(LONG, "x".to_owned()),
            JobEnd::Dead("x".to_owned()),
            JobEnd::GivenBack,
        ] {
            assert!(
                !store.end_job(&late[0], &end).await.unwrap(),
                "{}: {end:?}",
                world.name()
            );
        }
        assert!(store.end_job(&heir[0], &JobEnd::Done).await.unwrap());
        assert_eq!(rows(&world).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_fails_is_tried_again_then_it_is_dead_and_told_until_an_operator_retries_it() {
    for world in worlds().await {
        add(&world, ["one".to_owned()]).await;
        let failing = Instance::start(&world, plan(None), failed).await;
        let told = until("the dead job to be told", LONG, || async {
            let troubles = failing.jobs.status().troubles();
            (!troubles.is_empty()).then_some(troubles)
        })
        .await;
        assert_eq!(
            told,
            ["job probe one: the other side says no; mend the cause, then `usher job retry probe one`"],
            "{}",
            world.name()
        );
        let row = rows(&world).await.remove(0);
        assert_eq!(
            (row.attempts, row.due_at, row.is_claimed),
            (3, None, false),
            "{row:?}"
        );
        assert!(row.failed_at.is_some());
        assert_eq!(failing.end().await.len(), 3, "{}", world.name());

        // Another instance tells the same, and does nothing.
        let mended = Instance::start(&world, plan(None), done).await;
        until("the other instance to tell it", LONG, || async {
            (mended.jobs.status().failed.len() == 1).then_some(())
        })
        .await;
        assert_eq!(mended.begun(), [] as [&str; 0]);
        assert!(!world.store.retry_job("probe", "other").await.unwrap());
        assert!(world.store.retry_job("probe", "one").await.unwrap());
        is_empty(&world).await;
        until("it to be told no more", LONG, || async {
            mended.jobs.status().troubles().is_empty().then_some(())
        })
        .await;
        mended.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_recurs_is_one_for_all_instances_and_goes_on_when_it_fails() {
    for world in worlds().await {
        let hourly = plan(Some(Duration::from_hours(1)));
        let one = Instance::start(&world, hourly, done).await;
        let other = Instance::start(&world, hourly, done).await;
        let is_done = |row: &JobRow| !row.is_claimed && row.attempts == 0;
        let row = until("its first run", LONG, || async {
            let rows = rows(&world).await;
            (rows.len() == 1 && is_done(&rows[0]) && !(one.begun().is_empty() && other.begun().is_empty()))
                .then(|| rows[0].clone())
        })
        .await;
        assert!(
            row.due_at.is_some() && row.last_error.is_none(),
            "{}: {row:?}",
            world.name()
        );
        let begun = one.end().await.len() + other.end().await.len();
        assert_eq!(begun, 1, "{}: it is due again in an hour", world.name());

        sql(&world, "UPDATE job SET due_at = 0").await;
        let failing = Instance::start(&world, hourly, failed).await;
        let told = until("the failing job to be told", LONG, || async {
            let troubles = failing.jobs.status().troubles();
            (!troubles.is_empty()).then_some(troubles)
        })
        .await;
        assert_eq!(
            told,
            ["job probe: the other side says no; it is tried again by itself"]
        );
        failing.end().await;
        let row = rows(&world).await.remove(0);
        assert!(row.due_at.is_some() && row.failed_at.is_some(), "{row:?}");

        sql(&world, "UPDATE job SET due_at = 0").await;
        let mended = Instance::start(&world, hourly, done).await;
        until("it to be well", LONG, || async {
            let row = rows(&world).await.remove(0);
            (row.failed_at.is_none() && row.last_error.is_none()).then_some(())
        })
        .await;
        mended.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_was_set_back_delays_nothing_and_hastens_no_timer() {
    for world in worlds().await {
        add(&world, ["soon".to_owned(), "in-a-month".to_owned()]).await;
        // Written when the clock was ten years ahead: one was to wait a moment, one a month.
        sql(
            &world,
            "UPDATE job SET due_at = due_at + 315360000000, wait_ms = CASE key WHEN 'soon' THEN 1 ELSE 2592000000 END",
        )
        .await;
        let instance = Instance::start(&world, plan(None), done).await;
        instance.has_begun(1).await;
        until("one job to be left", LONG, || async {
            (rows(&world).await.len() == 1).then_some(())
        })
        .await;
        let left = rows(&world).await.remove(0);
        let far = chrono::Utc::now() + chrono::TimeDelta::days(31);
        assert_eq!(left.key, "in-a-month", "{}", world.name());
        assert!(
            left.due_at
                .is_some_and(|due| due < far && due > far - chrono::TimeDelta::days(2)),
            "{left:?}"
        );
        assert_eq!(instance.end().await, ["soon"]);
        assert_eq!(
            world.store.mend_job_times().await.unwrap(),
            0,
            "what is right is left alone"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_under_way_is_given_back_when_its_instance_ends() {
    for world in worlds().await {
        add(&world, ["one".to_owned()]).await;
        let ending = Instance::start(&world, plan(None), hanging).await;
        ending.has_begun(1).await;
        ending.end().await;
        let row = rows(&world).await.remove(0);
        assert_eq!(
            (row.is_claimed, row.attempts),
            (false, 0),
            "{}: {row:?}",
            world.name()
        );
        let next = Instance::start(&world, plan(None), done).await;
        is_empty(&world).await;
        assert_eq!(next.end().await, ["one"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kind_of_another_version_is_left_to_its_instances() {
    for world in worlds().await {
        let other = NewJob {
            kind: "of-tomorrow",
            key: "x".to_owned(),
            payload: json!({}),
            wait: Duration::ZERO,
        };
        assert!(world.store.add_job(&other).await.unwrap());
        add(&world, ["one".to_owned()]).await;
        let instance = Instance::start(&world, plan(None), done).await;
        until("its own job to be done", LONG, || async {
            (rows(&world).await.len() == 1).then_some(())
        })
        .await;
        let left: BTreeMap<String, i32> = rows(&world)
            .await
            .into_iter()
            .map(|row| (row.kind, row.attempts))
            .collect();
        assert_eq!(
            left,
            BTreeMap::from([("of-tomorrow".to_owned(), 0)]),
            "{}",
            world.name()
        );
        instance.end().await;
    }
}
