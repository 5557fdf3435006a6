//! One app.

use domain::tenant::App;

use crate::{Context, Error};

/// The app of that name.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, name: &str) -> Result<App, Error> {
    context.app(name).await
}
