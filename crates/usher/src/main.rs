//! The program `usher`: one command, one process.
//!
//! Reading order: [`config`], [`setup`] (database and profiles), `serve`, `cli` (the operators' commands), [`telemetry`].

mod background;
mod check;
mod cli;
mod config;
mod descriptors;
mod gauges;
mod manual;
mod output;
mod reference;
mod serve;
mod setup;
mod signals;
mod telemetry;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::telemetry::Telemetry;

/// Most allocations are small and short-lived, from several threads; the system's allocator is slower at these.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Usher takes identities from Microsoft Entra over SCIM and hands every change to the apps behind it.
#[derive(Debug, Parser)]
#[command(name = "usher", version, max_term_width = 120)]
struct Arguments {
    /// Configuration file; without it, usher.toml in the working directory if there is one.
    #[arg(
        long,
        global = true,
        env = "USHER_CONFIG",
        hide_env_values = true,
        value_name = "FILE"
    )]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway until SIGTERM or Ctrl-C.
    Serve,
    /// Bring the database up to this version.
    Migrate,
    /// Print every setting as it holds, secrets masked; fails on the first that cannot be used.
    CheckConfig {
        /// One JSON object instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Write the completions of a shell to standard output: nouns, verbs and options.
    ///
    /// bash: usher completions bash > /usr/share/bash-completion/completions/usher
    Completions {
        /// Whose.
        shell: clap_complete::Shell,
    },
    /// Write the man pages into a folder, one for each command: usher.1, usher-token.1, usher-token-issue.1 and so on.
    Man {
        /// The folder; it is made if it is not there. man reads share/man/man1 beside a bin that is in PATH.
        #[arg(long, value_name = "FOLDER")]
        out: PathBuf,
    },
    /// Write a page of docs/reference to standard output.
    #[command(hide = true)]
    Reference {
        /// Which page.
        page: reference::ReferencePage,
    },
    #[command(flatten)]
    Records(cli::Command),
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments) {
        Ok(code) => code,
        Err(error) => {
            output::error(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    // The only error is that a provider is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let file = arguments.config.as_deref();
    match arguments.command {
        Command::Serve => serve(Config::load(file)?),
        Command::Migrate => command(check::migrate(Config::load_for_migration(file)?)),
        Command::CheckConfig { json } => check::run(&Config::load(file)?, json),
        Command::Completions { shell } => Ok(said(&manual::completions(shell))),
        Command::Man { out } => Ok(said(&format!(
            "{} pages in {}",
            manual::write(&out)?,
            out.display()
        ))),
        Command::Reference { page } => Ok(said(&page.text())),
        Command::Records(noun) => {
            let config = Config::load(file)?;
            command(async {
                let setup = cli::Setup {
                    database: config.database.clone(),
                    environment: config.environment,
                    profiles: Arc::new(setup::profiles(config.profiles_dir.as_deref())?),
                    public_url: config.http.base_url(),
                    key_hosts: Arc::clone(&config.key_hosts),
                    redis: config.redis.clone(),
                    audit: config.audit.clone(),
                };
                cli::run(noun, &setup).await
            })
        }
    }
}

/// The answer of a command that needs neither settings nor a database.
fn said(text: &str) -> ExitCode {
    output::line(text.trim_end());
    ExitCode::SUCCESS
}

/// Telemetry starts before the runtime and stops after it, because its exporters block.
fn serve(config: Config) -> anyhow::Result<ExitCode> {
    let telemetry = Telemetry::start(&config)?;
    let long = runtime(tokio::runtime::Builder::new_multi_thread().thread_name("usher-long"))?;
    let served = runtime(&mut tokio::runtime::Builder::new_multi_thread())?.block_on(serve::run(
        config,
        &telemetry,
        long.handle().clone(),
    ));
    long.shutdown_background();
    telemetry.stop();
    served.map(|()| ExitCode::SUCCESS)
}

fn command(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    telemetry::start_for_command();
    runtime(&mut tokio::runtime::Builder::new_current_thread())?.block_on(work)
}

fn runtime(builder: &mut tokio::runtime::Builder) -> anyhow::Result<tokio::runtime::Runtime> {
    builder
        .enable_all()
        .build()
        .context("the async runtime cannot be started")
}
