//! Showing the tables: drawn anew in place on a terminal, one line a change elsewhere.

use super::database::{Database, Dump};
use super::row::Row;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::Path;
use std::time::Duration;

/// Rows shown of each table while watching: the ones that changed last.
const SHOWN: usize = 6;

/// Shows the tables whenever they change, until dropped.
pub async fn watch(database: &Path) -> anyhow::Result<()> {
    let terminal = std::io::stdout().is_terminal();
    let (mut shown, mut height) = (None, 0);
    loop {
        let dump = Database::dump(database).await?;
        if shown != Some(dump.position) {
            shown = Some(dump.position);
            let mut out = std::io::stdout().lock();
            if terminal {
                let text = tables(&dump, SHOWN);
                // Up to where the last drawing began, and clear from there.
                let up = if height > 0 {
                    format!("\x1b[{height}A\x1b[J")
                } else {
                    String::new()
                };
                height = text.lines().count();
                writeln!(out, "{up}{}", text.trim_end())?;
            } else {
                writeln!(out, "{}", summary(&dump))?;
            }
            out.flush()?;
        }
        tokio::time::sleep(Duration::from_millis(if terminal { 150 } else { 1000 })).await;
    }
}

/// The tables as text, the last `shown` changed rows of each.
pub fn tables(dump: &Dump, shown: usize) -> String {
    let mut text = String::new();
    for (name, rows) in [("advisors", &dump.advisors), ("rooms", &dump.rooms)] {
        let _ = writeln!(text, "booking's {name}: {}", count(rows));
        let mut latest: Vec<&Row> = rows.iter().collect();
        if shown < rows.len() {
            latest.sort_by_key(|row| std::cmp::Reverse(row.position));
            latest.truncate(shown);
        }
        let head = ["tenant", "userName", "displayName", "office", "state", "seq"].map(str::to_owned);
        for cells in std::iter::once(head).chain(latest.into_iter().map(cells)) {
            let [tenant, user, display, office, state, sequence] = cells;
            let _ = writeln!(
                text,
                "  {tenant:<10} {user:<34} {display:<26} {office:<18} {state:<8} {sequence:>4}"
            );
        }
    }
    let _ = writeln!(text, "applied through position {}", dump.position);
    text
}

fn cells(row: &Row) -> [String; 6] {
    let state = match (row.deleted, row.active) {
        (true, _) => "deleted",
        (false, true) => "active",
        (false, false) => "inactive",
    };
    [
        cut(&row.tenant, 10),
        cut(row.user_name.as_deref().unwrap_or_default(), 34),
        cut(row.display_name.as_deref().unwrap_or_default(), 26),
        cut(row.office.as_deref().unwrap_or_default(), 18),
        state.to_owned(),
        row.sequence.to_string(),
    ]
}

fn summary(dump: &Dump) -> String {
    let (advisors, rooms) = (count(&dump.advisors), count(&dump.rooms));
    format!(
        "booking: advisors {advisors}; rooms {rooms}; applied through position {}",
        dump.position
    )
}

fn count(rows: &[Row]) -> String {
    let active = rows.iter().filter(|row| row.active).count();
    let deleted = rows.iter().filter(|row| row.deleted).count();
    format!(
        "{} ({active} active, {} inactive, {deleted} deleted)",
        rows.len(),
        rows.len() - active - deleted
    )
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(std::iter::once('…')).collect()
}
