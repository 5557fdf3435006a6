//! `usher audit list | show | verify | export | checkpoint | keygen`.

pub(crate) mod keys;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use admin::audit::anchor::AnchorFile;
use admin::audit::verify::{Anchors, Report};
use admin::audit::{NamedChain, Which};
use admin::view::{AuditReport, AuditView};
use anyhow::Context as _;
use auth::signing::PublicKey;
use chrono::{DateTime, TimeDelta};
use clap::Subcommand;
use domain::audit::{Action, AuditRow};
use serde_json::{Value, json};
use store::AuditQuery;

use super::show::{Printer, Table, moment, number, printable};
use super::span;
use crate::config::audit::Audit;
use crate::output;

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Search the audit log of a tenant, or of the platform (tenants, apps, feeds), newest first.
    List(Search),
    /// Show one row of the audit log with all its values.
    Show {
        /// Its number.
        #[arg(value_parser = clap::value_parser!(i64).range(1..))]
        row: i64,
        /// Of this tenant instead of the platform.
        #[arg(long)]
        tenant: Option<String>,
    },
    /// Prove that no row was changed, deleted or put in later; names the first bad row of each chain, and ends with status 1 if
    /// there is one.
    Verify {
        #[command(flatten)]
        chains: Chains,
        /// Compare with the checkpoints in this file as well: without it, a chain that was rewritten whole looks whole.
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
        /// The public key of those checkpoints; may be given several times. Without it, that of audit.signing_key_file.
        #[arg(long, value_name = "FILE", requires = "anchor")]
        public_key: Vec<PathBuf>,
    },
    /// Print all rows, one JSON object a line, the oldest first.
    Export {
        #[command(flatten)]
        chains: Chains,
    },
    /// Sign the head of each chain that has grown, and append that to audit.anchor_file.
    Checkpoint,
    /// Make a key that signs checkpoints: the secret half as FILE, readable for this user alone, the public one as FILE.pub.
    Keygen {
        /// The file to make; one that exists is left as it is.
        file: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub struct Search {
    /// Of this tenant; without it, of the platform.
    #[arg(long)]
    tenant: Option<String>,
    /// By this actor only, as the list shows it, such as cli:alice@ops1.
    #[arg(long)]
    actor: Option<String>,
    /// This action only, such as token.issue.
    #[arg(long, value_parser = action)]
    action: Option<Action>,
    /// About this target only, as the list shows it, such as token:3pX9Kd2Qa7Lm.
    #[arg(long)]
    target: Option<String>,
    /// Within this span only, such as 24h.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    since: Option<TimeDelta>,
    /// Before this span only, such as 1h.
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    until: Option<TimeDelta>,
    /// At most so many rows, 1 to 1000.
    #[arg(long, default_value_t = 50)]
    limit: usize,
}

/// The chains that a command is about; without a word, all.
#[derive(Debug, clap::Args)]
pub struct Chains {
    /// Of this tenant only.
    #[arg(long, conflicts_with = "platform")]
    tenant: Option<String>,
    /// Of the platform only: tenants, apps and feeds.
    #[arg(long)]
    platform: bool,
}

impl Chains {
    fn which(self) -> Which {
        match (self.tenant, self.platform) {
            (Some(name), _) => Which::Tenant(name),
            (None, true) => Which::Platform,
            (None, false) => Which::All,
        }
    }
}

/// # Errors
/// The words there are.
fn action(word: &str) -> Result<Action, String> {
    word.parse().map_err(|_| {
        let words: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
        format!(
            "there is no action \"{word}\": choose one of {}",
            words.join(", ")
        )
    })
}

/// What needs no database; `None` when the verb does.
pub(super) fn without_database(printer: Printer, verb: &Verb) -> Option<anyhow::Result<()>> {
    match verb {
        Verb::Keygen { file } => Some(keys::make(printer, file)),
        _ => None,
    }
}

pub(super) async fn run(
    context: &admin::Context,
    settings: &Audit,
    printer: Printer,
    verb: Verb,
) -> anyhow::Result<()> {
    match verb {
        Verb::List(search) => list(context, printer, search).await,
        Verb::Show { row, tenant } => {
            let (named, row) = admin::audit::show::execute(context, tenant.as_deref(), row).await?;
            printer.answer(&json!(AuditView::of(&named, &row)), || text(&named, &row));
            Ok(())
        }
        Verb::Verify {
            chains,
            anchor,
            public_key,
        } => {
            let anchors = match &anchor {
                None => None,
                Some(file) => {
                    let keys = keys::public(settings, &public_key)?;
                    Some(anchors(context, file, &keys).await?)
                }
            };
            verify(context, printer, &chains.which(), anchors).await
        }
        Verb::Export { chains } => export(context, &chains.which()).await,
        Verb::Checkpoint => checkpoint(context, settings, printer).await,
        Verb::Keygen { file } => keys::make(printer, &file),
    }
}

async fn list(context: &admin::Context, printer: Printer, search: Search) -> anyhow::Result<()> {
    let now = context.clock.now();
    let query = AuditQuery {
        actor: search.actor,
        action: search.action,
        target: search.target,
        since: search.since.map(|span| now - span),
        until: search.until.map(|span| now - span),
        after: None,
        limit: search.limit,
    };
    let (named, rows) = admin::audit::list::execute(context, search.tenant.as_deref(), &query).await?;
    let json = rows.iter().map(|row| json!(AuditView::of(&named, row))).collect();
    printer.list(json, "nothing in this audit log fits", || {
        let head = ["row", "at", "who", "action", "target", "outcome", "details"];
        let line = |row: &AuditRow| {
            [
                row.seq.to_string(),
                at(row),
                row.actor.clone(),
                row.action.clone(),
                row.target.clone(),
                row.outcome.clone(),
                details(row),
            ]
        };
        Table::of(head, rows.iter().map(line))
    });
    Ok(())
}

/// Reads a file of checkpoints line by line.
async fn anchors(context: &admin::Context, file: &Path, keys: &[PublicKey]) -> anyhow::Result<Anchors> {
    let unreadable = || format!("--anchor {} cannot be read", file.display());
    let opened = std::fs::File::open(file).with_context(unreadable)?;
    let mut anchors = Anchors::default();
    for (number, line) in (1..).zip(BufReader::new(opened).lines()) {
        let line = line.with_context(unreadable)?;
        anchors.line(context, (number, &line), keys).await?;
    }
    Ok(anchors)
}

async fn verify(
    context: &admin::Context,
    printer: Printer,
    which: &Which,
    anchors: Option<Anchors>,
) -> anyhow::Result<()> {
    let reports = admin::audit::verify::execute(context, which, &anchors.clone().unwrap_or_default()).await?;
    let bad_line = anchors.as_ref().and_then(|anchors| anchors.bad_line.as_ref());
    let bad: Vec<&Report> = reports.iter().filter(|report| report.fault.is_some()).collect();
    let is_whole = bad.is_empty() && bad_line.is_none();
    let answer = json!({
        "whole": is_whole,
        "chains": reports.iter().map(AuditReport::from).collect::<Vec<_>>(),
        "checkpoints": anchors.as_ref().map(|anchors| json!({
            "checked": anchors.checked,
            "badLine": bad_line.map(|bad| json!({"line": bad.line, "text": bad.why.to_string()})),
        })),
    });
    printer.answer(&answer, || {
        let line = |report: &Report| {
            let result = report.fault.as_ref().map_or_else(
                || "whole".to_owned(),
                |fault| format!("row {}: {}", fault.seq, fault.kind),
            );
            [report.named.name(), number(report.rows), result]
        };
        let table = Table::of(["chain", "rows", "result"], reports.iter().map(line)).text();
        match &anchors {
            None => format!("{table}\nnot compared with checkpoints (--anchor FILE)"),
            Some(anchors) => format!("{table}\ncheckpoints compared: {}", anchors.checked),
        }
    });
    if is_whole {
        return Ok(());
    }
    let mut what: Vec<String> = bad
        .iter()
        .filter_map(|report| {
            let fault = report.fault.as_ref()?;
            Some(format!(
                "{}: row {}: {}",
                report.named.name(),
                fault.seq,
                fault.kind
            ))
        })
        .collect();
    what.extend(bad_line.map(|bad| format!("the file of checkpoints, {bad}")));
    anyhow::bail!(
        "the audit log is not whole. {}. Next step: keep the database and the file of checkpoints as they are, and compare with a \
         backup from before (docs/operations.md, Audit log)",
        what.join("; ")
    )
}

async fn export(context: &admin::Context, which: &Which) -> anyhow::Result<()> {
    let mut export = admin::audit::export::begin(context, which).await?;
    while let Some((named, rows)) = admin::audit::export::next(context, &mut export).await? {
        for row in &rows {
            output::line(&json!(AuditView::of(&named, row)).to_string());
        }
    }
    Ok(())
}

async fn checkpoint(context: &admin::Context, settings: &Audit, printer: Printer) -> anyhow::Result<()> {
    let (key, file) = keys::signing(settings)?;
    let file = AnchorFile::new(file);
    let made = admin::audit::checkpoint::execute(context, &key, &file).await?;
    let json = made.iter().map(|one| json!(one)).collect::<Vec<_>>();
    printer.answer(&json!({"file": file.path(), "checkpoints": json}), || {
        let file = file.path().display();
        match made.len() {
            0 => format!("no chain has grown since the last checkpoint in {file}"),
            many => format!("{many} checkpoint(s) appended to {file}"),
        }
    });
    Ok(())
}

/// The time of a row in words, which somebody may have made one that there is not.
fn at(row: &AuditRow) -> String {
    DateTime::from_timestamp_millis(row.at).map_or_else(|| row.at.to_string(), moment)
}

/// `profile=advisors, expiresAt=…`.
fn details(row: &AuditRow) -> String {
    let Ok(Value::Object(members)) = serde_json::from_str(&row.details) else {
        return row.details.clone();
    };
    let one = |(name, value): (&String, &Value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    };
    let shown = members.iter().filter(|(_, value)| !value.is_null()).map(one);
    shown.collect::<Vec<_>>().join(", ")
}

fn text(named: &NamedChain, row: &AuditRow) -> String {
    let lines = [
        ("chain", named.name()),
        ("row", row.seq.to_string()),
        ("at", at(row)),
        ("who", row.actor.clone()),
        ("action", row.action.clone()),
        ("target", row.target.clone()),
        ("outcome", row.outcome.clone()),
        ("reason", row.reason.clone().unwrap_or_default()),
        ("address", row.ip.clone().unwrap_or_default()),
        ("request", row.request.clone()),
        ("details", details(row)),
        ("hash before", row.previous.clone()),
        ("hash", row.hash.clone()),
    ];
    let line =
        |(name, value): &(&str, String)| format!("{name:<12} {}", printable(value)).trim_end().to_owned();
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}
