//! Composes the tasks and keeps them running: one stamper, on PostgreSQL a listener, and with Redis one relay a feed and the
//! users. A task that ends early is started again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use domain::clock::{Clock, Ids};
use domain::id::AppId;
use store::{Backend, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Duration, sleep};

use crate::feeds::Feeds;
use crate::listener::listen;
use crate::notifier::Notifier;
use crate::relay::{Relay, Setup};
use crate::settings::Settings;
use crate::stamper::Stamper;
use crate::status::{RedisStatus, Snapshot, StatusRegistry};
use crate::stream::StreamKey;
use crate::stream::link::Link;
use crate::users::UserSync;

/// The interval at which ended tasks are found without another wake-up.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// The interval of pings while Redis answers.
const PING: Duration = Duration::from_secs(5);

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// `redis.url` is not a Redis URL. The text leaves the URL out: it may hold a password.
    #[error(
        "redis.url is not a Redis address ({0}); write redis://HOST:6379/ or, with TLS, rediss://HOST:6379/"
    )]
    RedisUrl(String),
}

/// The feeds of one process. Cheap to clone; [`run`] runs the tasks.
#[derive(Clone)]
pub struct Events {
    store: Store,
    clock: Arc<dyn Clock>,
    settings: Settings,
    owner: String,
    notifier: Notifier,
    registry: StatusRegistry,
    feeds: Feeds,
    link: Option<Link>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("owner", &self.owner)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Events {
    /// Composes the parts; nothing runs and nothing connects before [`run`]. `ids` names this process in
    /// leases.
    ///
    /// # Errors
    /// `redis.url` cannot be parsed.
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        ids: &dyn Ids,
        settings: Settings,
    ) -> Result<Self, SettingsError> {
        let (notifier, registry) = (Notifier::new(), StatusRegistry::default());
        let link = match &settings.redis {
            Some(redis) => {
                registry.update(|snapshot| snapshot.redis = Some(RedisStatus::default()));
                let link = Link::open(&redis.url, redis.response_timeout, registry.clone());
                Some(link.map_err(|error| SettingsError::RedisUrl(error.category().to_owned()))?)
            }
            None => None,
        };
        let feeds = Feeds::new(
            store.clone(),
            Arc::clone(&clock),
            notifier.clone(),
            registry.clone(),
        );
        let owner = ids.next().simple().to_string();
        Ok(Self {
            store,
            clock,
            settings,
            owner,
            notifier,
            registry,
            feeds,
            link,
        })
    }

    /// The reading side, for the HTTP feed.
    pub fn feeds(&self) -> Feeds {
        self.feeds.clone()
    }

    /// The present status, for readiness and metrics.
    pub fn status(&self) -> Snapshot {
        self.registry.snapshot()
    }

    fn stamper(&self) -> Stamper {
        Stamper {
            store: self.store.clone(),
            notifier: self.notifier.clone(),
            registry: self.registry.clone(),
            poll: self.settings.poll,
            clock: Arc::clone(&self.clock),
            owner: self.owner.clone(),
            has_redis: self.link.is_some(),
        }
    }

    fn users(&self, link: Link) -> UserSync {
        UserSync {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            link,
            environment: self.settings.environment,
            owner: self.owner.clone(),
            kept: BTreeMap::new(),
            warned: BTreeMap::new(),
            removed: BTreeSet::new(),
        }
    }

    fn relays(&self) -> Option<Arc<Setup>> {
        let (redis, link) = self.settings.redis.clone().zip(self.link.clone())?;
        Some(Arc::new(Setup {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            link,
            notifier: self.notifier.clone(),
            registry: self.registry.clone(),
            redis,
            owner: self.owner.clone(),
        }))
    }
}

/// Runs the tasks until `stop` becomes true; then long polls answer, current batches are finished and leases
/// released. The next process continues from the database.
pub async fn run(events: Events, mut stop: watch::Receiver<bool>) {
    let relays = events.relays();
    let mut heads = events.notifier.heads();
    let mut tasks = Tasks::new();
    while !*stop.borrow() {
        keep(&mut tasks, Task::Stamper, || events.stamper().run(stop.clone()));
        if events.store.backend() == Backend::Postgres {
            keep(&mut tasks, Task::Listener, || {
                listen(events.store.clone(), events.notifier.clone(), stop.clone())
            });
        }
        if let Some(setup) = &relays {
            let link = || setup.link.clone();
            keep(&mut tasks, Task::Ping, || ping_until_up(link(), stop.clone()));
            keep(&mut tasks, Task::Users, || events.users(link()).run(stop.clone()));
            let feeds = heads.borrow_and_update().clone();
            for (app, known) in feeds {
                keep(&mut tasks, Task::Relay(app), || {
                    let key = StreamKey::new(events.settings.environment, &known.name);
                    Relay::new(Arc::clone(setup), app, &known.name, key).run(stop.clone())
                });
            }
        }
        tokio::select! {
            () = sleep(LOOK_AFTER) => {}
            Ok(()) = heads.changed(), if relays.is_some() => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
    events.notifier.close();
    for task in tasks.into_values() {
        // A panic is in the log already; nothing is left to finish.
        let _ = task.await;
    }
}

/// A task that runs until the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Task {
    Stamper,
    Listener,
    Ping,
    Users,
    Relay(AppId),
}

type Tasks = BTreeMap<Task, JoinHandle<()>>;

/// Starts a task that does not run.
fn keep<F: Future<Output = ()> + Send + 'static>(tasks: &mut Tasks, task: Task, run: impl FnOnce() -> F) {
    if tasks.get(&task).is_none_or(JoinHandle::is_finished) {
        tasks.insert(task, tokio::spawn(run()));
    }
}

/// Keeps a connection to Redis even if no feed moves or exists: warnings about the server appear at the
/// start, `/health/ready` knows whether it answers, and relays in a long back-off are notified of its return.
async fn ping_until_up(link: Link, mut stop: watch::Receiver<bool>) {
    let ping = redis::cmd("PING");
    let mut away = false;
    while !*stop.borrow() {
        let asked = link.ask::<String>(&ping);
        let answered = tokio::select! {
            answer = asked => answer.inspect_err(|fault| tracing::debug!(%fault, "Redis was greeted in vain")).is_ok(),
            _ = stop.wait_for(|stop| *stop) => break,
        };
        if answered && away {
            link.announce_return();
        }
        away = !answered;
        tokio::select! {
            () = sleep(if away { LOOK_AFTER } else { PING }) => {}
            _ = stop.wait_for(|stop| *stop) => {}
        }
    }
}
