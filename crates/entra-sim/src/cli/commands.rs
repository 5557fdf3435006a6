//! Runs the commands: reads files, builds the job, calls the library, prints the result. Returns true if
//! everything is done, false if failures remain; an error means that the command could not start.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::args::{Command, GenerateArgs, JobArgs, LoadArgs, MutateArgs, OnDemandArgs, RunArgs, TargetArgs};
use super::journal::Journal;
use super::ui::{self, Ui};
use crate::cycle::quarantine::Rules;
use crate::cycle::report::RunReport;
use crate::cycle::{Event, Job, Schedule, Until};
use crate::dialect::Dialect;
use crate::directory::{App, SourceDirectory, generate, mutate};
use crate::load::{self, Limits, LoadTarget, work::Tenant};
use crate::mapping::Mapping;
use crate::state::{JobState, new_job_id};
use crate::wire::client::{Client, Patience, SecretToken, pool};
use crate::wire::endpoint::Endpoint;
use crate::wire::pace::Pace;
use crate::{clock, connection, cycle, on_demand};

/// Runs one command.
///
/// # Errors
/// Usage: a file that cannot be read or written, a URL or token that cannot be one.
pub async fn run(command: Command, ui: &mut Ui) -> anyhow::Result<bool> {
    match command {
        Command::Generate(args) => generate(&args, ui),
        Command::Mutate(args) => mutate(&args, ui),
        Command::TestConnection(args) => test_connection(&args, ui).await,
        Command::Run(args) => cycles(&args, ui).await,
        Command::OnDemand(args) => demand(&args, ui).await,
        Command::Load(args) => load(&args, ui).await,
    }
}

fn generate(args: &GenerateArgs, ui: &mut Ui) -> anyhow::Result<bool> {
    let mut directory = generate::directory(args.people, args.rooms, &args.domain, args.seed);
    generate::groups(&mut directory, args.groups, args.seed);
    directory.save(&args.out)?;
    let (people, rooms, groups) = (
        directory.users.len(),
        directory.rooms.len(),
        directory.groups.len(),
    );
    let summary = serde_json::json!({"out": args.out, "people": people, "rooms": rooms, "groups": groups});
    let words = match groups {
        0 => format!("{people} people and {rooms} rooms"),
        _ => format!("{people} people, {rooms} rooms and {groups} groups"),
    };
    ui.result(&summary, &format!("{words} in {}", args.out.display()));
    Ok(true)
}

fn mutate(args: &MutateArgs, ui: &mut Ui) -> anyhow::Result<bool> {
    let mut directory = SourceDirectory::load(&args.source)?;
    let changes = mutate::apply(&mut directory, args.changes, args.seed);
    let out = args.out.as_deref().unwrap_or(&args.source);
    directory.save(out)?;
    let mutate::Changes {
        joined,
        moved,
        renamed,
        left,
        returned,
        purged,
        groups,
    } = changes;
    let mut words = format!(
        "{joined} joined, {moved} moved, {renamed} renamed, {left} left, {returned} returned, {purged} purged"
    );
    if groups > 0 {
        let _ = write!(words, ", {groups} changes of groups");
    }
    let _ = write!(words, ": {}", out.display());
    ui.result(&changes, &words);
    Ok(true)
}

async fn test_connection(args: &TargetArgs, ui: &mut Ui) -> anyhow::Result<bool> {
    let client = client(args, None, None)?;
    let report = connection::test(&client, "userName", &mut rng(args)).await;
    let words = match (&report.error, report.portal_error) {
        (Some(error), Some(code)) => {
            let collection = report.collection.unwrap_or_default();
            format!(
                "Test Connection failed at /{collection}: {code}\n{}: {}\n{}",
                error.error_code, error.reason, error.recommended_action
            )
        }
        _ => "Test Connection: the supplied credentials are authorized to enable provisioning".to_owned(),
    };
    ui.result(&report, &words);
    Ok(report.ok)
}

async fn cycles(args: &RunArgs, ui: &mut Ui) -> anyhow::Result<bool> {
    let mut rng = rng(&args.target);
    let mut state = state(&args.job, &mut rng)?;
    if args.restart {
        state.restart();
    }
    anyhow::ensure!(
        args.time_scale.is_finite() && args.time_scale >= 0.0,
        "--time-scale must be 0 or more"
    );
    let mut job = job(&args.job, &args.target, args.dialect, args.rate)?;
    job.concurrency = args.concurrency.max(1);
    job.deletion_threshold = args.deletion_threshold;
    let schedule = Schedule {
        cycles: Some(args.cycles).filter(|cycles| *cycles > 0),
        until: if args.settle {
            Until::Settled
        } else {
            Until::AllCycles
        },
        time_scale: args.time_scale,
    };
    let mut journal = Journal::open(args.job.log.as_deref())?;
    let report = {
        let mut watch = |event: Event<'_>| {
            if let Event::Entry(entry) = &event {
                journal.write(entry);
            }
            ui.event(&event);
        };
        let directory = || SourceDirectory::load(&args.job.source);
        let save = |state: &JobState| save_state(&args.job, state);
        cycle::run(&job, &mut state, schedule, &mut rng, directory, save, &mut watch).await?
    };
    journal.close()?;
    ui.result(&report, &run_words(&report));
    Ok(report.done)
}

fn run_words(report: &RunReport) -> String {
    let requests = report.traffic.requests;
    let mut words = format!(
        "{}: {}; {requests} requests",
        report.app,
        ui::counts_line(&report.counts)
    );
    if report.escrow > 0 {
        let _ = write!(words, "; {} wait in escrow to be tried again", report.escrow);
    }
    let stopped = report.cycles.last().and_then(|cycle| cycle.stopped_by.as_ref());
    if let (Some(reason), None) = (stopped, &report.quarantine) {
        let _ = write!(words, "; the last cycle ended early: {reason}");
    }
    if let Some(quarantine) = &report.quarantine {
        let _ = write!(
            words,
            "\nthe job is in quarantine ({:?}): {}",
            quarantine.reason, quarantine.detail
        );
        if quarantine.disabled {
            words.push_str("\nit is disabled after 28 days in quarantine; run with --restart");
        }
    }
    words
}

async fn demand(args: &OnDemandArgs, ui: &mut Ui) -> anyhow::Result<bool> {
    let mut rng = rng(&args.target);
    let mut state = state(&args.job, &mut rng)?;
    let directory = SourceDirectory::load(&args.job.source)?;
    let app = args.job.app;
    let object = directory.find(app, &args.user).with_context(|| {
        format!(
            "no object {:?} among the {} of {}",
            args.user,
            app.as_str(),
            args.job.source.display()
        )
    })?;
    let job = job(&args.job, &args.target, Some(Dialect::Legacy), None)?;
    let report = on_demand::run(&job, object, &mut state, &mut rng).await;
    save_state(&args.job, &state)?;
    let mut journal = Journal::open(args.job.log.as_deref())?;
    if let Some(entry) = &report.entry {
        journal.write(entry);
    }
    journal.close()?;
    let words = match (&report.entry, &report.error) {
        (Some(entry), _) => ui::log_line(entry),
        (None, Some(error)) => format!(
            "failed at {}: {}: {}",
            report.step, error.error_code, error.reason
        ),
        (None, None) => report.step.to_owned(),
    };
    ui.result(&report, &words);
    Ok(report.ok)
}

async fn load(args: &LoadArgs, ui: &mut Ui) -> anyhow::Result<bool> {
    let targets = load_targets(args)?;
    let patience = Patience {
        timeout: seconds(args.timeout)?,
        attempts: 1,
        ..Patience::default()
    };
    let http = pool(patience)?;
    let tenants = targets.iter().map(|target| {
        let client = Client::new(
            http.clone(),
            endpoint(&target.tenant_url, Some(args.dialect))?,
            token(&target.token)?,
            Pace::new(None),
            patience,
        );
        Ok(Tenant::new(
            client,
            target.app,
            Mapping::shipped(target.app)?,
            args.dialect,
        ))
    });
    let tenants = tenants.collect::<anyhow::Result<Vec<_>>>()?;
    let limits = Limits {
        rate: args.rate,
        duration: seconds(args.seconds)?,
        requests: args.max_requests,
        concurrency: args.concurrency.max(1),
        objects: args.objects,
    };
    ui.line(&format!("loading {} tenant URLs", tenants.len()));
    let summary = load::run(&tenants, args.mix, limits, args.seed).await?;
    let mut words = format!(
        "{} requests in {:.1} s: {:.0}/s, {} failed {:?}",
        summary.requests, summary.seconds, summary.requests_per_second, summary.failed, summary.errors
    );
    for (kind, figures) in &summary.kinds {
        let _ = write!(
            words,
            "\n{kind:?}: {} requests, p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            figures.count, figures.p50_ms, figures.p95_ms, figures.p99_ms, figures.max_ms
        );
    }
    ui.result(&summary, &words);
    Ok(summary.failed == 0)
}

fn load_targets(args: &LoadArgs) -> anyhow::Result<Vec<LoadTarget>> {
    anyhow::ensure!(
        args.tenant_url.len() == args.token.len(),
        "give as many --token as --tenant-url; there are {} and {}",
        args.token.len(),
        args.tenant_url.len()
    );
    let pairs = args.tenant_url.iter().zip(&args.token);
    let mut targets: Vec<LoadTarget> = pairs
        .map(|(tenant_url, token)| LoadTarget {
            tenant_url: tenant_url.clone(),
            token: token.clone(),
            app: args.app,
        })
        .collect();
    if let Some(path) = &args.targets {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let more: Vec<LoadTarget> = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} is not a list of {{\"tenantUrl\", \"token\", \"app\"}}",
                path.display()
            )
        })?;
        targets.extend(more);
    }
    anyhow::ensure!(
        !targets.is_empty(),
        "no targets; give --tenant-url and --token, or --targets FILE"
    );
    if let Some(most) = args.tenants {
        anyhow::ensure!(
            most <= targets.len(),
            "--tenants {most}, but there are only {} targets",
            targets.len()
        );
        targets.truncate(most);
    }
    Ok(targets)
}

fn job(
    args: &JobArgs,
    target: &TargetArgs,
    dialect: Option<Dialect>,
    rate: Option<f64>,
) -> anyhow::Result<Job> {
    let dialect = dialect.map_or_else(|| endpoint(&target.tenant_url, None).map(|e| e.dialect()), Ok)?;
    Ok(Job {
        app: args.app,
        mapping: mapping(args.mapping.as_deref(), args.app)?,
        dialect,
        client: client(target, Some(dialect), rate)?,
        rules: Rules::default(),
        concurrency: 1,
        deletion_threshold: None,
    })
}

fn mapping(path: Option<&Path>, app: App) -> anyhow::Result<Mapping> {
    path.map_or_else(|| Mapping::shipped(app), Mapping::load)
}

fn client(args: &TargetArgs, dialect: Option<Dialect>, rate: Option<f64>) -> anyhow::Result<Client> {
    let patience = Patience {
        timeout: seconds(args.timeout)?,
        attempts: args.attempts.max(1),
        ..Patience::default()
    };
    Ok(Client::new(
        pool(patience)?,
        endpoint(&args.tenant_url, dialect)?,
        token(&args.token)?,
        Pace::new(rate),
        patience,
    ))
}

/// The compliant dialect puts its flag into every URL; the legacy one leaves the URL as pasted.
fn endpoint(tenant_url: &str, dialect: Option<Dialect>) -> anyhow::Result<Endpoint> {
    let endpoint = Endpoint::parse(tenant_url).map_err(anyhow::Error::msg)?;
    Ok(if dialect == Some(Dialect::Compliant) {
        endpoint.flagged()
    } else {
        endpoint
    })
}

fn token(text: &str) -> anyhow::Result<SecretToken> {
    SecretToken::parse(text).map_err(anyhow::Error::msg)
}

fn seconds(value: f64) -> anyhow::Result<Duration> {
    Duration::try_from_secs_f64(value).with_context(|| format!("{value} is not a number of seconds"))
}

fn rng(args: &TargetArgs) -> StdRng {
    StdRng::seed_from_u64(args.seed.unwrap_or_else(clock::fresh_seed))
}

fn state(args: &JobArgs, rng: &mut StdRng) -> anyhow::Result<JobState> {
    let stored = args
        .state
        .as_deref()
        .map(|path| JobState::load(path, args.app))
        .transpose()?
        .flatten();
    Ok(stored.unwrap_or_else(|| JobState::new(args.app, new_job_id(rng))))
}

fn save_state(args: &JobArgs, state: &JobState) -> anyhow::Result<()> {
    args.state.as_deref().map_or(Ok(()), |path| state.save(path))
}
