//! Compares the booking service's tables with the source directories they came from, as the demo does at its end.
//!
//! ```text
//! compare --database booking.db --source contoso=contoso.json --source fabrikam=fabrikam.json --wait 30
//! ```
//! The sources are the simulator's files. Status 0: equal; 1: different, and the differences are listed.
#![expect(
    clippy::print_stdout,
    reason = "a program for the terminal: its output is the point"
)]

#[expect(dead_code, reason = "only what reads is used here")]
mod booking {
    pub mod database;
    pub mod row;
}

use anyhow::Context;
use booking::database::Database;
use booking::row::Row;
use clap::Parser;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Compares the booking service's tables with the source directories.
#[derive(Parser)]
struct Args {
    /// The SQLite file with the tables.
    #[arg(long)]
    database: PathBuf,
    /// TENANT=FILE, a source directory of one tenant; once for each.
    #[arg(long, required = true)]
    source: Vec<String>,
    /// Seconds to wait for the tables to become equal: events may be on their way.
    #[arg(long, default_value_t = 0)]
    wait: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let mut sources = BTreeMap::new();
    for word in &args.source {
        let (tenant, file) = word.split_once('=').context("--source wants TENANT=FILE")?;
        sources.insert(tenant.to_owned(), read(Path::new(file))?);
    }
    let mut left = args.wait * 5;
    loop {
        let dump = Database::dump(&args.database).await?;
        let mut differences = Vec::new();
        let (advisors, mut equal) = compare(&sources, "users", &dump.advisors, &mut differences);
        let (rooms, more) = compare(&sources, "rooms", &dump.rooms, &mut differences);
        equal += more;
        if differences.is_empty() {
            println!(
                "equal: booking shows {advisors} advisors and {rooms} rooms as the sources do ({equal} values compared)"
            );
            return Ok(ExitCode::SUCCESS);
        }
        if left == 0 {
            println!("different:\n  {}", differences.join("\n  "));
            return Ok(ExitCode::FAILURE);
        }
        left -= 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn read(file: &Path) -> anyhow::Result<Value> {
    let text = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("{} is no JSON", file.display()))
}

/// Gives the numbers of objects and of values compared.
fn compare(
    sources: &BTreeMap<String, Value>,
    list: &str,
    rows: &[Row],
    differences: &mut Vec<String>,
) -> (usize, usize) {
    let key = |row: &Row| (row.tenant.clone(), row.external_id.clone().unwrap_or_default());
    let mut rows: BTreeMap<(String, String), &Row> = rows.iter().map(|row| (key(row), row)).collect();
    let (mut objects, mut values) = (0, 0);
    for (tenant, source) in sources {
        for object in source[list].as_array().into_iter().flatten() {
            let id = text(object, "objectId").unwrap_or_default();
            let row = rows.remove(&(tenant.clone(), id.clone()));
            objects += usize::from(row.is_some());
            values += one(tenant, &id, object, row, differences);
        }
    }
    for ((tenant, id), row) in rows {
        if !row.deleted {
            differences.push(format!("{tenant} {id}: purged at the source, still in booking"));
        }
    }
    (objects, values)
}

fn one(tenant: &str, id: &str, object: &Value, row: Option<&Row>, differences: &mut Vec<String>) -> usize {
    let flag = |name: &str, default: bool| object[name].as_bool().unwrap_or(default);
    // Entra's IsSoftDeleted: in the recycle bin, blocked, or not assigned to the application.
    let active = !flag("isSoftDeleted", false) && flag("accountEnabled", true) && flag("assigned", true);
    let Some(row) = row else {
        if active {
            differences.push(format!("{tenant} {id}: missing in booking"));
        }
        return 0; // Entra never creates an object that is out of scope
    };
    if row.deleted || row.active != active {
        differences.push(format!(
            "{tenant} {id}: active is {active} at the source, {} in booking",
            row.active
        ));
    }
    if !active {
        return 1; // of a disabled object Entra sends nothing but `active`
    }
    let pairs = [
        ("userPrincipalName", &row.user_name),
        ("displayName", &row.display_name),
        ("givenName", &row.given_name),
        ("surname", &row.family_name),
        ("physicalDeliveryOfficeName", &row.office),
    ];
    for (name, shown) in pairs {
        if text(object, name) != *shown {
            differences.push(format!("{tenant} {id}: {name} differs"));
        }
    }
    1 + pairs.len()
}

fn text(object: &Value, name: &str) -> Option<String> {
    object[name]
        .as_str()
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
}
