//! Rate limits against guessing: a bounded number of failures per key and time, in bounded memory.
//!
//! The generic cell rate algorithm: one time per key, at which its allowance is full again. Times are
//! those of [`domain::clock::Clock::monotonic`], so a change of the machine's clock does not change the length of a
//! limit. Must not know: what the keys mean. Used by [`crate::verify`].

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use moka::sync::Cache;

/// How many failures a key may have: `burst` at once, then one more per `every`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Failures at once.
    pub burst: u32,
    /// The time after which one more failure is allowed.
    pub every: Duration,
}

/// One allowance per key, for at most `keys` of them; the least used is dropped first.
#[derive(Debug)]
pub struct RateLimiter<K: Hash + Eq + Send + Sync + 'static> {
    /// Per key the monotonic time, in ms, at which its allowance is full again.
    whole_at: Cache<K, Arc<AtomicI64>>,
    every: i64,
    burst: i64,
}

impl<K: Hash + Eq + Send + Sync + 'static> RateLimiter<K> {
    /// A rate limiter in which every key has its full allowance.
    pub fn new(quota: Quota, keys: u64) -> Self {
        let whole = quota.every.saturating_mul(quota.burst);
        let whole_at = Cache::builder().max_capacity(keys).time_to_idle(whole).build();
        Self {
            whole_at,
            every: millis(quota.every).max(1),
            burst: i64::from(quota.burst.max(1)),
        }
    }

    /// Charges one failure at `now`.
    ///
    /// # Errors
    /// The time to wait when the allowance is used up, at most [`Quota::every`]; nothing is charged then.
    pub fn charge(&self, key: K, now: Duration) -> Result<(), Duration> {
        let now = millis(now);
        let whole_at = self.whole_at.get_with(key, || Arc::new(AtomicI64::new(now)));
        let mut charged = Ok(());
        let _ = whole_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| {
            charged = self.room(at, now);
            charged.is_ok().then(|| at.max(now) + self.every)
        });
        charged
    }

    /// Takes back one charge, for an attempt that turned out to be no failure.
    pub fn refund(&self, key: &K) {
        if let Some(whole_at) = self.whole_at.get(key) {
            whole_at.fetch_sub(self.every, Ordering::Relaxed);
        }
    }

    /// Whether a failure at `now` would still be within the allowance. Charges nothing.
    ///
    /// # Errors
    /// As [`RateLimiter::charge`].
    pub fn look(&self, key: &K, now: Duration) -> Result<(), Duration> {
        self.whole_at
            .get(key)
            .map_or(Ok(()), |at| self.room(at.load(Ordering::Relaxed), millis(now)))
    }

    fn room(&self, whole_at: i64, now: i64) -> Result<(), Duration> {
        let over = whole_at.max(now) + self.every - now - self.every * self.burst;
        if over <= 0 {
            Ok(())
        } else {
            Err(Duration::from_millis(over.unsigned_abs()))
        }
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX / 2)
}

/// The address as a key: an IPv6 client owns a whole /64, so the /64 is the key.
pub fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from(u128::from(v6) & (u128::MAX << 64))),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn limiter() -> RateLimiter<&'static str> {
        RateLimiter::new(
            Quota {
                burst: 5,
                every: Duration::from_secs(12),
            },
            100,
        )
    }

    #[test]
    fn five_failures_a_minute_and_then_one_each_twelve_seconds() {
        let limiter = limiter();
        for _ in 0..5 {
            assert_eq!(limiter.charge("id", ms(1_000)), Ok(()));
        }
        assert_eq!(limiter.charge("id", ms(1_000)), Err(Duration::from_secs(12)));
        assert_eq!(limiter.look(&"id", ms(3_000)), Err(Duration::from_secs(10)));
        assert_eq!(limiter.look(&"other", ms(1_000)), Ok(()));
        assert_eq!(limiter.charge("id", ms(13_000)), Ok(()));
        assert_eq!(limiter.charge("id", ms(13_000)), Err(Duration::from_secs(12)));
        assert_eq!(limiter.look(&"id", ms(85_000)), Ok(()));
    }

    #[test]
    fn looking_charges_nothing_and_a_refund_takes_a_charge_back() {
        let limiter = limiter();
        for _ in 0..100 {
            assert_eq!(limiter.look(&"id", ms(0)), Ok(()));
            assert_eq!(limiter.charge("id", ms(0)), Ok(()));
            limiter.refund(&"id");
        }
    }

    proptest! {
        /// For any charges and any time: the wait is never longer than the limit's own step, and a wait of that length
        /// is enough.
        #[test]
        fn a_wait_is_bounded_by_the_limits_own_step(steps in prop::collection::vec((0_u64..40_000, any::<bool>()), 1..60)) {
            let (limiter, mut now) = (limiter(), 0);
            for (pause, refund) in steps {
                now += pause;
                match limiter.charge("id", ms(now)) {
                    Ok(()) if refund => limiter.refund(&"id"),
                    Ok(()) => {}
                    Err(wait) => {
                        prop_assert!(wait <= Duration::from_secs(12), "{wait:?}");
                        prop_assert_eq!(limiter.look(&"id", ms(now) + wait), Ok(()));
                    }
                }
            }
        }
    }

    #[test]
    fn an_ipv6_caller_is_its_network_and_a_mapped_address_its_ipv4() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
