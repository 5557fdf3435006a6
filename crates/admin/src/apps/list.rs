//! Lists the apps.

use domain::tenant::App;

use crate::{Context, Error};

/// All apps, by name.
///
/// # Errors
/// [`Error::Store`].
pub async fn execute(context: &Context) -> Result<Vec<App>, Error> {
    let mut apps = context.store.apps().await?;
    apps.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(apps)
}
