//! Lists the credentials of an app, without their secrets.

use domain::credential::{AppCredentialRecord, CredentialStatus};
use domain::tenant::App;

use crate::{Context, Error};

/// An app and its credentials, oldest first, each with its present status.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    name: &str,
) -> Result<(App, Vec<(AppCredentialRecord, CredentialStatus)>), Error> {
    let app = context.app(name).await?;
    let now = context.clock.now();
    let found = context.store.app_credentials(app.id).await?;
    let found = found.into_iter().map(|credential| {
        let standing = credential.status(now);
        (credential, standing)
    });
    Ok((app, found.collect()))
}
