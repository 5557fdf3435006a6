//! Revokes a credential of an app.

use domain::credential::TokenId;
use domain::tenant::App;

use crate::tokens::revoke::public_part;
use crate::{Context, Error};

/// Revokes a credential of an app: refused from the next request on. A revocation is final; a repeat changes
/// nothing. A whole credential pasted by mistake is cut to its id, and never repeated in a message. Returns
/// the app and the id.
///
/// # Errors
/// [`Error::AppUnknown`], [`Error::CredentialUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, name: &str, id: &str) -> Result<(App, TokenId), Error> {
    let id = public_part(id);
    let app = context.app(name).await?;
    let known = context.store.app_credentials(app.id).await?;
    let Some(credential) = known.iter().find(|credential| credential.id.as_str() == id) else {
        return Err(Error::CredentialUnknown {
            app: app.name.to_string(),
            id: id.to_owned(),
        });
    };
    context
        .store
        .revoke_app_credential(credential.id, context.clock.now())
        .await?;
    Ok((app, credential.id))
}
