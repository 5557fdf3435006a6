//! POST /Users and POST /Groups (RFC 7644 §3.3).

use std::sync::Arc;

use domain::log::LogAction;
use serde_json::Value;

use crate::error::Error;
use crate::log_row::LogSubject;
use crate::request::Request;
use crate::resource::ManagedResource;
use crate::unit_of_work::UnitOfWork;

/// Creates a resource; for a name that is taken see [`crate::user`] and [`crate::group`].
///
/// # Errors
/// [`Error::Invalid`] for a document the directory refuses, [`Error::Taken`], [`Error::GroupsNotServed`].
pub async fn execute<R: ManagedResource>(request: Arc<Request>, body: Value) -> Result<R, Error> {
    let unit = UnitOfWork::new::<R>(request, "POST")?;
    let subject = LogSubject::of_body::<R>(LogAction::Create, &body);
    let outcome = match R::accept_new(&unit, body) {
        Ok(desired) => R::create(&unit, desired).await,
        Err(error) => Err(error),
    };
    unit.conclude(subject, outcome).await
}
