//! `usher serve`: composes the crates, logs the next steps for a first run, and shuts down gracefully.
//!
//! Must not know: what a crate can do by itself. The order of the shutdown (`docs/background/faults.md`, "The end of a process"):
//! readiness off → wait for the load balancer → requests in flight → batches of events → writes from memory → telemetry.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use auth::Verifier;
use auth::alias::Aliases;
use auth::jwks::JwksCache;
use events::Events;
use http::log_budget::WINDOW;
use http::metrics::Metrics;
use http::oauth::Oauth;
use http::tenant_limits::TenantLimits;
use http::{Listeners, Server, State};
use jobs::Jobs;
use jobs::token_watch::TokenWatch;
use store::{Backend, Store};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::Config;
use crate::config::http::Http;
use crate::config::variable;
use crate::setup::Setup;
use crate::signals::Signals;
use crate::telemetry::{Telemetry, traceparent};
use crate::{background, descriptors, gauges, output};

/// Time limit of the last writes at shutdown.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Serves until a signal; requests that compute for long run on the threads of `long`.
///
/// # Errors
/// The reason why the gateway cannot start, with the next step.
pub async fn run(config: Config, telemetry: &Telemetry, long: Handle) -> anyhow::Result<()> {
    let mut signals = Signals::new().context("signals cannot be received")?;
    for warning in config.warnings() {
        tracing::warn!("{warning}");
    }
    // Before anything else is opened: a port in use is the most frequent error here.
    let listeners = listen(&config.http)?;
    let addresses = (listeners.public.local_addr()?, listeners.admin.local_addr()?);
    let setup = Setup::open(config).await?;
    let operators = setup.operators_store().await?;
    let verifier = Verifier::new(
        Arc::clone(&setup.clock),
        setup.config.environment,
        auth::Limits::default(),
        aliases(&setup.store).await?,
    )
    .context("the system gives no randomness")?;
    let events = open_events(&setup)?;
    let jobs = background::jobs(&setup, operators.as_ref())?;
    let token_watch = TokenWatch::new(setup.store.clone(), Arc::clone(&setup.clock));
    gauges::register(&telemetry.meter(), &verifier, &events, &setup.clock);
    gauges::jobs(&telemetry.meter(), &jobs);
    gauges::tokens(&telemetry.meter(), &token_watch, &setup.clock);
    let background = (events.clone(), &jobs);
    let oauth = oauth(&setup)?;
    let state = state(
        &setup,
        telemetry,
        verifier.clone(),
        background,
        operators.clone(),
        long,
        oauth,
    );
    let (server, state) = start(&setup, state, listeners)?;
    let (stop, stopped) = watch::channel(false);
    let feed_side = tokio::spawn(events::run(events, stopped.clone()));
    let job_side = tokio::spawn(jobs::run(jobs, stopped.clone()));
    let watching = tokio::spawn(token_watch.run(stopped.clone()));
    let flushing = tokio::spawn(flush_periodically(Arc::clone(&state), stopped));
    let stopper = server.stopper();
    let mut serving = tokio::spawn(server.run());
    log_ready(&setup, &verifier, addresses).await;

    tokio::select! {
        name = signals.next() => tracing::info!(signal = name, "stopping: no new requests, finishing those in flight"),
        ended = &mut serving => return ended.context("the server was ended")?.context("the server failed"),
    }
    signals.exit_at_the_next();
    state.draining.begin();
    tokio::time::sleep(Duration::from_secs(setup.config.http.drain_delay_seconds)).await;
    // Ends the long polls, which would otherwise delay the drain.
    stop.send_replace(true);
    stopper.gracefully().await;
    finish(&state, [feed_side, job_side, watching, flushing]).await;
    if let Some(operators) = operators {
        operators.close().await;
    }
    tracing::info!("stopped");
    Ok(())
}

fn open_events(setup: &Setup) -> anyhow::Result<Events> {
    let mut settings = events::Settings::new(setup.config.environment);
    settings.redis.clone_from(&setup.config.redis);
    settings.poll = Duration::from_millis(setup.config.events.poll_ms);
    Ok(Events::new(
        setup.store.clone(),
        Arc::clone(&setup.clock),
        &*setup.ids,
        settings,
    )?)
}

/// Opens both sockets. The error of a port in use names the setting and the remedy.
fn listen(settings: &Http) -> anyhow::Result<Listeners> {
    let open = |key: &str, address: SocketAddr| {
        http::listen(address, Duration::from_secs(settings.write_timeout_seconds)).with_context(|| {
            format!(
                "{key}: {address} cannot be listened on; if another gateway or program has it, give this one another port: \
                 {key} in usher.toml, or the environment variable {}",
                variable(key)
            )
        })
    };
    Ok(Listeners {
        public: open("http.listen", settings.listen)?,
        admin: open("http.admin_listen", settings.admin_listen)?,
    })
}

fn state(
    setup: &Setup,
    telemetry: &Telemetry,
    verifier: Verifier,
    (events, jobs): (Events, &Jobs),
    operators: Option<Store>,
    long: Handle,
    oauth: Oauth,
) -> State {
    let settings = &setup.config.http;
    let jobs = jobs.clone();
    State {
        store: setup.store.clone(),
        verifier,
        provisioning: provisioning::Context {
            store: setup.store.clone(),
            clock: Arc::clone(&setup.clock),
            ids: Arc::clone(&setup.ids),
            environment: setup.config.environment,
            profiles: Arc::clone(&setup.profiles),
            extended: provisioning::Extended::default(),
        },
        admin: http::admin::Admin {
            context: setup.admin(operators.unwrap_or_else(|| setup.store.clone())),
            is_public: setup.config.is_admin_public,
        },
        events,
        public_url: settings.public_url.clone(),
        proxy_hops: settings.proxy_hops,
        log_budget: http::log_budget::LogBudget::default(),
        refusal_counts: http::refusal_counts::RefusalCounts::default(),
        clock: Arc::clone(&setup.clock),
        ids: Arc::clone(&setup.ids),
        metrics: Metrics::new(&telemetry.meter()),
        metrics_page: telemetry.page(),
        traceparent,
        tenant_limits: TenantLimits::new(settings.requests_per_tenant),
        long,
        access_records: http::extract::access::AccessRecords::default(),
        oauth,
        token_records: http::extract::caller::TokenRecords::default(),
        readiness: http::health::Readiness::default(),
        job_troubles: Arc::new(move || jobs.status().troubles()),
        draining: http::state::Draining::default(),
    }
}

/// OAuth, with the server's own role: it reads the signing keys.
fn oauth(setup: &Setup) -> anyhow::Result<Oauth> {
    let fetch = http::oauth::fetch::fetch(Arc::clone(&setup.config.key_hosts)).map_err(anyhow::Error::msg)?;
    let jwks = JwksCache::new(Arc::clone(&setup.clock), fetch);
    Ok(Oauth::new(background::context(setup, None), jwks))
}

fn start(setup: &Setup, state: State, listeners: Listeners) -> anyhow::Result<(Server, Arc<State>)> {
    let settings = &setup.config.http;
    let serving = http::Settings {
        workers: settings.workers,
        drain_seconds: settings.drain_seconds,
        connections: descriptors::connections(setup.config.database.max_connections),
        connections_per_address: settings.connections_per_address(),
    };
    tracing::info!(
        connections = serving.connections,
        per_address = serving.connections_per_address,
        "bounds of open connections"
    );
    Server::start(state, &serving, listeners).context("the sockets cannot be served")
}

/// Logs the addresses and, without any tenant, the next steps.
async fn log_ready(setup: &Setup, verifier: &Verifier, (public, admin): (SocketAddr, SocketAddr)) {
    let base = setup
        .config
        .http
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{public}"));
    let database = setup.store.backend();
    tracing::info!(
        url = base,
        admin = format!("http://{admin}"),
        database = database.as_str(),
        environment = %setup.config.environment,
        queue = if setup.config.redis.is_some() { "redis" } else { "http" },
        argon2_memory_mib = verifier.memory_bound() / (1024 * 1024),
        "usher is ready"
    );
    let empty = setup
        .store
        .tenants()
        .await
        .is_ok_and(|tenants| tenants.is_empty());
    if !empty {
        return;
    }
    tracing::info!(
        "no tenant yet: usher tenant create NAME, then usher directory create, then usher token issue"
    );
    output::hint(&first_steps(&base, database));
}

fn first_steps(base: &str, database: Backend) -> String {
    let storage = match database {
        Backend::Sqlite => "Everything is kept in one SQLite file; nothing else is needed to try it.",
        Backend::Postgres => "Everything is kept in PostgreSQL.",
    };
    format!(
        "\nUsher listens on {base}. {storage}\nNext, in another terminal of this folder:\n\
         \x20 usher tenant create contoso\n\
         \x20 usher directory create --tenant contoso --profile advisors\n\
         \x20 usher token issue --tenant contoso --profile advisors\n\
         The last one prints the Tenant URL and the Secret Token to paste into Entra\n\
         (Enterprise applications > your app > Provisioning > Admin Credentials).\n"
    )
}

async fn aliases(store: &Store) -> anyhow::Result<Aliases> {
    let key = store.deployment_key(Aliases::KEY).await;
    Ok(Aliases::new(
        &key.context("the deployment's keys cannot be read")?,
    ))
}

/// Writes what is collected in memory, every [`WINDOW`]: uses of credentials, refused ones, and the counts of suppressed log lines.
async fn flush_periodically(state: Arc<State>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(WINDOW) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        flush(&state).await;
    }
}

async fn flush(state: &State) {
    state.log_budget.renew();
    http::refusal_counts::write(state).await;
    let uses = state.verifier.take_uses();
    if let Err(error) = state.store.remember_uses(&uses).await {
        tracing::warn!(%error, "when and whence credentials were last used could not be written");
    }
}

async fn finish(state: &State, tasks: [JoinHandle<()>; 4]) {
    let last = async {
        for task in tasks {
            // The panic of a task is logged already.
            let _ = task.await;
        }
        flush(state).await;
        state.store.close().await;
    };
    if tokio::time::timeout(LAST_WRITES, last).await.is_err() {
        tracing::warn!("the last batches took too long and are left to the next start; nothing is lost");
    }
}
