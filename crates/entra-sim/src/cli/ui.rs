//! The only file that writes to the terminal. stdout is for people; with `--json` it holds one summary and
//! nothing else. A closed pipe is not an error: the reader needs no more.

use std::fmt::Write as _;
use std::io::Write as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use crate::cycle::Event;
use crate::cycle::report::{Counts, CycleReport};
use crate::log::{Action, LogEntry, Status};

/// Title, bar, count, rate and the time left.
const BAR: &str = "{msg} {bar:30} {pos}/{len} {percent} %  {per_sec}  {eta} left";

/// The terminal's state: options and the progress bar.
#[derive(Debug)]
pub struct Ui {
    json: bool,
    quiet: bool,
    /// Hidden between cycles, with `--quiet`, and where stderr is no terminal.
    bar: ProgressBar,
}

impl Ui {
    /// Chooses the kind of progress by the options and by whether stderr is a terminal.
    #[must_use]
    pub fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            bar: ProgressBar::hidden(),
        }
    }

    /// A line for people; with `--json` to stderr, with `--quiet` nowhere.
    pub fn line(&mut self, text: &str) {
        if self.quiet {
            return;
        }
        let text = format!("{text}\n");
        self.bar.suspend(|| {
            if self.json {
                to_stderr(&text);
            } else {
                to_stdout(&text);
            }
        });
    }

    /// The result: JSON for machines, the given lines for people (also with `--quiet`).
    pub fn result(&mut self, value: &impl Serialize, human: &str) {
        self.bar.finish_and_clear();
        if self.json {
            to_stdout(&format!("{}\n", serde_json::to_string(value).unwrap_or_default()));
        } else {
            to_stdout(&format!("{human}\n"));
        }
    }

    /// Prints an error with its causes to stderr.
    pub fn failure(&mut self, error: &anyhow::Error) {
        self.bar.suspend(|| to_stderr(&format!("entra-sim: {error:#}\n")));
    }

    /// Shows an event of a run: progress bar and log lines.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { cycle, kind, objects } => {
                let title = format!("cycle {cycle} ({})", kind.as_str());
                self.line(&format!("{title}: {objects} objects to look at"));
                self.bar = self.progress(title, *objects as u64);
            }
            Event::Entry(entry) => {
                if !self.json {
                    self.line(&log_line(entry));
                }
                self.advance();
            }
            Event::Finished(report) => {
                self.bar.finish_and_clear();
                self.line(&cycle_line(report));
            }
        }
    }

    fn progress(&self, title: String, total: u64) -> ProgressBar {
        let target = if self.quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr_with_hz(10)
        };
        let style = ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(Some(total), target)
            .with_style(style.progress_chars("█░"))
            .with_message(title)
    }

    /// One object is done. Where no bar is seen, each tenth is a line, if there are no lines of the log.
    fn advance(&self) {
        self.bar.inc(1);
        let (done, total) = (self.bar.position(), self.bar.length().unwrap_or(0));
        let is_tenth = total >= 10 && done * 10 / total > (done - 1) * 10 / total;
        if self.bar.is_hidden() && self.json && !self.quiet && is_tenth {
            to_stderr(&format!("{}: {done} of {total}\n", self.bar.message()));
        }
    }
}

fn to_stdout(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn to_stderr(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// One line of the provisioning log, as the portal's list shows it.
#[must_use]
pub fn log_line(entry: &LogEntry) -> String {
    let action = match entry.provisioning_action {
        Action::Create => "Create",
        Action::Update => "Update",
        Action::Disable => "Disable",
        Action::Delete => "Delete",
        Action::Other => "Other",
    };
    let status = match entry.provisioning_status_info.status {
        Status::Success => "Success",
        Status::Failure => "Failure",
        Status::Skipped => "Skipped",
    };
    let who = [
        &entry.source_identity.user_principal_name,
        &entry.source_identity.id,
    ];
    let who = who
        .into_iter()
        .find(|name| !name.is_empty())
        .map_or("", String::as_str);
    let mut line = format!("{action:<8}{status:<9}{who}");
    if let Some(error) = &entry.provisioning_status_info.error_information {
        let _ = write!(line, "  {}: {}", error.error_code, error.reason);
    } else if matches!(entry.provisioning_action, Action::Update | Action::Disable) {
        for change in &entry.modified_properties {
            let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "∅".to_owned());
            let _ = write!(
                line,
                "  {}: {} → {}",
                change.display_name,
                show(&change.old_value),
                show(&change.new_value)
            );
        }
    }
    line
}

/// Counts in words.
#[must_use]
pub fn counts_line(counts: &Counts) -> String {
    let Counts {
        created,
        updated,
        disabled,
        deleted,
        skipped,
        failed,
    } = counts;
    format!(
        "{created} created, {updated} updated, {disabled} disabled, {deleted} deleted, {skipped} skipped, {failed} failed"
    )
}

fn cycle_line(report: &CycleReport) -> String {
    let mut line = format!(
        "cycle {} ({}): {} in {:.1} s",
        report.cycle,
        report.kind.as_str(),
        counts_line(&report.counts),
        report.duration_ms as f64 / 1000.0
    );
    if let Some(reason) = &report.stopped_by {
        let _ = write!(line, "; ended early: {reason}");
    }
    line
}
