//! Checkpoints: what a chain's head was at a time, signed and kept outside the database.
//!
//! One JSON object a line. The signature is Ed25519 over [`Checkpoint::signed_text`], so that a reader needs no JSON of a certain
//! form to check it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{Chain, ChainHead};

/// Begins what is signed, so that no signature of a checkpoint is one of anything else.
const DOMAIN: &str = "usher.checkpoint.v1";

/// The head of a chain at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The chain: `platform`, or the tenant's id.
    pub chain: Chain,
    /// The number of its last row.
    pub seq: i64,
    /// The hash of that row.
    pub hash: String,
    /// How many rows it has had.
    pub count: i64,
    /// When this was so.
    pub time: DateTime<Utc>,
}

/// A line of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCheckpoint {
    /// What is signed.
    #[serde(flatten)]
    pub checkpoint: Checkpoint,
    /// Which key signed it, by the beginning of its hash.
    pub key: String,
    /// The signature, in base64.
    pub signature: String,
}

impl Checkpoint {
    /// Of a chain's head.
    pub fn of(head: &ChainHead, time: DateTime<Utc>) -> Self {
        Self {
            chain: head.chain,
            seq: head.seq,
            hash: head.hash.clone(),
            count: head.seq,
            time,
        }
    }

    /// What is signed: a domain tag and the values in this order, one a line.
    pub fn signed_text(&self) -> String {
        let time = self.time.to_rfc3339_opts(SecondsFormat::Millis, true);
        format!(
            "{DOMAIN}\n{}\n{}\n{}\n{}\n{time}\n",
            self.chain, self.seq, self.hash, self.count
        )
    }
}

impl Serialize for Chain {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Chain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text == "platform" {
            return Ok(Self::Platform);
        }
        text.parse().map(Self::Tenant).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TenantId;

    #[test]
    fn a_line_reads_back_and_each_value_is_signed() {
        let tenant = TenantId::from_uuid(uuid::Uuid::from_u128(7));
        let head = ChainHead {
            chain: Chain::Tenant(tenant),
            seq: 12,
            hash: "ab".repeat(32),
        };
        let time = DateTime::from_timestamp_millis(1_767_225_600_000).unwrap();
        let checkpoint = Checkpoint::of(&head, time);
        assert_eq!(
            checkpoint.signed_text(),
            format!(
                "usher.checkpoint.v1\n{tenant}\n12\n{}\n12\n2026-01-01T00:00:00.000Z\n",
                head.hash
            )
        );
        let line = SignedCheckpoint {
            checkpoint: checkpoint.clone(),
            key: "k".to_owned(),
            signature: "s".to_owned(),
        };
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(serde_json::from_str::<SignedCheckpoint>(&text).unwrap(), line);
        assert!(
            text.starts_with(&format!(r#"{{"chain":"{tenant}","seq":12,"#)),
            "{text}"
        );
        for other in [
            Checkpoint {
                chain: Chain::Platform,
                ..checkpoint.clone()
            },
            Checkpoint {
                seq: 13,
                ..checkpoint.clone()
            },
            Checkpoint {
                hash: "cd".repeat(32),
                ..checkpoint.clone()
            },
            Checkpoint {
                count: 13,
                ..checkpoint.clone()
            },
            Checkpoint {
                time: time + chrono::TimeDelta::milliseconds(1),
                ..checkpoint.clone()
            },
        ] {
            assert_ne!(other.signed_text(), checkpoint.signed_text());
        }
    }
}
