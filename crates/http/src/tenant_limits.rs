//! The concurrency limits of SCIM requests: one for all requests of a tenant, and a lower one for those with a long body (ADR
//! 0032). A request takes its permits after its credential was verified and before its body is read.
//!
//! Must not know: what the requests do. The queue is [`crate::concurrency_limiter`]'s.

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

/// The permits of one request; released on drop.
pub struct Permits {
    tenant: TenantId,
    request: Option<Permit<TenantId>>,
    long: Option<Permit<TenantId>>,
}

impl Permits {
    /// Whether it has the permit for a long body.
    pub const fn is_long(&self) -> bool {
        self.long.is_some()
    }
}

impl TenantLimits {
    /// At most `per_tenant` requests of one tenant at a time.
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

    /// Waits for the permits of a request whose body has `announced` bytes (0 for none or an unknown length).
    ///
    /// # Errors
    /// `bodiesBusy`, `tenantBusy`.
    pub async fn enter(&self, tenant: TenantId, announced: usize) -> Result<Permits, Failure> {
        let mut permits = Permits {
            tenant,
            request: None,
            long: None,
        };
        if announced > LONG_BODY_BYTES {
            self.enter_long(&mut permits).await?;
        }
        self.enter_short(&mut permits).await?;
        Ok(permits)
    }

    /// Waits for the permit for a long body when a body of unknown length has grown to so many bytes.
    ///
    /// # Errors
    /// `bodiesBusy`, `tenantBusy`.
    pub async fn grown(&self, permits: &mut Permits, bytes: usize) -> Result<(), Failure> {
        if bytes <= LONG_BODY_BYTES || permits.is_long() {
            return Ok(());
        }
        // Every request takes the permit for a long body first: otherwise two requests could wait for each other.
        permits.request = None;
        self.enter_long(permits).await?;
        self.enter_short(permits).await
    }

    async fn enter_long(&self, permits: &mut Permits) -> Result<(), Failure> {
        let permit = self.long.enter(permits.tenant).await;
        permits.long = Some(permit.map_err(|Full| Failure::new(ErrorCode::BodiesBusy))?);
        Ok(())
    }

    async fn enter_short(&self, permits: &mut Permits) -> Result<(), Failure> {
        let permit = self.requests.enter(permits.tenant).await;
        permits.request = Some(permit.map_err(|Full| Failure::new(ErrorCode::TenantBusy).after(1))?);
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
        let limits = TenantLimits::new(8);
        let mut flood = Vec::new();
        for _ in 0..LONG_EACH {
            flood.push(limits.enter(tenant(1), LONG_BODY_BYTES + 1).await.expect("room"));
        }
        assert!(
            limits
                .enter(tenant(1), LONG_BODY_BYTES + 1)
                .now_or_never()
                .is_none()
        );
        assert!(
            !limits
                .enter(tenant(1), LONG_BODY_BYTES)
                .await
                .expect("short")
                .is_long()
        );
        assert!(
            limits
                .enter(tenant(2), LONG_BODY_BYTES + 1)
                .await
                .expect("another")
                .is_long()
        );
    }

    #[tokio::test]
    async fn a_body_that_grows_takes_the_long_place_when_it_is_long() {
        let limits = TenantLimits::new(1);
        let mut growing = limits.enter(tenant(1), 0).await.expect("room");
        limits
            .grown(&mut growing, LONG_BODY_BYTES)
            .await
            .expect("still short");
        assert!(!growing.is_long());
        // Announced ones hold the long limits and wait for the one request that grows: it must not wait for them.
        let announced = limits.enter(tenant(1), LONG_BODY_BYTES + 1);
        let mut announced = Box::pin(announced);
        assert!(announced.as_mut().now_or_never().is_none());
        let mut grown = Box::pin(limits.grown(&mut growing, LONG_BODY_BYTES + 1));
        assert!(grown.as_mut().now_or_never().is_none());
        drop(
            announced
                .now_or_never()
                .expect("gets the permit that the growing one released"),
        );
        grown
            .now_or_never()
            .expect("then the growing one")
            .expect("both permits");
    }
}
