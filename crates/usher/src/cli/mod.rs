//! The operators' commands: `usher tenant | directory | token | client | oauth-key | app | api-key | feed | log | audit`, nouns then verbs, and `usher backup`.
//!
//! One file a noun: its arguments for clap, and the output for each use-case of `admin`. The commands work on the configured
//! database, with the server up or down. Must not know: how settings are read ([`Setup`] has them), SQL, rules (they are in
//! `admin`), how to print ([`crate::output`]). Exit status: 0 done, 1 not done, 2 wrong arguments.

mod actor;
mod api_key;
mod app;
pub(crate) mod audit;
mod backup;
mod client;
mod directory;
mod feed;
mod job;
mod log;
mod oauth_key;
mod person;
mod redis_user;
mod show;
mod span;
mod tenant;
mod token;

use std::fmt::Display;
use std::process::ExitCode;
use std::str::FromStr;
use std::sync::Arc;

use anyhow::Context as _;
use clap::Subcommand;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use domain::clock::{Ids as _, SystemClock, SystemIds};
use domain::environment::Environment;
use domain::id::RequestId;
use domain::key_hosts::KeyHosts;
use domain::profile::Profiles;
use events::RedisSettings;
use store::{Backend, Store, StoreError};

use crate::config::audit::Audit;
use crate::setup;

/// The nouns.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Customer organisations.
    Tenant(Noun<tenant::Verb>),
    /// Tenant × profile: one Tenant URL each.
    Directory(Noun<directory::Verb>),
    /// The secrets that customers paste into Entra.
    Token(Noun<token::Verb>),
    /// OAuth clients that ask for access tokens, with a secret or with an identity of Entra's.
    Client(Noun<client::Verb>),
    /// The keys that sign access tokens.
    OauthKey(Noun<oauth_key::Verb>),
    /// Downstream apps that read the changes.
    App(Noun<app::Verb>),
    /// What automation calls the admin API with.
    ApiKey(Noun<api_key::Verb>),
    /// How far each app's feed and its readers are.
    Feed(Noun<feed::Verb>),
    /// What happened to whom: the provisioning log.
    Log(Noun<log::Verb>),
    /// Whose a person or room is.
    Person(Noun<person::Verb>),
    /// What is done in the background, and what of it fails.
    Job(Noun<job::Verb>),
    /// Who did what: the audit log of operators and their programs.
    Audit(Noun<audit::Verb>),
    /// Copy the SQLite database to a new file, while the server runs; PostgreSQL has pg_dump (docs/operations.md, Backup).
    Backup(backup::Arguments),
}

/// A noun's verbs, and the option that each of them takes.
#[derive(Debug, clap::Args)]
pub struct Noun<V: Subcommand> {
    #[command(subcommand)]
    verb: V,
    #[command(flatten)]
    printer: show::Printer,
}

/// The settings that commands need.
#[derive(Debug, Clone)]
pub struct Setup {
    pub database: store::Settings,
    pub environment: Environment,
    /// The shipped ones and those of `profiles_dir`.
    pub profiles: Arc<Profiles>,
    /// The address that customers and apps use.
    pub public_url: String,
    /// The hosts that keys of other issuers may be read from.
    pub key_hosts: Arc<KeyHosts>,
    /// `None` without a Redis queue.
    pub redis: Option<RedisSettings>,
    /// The key and the file of checkpoints.
    pub audit: Audit,
}

/// Runs one command.
///
/// # Errors
/// What was not done and the next step, in words for the operator.
pub async fn run(command: Command, setup: &Setup) -> anyhow::Result<ExitCode> {
    if let Command::Audit(noun) = &command
        && let Some(done) = audit::without_database(noun.printer, &noun.verb)
    {
        return done.map(|()| ExitCode::SUCCESS);
    }
    let store = match command {
        Command::Backup(_) => open_unchanged(setup).await?,
        _ => open(setup).await?,
    };
    let context = context(setup, store.clone());
    let done = match command {
        Command::Tenant(noun) => tenant::run(&context, noun.printer, noun.verb).await,
        Command::Directory(noun) => directory::run(&context, noun.printer, noun.verb).await,
        Command::Token(noun) => token::run(&context, noun.printer, noun.verb).await,
        Command::Client(noun) => client::run(&context, noun.printer, noun.verb).await,
        Command::OauthKey(noun) => oauth_key::run(&context, noun.printer, noun.verb).await,
        Command::App(noun) => app::run(&context, setup.redis.as_ref(), noun.printer, noun.verb).await,
        Command::ApiKey(noun) => api_key::run(&context, noun.printer, noun.verb).await,
        Command::Feed(noun) => feed::run(&context, noun.printer, noun.verb).await,
        Command::Log(noun) => log::run(&context, noun.printer, noun.verb).await,
        Command::Person(noun) => person::run(&context, noun.printer, noun.verb).await,
        Command::Job(noun) => job::run(&context, noun.printer, noun.verb).await,
        Command::Audit(noun) => audit::run(&context, &setup.audit, noun.printer, noun.verb).await,
        Command::Backup(arguments) => backup::run(&store, &arguments).await,
    };
    store.close().await;
    done.map_err(|error| explained(error, &store))?;
    Ok(ExitCode::SUCCESS)
}

/// Adds the next step when the database role lacks a right: commands of operators need a role of their own.
fn explained(error: anyhow::Error, store: &Store) -> anyhow::Error {
    match (error.downcast_ref(), store.role()) {
        (Some(admin::Error::Store(StoreError::Forbidden(what))), Some(role)) => anyhow::anyhow!(
            "the database role {role} may not do this ({what}). Operators' commands work as a role of their own: run this with \
             USHER__DATABASE__URL=postgres://usher_admin:…@HOST/DATABASE; deploy/postgres-roles.sql makes that role"
        ),
        _ => error,
    }
}

async fn connect(setup: &Setup) -> anyhow::Result<Store> {
    Store::connect(&setup.database)
        .await
        .context("the database (database.url) cannot be opened; is it running, and the address right?")
}

/// Opens the database as it is, of whatever version: the backup before an upgrade is one of the older schema.
async fn open_unchanged(setup: &Setup) -> anyhow::Result<Store> {
    let store = connect(setup).await?;
    // An older version has no such table.
    let known = store.deployment().await.ok();
    match known.and_then(|deployment| deployment.environment) {
        Some(found) if found != setup.environment => Err(setup::wrong_environment(found, setup.environment)),
        _ => Ok(store),
    }
}

/// Opens the database as `usher serve` does: SQLite is migrated, for PostgreSQL the operator runs `usher migrate`.
async fn open(setup: &Setup) -> anyhow::Result<Store> {
    let store = connect(setup).await?;
    match store.backend() {
        Backend::Sqlite => {
            store
                .migrate()
                .await
                .context("the database (database.url) cannot be brought up to date")?;
        }
        Backend::Postgres => {
            let pending = store
                .pending_migrations()
                .await
                .context("the database (database.url) does not answer")?;
            anyhow::ensure!(
                pending.is_empty(),
                "the database lacks {} migration(s), the next is {}: run `usher migrate` as the tables' owner",
                pending.len(),
                pending.first().map_or("", String::as_str)
            );
        }
    }
    setup::check_environment(&store, setup.environment).await?;
    Ok(store)
}

fn context(setup: &Setup, store: Store) -> admin::Context {
    let ids = SystemIds::default();
    admin::Context {
        store,
        clock: Arc::new(SystemClock),
        actor: actor::present(),
        address: None,
        request: RequestId::from_uuid(ids.next()),
        once: None,
        ids: Arc::new(ids),
        environment: setup.environment,
        profiles: Arc::clone(&setup.profiles),
        public_url: setup.public_url.trim_end_matches('/').to_owned(),
        key_hosts: Arc::clone(&setup.key_hosts),
        hashing: Arc::new(auth::pool::Pool::new(1, 1)),
    }
}

/// Reads a value by its word; help and refusals list the words.
fn one_of<T>(all: &'static [T]) -> impl TypedValueParser<Value = T>
where
    T: Copy + Into<&'static str> + FromStr<Err: Display> + Send + Sync,
{
    let words = all.iter().map(|value| -> &'static str { (*value).into() });
    PossibleValuesParser::new(words).try_map(|word| word.parse().map_err(|error: T::Err| error.to_string()))
}
