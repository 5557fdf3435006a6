//! The rows of a scan, read batch by batch as text and returned a few at a time: as few as their documents are large,
//! so that a search takes no more memory in a directory of large documents than in one of small ones.

use std::collections::VecDeque;

use sea_orm::QueryResult;
use tokio::sync::OwnedSemaphorePermit;

use super::kind::ListedResource;
use super::scan::{BATCH, Scan, ScanPosition, position};
use super::{ListRequest, Result};
use crate::engine::read::Columns;
use crate::tenant_tx::TenantTx;

/// Documents returned at a time, in bytes of JSON; one may go beyond it.
const READ_BYTES: usize = 256 * 1024;

/// Reads a scan from a position on.
pub(super) struct Reader<'w> {
    scan: &'w Scan,
    after: ScanPosition,
    rows: VecDeque<QueryResult>,
    /// Rows returned at a time, at most.
    batch_size: usize,
    /// Whether the last batch was the last one.
    ended: bool,
    /// Whether the page does not show all rows that are read: then it waits for the tenant's other searches before it reads more
    /// than one batch.
    searches: bool,
    batches: usize,
    permit: Option<OwnedSemaphorePermit>,
}

impl<'w> Reader<'w> {
    /// Reads `scan` after a position.
    pub(super) fn new(scan: &'w Scan, after: ScanPosition) -> Self {
        Self {
            scan,
            after,
            rows: VecDeque::new(),
            batch_size: usize::MAX,
            ended: false,
            searches: false,
            batches: 0,
            permit: None,
        }
    }

    /// Makes it a search.
    pub(super) fn search<T: ListedResource>(&mut self, query: &ListRequest<'_>) {
        self.batch_size = T::batch_size(query);
        self.searches = true;
    }

    /// The same after rows that were read already; `ended` when there are no more.
    pub(super) fn with(self, rows: Vec<QueryResult>, ended: bool) -> Self {
        Self {
            rows: rows.into(),
            ended,
            ..self
        }
    }

    /// The next ones, at least one unless this is the end; `wanted` is how many the caller can use. Other tasks get their
    /// turn in between.
    pub(super) async fn next<T: ListedResource>(
        &mut self,
        tx: &mut TenantTx,
        wanted: usize,
    ) -> Result<Vec<T>> {
        if self.rows.is_empty() && !self.ended {
            self.fill(tx, wanted).await?;
        } else {
            tokio::task::yield_now().await;
        }
        let (mut read, mut bytes) = (Vec::new(), 0);
        while bytes < READ_BYTES && read.len() < self.batch_size {
            let Some(row) = self.rows.pop_front() else { break };
            let one: T = Columns::of(&row).next()?;
            bytes += one.row().resource.bytes();
            read.push(one);
        }
        Ok(read)
    }

    /// Whether there is nothing more to read.
    pub(super) fn is_at_end(&self) -> bool {
        self.ended && self.rows.is_empty()
    }

    async fn fill(&mut self, tx: &mut TenantTx, wanted: usize) -> Result<()> {
        if self.searches
            && self.permit.is_none()
            && (self.scan.is_whole() || self.batches > 0)
            && let Some(limit) = &tx.search_limit
        {
            self.permit = Some(limit.enter(tx.scope.tenant()).await?);
        }
        let limit = wanted.clamp(1, BATCH);
        let rows = self.scan.batch(tx, self.after, limit, self.searches).await?;
        self.batches += 1;
        self.ended = rows.len() < limit;
        if let Some(last) = rows.last() {
            self.after = position(last)?;
        }
        self.rows = rows.into();
        Ok(())
    }
}
