//! The form of answers: JSON for machines, tables for people. Printing itself is in [`crate::output`].
//!
//! Must not know: what the answers mean. Control characters are removed from texts of clients, so that a `userName` cannot send
//! commands to the operator's terminal.

use std::iter;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use crate::output;

/// Shows one command's answer; every verb takes its option.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Printer {
    /// Answer as JSON, for machines.
    #[arg(long, global = true)]
    json: bool,
}

impl Printer {
    /// One answer: the JSON, or the text of `human`.
    pub(super) fn answer(self, json: &Value, human: impl FnOnce() -> String) {
        output::line(&if self.json { json.to_string() } else { human() });
    }

    /// One answer that is JSON text already, or the text of `human`.
    pub(super) fn raw(self, json: &str, human: impl FnOnce() -> String) {
        output::line(&if self.json { json.to_owned() } else { human() });
    }

    /// A JSON list, or a table; `empty` instead of a table without rows.
    pub(super) fn list(self, json: Vec<Value>, empty: &str, table: impl FnOnce() -> Table) {
        if self.json {
            output::line(&Value::Array(json).to_string());
        } else if json.is_empty() {
            output::line(empty);
        } else {
            output::line(&table().text());
        }
    }

    /// A hint beside the answer, not with `--json`.
    pub(super) fn note(self, text: &str) {
        if !self.json {
            output::hint(text);
        }
    }
}

/// A JSON object with more members.
pub(super) fn with<const N: usize>(mut object: Value, more: [(&str, Value); N]) -> Value {
    if let Some(members) = object.as_object_mut() {
        members.extend(more.map(|(name, value)| (name.to_owned(), value)));
    }
    object
}

/// A table for people.
#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub(super) fn of<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Self {
        let head = head.map(str::to_uppercase).to_vec();
        let rows = rows
            .into_iter()
            .map(|cells| cells.map(|cell| printable(&cell)).to_vec());
        Self {
            rows: iter::once(head).chain(rows).collect(),
        }
    }

    /// As lines. A column is as wide as a terminal shows its cells: a CJK letter takes two places, a combining mark none.
    pub(super) fn text(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.width())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let lines = self.rows.iter().map(|row| {
            let cells = row
                .iter()
                .zip(&widths)
                .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// Replaces control characters, which are commands to a terminal.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { '\u{fffd}' } else { letter })
        .collect()
}

/// Date and time in UTC, to the second.
pub(super) fn moment(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// The age in its largest unit, or `never`.
pub(super) fn ago(at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let Some(at) = at else { return "never".to_owned() };
    let past = (now - at).max(TimeDelta::zero());
    match (past.num_days(), past.num_hours(), past.num_minutes()) {
        (0, 0, 0) => "just now".to_owned(),
        (0, 0, minutes) => format!("{minutes} min ago"),
        (0, hours, _) => format!("{hours} h ago"),
        (days, ..) => format!("{days} d ago"),
    }
}

/// With commas between thousands.
pub(super) fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_nothing_controls_the_terminal() {
        let rows = [["a\u{1b}[31mb", "x"], ["ümlaut", ""]];
        let table = Table::of(["name", "end"], rows.map(|row| row.map(str::to_owned)));
        assert_eq!(table.text(), "NAME     END\na\u{fffd}[31mb  x\nümlaut");
    }

    #[test]
    fn columns_line_up_for_wide_letters_and_combining_marks() {
        let rows = [["山田太郎", "x"], ["u\u{308}mlaut", "y"], ["plain", "z"]];
        let table = Table::of(["name", "end"], rows.map(|row| row.map(str::to_owned)));
        assert_eq!(
            table.text(),
            "NAME      END\n山田太郎  x\nu\u{308}mlaut    y\nplain     z"
        );
    }

    #[test]
    fn times_and_numbers_are_readable() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(9);
        let before = |span| ago(Some(now - span), now);
        assert_eq!(ago(None, now), "never");
        assert_eq!(before(TimeDelta::seconds(59)), "just now");
        assert_eq!(before(TimeDelta::minutes(59)), "59 min ago");
        assert_eq!(before(TimeDelta::hours(3)), "3 h ago");
        assert_eq!(before(TimeDelta::days(8)), "8 d ago");
        assert_eq!(
            [0, 999, 9_121, 1_234_567].map(number),
            ["0", "999", "9,121", "1,234,567"]
        );
        assert_eq!(number(-1_000), "-1,000");
    }
}
