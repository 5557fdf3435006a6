//! Where traces, metrics and logs are sent over OTLP, if anywhere.

use super::values::{ConfigError, Key, Values};

/// The keys of this section.
pub const KEYS: &[Key] = &[
    Key {
        name: "telemetry.otlp_endpoint",
        default: "",
        meaning: "OTLP/HTTP collector, e.g. `http://127.0.0.1:4318`; without it, `OTEL_EXPORTER_OTLP_ENDPOINT`, and without that nothing is exported (`/metrics` of the admin listener is always there)",
    },
    Key {
        name: "telemetry.service_name",
        default: "\"usher\"",
        meaning: "`service.name` of everything exported",
    },
    Key {
        name: "telemetry.trace_percent",
        default: "100",
        meaning: "percent of requests whose trace is exported",
    },
];

/// The settings.
#[derive(Debug, Clone)]
pub struct Telemetry {
    /// Without a trailing slash and without `/v1/…`.
    pub otlp_endpoint: Option<String>,
    /// `service.name`.
    pub service_name: String,
    /// 0 to 1.
    pub trace_ratio: f64,
}

impl Telemetry {
    /// Reads the section.
    ///
    /// # Errors
    /// An address that is none, or a percentage above 100.
    pub fn read(values: &Values) -> Result<Self, ConfigError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where settings are read; the name is OpenTelemetry's own"
        )]
        let standard = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT")
            .ok()
            .filter(|text| !text.is_empty());
        let endpoint = values.text("telemetry.otlp_endpoint").or(standard);
        let endpoint = endpoint.map(|text| text.trim().trim_end_matches('/').to_owned());
        if endpoint
            .as_ref()
            .is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://"))
        {
            return Err(values.wrong(
                "telemetry.otlp_endpoint",
                "must be an http:// or https:// address of an OTLP/HTTP collector",
            ));
        }
        let percent = values.number("telemetry.trace_percent", 100, (0, 100))?;
        Ok(Self {
            otlp_endpoint: endpoint,
            service_name: values
                .text("telemetry.service_name")
                .unwrap_or_else(|| "usher".to_owned()),
            trace_ratio: f64::from(u32::try_from(percent).unwrap_or(100)) / 100.0,
        })
    }
}
