//! `usher job list | retry`.

use clap::Subcommand;
use serde_json::{Value, json};
use store::JobRow;

use super::show::{Printer, Table, moment};

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// List background jobs: when each is due, and why it failed.
    List {
        /// Only those that have used all their attempts.
        #[arg(long)]
        failed: bool,
    },
    /// Try a job again that has used all its attempts.
    Retry {
        /// Its kind, as `usher job list` shows it.
        kind: String,
        /// Its key; a job that recurs has none.
        #[arg(default_value = "")]
        key: String,
    },
}

pub(super) async fn run(context: &admin::Context, printer: Printer, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::List { failed } => {
            let found = admin::jobs::list::execute(context, failed).await?;
            let json = found.iter().map(shape).collect();
            let empty = if failed {
                "no failed jobs"
            } else {
                "no jobs yet: `usher serve` adds them"
            };
            printer.list(json, empty, || table(&found));
        }
        Verb::Retry { kind, key } => {
            admin::jobs::retry::execute(context, &kind, &key).await?;
            printer.answer(&json!({"kind": kind, "key": key}), || {
                format!("job {kind} {key} is tried again within a second, if a server runs")
            });
        }
    }
    Ok(())
}

fn status(job: &JobRow) -> &'static str {
    match (job.failed_at, job.due_at) {
        (Some(_), None) => "dead",
        (Some(_), Some(_)) => "failing",
        (None, _) if job.is_claimed => "running",
        (None, _) => "waiting",
    }
}

fn shape(job: &JobRow) -> Value {
    json!({
        "kind": job.kind,
        "key": job.key,
        "status": status(job),
        "dueAt": job.due_at,
        "attempts": job.attempts,
        "lastError": job.last_error,
        "failedAt": job.failed_at,
    })
}

fn table(found: &[JobRow]) -> Table {
    let row = |job: &JobRow| {
        [
            job.kind.clone(),
            job.key.clone(),
            status(job).to_owned(),
            job.due_at.map_or_else(|| "-".to_owned(), moment),
            job.attempts.to_string(),
            job.last_error.clone().unwrap_or_default(),
        ]
    };
    let head = ["kind", "key", "status", "due", "attempts", "last error"];
    Table::of(head, found.iter().map(row))
}
