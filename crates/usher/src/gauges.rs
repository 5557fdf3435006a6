//! Metrics that are read from other crates at each scrape: feeds, outbox, credentials, background jobs, tokens
//! (`docs/background/feeds.md`, "Telemetry").
//!
//! Must not know: how they are exported.

use std::sync::Arc;

use auth::Verifier;
use domain::clock::Clock;
use domain::feed::FeedState;
use domain::token_life::Finding;
use events::{Events, FeedStatus, GroupStatus};
use jobs::Jobs;
use jobs::token_watch::TokenWatch;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter};

/// Registers the gauges and counters. What they say of feeds stands in the database, so every instance says the same; rewinds are
/// those of this instance.
pub fn register(meter: &Meter, verifier: &Verifier, events: &Events, clock: &Arc<dyn Clock>) {
    feeds(meter, events);
    states(meter, events);
    rewinds(meter, events);
    groups(meter, events, clock);
    outbox(meter, events);
    credentials(meter, verifier);
}

/// Registers what is measured of background jobs: one series a kind, 0 when all goes well.
pub fn jobs(meter: &Meter, jobs: &Jobs) {
    let jobs = jobs.clone();
    let _ = meter
        .u64_observable_gauge("usher.jobs.failed")
        .with_description("Background jobs that have used all their attempts, by kind")
        .with_callback(move |observer| {
            let (status, kinds) = (jobs.status(), jobs.kinds());
            let failed = status.by_kind();
            for kind in kinds {
                let count = failed.get(kind).copied().unwrap_or_default();
                observer.observe(count, &[KeyValue::new("kind", kind)]);
            }
        })
        .build();
}

/// Registers what is measured of tokens. Directories are named only while their last token ends soon, so the labels stay few.
pub fn tokens(meter: &Meter, tokens: &TokenWatch, clock: &Arc<dyn Clock>) {
    let watch = tokens.clone();
    let _ = meter
        .u64_observable_gauge("usher.tokens")
        .with_description("Usable tokens that somebody should look at, by finding (`usher token list`)")
        .with_callback(move |observer| {
            let found = watch.findings();
            for finding in Finding::ALL {
                let count = found.counts.get(finding).copied().unwrap_or_default();
                observer.observe(count, &[KeyValue::new("finding", finding.as_str())]);
            }
        })
        .build();
    let (watch, clock) = (tokens.clone(), Arc::clone(clock));
    let _ = meter
        .i64_observable_gauge("usher.token.expiry")
        .with_unit("s")
        .with_description("Time until a directory is without a token; only directories whose last token ends within 30 days")
        .with_callback(move |observer| {
            let now = clock.now();
            for (directory, end) in watch.findings().ending {
                let left = (end - now).num_seconds();
                observer.observe(left, &[KeyValue::new("directory", directory.to_string())]);
            }
        })
        .build();
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
        "usher.feed.warning",
        "1 while the feed has something to tell its operator (WHY of `usher feed list`): a loss, or why it stands still",
        |feed| i64::from(feed.why.is_some()),
    );
    gauge(
        "usher.feed.unpublished",
        "Events with a position that are not in Redis yet",
        FeedStatus::unpublished,
    );
}

/// One series a state, so that a state that is left goes to 0 instead of staying as it was.
fn states(meter: &Meter, events: &Events) {
    let events = events.clone();
    let _ = meter
        .i64_observable_gauge("usher.feed.state")
        .with_description("1 for the state of the feed, 0 for the other states")
        .with_callback(move |observer| {
            for feed in events.status().feeds.values() {
                for state in FeedState::ALL {
                    let labels = [
                        KeyValue::new("feed", feed.app.clone()),
                        KeyValue::new("state", <&'static str>::from(state)),
                    ];
                    observer.observe(i64::from(feed.state == *state), &labels);
                }
            }
        })
        .build();
}

fn rewinds(meter: &Meter, events: &Events) {
    let events = events.clone();
    let _ = meter
        .u64_observable_counter("usher.feed.rewinds")
        .with_description(
            "How often this instance filled a stream again, because Redis had lost entries of it",
        )
        .with_callback(move |observer| {
            for feed in events.status().feeds.values() {
                observer.observe(feed.rewinds, &[KeyValue::new("feed", feed.app.clone())]);
            }
        })
        .build();
}

fn groups(meter: &Meter, events: &Events, clock: &Arc<dyn Clock>) {
    let gauge = |name: &'static str,
                 unit: &'static str,
                 meaning: &'static str,
                 value: fn(&FeedStatus, &GroupStatus, &dyn Clock) -> i64| {
        let (events, clock) = (events.clone(), Arc::clone(clock));
        let _ = meter
            .i64_observable_gauge(name)
            .with_unit(unit)
            .with_description(meaning)
            .with_callback(move |observer| {
                for feed in events.status().feeds.values() {
                    for group in &feed.groups {
                        let labels = [
                            KeyValue::new("feed", feed.app.clone()),
                            KeyValue::new("group", group.group.clone()),
                        ];
                        observer.observe(value(feed, group, &*clock), &labels);
                    }
                }
            })
            .build();
    };
    gauge(
        "usher.feed.group_lag_events",
        "",
        "Events that a group has not acknowledged yet",
        |feed, group, _| feed.head.since(group.acknowledged).max(0),
    );
    gauge(
        "usher.feed.lag",
        "s",
        "Age of the oldest event that a group has not acknowledged; 0 when there is none",
        |_, group, clock| group.lag_seconds(clock.now()),
    );
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
