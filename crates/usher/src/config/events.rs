//! How long events are kept and how soon they are seen.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;

use super::rules::number;

/// The section.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Events {
    /// milliseconds until a change committed by another process is seen at the latest; on PostgreSQL instances notify each other, and this is for what was not told
    #[serde(deserialize_with = "number::<10, 60_000, _, _>")]
    #[default(250)]
    pub poll_ms: u64,
    /// days that events stay readable
    #[serde(deserialize_with = "number::<1, 3_650, _, _>")]
    #[default(30)]
    pub retention_days: u64,
}
