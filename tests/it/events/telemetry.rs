//! Telemetry of the feeds for operators: the relay's spans, and warnings about an unfit Redis at the start.

use super::world::{Backend, PATIENCE, World, settings, until_head};
use support::gateway::Gateway;
use support::otlp::Collector;
use support::redis::Redis;
use support::wait::until;

#[tokio::test(flavor = "multi_thread")]
async fn an_append_is_a_span_linked_to_the_requests_it_carries() {
    let (redis, collector) = (Redis::start().await, Collector::start().await);
    let mut settings = settings(Backend::Sqlite, Some(&redis)).await;
    let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector.endpoint());
    settings.env.push(endpoint);
    let mut world = World::around(Gateway::start(settings).await, redis);
    world.create(0..40).await;
    until_head(&world.feed, 40).await;
    let events = world.mirrored().await;
    assert!(
        world.gateway.terminate().success(),
        "a graceful end sends what is left"
    );
    let traceparent = events[0].1["traceparent"]
        .as_str()
        .expect("the request's context")
        .to_owned();
    let trace: Vec<u8> = (0..16)
        .map(|byte| u8::from_str_radix(&traceparent[3 + 2 * byte..5 + 2 * byte], 16).expect("hexadecimal"))
        .collect();
    let traces = collector.of("traces");
    assert!(
        traces
            .iter()
            .any(|export| export.holds(&format!("send {}", world.app.stream))),
        "the relay's span"
    );
    let mentions = |bytes: &[u8]| bytes.windows(16).filter(|window| *window == trace).count();
    let mentioned: usize = traces.iter().map(|export| mentions(&export.bytes)).sum();
    assert!(
        mentioned >= 2,
        "the request's own span, and the relay's link to it: {mentioned}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unfit_redis_is_reported_at_the_start_with_the_remedy() {
    let redis = Redis::start().await;
    redis
        .command(&["CONFIG", "SET", "maxmemory-policy", "allkeys-lru"])
        .await;
    redis.command(&["CONFIG", "SET", "appendonly", "no"]).await;
    let gateway = Gateway::start(settings(Backend::Sqlite, Some(&redis)).await).await;
    for remedy in ["set maxmemory-policy noeviction", "set appendonly yes"] {
        until(remedy, PATIENCE, || async {
            gateway.log().contains(remedy).then_some(())
        })
        .await;
    }
}
