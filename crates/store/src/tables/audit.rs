//! `audit_log` and `audit_chain`: the rows of each chain, and its last one. Rows are added and never changed.

use domain::audit::{AuditEntry, AuditRow, Chain, ChainHead};

use super::names::OfChain;
use crate::engine::executor::Executor;
use crate::engine::parameter::parameters;
use crate::engine::read::{columns, record};
use crate::engine::statement::{Opens, Statement};
use crate::error::{Result, StoreError};

/// The columns of a row, in the order of [`AuditRow`].
const COLUMNS: &str =
    "chain, seq, at, actor, action, target, outcome, reason, ip, request_id, details, previous_hash, hash";

record!(AuditRow: chain seq at actor action target outcome reason ip request details previous hash);
record!(ChainHead: chain seq hash);

columns! {
    Chain = uuid::Uuid => |id| Ok(Self::from_uuid(id));
}

// `tenant` is the setting that opens the chain's rows: for the platform's the nil UUID, which no tenant has.
parameters!(&AuditRow, |row| {
    tenant: row.chain.uuid(),
    seq: row.seq,
    at: row.at,
    actor: row.actor.as_str(),
    action: row.action.as_str(),
    target: row.target.as_str(),
    outcome: row.outcome.as_str(),
    reason: row.reason.as_deref(),
    ip: row.ip.as_deref(),
    request: row.request.as_str(),
    details: row.details.as_str(),
    previous: row.previous.as_str(),
    hash: row.hash.as_str(),
});

parameters!(&ChainHead, |head| {
    chain: head.chain.uuid(),
    seq: head.seq,
    hash: head.hash.as_str(),
});

/// The head of a chain, which no other transaction moves until this one ends. SQLite has one writer.
pub(crate) static LOCK_HEAD: Statement<OfChain, ChainHead> = Statement::new(|on| {
    let lock = on.either(" FOR UPDATE", "");
    format!("SELECT chain, seq, hash FROM audit_chain WHERE chain = :chain{lock}")
});

/// Begins a chain, unless another process does at the same moment.
pub(crate) static BEGIN: Statement<&ChainHead> = Statement::new(|_| {
    "INSERT INTO audit_chain (chain, seq, hash) VALUES (:chain, :seq, :hash) ON CONFLICT (chain) DO NOTHING"
        .into()
});

pub(crate) static MOVE_HEAD: Statement<&ChainHead> =
    Statement::new(|_| "UPDATE audit_chain SET seq = :seq, hash = :hash WHERE chain = :chain".into());

pub(crate) static INSERT: Statement<&AuditRow> = Statement::opening(Opens::TenantToInsert, |_| {
    format!(
        "INSERT INTO audit_log ({COLUMNS}) SELECT :tenant, :seq, :at, :actor, :action, :target, :outcome, :reason, :ip, :request, \
         :details, :previous, :hash"
    )
});

/// Adds a row to its chain, behind the one that the locked head names.
pub(crate) async fn append(executor: &mut Executor, entry: &AuditEntry) -> Result<()> {
    let chain = || OfChain(entry.chain.uuid());
    let head = match executor.one(&LOCK_HEAD, chain()).await? {
        Some(head) => head,
        None => {
            executor.change(&BEGIN, &ChainHead::of_new(entry.chain)).await?;
            let head = executor.one(&LOCK_HEAD, chain()).await?;
            head.ok_or_else(|| StoreError::Corrupt("a chain of the audit log does not begin".into()))?
        }
    };
    let row = entry.after(&head);
    executor.change(&INSERT, &row).await?;
    let head = ChainHead {
        chain: row.chain,
        seq: row.seq,
        hash: row.hash,
    };
    executor.change(&MOVE_HEAD, &head).await?;
    Ok(())
}
