//! Logs, traces and metrics: to standard output, to `/metrics`, and over OTLP when a collector is configured.
//!
//! Must be started and stopped outside the async runtime: the exporters use a blocking HTTP client on threads of their own. Must
//! not know: what is logged. Log lines have their own fields (request id, trace id), and spans are for traces only, so that a span
//! costs nothing without a collector (ADR 0015).

use std::io::IsTerminal;
use std::sync::Arc;

use domain::trace::TraceParent;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Meter, MeterProvider};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_otlp::{ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus::{Registry, TextEncoder};
use provisioning::log_record::TARGET;
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::filter::{EnvFilter, FilterExt, LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::config::Config;
use crate::config::log::{Format, Log};

/// Crates that log too much by default: each step of the start, and each port scan or TLS handshake on the plain port as an error.
/// `log.level` can turn them on again.
///
/// Rows of the provisioning log are for a collector.
const QUIET: &str =
    "actix_server=warn,sea_orm_migration=warn,sqlx=warn,actix_http::h1=off,usher::provisioning_log=off";

/// Crates that the exporters use: exporting their events would cause more events.
const EXPORTER_CRATES: [&str; 6] = ["hyper", "hyper_util", "reqwest", "h2", "opentelemetry", "rustls"];

/// The telemetry of a running server.
pub struct Telemetry {
    registry: Registry,
    meters: SdkMeterProvider,
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
}

/// Why telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Traces, metrics or logs over OTLP.
    #[error("telemetry.otlp_endpoint cannot be used: {0}")]
    Exporter(#[from] ExporterBuildError),
    /// `/metrics`.
    #[error("the metrics page could not be set up: {0}")]
    Page(#[from] opentelemetry_sdk::error::OTelSdkError),
}

impl Telemetry {
    /// Starts logs, metrics and, with a collector, their export.
    ///
    /// # Errors
    /// [`TelemetryError`]; nothing is started then.
    pub fn start(config: &Config) -> Result<Self, TelemetryError> {
        let settings = &config.telemetry;
        let resource = Resource::builder()
            .with_service_name(settings.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
            .with_attribute(KeyValue::new(
                "deployment.environment.name",
                config.environment.as_str(),
            ))
            .build();
        let registry = Registry::new();
        let page = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .scope_info_enabled(false)
            .build()?;
        let mut meters = SdkMeterProvider::builder()
            .with_resource(resource.clone())
            .with_reader(page);
        let (mut traces, mut logs) = (None, None);
        if let Some(endpoint) = &settings.otlp_endpoint {
            let metrics = MetricExporter::builder()
                .with_http()
                .with_endpoint(format!("{endpoint}/v1/metrics"))
                .build()?;
            meters = meters.with_periodic_exporter(metrics);
            let spans = SpanExporter::builder()
                .with_http()
                .with_endpoint(format!("{endpoint}/v1/traces"))
                .build()?;
            let ratio = f64::from(settings.trace_percent) / 100.0;
            let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
            traces = Some(
                SdkTracerProvider::builder()
                    .with_batch_exporter(spans)
                    .with_sampler(sampler)
                    .with_resource(resource.clone())
                    .build(),
            );
            let records = LogExporter::builder()
                .with_http()
                .with_endpoint(format!("{endpoint}/v1/logs"))
                .build()?;
            logs = Some(
                SdkLoggerProvider::builder()
                    .with_batch_exporter(records)
                    .with_resource(resource)
                    .build(),
            );
        }
        let telemetry = Self {
            registry,
            meters: meters.build(),
            traces,
            logs,
        };
        telemetry.subscribe(&config.log, settings.provisioning_log);
        Ok(telemetry)
    }

    fn subscribe(&self, log: &Log, has_rows: bool) {
        // Spans with links (those of the relay) are made with OpenTelemetry directly, not with `tracing`.
        if let Some(provider) = &self.traces {
            opentelemetry::global::set_tracer_provider(provider.clone());
        }
        let spans = self.traces.as_ref().map(|provider| {
            tracing_opentelemetry::layer()
                .with_tracer(provider.tracer("usher"))
                .with_location(false)
                .with_threads(false)
                .with_filter(exported(false))
        });
        let records = self
            .logs
            .as_ref()
            .map(|provider| OpenTelemetryTracingBridge::new(provider).with_filter(exported(has_rows)));
        tracing_subscriber::registry()
            .with(printed(log))
            .with(spans)
            .with(records)
            .init();
    }

    /// For the instruments.
    pub fn meter(&self) -> Meter {
        self.meters.meter("usher")
    }

    /// The text of `/metrics`.
    pub fn page(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        let registry = self.registry.clone();
        // An error leaves the page empty; the next scrape tries again.
        Arc::new(move || {
            TextEncoder::new()
                .encode_to_string(&registry.gather())
                .unwrap_or_default()
        })
    }

    /// Sends the last batches. Outside the runtime only.
    pub fn stop(self) {
        // Errors have no reader any more: a collector that does not answer misses the last batch.
        let _ = self.meters.shutdown();
        let _ = self.traces.map(|provider| provider.shutdown());
        let _ = self.logs.map(|provider| provider.shutdown());
    }
}

/// Warnings on standard error, for commands; their standard output is the answer.
pub fn start_for_command() {
    let layer = fmt::layer()
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .with_filter(LevelFilter::WARN);
    tracing_subscriber::registry().with(layer).init();
}

/// The W3C trace context of the current span. `None` when no traces are exported.
pub fn traceparent() -> Option<TraceParent> {
    let context = tracing::Span::current().context();
    let span = context.span();
    let span = span.span_context();
    let trace = u128::from_be_bytes(span.trace_id().to_bytes());
    let parent = u64::from_be_bytes(span.span_id().to_bytes());
    TraceParent::new(trace, parent, span.trace_flags().to_u8())
}

/// Log lines on standard output; events only.
fn printed<S>(log: &Log) -> Box<dyn Layer<S> + Send + Sync>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a>,
{
    // The configuration has checked the level. Later directives win.
    let level =
        EnvFilter::try_new(format!("{QUIET},{}", log.level)).unwrap_or_else(|_| EnvFilter::new("info"));
    #[expect(
        clippy::redundant_closure_for_method_calls,
        reason = "the method by itself is of one lifetime only"
    )]
    let filter = level.and(filter_fn(|metadata| metadata.is_event()));
    let terminal = std::io::stdout().is_terminal();
    let json = match log.format {
        Format::Json => true,
        Format::Text => false,
        Format::Auto => !terminal,
    };
    if json {
        fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_filter(filter)
            .boxed()
    } else {
        fmt::layer().with_ansi(terminal).with_filter(filter).boxed()
    }
}

/// What goes to a collector; the rows of the provisioning log if they are asked for.
fn exported(has_rows: bool) -> Targets {
    let rows = if has_rows {
        LevelFilter::INFO
    } else {
        LevelFilter::OFF
    };
    let targets = Targets::new()
        .with_default(LevelFilter::INFO)
        .with_target(TARGET, rows);
    EXPORTER_CRATES.iter().fold(targets, |targets, name| {
        targets.with_target(*name, LevelFilter::OFF)
    })
}
