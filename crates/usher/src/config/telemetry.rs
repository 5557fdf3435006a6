//! Where traces, metrics and logs are sent over OTLP, if anywhere.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use super::rules::{number, yes_or_no};
use super::values::{ConfigError, Values};

/// The section.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Telemetry {
    /// OTLP/HTTP collector, e.g. `http://127.0.0.1:4318`; without it, `OTEL_EXPORTER_OTLP_ENDPOINT`, and without that nothing is
    /// exported (`/metrics` of the admin listener is always there)
    pub otlp_endpoint: Option<String>,
    /// `service.name` of everything exported
    #[default("usher".into())]
    pub service_name: String,
    /// send each row of the provisioning log to the collector as a log record of its own, with `externalId` and a masked `userName`
    /// (docs/how-to/search-the-log-in-azure-monitor.md)
    #[serde(deserialize_with = "yes_or_no")]
    pub provisioning_log: bool,
    /// percent of requests whose trace is exported
    #[serde(deserialize_with = "number::<0, 100, _, _>")]
    #[default(100)]
    pub trace_percent: u32,
}

impl Telemetry {
    /// The collector, without a trailing slash and without `/v1/…`: the setting, or else OpenTelemetry's own variable.
    ///
    /// # Errors
    /// An address that is not HTTP.
    pub fn collector(&self, values: &Values) -> Result<Option<String>, ConfigError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is where settings are read; the name is OpenTelemetry's own"
        )]
        let standard = std::env::var("OTEL_EXPORTER_OTLP_ENDPOINT")
            .ok()
            .filter(|text| !text.is_empty());
        let endpoint = self.otlp_endpoint.clone().or(standard);
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
        Ok(endpoint)
    }
}
