//! The program: options, output, exit status. 0: no MUST is broken; 1: some are; 2: the run could not be made.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use rand::RngExt as _;

use crate::check::{Check, Needs, skipped};
use crate::checks;
use crate::report::{Finding, Report, lines};
use crate::site::Site;
use crate::wire::Wire;

/// Checks a SCIM 2.0 server against RFC 7643, RFC 7644 and RFC 9865.
///
/// Makes users and groups named scimconf-…, and deletes them again. Feature checks follow what the server says in
/// /ServiceProviderConfig.
#[derive(Debug, Parser)]
#[command(name = "scim-conformance", version)]
struct Args {
    /// The address that /Users is below
    #[arg(long, required_unless_present = "list")]
    url: Option<String>,
    /// The bearer token
    #[arg(long, env = "SCIM_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// Only checks whose name begins like this; may be given several times
    #[arg(long)]
    only: Vec<String>,
    /// One JSON document instead of the table
    #[arg(long)]
    json: bool,
    /// Names and rules of all checks, without a server
    #[arg(long)]
    list: bool,
}

/// Runs the program.
pub async fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            // Nobody to tell when stderr is closed.
            let _ = writeln!(std::io::stderr(), "scim-conformance: {why}");
            ExitCode::from(2)
        }
    }
}

async fn run(args: &Args) -> Result<bool, String> {
    let chosen: Vec<Check> = checks::all()
        .filter(|check| args.only.is_empty() || args.only.iter().any(|start| check.id.starts_with(start)))
        .collect();
    if chosen.is_empty() {
        return Err("no check begins like that; --list shows their names".to_owned());
    }
    if args.list {
        for check in &chosen {
            say(&format!(
                "{:<44}{:<7}{}: \"{}\"\n",
                check.id,
                check.level.as_str(),
                check.source,
                check.quote
            ));
        }
        return Ok(true);
    }
    let url = args.url.as_deref().unwrap_or_default();
    let site = Site::discover(Wire::new(url, args.token.clone())?, word()).await?;
    let mut findings = Vec::with_capacity(chosen.len());
    for check in &chosen {
        let finding = Finding::of(check, look(&site, check).await);
        if !args.json {
            say(&lines(&finding));
        }
        findings.push(finding);
    }
    let left_behind = site.clear().await;
    let report = Report::of(url, findings, left_behind);
    if args.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        say(&format!("{text}\n"));
    } else {
        say(&format!("\n{}\n", report.summary()));
    }
    Ok(report.must_broken == 0)
}

async fn look(site: &Site, check: &Check) -> crate::check::Seen {
    if site.offers(check.needs) {
        (check.look)(site, check.with).await
    } else {
        skipped(match check.needs {
            Needs::Groups | Needs::GroupPatch | Needs::GroupBulk => {
                "the server has no /Groups, or not this feature"
            }
            _ => "the server does not say that it offers this",
        })
    }
}

/// A closed pipe is no error: whoever closed it has read enough.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Six letters that no other run has.
#[expect(
    clippy::disallowed_methods,
    reason = "a program of its own; nothing depends on which letters they are"
)]
fn word() -> String {
    let mut rng = rand::rng();
    (0..6)
        .map(|_| char::from(rng.random_range(b'a'..=b'z')))
        .collect()
}
