//! Metrics that are read from other crates at each scrape: feeds, outbox, credentials
//! (`docs/background/feeds.md`, "Telemetry").
//!
//! Must not know: how they are exported.

use auth::Verifier;
use events::{Events, FeedStatus};
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};

/// Registers the gauges and counters.
pub fn register(meter: &Meter, verifier: &Verifier, events: &Events) {
    feeds(meter, events);
    outbox(meter, events);
    credentials(meter, verifier);
}

fn feeds(meter: &Meter, events: &Events) {
    let each = |events: Events, value: fn(&FeedStatus) -> i64| {
        move |observer: &dyn AsyncInstrument<i64>| {
            for feed in events.status().feeds.values() {
                observer.observe(value(feed), &[KeyValue::new("feed", feed.app.clone())]);
            }
        }
    };
    let gauge = |name: &'static str, meaning: &'static str, value| {
        let _ = meter
            .i64_observable_gauge(name)
            .with_description(meaning)
            .with_callback(each(events.clone(), value))
            .build();
    };
    gauge("usher.feed.head_pos", "Newest position of the feed", |feed| {
        feed.head.number()
    });
    gauge("usher.feed.published_pos", "Newest position in Redis", |feed| {
        feed.published.number()
    });
    gauge(
        "usher.feed.unpublished",
        "Events with a position that are not in Redis yet",
        FeedStatus::unpublished,
    );
    gauge(
        "usher.feed.rewinds",
        "How often Redis had lost a tail that was sent again",
        |feed| i64::try_from(feed.rewinds).unwrap_or(i64::MAX),
    );
    let status = events.clone();
    let _ = meter
        .i64_observable_gauge("usher.feed.group_lag_events")
        .with_description("Events that a group has not acknowledged yet")
        .with_callback(move |observer| {
            for feed in status.status().feeds.values() {
                for group in &feed.groups {
                    let labels = [
                        KeyValue::new("feed", feed.app.clone()),
                        KeyValue::new("group", group.group.clone()),
                    ];
                    observer.observe(feed.head.since(group.acknowledged), &labels);
                }
            }
        })
        .build();
}

fn outbox(meter: &Meter, events: &Events) {
    let status = events.clone();
    let _ = meter
        .i64_observable_gauge("usher.outbox.unstamped")
        .with_description("Committed events without a position")
        .with_callback(move |observer| observer.observe(status.status().unstamped, &[]))
        .build();
    let status = events.clone();
    let _ = meter
        .i64_observable_gauge("usher.redis.reachable")
        .with_description("1 while Redis answers; absent without a Redis")
        .with_callback(move |observer| {
            if let Some(redis) = status.status().redis {
                observer.observe(i64::from(redis.reachable), &[]);
            }
        })
        .build();
}

fn credentials(meter: &Meter, verifier: &Verifier) {
    let counter = |name: &'static str, meaning: &'static str, value: fn(&auth::stats::Stats) -> u64| {
        let verifier = verifier.clone();
        let _ = meter
            .u64_observable_counter(name)
            .with_description(meaning)
            .with_callback(move |observer| observer.observe(value(&verifier.stats()), &[]))
            .build();
    };
    counter(
        "usher.auth.cache_hits",
        "Credentials answered from memory",
        |stats| stats.hits,
    );
    counter(
        "usher.auth.cache_misses",
        "Credentials that had to be checked",
        |stats| stats.misses,
    );
    counter("usher.argon2.runs", "Runs of argon2", |stats| stats.runs);
    let stats = verifier.clone();
    let _ = meter
        .u64_observable_gauge("usher.argon2.queue")
        .with_description("Credentials waiting to be checked")
        .with_callback(move |observer| observer.observe(stats.stats().waiting as u64, &[]))
        .build();
    let stats = verifier.clone();
    let _ = meter
        .u64_observable_counter("usher.auth.failures")
        .with_description("Requests whose credential was not accepted, by reason")
        .with_callback(move |observer| {
            for (reason, count) in stats.stats().refusals {
                observer.observe(count, &[KeyValue::new("reason", reason)]);
            }
        })
        .build();
}
