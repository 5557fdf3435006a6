//! Signs the head of each chain that has grown, and keeps that outside the database. A background job calls it every 15 minutes.

use auth::signing::SigningKey;
use domain::audit::checkpoint::{Checkpoint, SignedCheckpoint};

use super::anchor::AnchorFile;
use crate::{Context, Error};

/// Signs the head of each chain whose last checkpoint in the file is another one, appends these checkpoints to the file, and writes
/// each to the log. Returns them.
///
/// # Errors
/// [`Error::Anchor`] for the file, [`Error::Store`].
pub async fn execute(
    context: &Context,
    key: &SigningKey,
    file: &AnchorFile,
) -> Result<Vec<SignedCheckpoint>, Error> {
    let failed = |error| Error::Anchor {
        file: file.path().to_owned(),
        error,
    };
    let last = file.last().map_err(failed)?;
    let now = context.clock.now();
    let heads = context.store.audit_heads().await?;
    let grown = heads
        .iter()
        .filter(|head| head.seq > 0 && last.get(&head.chain) != Some(&head.hash));
    let made: Vec<SignedCheckpoint> = grown.map(|head| signed(Checkpoint::of(head, now), key)).collect();
    if !made.is_empty() {
        file.append(&made).map_err(failed)?;
    }
    for one in &made {
        let Checkpoint { chain, seq, hash, .. } = &one.checkpoint;
        tracing::info!(%chain, seq, hash, key = one.key, signature = one.signature, "checkpoint of the audit log");
    }
    Ok(made)
}

/// A checkpoint with its signature.
pub(super) fn signed(checkpoint: Checkpoint, key: &SigningKey) -> SignedCheckpoint {
    SignedCheckpoint {
        signature: key.sign(&checkpoint.signed_text()),
        key: key.public().name(),
        checkpoint,
    }
}
