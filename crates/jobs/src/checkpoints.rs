//! Signs the heads of the audit log's chains every 15 minutes, and keeps that outside the database (ADR 0042).

use std::time::Duration;

use admin::audit::anchor::AnchorFile;
use auth::signing::SigningKey;
use store::{BoxFuture, Job};

use crate::handler::{Failure, Handler, Plan};

/// The recurring job `audit_checkpoints`. The file is that of the instance which does the job, so every instance needs the same one,
/// or each has a part.
pub struct AuditCheckpoints {
    /// The operators' use-cases.
    pub context: admin::Context,
    /// The key that signs.
    pub key: SigningKey,
    /// The file that keeps.
    pub file: AnchorFile,
}

impl Handler for AuditCheckpoints {
    fn kind(&self) -> &'static str {
        "audit_checkpoints"
    }

    fn plan(&self) -> Plan {
        Plan::every(Duration::from_mins(15), Duration::from_mins(2))
    }

    fn run<'a>(&'a self, _: &'a Job) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async {
            let signed = admin::audit::checkpoint::execute(&self.context, &self.key, &self.file).await;
            signed.map(|_| ()).map_err(|error| error.to_string().into())
        })
    }
}
