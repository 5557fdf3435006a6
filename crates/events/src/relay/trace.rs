//! The span of one append: `send {stream}`, linked to the requests of its events, child of none of them. The
//! names are the OpenTelemetry messaging conventions; only this file has them, because they are still in
//! development.

use domain::trace::TraceParent;
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState,
    Tracer as _,
};
use opentelemetry::{KeyValue, global};
use serde::Deserialize;
use store::FeedEvent;

use crate::stream::StreamKey;

/// Opens the span for a batch. Without an exporter it costs nothing.
pub(super) fn send(key: &StreamKey, events: &[FeedEvent]) -> global::BoxedSpan {
    let tracer = global::tracer("usher");
    let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
    let attributes = vec![
        KeyValue::new("messaging.system", "redis"),
        KeyValue::new("messaging.operation.name", "send"),
        KeyValue::new("messaging.operation.type", "send"),
        KeyValue::new("messaging.destination.name", key.to_string()),
        KeyValue::new("messaging.batch.message_count", count),
    ];
    let builder = SpanBuilder::from_name(format!("send {key}"))
        .with_kind(SpanKind::Client)
        .with_attributes(attributes);
    let mut span = tracer.build(builder);
    if span.is_recording() {
        for event in events {
            if let Some(context) = context(&event.body) {
                span.add_link(context, vec![KeyValue::new("usher.pos", event.position.number())]);
            }
        }
    }
    span
}

/// Marks a span whose append failed.
pub(super) fn failed(span: &mut global::BoxedSpan, error: &impl std::fmt::Display) {
    span.set_status(Status::error(error.to_string()));
}

#[derive(Deserialize)]
struct Traced<'a> {
    #[serde(borrow)]
    traceparent: Option<&'a str>,
}

/// The span context of an envelope's `traceparent`.
fn context(body: &str) -> Option<SpanContext> {
    let traced: Traced<'_> = serde_json::from_str(body).ok()?;
    let parent: TraceParent = traced.traceparent?.parse().ok()?;
    Some(SpanContext::new(
        TraceId::from_bytes(parent.trace().to_be_bytes()),
        SpanId::from_bytes(parent.span().to_be_bytes()),
        TraceFlags::new(parent.flags()),
        true,
        TraceState::default(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_context_is_found_in_the_envelope() {
        let body = r#"{"specversion":"1.0","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","data":{}}"#;
        let context = context(body).expect("a context");
        assert_eq!(context.trace_id().to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(context.is_sampled() && context.is_remote());
    }

    #[test]
    fn an_envelope_without_or_with_a_broken_context_makes_no_link() {
        for body in [
            "{}",
            "no json",
            r#"{"traceparent":"00-0-0-0"}"#,
            r#"{"traceparent":null}"#,
        ] {
            assert_eq!(context(body), None, "{body}");
        }
    }
}
