//! Keeps one tenant's searches from starving the others: at most two of a tenant that read more than one batch run at a time, the
//! others wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use domain::id::TenantId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::{Result, StoreError};

/// Searches of one tenant at a time.
const AT_ONCE: usize = 2;
/// How long a search waits for the others: longer than clients wait.
const WAIT: Duration = Duration::from_secs(20);
/// Tenants kept before those without a search are removed.
const REMEMBERED: usize = 256;

/// The searches of all tenants that are under way in this process.
#[derive(Debug, Clone, Default)]
pub(crate) struct ConcurrencyLimit(Arc<Mutex<HashMap<TenantId, Weak<Semaphore>>>>);

impl ConcurrencyLimit {
    /// Waits until this tenant may search; the search is over when the answer is dropped.
    ///
    /// # Errors
    /// [`StoreError::Overloaded`] when its other searches do not end.
    pub(crate) async fn enter(&self, tenant: TenantId) -> Result<OwnedSemaphorePermit> {
        let permits = self.of(tenant);
        match tokio::time::timeout(WAIT, permits.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(StoreError::Overloaded),
        }
    }

    fn of(&self, tenant: TenantId) -> Arc<Semaphore> {
        let mut tenants = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(permits) = tenants.get(&tenant).and_then(Weak::upgrade) {
            return permits;
        }
        if tenants.len() >= REMEMBERED {
            tenants.retain(|_, permits| permits.strong_count() > 0);
        }
        let permits = Arc::new(Semaphore::new(AT_ONCE));
        tenants.insert(tenant, Arc::downgrade(&permits));
        permits
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn a_third_search_of_a_tenant_waits_and_another_tenants_does_not() {
        let searches = ConcurrencyLimit::default();
        let (ours, theirs) = (
            TenantId::from_uuid(Uuid::from_u128(1)),
            TenantId::from_uuid(Uuid::from_u128(2)),
        );
        let first = searches.enter(ours).await.expect("free");
        let _second = searches.enter(ours).await.expect("free");
        let _other = searches.enter(theirs).await.expect("another tenant");
        assert!(searches.enter(ours).now_or_never().is_none(), "both are taken");
        drop(first);
        let _third = searches.enter(ours).await.expect("free again");
    }

    #[tokio::test]
    async fn tenants_that_search_no_more_are_forgotten() {
        let searches = ConcurrencyLimit::default();
        for number in 0..10_000 {
            let tenant = TenantId::from_uuid(Uuid::from_u128(number));
            drop(searches.enter(tenant).await.expect("free"));
        }
        assert!(searches.0.lock().expect("no panic").len() <= REMEMBERED);
    }
}
