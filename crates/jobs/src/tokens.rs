//! Reads the tokens of all tenants that were not revoked, page by page.

use domain::credential::Token;
use store::{Store, StoreError};

/// Tokens read at a time.
const PAGE: usize = 500;

/// Shows each token with the last step before its end that was noted.
pub(crate) async fn each(
    store: &Store,
    mut show: impl FnMut(Token, Option<i32>) + Send,
) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let page = store.tokens_after(after, PAGE).await?;
        let (count, last) = (page.len(), page.last().map(|(token, _)| token.id));
        for (token, noted) in page {
            show(token, noted);
        }
        if count < PAGE {
            return Ok(());
        }
        after = last;
    }
}
