//! Verifies a chain, row by row: pure, with the memory of one row.

use super::{AuditRow, Chain, ChainHead, GENESIS};

/// The first row of a chain that is not what it was when it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The chain.
    pub chain: Chain,
    /// The number of the row.
    pub seq: i64,
    /// What is wrong with it.
    pub kind: FaultKind,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr, derive_more::Display)]
#[strum(serialize_all = "camelCase")]
pub enum FaultKind {
    /// It is not there, and a later one is, or the chain's head or a checkpoint says that it was.
    #[display("it is missing: it was deleted, or the rows after it were renumbered")]
    Missing,
    /// Its values are not those that its hash was made of.
    #[display("it was changed: its hash is not the one of its values")]
    Changed,
    /// It does not hold the hash of the row before it.
    #[display("it does not follow the row before it: one of the two was changed, exchanged or put in later")]
    OutOfOrder,
    /// The chain's head names another hash for it.
    #[display("it is not the row that the chain's head names: the end of the chain was rewritten")]
    HeadMismatch,
    /// It stands behind the end that the chain's head names.
    #[display("it stands behind the chain's head: it was put in later, or the head was set back")]
    BehindHead,
    /// A checkpoint that was kept outside the database names another hash for it.
    #[display(
        "a checkpoint outside the database names another hash for it: the chain was rewritten up to here"
    )]
    AnchorMismatch,
}

impl FaultKind {
    /// The word for programs: `missing`, `changed`, ….
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// How far a chain is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// The last good row.
    head: ChainHead,
}

impl Verified {
    /// Before the first row.
    pub fn begin(chain: Chain) -> Self {
        Self {
            head: ChainHead::of_new(chain),
        }
    }

    /// The number of the last good row.
    pub const fn seq(&self) -> i64 {
        self.head.seq
    }

    /// Verifies the next row.
    ///
    /// # Errors
    /// What is wrong, and with which row.
    pub fn next(&mut self, row: &AuditRow) -> Result<(), Fault> {
        let expected = self.head.seq + 1;
        if row.seq != expected {
            return Err(self.fault(expected, FaultKind::Missing));
        }
        if row.previous != self.head.hash {
            return Err(self.fault(row.seq, FaultKind::OutOfOrder));
        }
        if row.hash != row.computed_hash() {
            return Err(self.fault(row.seq, FaultKind::Changed));
        }
        self.head.seq = row.seq;
        self.head.hash.clone_from(&row.hash);
        Ok(())
    }

    /// Compares the last row with the chain's head, which was read after it; `None` when the chain has none.
    ///
    /// # Errors
    /// What is wrong, and with which row.
    pub fn end(&self, head: Option<&ChainHead>) -> Result<(), Fault> {
        let (seq, hash) = head.map_or((0, GENESIS), |head| (head.seq, head.hash.as_str()));
        if seq > self.head.seq {
            return Err(self.fault(self.head.seq + 1, FaultKind::Missing));
        }
        if seq < self.head.seq {
            return Err(self.fault(seq + 1, FaultKind::BehindHead));
        }
        if hash != self.head.hash {
            return Err(self.fault(seq, FaultKind::HeadMismatch));
        }
        Ok(())
    }

    const fn fault(&self, seq: i64, kind: FaultKind) -> Fault {
        Fault {
            chain: self.head.chain,
            seq,
            kind,
        }
    }
}

#[cfg(test)]
mod tests;
