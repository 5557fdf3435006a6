//! `audit_log` and `audit_chain`: the rows of each chain, and its last one. Rows are added and never changed.

use chrono::{DateTime, Utc};
use domain::audit::{Action, AuditEntry, AuditRow, Chain, ChainHead};
use sea_orm::Value;

use super::names::{Limit, OfChain, Seq};
use crate::engine::executor::{Executor, read_all};
use crate::engine::parameter::{Parameter as _, parameters};
use crate::engine::read::{columns, record};
use crate::engine::statement::{Bound, Opens, Statement};
use crate::error::{Result, StoreError};
use crate::settings::Backend;
use crate::store::Store;

/// A search of a chain: rows for which all that is given holds, newest first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// By this actor, as its text says it.
    pub actor: Option<String>,
    /// About this action.
    pub action: Option<Action>,
    /// About this target, as its text says it.
    pub target: Option<String>,
    /// At this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Before this time.
    pub until: Option<DateTime<Utc>>,
    /// Behind this row of the same search: the next page.
    pub after: Option<AuditPlace>,
    /// The largest number of rows.
    pub limit: usize,
}

/// The place of a row in a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditPlace {
    /// The time of the row, in milliseconds since 1970.
    pub at: i64,
    /// Its number.
    pub seq: i64,
}

impl AuditQuery {
    /// Whether the time leads: an actor, an action or a target has an index of its own.
    fn is_by_time(&self) -> bool {
        let is_timed = self.since.is_some() || self.until.is_some();
        is_timed && self.actor.is_none() && self.action.is_none() && self.target.is_none()
    }
}

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
    format!("SELECT chain, seq, hash FROM audit_chain WHERE chain = :tenant{lock}")
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
    let mut head = executor.one(&LOCK_HEAD, chain()).await?;
    if head.is_none() {
        executor.change(&BEGIN, &ChainHead::of_new(entry.chain)).await?;
        head = executor.one(&LOCK_HEAD, chain()).await?;
    }
    let head = head.ok_or_else(|| StoreError::Corrupt("a chain of the audit log does not begin".into()))?;
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

pub(crate) static HEADS: Statement<(), ChainHead> =
    Statement::new(|_| "SELECT chain, seq, hash FROM audit_chain ORDER BY chain".into());

pub(crate) static HEAD: Statement<OfChain, ChainHead> =
    Statement::new(|_| "SELECT chain, seq, hash FROM audit_chain WHERE chain = :tenant".into());

/// The rows of a chain after a number, in order.
pub(crate) static PAGE: Statement<(OfChain, Seq, Limit), AuditRow> = Statement::select(|_| {
    format!("SELECT {COLUMNS} FROM audit_log WHERE chain = :tenant AND seq > :seq ORDER BY seq LIMIT :limit")
});

/// The rows of a chain that a search is about. Each way to search has one index: the condition that opens it compares plainly, and
/// the others are written so that they open none (ADR 0029).
pub(crate) fn search(on: Backend, chain: Chain, query: &AuditQuery) -> Result<Bound> {
    let mut values = vec![("tenant", chain.uuid().value(on)?)];
    let mut conditions = Vec::new();
    let keys = [
        ("target", query.target.as_deref().value(on)?),
        ("actor", query.actor.as_deref().value(on)?),
        ("action", query.action.map(Action::as_str).value(on)?),
    ];
    let mut is_keyed = false;
    let given = |value: &Value| *value != value.as_null();
    for (name, value) in keys {
        if !given(&value) {
            continue;
        }
        conditions.push(if is_keyed {
            format!(" AND NOT ({name} IS DISTINCT FROM :{name})")
        } else {
            format!(" AND {name} = :{name}")
        });
        is_keyed = true;
        values.push((name, value));
    }
    let times = [
        ("since", ">=", query.since.value(on)?),
        ("until", "<", query.until.value(on)?),
    ];
    for (name, compares, value) in times {
        if !given(&value) {
            continue;
        }
        conditions.push(if is_keyed {
            format!(" AND (at {compares} :{name}) IS TRUE")
        } else {
            format!(" AND at {compares} :{name}")
        });
        values.push((name, value));
    }
    let is_by_time = query.is_by_time();
    if let Some(place) = query.after {
        conditions.push(
            if is_by_time {
                " AND (at, seq) < (:after_at, :after)"
            } else {
                " AND seq < :after"
            }
            .to_owned(),
        );
        values.push(("after", place.seq.value(on)?));
        if is_by_time {
            values.push(("after_at", place.at.value(on)?));
        }
    }
    values.push(("limit", query.limit.value(on)?));
    let conditions = conditions.concat();
    let order = if is_by_time {
        "at DESC, seq DESC"
    } else {
        "seq DESC"
    };
    let text = format!(
        "SELECT {COLUMNS} FROM audit_log WHERE chain = :tenant{conditions} ORDER BY {order} LIMIT :limit"
    );
    Bound::select(on, text, values)
}

impl Store {
    /// The head of every chain that has rows.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn audit_heads(&self) -> Result<Vec<ChainHead>> {
        self.autocommit().all(&HEADS, ()).await
    }

    /// The head of one chain; `None` when it has no row.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`].
    pub async fn audit_head(&self, chain: Chain) -> Result<Option<ChainHead>> {
        self.autocommit().one(&HEAD, OfChain(chain.uuid())).await
    }

    /// At most `limit` rows of a chain after the one with this number, in order.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`], [`StoreError::Corrupt`].
    pub async fn audit_rows(&self, chain: Chain, after: i64, limit: usize) -> Result<Vec<AuditRow>> {
        let parameters = (OfChain(chain.uuid()), Seq(after), Limit(limit));
        let mut rows = self.autocommit().all(&PAGE, parameters).await?;
        rows.sort_by_key(|row| row.seq);
        Ok(rows)
    }

    /// Searches a chain, newest first.
    ///
    /// # Errors
    /// As [`Store::audit_rows`].
    pub async fn search_audit(&self, chain: Chain, query: &AuditQuery) -> Result<Vec<AuditRow>> {
        let search = search(self.backend(), chain, query)?;
        let mut rows: Vec<AuditRow> = read_all(&self.autocommit().rows_of(&search).await?)?;
        let by_time = query.is_by_time();
        rows.sort_by_key(|row| std::cmp::Reverse((if by_time { row.at } else { 0 }, row.seq)));
        Ok(rows)
    }
}
