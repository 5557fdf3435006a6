//! What an app may see.

use schemars::JsonSchema;
use serde::Serialize;

use crate::apps::policy::{Changed, Policy};

/// An app's release policy. Null releases everything of the kind, also what is made later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReleasePolicy")]
pub struct PolicyView {
    /// The app's name.
    pub app: String,
    /// Names of the tenants that it sees.
    pub tenants: Option<Vec<String>>,
    /// Names of the profiles that it sees.
    pub profiles: Option<Vec<String>>,
    /// SCIM paths that it gets; with `fields`, null of both is every attribute.
    pub attributes: Option<Vec<String>>,
    /// Fields of the record that it gets, with the attributes behind them.
    pub fields: Option<Vec<String>>,
    /// Whether it is still being told of the last change.
    pub telling: bool,
}

impl From<&Policy> for PolicyView {
    fn from(policy: &Policy) -> Self {
        let words = policy.words.clone();
        Self {
            app: policy.app.name.to_string(),
            tenants: words.tenants,
            profiles: words.profiles,
            attributes: words.attributes,
            fields: words.fields,
            telling: policy.is_telling(),
        }
    }
}

/// What a change of a release policy did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "ReleasePolicyChanged")]
pub struct PolicyChanged {
    /// The policy afterwards; for a dry run the present one.
    pub policy: PolicyView,
    /// The identities that the app sees from then on.
    pub added: i64,
    /// The identities that it sees no longer.
    pub removed: i64,
    /// Whether its feed begins another epoch, so that it takes a snapshot: other attributes are released.
    pub snapshot: bool,
    /// Whether it was changed; false for a dry run, and when nothing differs.
    pub changed: bool,
}

impl PolicyChanged {
    /// Of a change that was made, or only counted.
    pub fn of(changed: &Changed, is_dry_run: bool) -> Self {
        Self {
            policy: PolicyView::from(&changed.policy),
            added: changed.added,
            removed: changed.removed,
            snapshot: changed.snapshot,
            changed: changed.changed && !is_dry_run,
        }
    }
}
