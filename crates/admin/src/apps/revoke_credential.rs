//! Revokes a credential of an app.

use domain::audit::{Action, Target};
use domain::credential::TokenId;
use domain::tenant::App;

use super::audit;
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
    let (id, now) = (credential.id, context.clock.now());
    let entry = audit(
        context,
        Action::AppCredentialRevoke,
        Target::AppCredential(id),
        &app,
    );
    context
        .store
        .audited(&entry, move |tx| {
            Box::pin(async move { tx.revoke_app_credential(id, now).await })
        })
        .await?;
    Ok((app, id))
}
