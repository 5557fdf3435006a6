//! The only file that writes to the terminal. stdout is for people; with `--json` it holds one summary and
//! nothing else. A closed pipe is not an error: the reader needs no more.

use std::fmt::Write as _;
use std::io::{IsTerminal as _, Write as _};
use std::time::Instant;

use serde::Serialize;

use super::progress;
use crate::cycle::Event;
use crate::cycle::report::{Counts, CycleReport};
use crate::log::{Action, LogEntry, Status};

/// Milliseconds between two drawings of the bar.
const REDRAW_MS: u128 = 100;

/// The terminal's state: options and the progress bar.
#[derive(Debug)]
pub struct Ui {
    json: bool,
    quiet: bool,
    terminal: bool,
    bar: Option<Bar>,
}

#[derive(Debug)]
struct Bar {
    title: String,
    total: usize,
    done: usize,
    started: Instant,
    drawn: Option<Instant>,
    /// Tenths already printed, if stderr is not a terminal.
    printed: usize,
}

impl Ui {
    /// Chooses the kind of progress by the options and by whether stderr is a terminal.
    #[must_use]
    pub fn new(json: bool, quiet: bool) -> Self {
        Self {
            json,
            quiet,
            terminal: std::io::stderr().is_terminal(),
            bar: None,
        }
    }

    /// A line for people; with `--json` to stderr, with `--quiet` nowhere.
    pub fn line(&mut self, text: &str) {
        if self.quiet {
            return;
        }
        self.erase();
        if self.json {
            to_stderr(&format!("{text}\n"));
        } else {
            to_stdout(&format!("{text}\n"));
        }
        self.draw();
    }

    /// The result: JSON for machines, the given lines for people (also with `--quiet`).
    pub fn result(&mut self, value: &impl Serialize, human: &str) {
        self.erase();
        self.bar = None;
        if self.json {
            to_stdout(&format!("{}\n", serde_json::to_string(value).unwrap_or_default()));
        } else {
            to_stdout(&format!("{human}\n"));
        }
    }

    /// Prints an error with its causes to stderr.
    pub fn failure(&mut self, error: &anyhow::Error) {
        self.erase();
        to_stderr(&format!("entra-sim: {error:#}\n"));
    }

    /// Shows an event of a run: progress bar and log lines.
    pub fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Started { cycle, kind, objects } => {
                let title = format!("cycle {cycle} ({})", kind.as_str());
                self.line(&format!("{title}: {objects} objects to look at"));
                self.bar = Some(Bar {
                    title,
                    total: *objects,
                    done: 0,
                    started: Instant::now(),
                    drawn: None,
                    printed: 0,
                });
            }
            Event::Entry(entry) => {
                if !self.json {
                    self.line(&log_line(entry));
                }
                self.advance();
            }
            Event::Finished(report) => {
                self.erase();
                self.bar = None;
                self.line(&cycle_line(report));
            }
        }
    }

    fn advance(&mut self) {
        let Some(bar) = &mut self.bar else { return };
        bar.done += 1;
        if self.terminal {
            self.draw();
        } else if self.json && !self.quiet && bar.total >= 10 && bar.done * 10 / bar.total > bar.printed {
            bar.printed = bar.done * 10 / bar.total;
            to_stderr(&format!("{}: {} of {}\n", bar.title, bar.done, bar.total));
        }
    }

    fn draw(&mut self) {
        if self.quiet || !self.terminal {
            return;
        }
        let Some(bar) = &mut self.bar else { return };
        if bar
            .drawn
            .is_none_or(|drawn| drawn.elapsed().as_millis() >= REDRAW_MS)
        {
            bar.drawn = Some(Instant::now());
            to_stderr(&format!(
                "\r\x1b[2K{}",
                progress::line(&bar.title, bar.done, bar.total, bar.started.elapsed())
            ));
        }
    }

    fn erase(&mut self) {
        if self.terminal
            && !self.quiet
            && let Some(bar) = &mut self.bar
            && bar.drawn.take().is_some()
        {
            to_stderr("\r\x1b[2K");
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
