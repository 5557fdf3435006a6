//! `usher backup FILE`.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Map, json};
use store::Store;

use super::show::{Printer, Table, number};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The file to make; one that exists is left as it is.
    file: PathBuf,
    #[command(flatten)]
    pub(super) printer: Printer,
}

pub(super) async fn run(store: &Store, arguments: &Arguments) -> anyhow::Result<()> {
    let tables = store.backup(&arguments.file).await?;
    let file = std::path::absolute(&arguments.file).context("the working directory is gone")?;
    let rows = tables
        .iter()
        .map(|table| (table.table.clone(), json!(table.rows)));
    let answer = json!({"file": file, "rows": rows.collect::<Map<_, _>>()});
    arguments.printer.answer(&answer, || {
        let row = |table: &store::RowCount| [table.table.clone(), number(table.rows)];
        let table = Table::of(["table", "rows"], tables.iter().map(row));
        format!("{}\n{} is whole", table.text(), file.display())
    });
    Ok(())
}
