//! The rows of chains from the first to the last, a page at a time, for a file or another system.

use std::collections::VecDeque;

use domain::audit::AuditRow;

use super::{NamedChain, PAGE, Which, chains};
use crate::{Context, Error};

/// An export under way.
#[derive(Debug)]
pub struct Export {
    left: VecDeque<NamedChain>,
    after: i64,
}

/// Begins with the first row of the first chain.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::Store`].
pub async fn begin(context: &Context, which: &Which) -> Result<Export, Error> {
    Ok(Export {
        left: chains(context, which).await?.into(),
        after: 0,
    })
}

/// The next rows, all of one chain; `None` at the end. What is written meanwhile is in it, or in the next export.
///
/// # Errors
/// [`Error::Store`].
pub async fn next(
    context: &Context,
    export: &mut Export,
) -> Result<Option<(NamedChain, Vec<AuditRow>)>, Error> {
    while let Some(named) = export.left.front() {
        let rows = context.store.audit_rows(named.chain, export.after, PAGE).await?;
        if let Some(last) = rows.last() {
            export.after = last.seq;
            return Ok(Some((named.clone(), rows)));
        }
        export.left.pop_front();
        export.after = 0;
    }
    Ok(None)
}
