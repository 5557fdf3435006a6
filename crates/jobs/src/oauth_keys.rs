//! Makes the next key for access tokens every 90 days, and deletes those whose last token has ended; looks once an hour (ADR 0043).

use std::time::Duration;

use store::{BoxFuture, Job};

use crate::handler::{Failure, Handler, Plan};

/// The recurring job `oauth_keys`.
pub struct OauthKeys {
    /// The operators' use-cases.
    pub context: admin::Context,
}

impl Handler for OauthKeys {
    fn kind(&self) -> &'static str {
        "oauth_keys"
    }

    fn plan(&self) -> Plan {
        Plan::every(Duration::from_hours(1), Duration::from_mins(2))
    }

    fn run<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            let kept = admin::oauth_keys::keep(&self.context).await;
            kept.map_err(|error| error.to_string().into())
        })
    }
}
