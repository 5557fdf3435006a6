//! `usher check-config` and `usher migrate`.

use std::process::ExitCode;

use anyhow::Context;
use domain::environment::Environment;
use serde_json::{Map, Value};
use store::Store;

use crate::config::Config;
use crate::{output, setup};

/// Prints every effective setting and checks the profile files; the database is not opened.
///
/// # Errors
/// A profile file that cannot be used.
pub fn run(config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let profiles = setup::profiles(config.profiles_dir.as_deref())?;
    let warnings = config.warnings();
    if json {
        for warning in warnings {
            output::warning(&warning);
        }
        let lines = config
            .lines
            .iter()
            .map(|line| (line.key.to_owned(), line.value.clone()));
        output::line(&Value::Object(lines.collect::<Map<_, _>>()).to_string());
        return Ok(ExitCode::SUCCESS);
    }
    for line in &config.lines {
        let setting = if line.value.is_null() {
            format!("# {} =", line.key)
        } else {
            format!("{} = {}", line.key, line.value)
        };
        output::line(&format!("{setting:<64} # {}", line.origin));
    }
    output::line(&format!("# profiles: {}", profiles.names().join(", ")));
    for warning in warnings {
        output::line(&format!("# warning: {warning}"));
    }
    output::line("# The configuration is usable.");
    Ok(ExitCode::SUCCESS)
}

/// Brings the database up to this version, and writes into it which environment it is for, if the setting was given: a default
/// must not decide it, because a database keeps its environment for good.
///
/// # Errors
/// A database that cannot be reached, one of another environment, or a migration that failed.
pub async fn migrate(config: Config) -> anyhow::Result<ExitCode> {
    let store = setup::connect(&config).await?;
    let environment = config.environment;
    // Before anything is changed. A database of an older version does not have the table yet.
    let known = store.deployment().await.ok();
    let known = known.and_then(|deployment| deployment.environment);
    if let Some(found) = known.filter(|found| *found != environment) {
        return Err(setup::wrong_environment(found, environment));
    }
    let applied = store
        .migrate()
        .await
        .context("the database could not be brought up to date")?;
    for name in &applied {
        output::line(&format!("applied {name}"));
    }
    if applied.is_empty() {
        output::line("nothing to do: the database is up to date");
    }
    if config.is_environment_given {
        claim(&store, environment).await?;
        if known.is_none() {
            output::line(&format!("the database is for the environment {environment}"));
        }
    } else if known.is_none() {
        output::warning(
            "the database does not say yet which environment it is for, and the setting `environment` was not given. Next step, \
             with the environment of the servers, test or production: USHER__ENVIRONMENT=production usher migrate",
        );
    }
    store.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn claim(store: &Store, environment: Environment) -> anyhow::Result<()> {
    let claimed = store
        .claim_environment(environment)
        .await
        .context("the database's environment could not be written")?;
    if claimed == environment {
        Ok(())
    } else {
        Err(setup::wrong_environment(claimed, environment))
    }
}
