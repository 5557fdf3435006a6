//! Verifies chains: every row against the one before it, the last one against the chain's head, and, with a file of checkpoints,
//! against what was so when each was signed. Reads a page at a time, whatever the length of a chain.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use auth::signing::PublicKey;
use domain::audit::Chain;
use domain::audit::checkpoint::SignedCheckpoint;
use domain::audit::verify::{Fault, FaultKind, Verified};

use super::{NamedChain, PAGE, Which, chains};
use crate::{Context, Error};

/// What is known of a chain after it was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The chain.
    pub named: NamedChain,
    /// The number of its last row, or of the last good one.
    pub rows: i64,
    /// The first row that is wrong.
    pub fault: Option<Fault>,
}

/// What is known of a file of checkpoints after it was read to its end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Anchors {
    /// Checkpoints that were compared.
    pub checked: u64,
    /// The first line that is no checkpoint of a known key.
    pub bad_line: Option<BadLine>,
    /// The first row of each chain that a checkpoint contradicts.
    faults: HashMap<Chain, Fault>,
}

/// A line of a file of checkpoints that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct BadLine {
    /// Its number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: LineFault,
}

/// Why a line proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// It is not what `usher audit checkpoint` writes.
    #[error("it is no checkpoint: it was changed, or the file is another one")]
    Unreadable,
    /// It was signed by a key that was not given.
    #[error("it was signed by the key {0}, which was not given: name that key's file with --public-key")]
    KeyUnknown(String),
    /// Its signature is not that of its values.
    #[error("its signature is wrong: it was changed after it was signed")]
    Signature,
}

/// Verifies chains, and each of them against the checkpoints that were read before.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, which: &Which, anchors: &Anchors) -> Result<Vec<Report>, Error> {
    let mut named = chains(context, which).await?;
    if *which == Which::All {
        // A chain that is gone whole.
        let known: std::collections::HashSet<Chain> = named.iter().map(|named| named.chain).collect();
        let gone = anchors.faults.keys().filter(|chain| !known.contains(chain));
        named.extend(gone.map(|chain| NamedChain {
            chain: *chain,
            tenant: None,
        }));
    }
    let mut reports = Vec::new();
    for named in named {
        let (rows, fault) = verify(context, named.chain).await?;
        let anchored = anchors.faults.get(&named.chain);
        // The rows tell of the first bad one; a checkpoint only that there is one up to it.
        let fault = fault.or_else(|| anchored.cloned());
        reports.push(Report { named, rows, fault });
    }
    Ok(reports)
}

/// The number of the last good row, and the first bad one. Rows that are added meanwhile are verified too.
async fn verify(context: &Context, chain: Chain) -> Result<(i64, Option<Fault>), Error> {
    let mut verified = Verified::begin(chain);
    let mut announced = 0;
    loop {
        let rows = context.store.audit_rows(chain, verified.seq(), PAGE).await?;
        for row in &rows {
            if let Err(fault) = verified.next(row) {
                return Ok((verified.seq(), Some(fault)));
            }
        }
        if !rows.is_empty() {
            continue;
        }
        // Read after the rows: it is never behind them, and when it is before them, they have been written by now.
        let head = context.store.audit_head(chain).await?;
        let seq = head.as_ref().map_or(0, |head| head.seq);
        if seq > verified.seq() && seq != announced {
            announced = seq;
            continue;
        }
        let fault = verified.end(head.as_ref()).err();
        return Ok((verified.seq(), fault));
    }
}

impl Anchors {
    /// Compares one line of a file of checkpoints with the database: its signature by one of the keys, and the hash of the row that it
    /// names. A blank line is none.
    ///
    /// # Errors
    /// [`Error::Store`].
    pub async fn line(
        &mut self,
        context: &Context,
        (number, text): (u64, &str),
        keys: &[PublicKey],
    ) -> Result<(), Error> {
        if text.trim().is_empty() {
            return Ok(());
        }
        let signed = match read(text, keys) {
            Ok(signed) => signed,
            Err(why) => {
                self.bad_line.get_or_insert(BadLine { line: number, why });
                return Ok(());
            }
        };
        self.checked += 1;
        let checkpoint = signed.checkpoint;
        let Entry::Vacant(first) = self.faults.entry(checkpoint.chain) else {
            return Ok(());
        };
        let rows = context
            .store
            .audit_rows(checkpoint.chain, checkpoint.seq.saturating_sub(1), 1)
            .await?;
        let row = rows.first().filter(|row| row.seq == checkpoint.seq);
        let kind = match row {
            None => Some(FaultKind::Missing),
            Some(row) if row.hash != checkpoint.hash => Some(FaultKind::AnchorMismatch),
            Some(_) => None,
        };
        if let Some(kind) = kind {
            first.insert(Fault {
                chain: checkpoint.chain,
                seq: checkpoint.seq,
                kind,
            });
        }
        Ok(())
    }
}

fn read(text: &str, keys: &[PublicKey]) -> Result<SignedCheckpoint, LineFault> {
    let signed: SignedCheckpoint = serde_json::from_str(text).map_err(|_| LineFault::Unreadable)?;
    let key = keys.iter().find(|key| key.name() == signed.key);
    let key = key.ok_or_else(|| LineFault::KeyUnknown(signed.key.chars().take(16).collect()))?;
    if key.has_signed(&signed.checkpoint.signed_text(), &signed.signature) {
        Ok(signed)
    } else {
        Err(LineFault::Signature)
    }
}

#[cfg(test)]
mod tests {
    use auth::signing::{SigningKey, private_pem};
    use chrono::DateTime;
    use domain::audit::ChainHead;
    use domain::audit::checkpoint::Checkpoint;

    use super::super::checkpoint::signed;
    use super::*;

    #[test]
    fn a_line_proves_something_only_as_it_was_signed() {
        let key = SigningKey::from_pem(&private_pem(&[7; 32])).unwrap();
        let head = ChainHead {
            chain: Chain::Platform,
            seq: 3,
            hash: "ab".repeat(32),
        };
        let checkpoint = Checkpoint::of(&head, DateTime::UNIX_EPOCH);
        let line = serde_json::to_string(&signed(checkpoint, &key)).unwrap();
        let keys = [key.public()];
        assert_eq!(read(&line, &keys).unwrap().checkpoint.seq, 3);
        let fault = |text: &str, keys: &[PublicKey]| read(text, keys).unwrap_err().to_string();
        assert_eq!(
            fault(&line.replace("\"seq\":3", "\"seq\":4"), &keys),
            "its signature is wrong: it was changed after it was signed"
        );
        assert_eq!(
            fault(&line, &[]),
            format!(
                "it was signed by the key {}, which was not given: name that key's file with --public-key",
                key.public().name()
            )
        );
        assert_eq!(
            fault("{}", &keys),
            "it is no checkpoint: it was changed, or the file is another one"
        );
    }
}
