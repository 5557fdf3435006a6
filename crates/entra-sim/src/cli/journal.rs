//! The provisioning log as a file: one JSON object a line, appended.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::path::Path;

use anyhow::Context as _;

use crate::log::LogEntry;

/// An open log file; writes nothing without a path.
#[derive(Debug)]
pub struct Journal {
    file: Option<BufWriter<File>>,
    failed: Option<std::io::Error>,
}

impl Journal {
    /// Opens the file for appending.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let open = |path: &Path| {
            let file = OpenOptions::new().create(true).append(true).open(path);
            file.map(BufWriter::new)
                .with_context(|| format!("cannot write the log {}", path.display()))
        };
        Ok(Self {
            file: path.map(open).transpose()?,
            failed: None,
        })
    }

    /// Appends an entry. Provisioning goes on after a failed write; [`Journal::close`] reports it.
    pub fn write(&mut self, entry: &LogEntry) {
        let Some(file) = &mut self.file else { return };
        let line = serde_json::to_string(entry).unwrap_or_default();
        if let Err(why) = writeln!(file, "{line}").and_then(|()| file.flush()) {
            self.failed.get_or_insert(why);
        }
    }

    /// Closes the file.
    ///
    /// # Errors
    /// The first failed write.
    pub fn close(self) -> anyhow::Result<()> {
        self.failed.map_or(Ok(()), |why| {
            Err(why).context("the provisioning log could not be written in full")
        })
    }
}
