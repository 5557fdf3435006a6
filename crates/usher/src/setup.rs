//! What the server works with: configuration, database, profiles, time.
//!
//! The embedded database is migrated at the start. PostgreSQL is migrated by `usher migrate` only, because there the owner of the
//! tables and the gateway are two roles (`deploy/postgres-roles.sql`).

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use domain::actor::Actor;
use domain::clock::{Clock, Ids, SystemClock, SystemIds};
use domain::environment::Environment;
use domain::id::RequestId;
use domain::profile::{Profiles, SHIPPED};
use store::{Backend, Store};

use crate::config::Config;

/// An opened deployment.
pub struct Setup {
    pub config: Config,
    /// Migrated.
    pub store: Store,
    /// The system's time.
    pub clock: Arc<dyn Clock>,
    /// The system's randomness.
    pub ids: Arc<dyn Ids>,
    /// The shipped profiles and those of `profiles_dir`.
    pub profiles: Arc<Profiles>,
}

impl Setup {
    /// Opens the database and loads the profiles.
    ///
    /// # Errors
    /// A database that cannot be reached or is not migrated, or a profile file that cannot be used, with the next step.
    pub async fn open(config: Config) -> anyhow::Result<Self> {
        let profiles = Arc::new(profiles(config.profiles_dir.as_deref())?);
        let store = connect(&config).await?;
        match store.backend() {
            Backend::Sqlite => {
                for migration in store
                    .migrate()
                    .await
                    .context("the embedded database could not be brought up to date")?
                {
                    tracing::info!(migration, "migrated the embedded database");
                }
            }
            Backend::Postgres => {
                let pending = store
                    .pending_migrations()
                    .await
                    .context("the database cannot be asked for its version")?;
                if !pending.is_empty() {
                    bail!(
                        "the database lacks {} migration(s) ({}): run `usher migrate` as the role that owns the tables, then start again",
                        pending.len(),
                        pending.join(", ")
                    );
                }
            }
        }
        check_environment(&store, config.environment).await?;
        for warning in store.warnings() {
            tracing::warn!("{warning}");
        }
        Ok(Self {
            config,
            store,
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds::default()),
            profiles,
        })
    }

    /// The database with the operators' role, for the admin API (ADR 0046); `None` without an address for it.
    ///
    /// # Errors
    /// A database that cannot be reached, or is not the one that is served.
    pub async fn operators_store(&self) -> anyhow::Result<Option<Store>> {
        let Some(settings) = &self.config.admin_database else {
            return Ok(None);
        };
        let opened = Store::connect(settings).await;
        let store = opened
            .context("admin.database_url: no connection; is the address right, and does the role usher_admin have this password?")?;
        let ask = async |store: &Store| store.deployment().await.map(|deployment| deployment.id);
        let (own, other) = (ask(&self.store).await?, ask(&store).await?);
        if own != other {
            bail!(
                "admin.database_url and database.url name two databases: give both the address of the one that is served"
            );
        }
        Ok(Some(store))
    }

    /// The dependencies of the operators' use-cases.
    pub fn admin(&self, store: Store) -> admin::Context {
        admin::Context {
            store,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            environment: self.config.environment,
            profiles: Arc::clone(&self.profiles),
            public_url: self.config.http.base_url(),
            key_hosts: Arc::clone(&self.config.key_hosts),
            hashing: Arc::new(auth::pool::Pool::new(1, HASHING_QUEUE)),
            // Each request of the admin API says who acts.
            actor: Actor::System,
            address: None,
            request: RequestId::from_uuid(self.ids.next()),
            once: None,
        }
    }
}

/// Secrets of the admin API that may wait to be hashed; one takes some 30 ms.
const HASHING_QUEUE: usize = 32;

/// # Errors
/// A database that cannot be reached.
pub async fn connect(config: &Config) -> anyhow::Result<Store> {
    let opened = Store::connect(&config.database).await;
    opened.context("database.url: no connection; is the database running, and the address right?")
}

/// Compares the environment that the database was made for with the one of the settings (ADR 0039). A SQLite database that has
/// none takes this one; on PostgreSQL `usher migrate` writes it.
///
/// # Errors
/// The database of another environment, with the next step; or one that does not answer.
pub async fn check_environment(store: &Store, environment: Environment) -> anyhow::Result<()> {
    let found = match store.backend() {
        Backend::Sqlite => store.claim_environment(environment).await.map(Some),
        Backend::Postgres => store.deployment().await.map(|deployment| deployment.environment),
    };
    match found.context("the database cannot be asked for its environment")? {
        Some(found) if found != environment => Err(wrong_environment(found, environment)),
        Some(_) => Ok(()),
        None => {
            tracing::warn!(
                "the database does not say which environment it is for: run `USHER__ENVIRONMENT={environment} usher migrate` once more, \
                 as the role that owns the tables"
            );
            Ok(())
        }
    }
}

/// The error of a database of another environment.
pub fn wrong_environment(database: Environment, setting: Environment) -> anyhow::Error {
    anyhow::anyhow!(
        "this database belongs to the environment \"{database}\", and the setting `environment` is \"{setting}\". Nothing was done. \
         Set environment = \"{database}\" (USHER__ENVIRONMENT), or give database.url (USHER__DATABASE__URL) the database of {setting}"
    )
}

/// The shipped profiles and those of a folder.
///
/// # Errors
/// The first file that cannot be used, with the position in it.
pub fn profiles(folder: Option<&Path>) -> anyhow::Result<Profiles> {
    let mut files: Vec<(String, String)> = SHIPPED
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    if let Some(folder) = folder {
        let entries = std::fs::read_dir(folder)
            .with_context(|| format!("profiles_dir: {} cannot be read", folder.display()))?;
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
        paths.sort();
        for path in paths {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            files.push((path.display().to_string(), text));
        }
    }
    Ok(Profiles::load(
        files.iter().map(|(name, text)| (name.as_str(), text.as_str())),
    )?)
}
