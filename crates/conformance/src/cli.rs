//! The program: options, output, exit status (see `AFTER`).

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use rand::RngExt as _;

use crate::check::{Check, Miss, Needs, Seen, skipped};
use crate::checks;
use crate::preflight;
use crate::report::{Finding, Report, lines};
use crate::site::Site;
use crate::wire::Wire;

/// The end of `--help`, after the options.
const AFTER: &str = "\
Reading a result: each line is a rule in our own words, its level (MUST, SHOULD, MAY) and where it stands in the RFC.
  ok       it is held
  BROKEN   a MUST or SHOULD is not held; -v shows what was sent and answered
  differs  another answer than the one described, where the text leaves it open (MAY); nothing is broken
  -        it does not apply: the server does not offer the feature, or has no such attribute

Exit status: 0 no MUST is broken, 1 some are, 2 nothing could be checked (no SCIM server there, the token is not accepted,
users cannot be created); one sentence on stderr says which.

It writes: use a test tenant. Every name it makes begins with scimconf-, and everything is deleted after the check that made
it, also when rules are broken; what would not go is counted in the last line. The token is never shown, neither here nor in JSON.

More: docs/conformance.md";

/// Checks a SCIM 2.0 server against RFC 7643, RFC 7644 and RFC 9865.
///
/// Makes users and groups named scimconf-…, asks, and deletes them again. Only features that the server says it offers, in
/// /ServiceProviderConfig and /ResourceTypes, are checked.
#[derive(Debug, Parser)]
#[command(name = "scim-conformance", version, after_help = AFTER)]
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
    /// One JSON document instead of the table; it has the exchanges of every rule that was not held
    #[arg(long)]
    json: bool,
    /// Below each rule that was not held, what was sent (as a curl line; put the token into $TOKEN) and what came back
    #[arg(short, long)]
    verbose: bool,
    /// Names and rules of all checks, without a server
    #[arg(long)]
    list: bool,
}

/// Runs the program; returns its exit status.
pub async fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(why) => {
            // A closed stderr leaves no place to report to.
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
            let (id, level) = (check.id, check.level.as_str());
            say(&format!("{id:<46}{level:<7}{}: {}\n", check.source, check.rule));
        }
        return Ok(true);
    }
    let url = args.url.as_deref().unwrap_or_default();
    let wire = Wire::new(url, args.token.clone())?;
    let site = preflight::ready(wire.clone(), word())
        .await
        .map_err(|why| wire.masked(&why))?;
    let report = checked(&site, &chosen, args).await;
    if args.json {
        let text = serde_json::to_string_pretty(&report).map_err(|error| error.to_string())?;
        say(&format!("{text}\n"));
    } else {
        say(&format!("\n{}\n", report.summary()));
        if !args.verbose && report.must_broken + report.should_broken > 0 {
            say("-v shows what was sent and answered for each of them\n");
        }
    }
    Ok(report.must_broken == 0)
}

/// Runs every chosen check, and deletes what was created.
async fn checked(site: &Site, chosen: &[Check], args: &Args) -> Report {
    let mut findings = Vec::with_capacity(chosen.len());
    for check in chosen {
        site.wire.exchanges();
        let seen = masked(site, look(site, check).await);
        let finding = Finding::of(check, seen, site.wire.exchanges());
        site.clear_made().await;
        if !args.json {
            say(&lines(&finding, args.verbose));
        }
        findings.push(finding);
    }
    let left_behind = site.clear().await.len();
    Report::of(site.wire.base(), findings, left_behind)
}

async fn look(site: &Site, check: &Check) -> Seen {
    if site.offers(check.needs) {
        return (check.look)(site, check.with).await;
    }
    skipped(match check.needs {
        Needs::Groups | Needs::GroupPatch | Needs::GroupFilter | Needs::GroupBulk => {
            "the server has no /Groups, or not this feature"
        }
        Needs::Token if !site.wire.has_token() => "no token was given",
        Needs::Token => "the server takes requests without a token",
        _ => "the server does not say that it offers this",
    })
}

fn masked(site: &Site, seen: Seen) -> Seen {
    match seen {
        Ok(words) => Ok(site.wire.masked(&words)),
        Err(Miss::Broken(words)) => Err(Miss::Broken(site.wire.masked(&words))),
        Err(Miss::Skipped(words)) => Err(Miss::Skipped(site.wire.masked(&words))),
    }
}

/// Prints to stdout. A closed pipe is not an error: the reader needs no more.
fn say(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// Six random letters that tell this run from others.
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
