//! Revokes a token.

use domain::audit::Action;
use domain::credential::Token;

use super::audit;
use crate::{Context, Error};

/// Revokes a token of a tenant: refused from the next request on, on every instance. A revocation is final; a
/// repeat changes nothing. A whole token pasted by mistake is cut to its id, and never repeated in a message.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::TokenUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, id: &str) -> Result<Token, Error> {
    let id = public_part(id);
    let tenant = context.tenant(tenant).await?;
    let scope = Context::scope(tenant.id);
    let found = match id.parse() {
        Ok(id) => context.store.token(scope, id).await?,
        Err(_) => None,
    };
    let Some(mut token) = found else {
        return Err(Error::TokenUnknown {
            tenant: tenant.name.to_string(),
            id: id.to_owned(),
        });
    };
    if token.revoked_at.is_none() {
        let now = context.clock.now();
        let entry = audit(context, Action::TokenRevoke, &token);
        let id = token.id;
        context
            .store
            .audited(&entry, move |tx| {
                Box::pin(async move { tx.revoke_token(scope, id, now).await })
            })
            .await?;
        token.revoked_at = Some(now);
    }
    Ok(token)
}

/// The id in a credential's text, or the text itself.
pub(crate) fn public_part(text: &str) -> &str {
    if text.starts_with("usher") {
        text.split('_').nth(2).unwrap_or_default()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::public_part;

    #[test]
    fn a_pasted_token_is_cut_to_its_public_part() {
        assert_eq!(public_part("3pX9Kd2Qa7Lm"), "3pX9Kd2Qa7Lm");
        assert_eq!(public_part("usher_t_3pX9Kd2Qa7Lm_secret_crc"), "3pX9Kd2Qa7Lm");
        assert_eq!(public_part("usher_"), "");
    }
}
