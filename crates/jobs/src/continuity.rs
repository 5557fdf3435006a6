//! Token continuity (ADR 0051): new tokens are written into customers' Entra apps, and the old ones end when the new ones are in use.
//!
//! Four jobs. `token_continuity_plan` looks each hour which tokens end soon, and begins renewals. `token_continuity_look` looks each
//! minute at the renewals that have not ended: it adds a job `token_continuity` for each whose token is not in Entra yet, and lets the
//! others go on. `token_continuity` brings one token to Entra: it is the only place where a new secret is, from its making to its
//! writing, and its attempt begins anew with another token when it was cut off. `token_continuity_notice` tells people.
//! Reading order: `domain::continuity` (what comes next, pure), [`renew`], [`graph`] (Microsoft Graph), [`plan`], [`look`], [`notice`].

mod assertion;
pub mod graph;
pub mod look;
pub mod notice;
pub mod plan;
pub mod renew;

use domain::continuity::Renewal;
use domain::id::{DirectoryId, RenewalId, TenantId};
use serde::{Deserialize, Serialize};

pub use assertion::Certificate;
pub use graph::{Graph, Proof};
pub use look::ContinuityLook;
pub use notice::ContinuityNotice;
pub use plan::ContinuityPlan;
pub use renew::RenewToken;

/// The payload of a job about one renewal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Payload {
    tenant: TenantId,
    directory: DirectoryId,
    renewal: RenewalId,
}

impl Payload {
    const fn of(renewal: &Renewal) -> Self {
        Self {
            tenant: renewal.tenant,
            directory: renewal.directory,
            renewal: renewal.id,
        }
    }

    /// Reads the payload of a job.
    fn read(job: &store::Job) -> Result<Self, String> {
        serde_json::from_value(job.payload.clone())
            .map_err(|error| format!("its payload is of another version: {error}"))
    }
}
