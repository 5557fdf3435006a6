//! Deletes an app.

use domain::audit::{Action, Target};
use domain::tenant::App;

use super::audit;
use crate::{Context, Error};

/// Deletes an app with its credentials, its feed, and what its readers acknowledged: none of it comes back, and its credentials are
/// refused from the next request on. The events stay for the other apps. Returns the app.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, name: &str) -> Result<App, Error> {
    let app = context.app(name).await?;
    let entry = audit(context, Action::AppDelete, Target::App(app.id), &app);
    context.store.delete_app(app.id, &entry).await?;
    Ok(app)
}
