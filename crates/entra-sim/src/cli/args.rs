//! What can be typed. Defaults are Entra's where Entra has them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::dialect::Dialect;
use crate::directory::App;
use crate::load::Mix;

/// Behaves as Microsoft Entra's provisioning client does, for machines without an Entra.
#[derive(Debug, Parser)]
#[command(name = "entra-sim", version)]
pub struct Cli {
    /// Print one JSON summary on stdout (progress goes to stderr)
    #[arg(long, global = true)]
    pub json: bool,
    /// No log lines and no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make up a source directory
    Generate(GenerateArgs),
    /// Let time pass in a source directory: joiners, movers, leavers, returns, purges
    Mutate(MutateArgs),
    /// What the button "Test Connection" does
    TestConnection(TargetArgs),
    /// Run provisioning cycles: initial first, incremental from then on
    Run(RunArgs),
    /// Provision one object on demand (always the legacy dialect)
    OnDemand(OnDemandArgs),
    /// Load one or many tenant URLs and print rates and percentiles
    Load(LoadArgs),
}

/// `generate`.
#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// How many people
    #[arg(long, default_value_t = 100)]
    pub people: usize,
    /// How many rooms
    #[arg(long, default_value_t = 20)]
    pub rooms: usize,
    /// How many groups of people
    #[arg(long, default_value_t = 0)]
    pub groups: usize,
    /// The same seed makes the same directory
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The customer's domain, used in user principal names
    #[arg(long, default_value = "contoso.example")]
    pub domain: String,
    /// File to write
    #[arg(long, default_value = "source.json")]
    pub out: PathBuf,
}

/// `mutate`.
#[derive(Debug, Args)]
pub struct MutateArgs {
    /// Directory to change
    #[arg(long)]
    pub source: PathBuf,
    /// The same seed makes the same changes
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// How many changes
    #[arg(long, default_value_t = 10)]
    pub changes: usize,
    /// File to write instead of the source itself
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// Where to, and who says so.
#[derive(Args)]
pub struct TargetArgs {
    /// Tenant URL, as pasted into Entra
    #[arg(long)]
    pub tenant_url: String,
    /// Secret token, as pasted into Entra
    #[arg(long, env = "ENTRA_SIM_TOKEN", hide_env_values = true)]
    pub token: String,
    /// Longest wait for an answer, in seconds
    #[arg(long, default_value_t = 60.0)]
    pub timeout: f64,
    /// Times a request is sent when the connection breaks, no answer comes, or the answer is 429
    #[arg(long, default_value_t = 3)]
    pub attempts: u32,
    /// Seed of the random ids; a new one for each run if left out
    #[arg(long)]
    pub seed: Option<u64>,
}

impl std::fmt::Debug for TargetArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TargetArgs")
            .field("tenant_url", &self.tenant_url)
            .finish_non_exhaustive()
    }
}

/// What is provisioned, and as what.
#[derive(Debug, Args)]
pub struct JobArgs {
    /// Source directory
    #[arg(long)]
    pub source: PathBuf,
    /// Which enterprise application
    #[arg(long, value_enum)]
    pub app: App,
    /// The job's books; without it, every run is a first one
    #[arg(long)]
    pub state: Option<PathBuf>,
    /// Attribute mapping instead of the application's own
    #[arg(long)]
    pub mapping: Option<PathBuf>,
    /// File the provisioning log is appended to, one JSON object a line
    #[arg(long)]
    pub log: Option<PathBuf>,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Job
    #[command(flatten)]
    pub job: JobArgs,
    /// Target
    #[command(flatten)]
    pub target: TargetArgs,
    /// How documents are written; as the tenant URL's flag asks, if left out
    #[arg(long, value_enum)]
    pub dialect: Option<Dialect>,
    /// Cycles to run; 0 goes on until ended, with the source read anew each time
    #[arg(long, default_value_t = 1)]
    pub cycles: u64,
    /// Stop before the last cycle once nothing waits to be retried
    #[arg(long)]
    pub settle: bool,
    /// Requests a second at most
    #[arg(long)]
    pub rate: Option<f64>,
    /// Objects in flight at once
    #[arg(long, default_value_t = 8)]
    pub concurrency: usize,
    /// Real seconds for each simulated second between cycles: 0 never waits, 1 waits 40 minutes
    #[arg(long, default_value_t = 0.0)]
    pub time_scale: f64,
    /// Hold deletions back when a cycle would disable or delete more than this
    #[arg(long)]
    pub deletion_threshold: Option<usize>,
    /// Forget what was provisioned before ("Restart provisioning"): the next cycle is an initial one
    #[arg(long)]
    pub restart: bool,
}

/// `on-demand`.
#[derive(Debug, Args)]
pub struct OnDemandArgs {
    /// Job
    #[command(flatten)]
    pub job: JobArgs,
    /// Target
    #[command(flatten)]
    pub target: TargetArgs,
    /// User principal name or object id
    #[arg(long)]
    pub user: String,
}

/// `load`.
#[derive(Args)]
pub struct LoadArgs {
    /// Tenant URL; repeatable, each with its --token
    #[arg(long)]
    pub tenant_url: Vec<String>,
    /// Secret token of the tenant URL at the same place
    #[arg(long)]
    pub token: Vec<String>,
    /// The application of the pairs given by --tenant-url
    #[arg(long, value_enum, default_value = "advisors")]
    pub app: App,
    /// JSON file of targets: [{"tenantUrl", "token", "app"}]
    #[arg(long)]
    pub targets: Option<PathBuf>,
    /// Use only the first so many targets
    #[arg(long)]
    pub tenants: Option<usize>,
    /// Requests a second over all tenants; as fast as answers come if left out
    #[arg(long)]
    pub rate: Option<f64>,
    /// Longest time of sending
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Most requests
    #[arg(long, default_value_t = 1_000_000)]
    pub max_requests: u64,
    /// Requests in flight at once
    #[arg(long, default_value_t = 32)]
    pub concurrency: usize,
    /// What is sent
    #[arg(long, value_enum, default_value = "incremental")]
    pub mix: Mix,
    /// Objects each tenant has before the clock starts (incremental and query)
    #[arg(long, default_value_t = 100)]
    pub objects: usize,
    /// How documents are written
    #[arg(long, value_enum, default_value = "legacy")]
    pub dialect: Dialect,
    /// The same seed asks for the same things
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Longest wait for an answer, in seconds
    #[arg(long, default_value_t = 60.0)]
    pub timeout: f64,
}

impl std::fmt::Debug for LoadArgs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadArgs")
            .field("tenant_url", &self.tenant_url)
            .field("mix", &self.mix)
            .finish_non_exhaustive()
    }
}
