//! The command line of the bench: which rows to run, and for how long.

use std::path::PathBuf;
use std::time::Duration;
use support::gateway::Settings;

/// All rows, in the order of execution.
pub const ROWS: [&str; 24] = [
    "verdict",
    "footprint",
    "create-postgres",
    "create-sqlite",
    "query-sqlite",
    "query-postgres",
    "patch-postgres",
    "delivery",
    "instances",
    "drain",
    "groups",
    "memberships",
    "lists",
    "pages",
    "tenants",
    "fairness",
    "floods-postgres",
    "floods-sqlite",
    "access-token",
    "token-endpoint",
    "log-indexes",
    "release-policies",
    "match-million",
    "snapshot",
];

/// The options of a run.
#[derive(Debug)]
pub struct Plan {
    only: Vec<String>,
    /// The file for the figures as JSON.
    pub json: Option<PathBuf>,
    /// The number of slices of each side of a ratio; odd, so that a median is one of them.
    pub rounds: usize,
    /// The length of a slice. Whole seconds, as pgbench requires.
    pub slice: Duration,
    /// The number of people in the large directory.
    pub large: u32,
    /// The number of people in the largest directory.
    pub million: u32,
    /// The number of events in the backlog that the relay drains.
    pub backlog: u32,
    /// Settings of the gateway that differ from its defaults: key and TOML value.
    pub more: Vec<(String, String)>,
}

impl Plan {
    /// Parses the command line.
    ///
    /// # Errors
    /// The usage text, for `--help` or an invalid option.
    pub fn read(args: &[String]) -> Result<Self, String> {
        let mut plan = Self {
            only: Vec::new(),
            json: None,
            rounds: 5,
            slice: Duration::from_secs(3),
            large: 100_000,
            million: 1_000_000,
            backlog: 40_000,
            more: Vec::new(),
        };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--json" => plan.json = Some(PathBuf::from(args.next().ok_or_else(usage)?)),
                "--short" => (plan.rounds, plan.slice) = (3, Duration::from_secs(1)),
                "--set" => {
                    let setting = args.next().and_then(|setting| setting.split_once('='));
                    let (key, value) = setting.ok_or_else(usage)?;
                    plan.more.push((key.to_owned(), value.to_owned()));
                }
                row if ROWS.contains(&row) => plan.only.push(row.to_owned()),
                _ => return Err(usage()),
            }
        }
        Ok(plan)
    }

    /// The gateway's settings: SQLite and no Redis, unless the caller adds them.
    pub fn settings(&self) -> Settings {
        Settings {
            more: self.more.clone(),
            ..Settings::default()
        }
    }

    /// Whether a row is to run: all do, unless some are named.
    pub fn wants(&self, row: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == row)
    }
}

fn usage() -> String {
    format!(
        "bench [--json FILE] [--short] [--set KEY=VALUE]… [ROW…]\n\n  \
         --json FILE      also write the figures, with every slice, to a file\n  \
         --short          3 slices of 1 s: for trying the bench itself\n  \
         --set KEY=VALUE  a setting of the gateway other than its default, e.g. database.max_connections=64\n  \
         ROW              {}",
        ROWS.join(" | ")
    )
}
