//! Ends the consent.

use std::sync::Arc;

use domain::audit::Action;
use domain::tenant::Directory;
use store::StoreError;

use super::{RENEWAL_JOB, Setting, audit, found, unended};
use crate::{Context, Error};

/// How often it is tried anew when a job has changed the renewal at the same moment.
const ATTEMPTS: usize = 8;

/// Writes nothing into the customer's Entra app any more. A renewal whose token is not in Entra yet is given up, and its new token is
/// revoked unless Entra may have it; one whose token is there goes on, because the old token is still to end. A job
/// that has failed at the renewal is told of no more. Repeats change nothing.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, profile: &str) -> Result<Setting, Error> {
    let (tenant, directory) = found(context, tenant, profile).await?;
    for attempt in 1..=ATTEMPTS {
        match end(context, &directory).await {
            Ok(()) => break,
            Err(StoreError::Conflict(_)) if attempt < ATTEMPTS => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Setting {
        tenant: tenant.name,
        directory,
        continuity: None,
    })
}

async fn end(context: &Context, directory: &Directory) -> Result<(), StoreError> {
    let (scope, id, now) = (
        Context::scope(directory.tenant),
        directory.id,
        context.clock.now(),
    );
    let renewal = unended(context, directory).await?;
    let given_up = renewal
        .filter(|renewal| renewal.step.is_before_written())
        .map(|renewal| {
            let (stopped, orphan) = renewal.without_new_token();
            (stopped.stopped(now, "the consent was ended"), orphan)
        });
    let mut entry = audit(context, Action::ContinuityOff, directory);
    if let Some((renewal, orphan)) = &given_up {
        entry = entry
            .with("renewal", renewal.id.to_string())
            .with("revoked", orphan.map(|orphan| orphan.to_string()));
    }
    let given_up = Arc::new(given_up);
    context
        .store
        .audited(&entry, move |tx| {
            let given_up = Arc::clone(&given_up);
            Box::pin(async move {
                tx.clear_continuity(scope, id).await?;
                if let Some((renewal, orphan)) = &*given_up {
                    if let Some(orphan) = orphan {
                        tx.revoke_token(scope, *orphan, now).await?;
                    }
                    tx.save_renewal(scope, renewal).await?;
                    // A failed job is due once more: it finds the renewal ended, and goes.
                    tx.retry_job(RENEWAL_JOB, &renewal.id.to_string()).await?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await
}
