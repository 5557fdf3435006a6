//! Begins another epoch of a feed (ADR 0039).

use domain::feed::Epoch;
use domain::id::AppId;
use store::{Stamped, Store, StoreError};

/// Begins another epoch of one feed, unless another process did so meanwhile; whether it did. Whether the database is another one is
/// found out first: then every feed begins an epoch, this one too, and its readers take one snapshot instead of two.
pub(crate) async fn renew(
    store: &Store,
    app: AppId,
    present: &Epoch,
    above: i64,
) -> Result<bool, StoreError> {
    tell(&store.stamp(0).await?);
    store.renew_feed(app, present, above).await
}

/// Tells the operator when every feed has begun another epoch.
pub(crate) fn tell(stamped: &Stamped) {
    if stamped.renewed {
        tracing::warn!(
            "the database came back as another one (a promoted replica or a restored backup): every feed has begun a new \
             epoch, and its readers take a snapshot"
        );
    }
}
