//! The file outside the database that checkpoints are kept in: one JSON object a line, appended and never changed.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use domain::audit::Chain;
use domain::audit::checkpoint::SignedCheckpoint;

/// A file of checkpoints. Its calls block.
#[derive(Debug, Clone)]
pub struct AnchorFile {
    path: PathBuf,
}

impl AnchorFile {
    /// The file at a path, which may not be there yet.
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The hash of the last checkpoint of each chain. Lines that are none are passed over: `usher audit verify` names them.
    ///
    /// # Errors
    /// A file that cannot be read; one that is not there has no checkpoint.
    pub fn last(&self) -> io::Result<HashMap<Chain, String>> {
        let mut last = HashMap::new();
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(last),
            Err(error) => return Err(error),
        };
        for line in BufReader::new(file).lines() {
            if let Ok(signed) = serde_json::from_str::<SignedCheckpoint>(&line?) {
                last.insert(signed.checkpoint.chain, signed.checkpoint.hash);
            }
        }
        Ok(last)
    }

    /// Appends checkpoints; after `Ok` they are on the disk.
    ///
    /// # Errors
    /// A file that cannot be made or written.
    pub fn append(&self, checkpoints: &[SignedCheckpoint]) -> io::Result<()> {
        let mut text = Vec::new();
        for checkpoint in checkpoints {
            serde_json::to_writer(&mut text, checkpoint)?;
            text.push(b'\n');
        }
        // In one write, so that the lines of two processes do not mix.
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o640)
            .open(&self.path)?;
        file.write_all(&text)?;
        file.sync_all()
    }
}
