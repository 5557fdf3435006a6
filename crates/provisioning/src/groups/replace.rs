//! PUT /Groups/{id} (RFC 7644 §3.5.1). Entra never sends it; other providers do.

use domain::credential::Caller;
use domain::group::Group;
use domain::id::GroupId;
use domain::log::LogAction;
use domain::policy::check_group_kept;
use serde_json::Value;
use store::TenantTx;

use super::log_row::subject;
use super::{Body, accept, commit, group_id, lock};
use crate::call::RequestMetadata;
use crate::context::Context;
use crate::error::Error;
use crate::unit_of_work::{LogSubject, UnitOfWork};
use crate::users::as_a_value;

/// Replaces a group's document; what the body does not say is cleared. Its members are replaced by the ones it names, and
/// stay who they are when it says nothing of members at all (ADR 0018).
///
/// # Errors
/// As for a creation, [`Error::NotFound`] and [`Error::Stale`].
pub async fn execute(
    context: &Context,
    caller: &Caller,
    call: &RequestMetadata,
    id: &str,
    body: Value,
) -> Result<Group, Error> {
    let operation = UnitOfWork::new(context, caller, call, "PUT")?;
    operation.group_type()?;
    let id = group_id(&operation, id)?;
    let subject = LogSubject {
        resource: Some(id.into()),
        ..subject(LogAction::Update, &body)
    };
    let outcome = match accept(&operation, body) {
        Ok(body) => {
            operation
                .transact(context, body, move |tx, operation, body| {
                    Box::pin(decide(tx, operation, id, body))
                })
                .await
        }
        Err(error) => Err(error),
    };
    operation.conclude(context, subject, outcome).await
}

async fn decide(tx: &mut TenantTx, operation: &UnitOfWork, id: GroupId, body: &Body) -> Result<Group, Error> {
    let before = lock(tx, operation, id).await?;
    let group_type = operation.group_type()?;
    check_group_kept(operation.provider(), group_type, &before.resource, &body.resource)
        .map_err(as_a_value)?;
    commit(
        tx,
        operation,
        before,
        body.resource.clone(),
        &body.membership,
        &body.ignored,
    )
    .await
}
