//! A creation that is done once, however often it is asked for (ADR 0049): its answer, without its secrets, is kept by the
//! transaction that creates.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use data_encoding::HEXLOWER;
use domain::audit::AuditEntry;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use store::{AdminTx, BoxFuture, Claim, Claimed, StoreError};

use crate::view::without_secrets;
use crate::{Context, Error};

/// What a use-case has made, as an answer shows it.
pub trait Made {
    /// Its view.
    type View: Serialize;

    /// As it is shown.
    fn view(&self, context: &Context) -> Self::View;
}

/// The claim of a request that is to be done once.
#[derive(Debug)]
pub struct Once {
    claim: Claim,
    is_kept: AtomicBool,
}

/// What is to be done about a request with an Idempotency-Key.
#[derive(Debug)]
pub enum Begun {
    /// Do it, and then [`end`] it.
    First(Arc<Once>),
    /// It was done: this was the answer, without its secrets.
    Done(String),
    /// Another request is doing it.
    UnderWay,
    /// Something else was asked for with this key.
    Other,
}

/// What a request asks for.
#[derive(Debug)]
pub struct Asked<'r> {
    /// Its Idempotency-Key.
    pub key: &'r str,
    /// The method and the path.
    pub route: String,
    /// The body; in which order its members stand does not matter.
    pub body: Value,
}

/// Claims a key for the caller of this context. Only digests of the key and of the request are stored.
///
/// # Errors
/// [`Error::Store`].
pub async fn begin(context: &Context, mut asked: Asked<'_>) -> Result<Begun, Error> {
    asked.body.sort_all_objects();
    let claim = Claim {
        caller: context.actor.to_string(),
        key: digest(asked.key),
        // No path holds a line break.
        digest: digest(&format!("{}\n{}", asked.route, asked.body)),
        id: context.ids.next(),
        at: context.clock.now(),
    };
    Ok(match context.store.claim_key(&claim).await? {
        Claimed::First => Begun::First(Arc::new(Once {
            claim,
            is_kept: AtomicBool::new(false),
        })),
        Claimed::Done(answer) => Begun::Done(answer),
        Claimed::UnderWay => Begun::UnderWay,
        Claimed::Other => Begun::Other,
    })
}

fn digest(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text))
}

/// After the use-case: a key that nothing was created with is free again.
pub async fn end(context: &Context, once: &Once) {
    if once.is_kept.load(Ordering::Relaxed) {
        return;
    }
    // If that fails, or if this process dies before, the claim ends by itself after half a minute.
    if let Err(error) = context.store.give_back_key(&once.claim).await {
        tracing::warn!(%error, "an Idempotency-Key could not be given back: a repeat has to wait for half a minute");
    }
}

impl Once {
    /// Whether the answer is kept.
    pub fn is_kept(&self) -> bool {
        self.is_kept.load(Ordering::Relaxed)
    }
}

impl Context {
    /// As [`store::Store::audited`], for what creates: with the answer to repeat, if the request is to be done once.
    ///
    /// # Errors
    /// [`Error::Repeated`] when another request has taken the claim over; [`Error::Store`].
    pub(crate) async fn create<M, F>(&self, entry: &AuditEntry, made: &M, work: F) -> Result<(), Error>
    where
        M: Made,
        F: for<'t> Fn(&'t mut AdminTx) -> BoxFuture<'t, Result<(), StoreError>> + Send + Sync + 'static,
    {
        let Some(once) = &self.once else {
            return Ok(self.store.audited(entry, work).await?);
        };
        let answer = without_secrets(&made.view(self));
        let answer = answer.map_err(|_| StoreError::Corrupt("an answer cannot be written as JSON".into()))?;
        let shared = Arc::new((once.claim.clone(), answer.to_string(), work));
        let done = self.store.audited(entry, move |tx| {
            let shared = Arc::clone(&shared);
            Box::pin(async move {
                let (claim, answer, work) = &*shared;
                work(tx).await?;
                if tx.keep_answer(claim, answer).await? {
                    Ok(())
                } else {
                    Err(Error::Repeated)
                }
            })
        });
        done.await?;
        once.is_kept.store(true, Ordering::Relaxed);
        Ok(())
    }
}
