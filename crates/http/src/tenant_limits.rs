//! The concurrency limits of SCIM requests: so many of one tenant at work, and of those so few with a body that takes
//! long (ADR 0032). A place is taken after the credential is known and before the body is read.
//!
//! Must not know: what the requests do. The queue behind the limits is [`crate::concurrency_limiter`]'s.

use domain::id::TenantId;

use crate::concurrency_limiter::{Bounds, ConcurrencyLimiter, Full, Permit};
use crate::limits::{
    LONG_BODY_BYTES, LONG_EACH, LONG_TOTAL, LONG_WAIT, REQUESTS_QUEUE, REQUESTS_SHARES, REQUESTS_WAIT,
};
use crate::scim::error::{ErrorCode, Failure};

/// The limits of this process.
pub struct TenantLimits {
    requests: ConcurrencyLimiter<TenantId>,
    long: ConcurrencyLimiter<TenantId>,
}

/// What one request holds; given back on drop.
pub struct Permits {
    tenant: TenantId,
    request: Option<Permit<TenantId>>,
    long: Option<Permit<TenantId>>,
}

impl Permits {
    /// Whether it holds a place among the long ones.
    pub const fn is_long(&self) -> bool {
        self.long.is_some()
    }
}

impl TenantLimits {
    /// So many requests of one tenant at a time.
    pub fn new(per_tenant: usize) -> Self {
        Self {
            requests: ConcurrencyLimiter::new(Bounds {
                total: per_tenant.saturating_mul(REQUESTS_SHARES),
                each: per_tenant,
                queue: REQUESTS_QUEUE,
                wait: REQUESTS_WAIT,
            }),
            long: ConcurrencyLimiter::new(Bounds {
                total: LONG_TOTAL,
                each: LONG_EACH,
                queue: REQUESTS_QUEUE,
                wait: LONG_WAIT,
            }),
        }
    }

    /// Waits for the places of a request that announces a body of so many bytes (0 for none or an unknown length).
    ///
    /// # Errors
    /// `bodiesBusy`, `tenantBusy`.
    pub async fn enter(&self, tenant: TenantId, announced: usize) -> Result<Permits, Failure> {
        let mut taken = Permits {
            tenant,
            request: None,
            long: None,
        };
        if announced > LONG_BODY_BYTES {
            self.enter_long(&mut taken).await?;
        }
        self.enter_short(&mut taken).await?;
        Ok(taken)
    }

    /// A body of unknown length has grown to so many bytes.
    ///
    /// # Errors
    /// `bodiesBusy`, `tenantBusy`.
    pub async fn grown(&self, taken: &mut Permits, bytes: usize) -> Result<(), Failure> {
        if bytes <= LONG_BODY_BYTES || taken.is_long() {
            return Ok(());
        }
        // Every request takes the long place first: otherwise two could wait for each other's place.
        taken.request = None;
        self.enter_long(taken).await?;
        self.enter_short(taken).await
    }

    async fn enter_long(&self, taken: &mut Permits) -> Result<(), Failure> {
        let place = self.long.enter(taken.tenant).await;
        taken.long = Some(place.map_err(|Full| Failure::new(ErrorCode::BodiesBusy))?);
        Ok(())
    }

    async fn enter_short(&self, taken: &mut Permits) -> Result<(), Failure> {
        let place = self.requests.enter(taken.tenant).await;
        taken.request = Some(place.map_err(|Full| Failure::new(ErrorCode::TenantBusy).after(1))?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;

    fn tenant(number: u128) -> TenantId {
        format!("tn_{number:032x}").parse().expect("an id")
    }

    #[tokio::test]
    async fn long_bodies_of_one_tenant_leave_room_for_another_and_for_its_own_short_ones() {
        let places = TenantLimits::new(8);
        let mut flood = Vec::new();
        for _ in 0..LONG_EACH {
            flood.push(places.enter(tenant(1), LONG_BODY_BYTES + 1).await.expect("room"));
        }
        assert!(
            places
                .enter(tenant(1), LONG_BODY_BYTES + 1)
                .now_or_never()
                .is_none()
        );
        assert!(
            !places
                .enter(tenant(1), LONG_BODY_BYTES)
                .await
                .expect("short")
                .is_long()
        );
        assert!(
            places
                .enter(tenant(2), LONG_BODY_BYTES + 1)
                .await
                .expect("another")
                .is_long()
        );
    }

    #[tokio::test]
    async fn a_body_that_grows_takes_the_long_place_when_it_is_long() {
        let places = TenantLimits::new(1);
        let mut growing = places.enter(tenant(1), 0).await.expect("room");
        places
            .grown(&mut growing, LONG_BODY_BYTES)
            .await
            .expect("still short");
        assert!(!growing.is_long());
        // Announced ones hold the long places and wait for the one request that grows: it must not wait for them.
        let announced = places.enter(tenant(1), LONG_BODY_BYTES + 1);
        let mut announced = Box::pin(announced);
        assert!(announced.as_mut().now_or_never().is_none());
        let mut grown = Box::pin(places.grown(&mut growing, LONG_BODY_BYTES + 1));
        assert!(grown.as_mut().now_or_never().is_none());
        drop(
            announced
                .now_or_never()
                .expect("gets the place that the growing one gave back"),
        );
        grown
            .now_or_never()
            .expect("then the growing one")
            .expect("both places");
    }
}
