//! The output: a table for people, JSON for machines. The only file that prints.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program that prints on purpose"
)]

use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// One side of a comparison.
#[derive(Clone, Debug)]
pub struct Side {
    pub what: String,
    /// The median or mean of the slices, or the only figure.
    pub value: f64,
    pub slices: Vec<f64>,
}

impl Side {
    pub fn median(what: &str, slices: &[f64]) -> Self {
        Self {
            what: what.to_owned(),
            value: crate::samples::median(slices),
            slices: slices.to_vec(),
        }
    }

    /// The mean of slices too short for a median: the sum of the work by the sum of the time.
    pub fn mean(what: &str, slices: &[f64]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "few slices")]
        let count = slices.len() as f64;
        Self {
            what: what.to_owned(),
            value: slices.iter().sum::<f64>() / count,
            slices: slices.to_vec(),
        }
    }

    /// A single figure.
    pub fn single(what: &str, value: f64) -> Self {
        Self {
            what: what.to_owned(),
            value,
            slices: Vec::new(),
        }
    }
}

/// The limit of `docs/benchmarks.md` for a row.
#[derive(Clone, Copy, Debug)]
pub enum Bar {
    /// The ratio of ours to theirs is at least this.
    RatioAtLeast(f64),
    /// The ratio of ours to theirs is less than this.
    RatioBelow(f64),
    /// The ratio of ours to theirs is 1, give or take this.
    RatioWithin(f64),
    /// Our figure is less than this.
    Below(f64),
    /// Our figure is at least this.
    AtLeast(f64),
    /// For information only.
    None,
}

/// One row of the table.
#[derive(Clone, Debug)]
pub struct Row {
    pub what: String,
    /// The unit of both figures.
    pub unit: &'static str,
    /// The gateway's figure.
    pub ours: Side,
    /// The yardstick's figure, if the row has one.
    pub theirs: Option<Side>,
    pub bar: Bar,
    /// Further notes for the reader.
    pub notes: Vec<String>,
}

impl Row {
    pub fn ratio(&self) -> Option<f64> {
        let theirs = self.theirs.as_ref()?.value;
        (theirs > 0.0).then(|| self.ours.value / theirs)
    }

    /// Whether the bar is met; `None` without one.
    pub fn met(&self) -> Option<bool> {
        match self.bar {
            Bar::RatioAtLeast(least) => self.ratio().map(|ratio| ratio >= least),
            Bar::RatioBelow(limit) => self.ratio().map(|ratio| ratio < limit),
            Bar::RatioWithin(most) => self.ratio().map(|ratio| (ratio - 1.0).abs() <= most),
            Bar::Below(limit) => Some(self.ours.value < limit),
            Bar::AtLeast(least) => Some(self.ours.value >= least),
            Bar::None => None,
        }
    }

    fn bar_text(&self) -> String {
        match self.bar {
            Bar::RatioAtLeast(least) => format!("ratio >= {least}"),
            Bar::RatioBelow(limit) => format!("ratio < {limit}"),
            Bar::RatioWithin(most) => format!("ratio 1 +- {most}"),
            Bar::Below(limit) => format!("< {limit} {}", self.unit),
            Bar::AtLeast(least) => format!(">= {least} {}", self.unit),
            Bar::None => "-".to_owned(),
        }
    }

    fn json(&self) -> Value {
        let side = |side: &Side| json!({"what": side.what, "value": side.value, "slices": side.slices});
        json!({
            "what": self.what, "unit": self.unit, "ours": side(&self.ours), "theirs": self.theirs.as_ref().map(side),
            "ratio": self.ratio(), "bar": self.bar_text(), "met": self.met(), "notes": self.notes,
        })
    }
}

/// All rows of a run.
#[derive(Debug)]
pub struct Report {
    machine: String,
    rows: Vec<Row>,
}

impl Report {
    /// Without rows, with a line about the machine.
    pub fn of_this_machine() -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name"))
            .unwrap_or(": unknown");
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib: u64 = memory
            .lines()
            .find_map(|line| {
                line.strip_prefix("MemTotal:")?
                    .split_whitespace()
                    .next()?
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        let machine = format!(
            "{cores} cores ({}), {} GiB, {}; load average at the start {}",
            model.trim_start_matches(['\t', ' ', ':']),
            kib >> 20,
            said(&["uname", "-sr"]),
            load_average(),
        );
        println!("{machine}");
        Self {
            machine,
            rows: Vec::new(),
        }
    }

    /// Adds rows, and prints them at once.
    pub fn add(&mut self, rows: Vec<Row>) {
        for row in rows {
            print_row(&row);
            self.rows.push(row);
        }
    }

    /// Prints the whole table.
    pub fn print(&self) {
        println!("\n{}", self.machine);
        println!("load average at the end {}\n", load_average());
        println!(
            "{:<66} {:>12} {:>12} {:>7}  {:<20} met",
            "what", "usher", "compared", "ratio", "bar"
        );
        for row in &self.rows {
            let theirs = row
                .theirs
                .as_ref()
                .map_or_else(|| "-".to_owned(), |side| figure(side.value));
            let ratio = row
                .ratio()
                .map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}"));
            let met = row.met().map_or("-", |met| if met { "yes" } else { "NO" });
            println!(
                "{:<66} {:>12} {theirs:>12} {ratio:>7}  {:<20} {met}",
                format!("{} [{}]", row.what, row.unit),
                figure(row.ours.value),
                row.bar_text(),
            );
        }
    }

    /// Writes all rows as JSON.
    pub fn write(&self, file: &Path) {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        let all = json!({"machine": self.machine, "rows": rows});
        let text = serde_json::to_string_pretty(&all).expect("plain values");
        std::fs::write(file, text + "\n").unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    }
}

/// Reports progress.
pub fn say(what: &str) {
    println!("… {what}");
}

/// Reports why nothing is done.
pub fn complain(what: &str) {
    eprintln!("{what}");
}

fn print_row(row: &Row) {
    println!("\n{} [{}]", row.what, row.unit);
    println!(
        "  {:<58} {:>12}{}",
        row.ours.what,
        figure(row.ours.value),
        slices(&row.ours)
    );
    if let Some(theirs) = &row.theirs {
        println!(
            "  {:<58} {:>12}{}",
            theirs.what,
            figure(theirs.value),
            slices(theirs)
        );
    }
    if let Some(ratio) = row.ratio() {
        println!("  {:<58} {ratio:>12.2}", "ratio");
    }
    if let Some(met) = row.met() {
        println!(
            "  bar {}: {}",
            row.bar_text(),
            if met { "met" } else { "NOT met" }
        );
    }
    for note in &row.notes {
        println!("  {note}");
    }
}

/// The most slices that are printed one by one.
const SHOWN: usize = 15;

fn slices(side: &Side) -> String {
    if side.slices.is_empty() {
        return String::new();
    }
    if side.slices.len() > SHOWN {
        let least = side.slices.iter().copied().fold(f64::INFINITY, f64::min);
        let most = side.slices.iter().copied().fold(0.0, f64::max);
        return format!(
            "   ({} slices, {} to {})",
            side.slices.len(),
            figure(least),
            figure(most)
        );
    }
    let list: Vec<String> = side.slices.iter().map(|value| figure(*value)).collect();
    format!("   ({})", list.join(" "))
}

fn figure(value: f64) -> String {
    match value {
        v if v >= 100.0 => format!("{v:.0}"),
        v if v >= 10.0 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// The first line of a program's output; empty if it fails.
pub fn said(command: &[&str]) -> String {
    let output = Command::new(command[0]).args(&command[1..]).output();
    let text = output
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default();
    text.lines().next().unwrap_or_default().trim().to_owned()
}
