//! Gives a directory a new token; the old ones expire after an overlap.

use std::sync::Arc;

use auth::CredentialKind;
use chrono::{DateTime, TimeDelta, Utc};
use domain::audit::Action;
use domain::credential::{CredentialStatus, Token, TokenId};
use domain::network::AllowedNetworks;
use serde_json::json;

use super::issue::NewToken;
use super::{Issued, audit};
use crate::{Context, Error};

/// The longest overlap of old and new tokens.
pub const LONGEST_OVERLAP: TimeDelta = TimeDelta::days(90);

/// The result of a rotation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rotated {
    /// The new token with its text.
    pub issued: Issued,
    /// The old tokens that still work, each with its end and its last use.
    pub ending: Vec<Token>,
}

/// Issues a new token and limits every other usable token of the directory to `overlap` from now, in one transaction; an
/// earlier end stays. With no overlap the old ones end at once. The new one is valid for `life`, or until it is
/// revoked, and from `networks`, or from those of the newest usable one: a rotation does not open what was closed.
///
/// # Errors
/// [`Error::Overlap`], and as [`super::issue::execute`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    profile: &str,
    overlap: TimeDelta,
    life: Option<TimeDelta>,
    networks: Option<AllowedNetworks>,
) -> Result<Rotated, Error> {
    super::issue::lives(life)?;
    if overlap < TimeDelta::zero() || overlap > LONGEST_OVERLAP {
        return Err(Error::Overlap(LONGEST_OVERLAP));
    }
    let tenant = context.tenant(tenant).await?;
    let directory = context.directory(&tenant, profile).await?;
    let scope = Context::scope(tenant.id);
    let old = context.store.tokens(scope, Some(directory.id)).await?;
    let new = NewToken {
        label: None,
        life,
        networks: networks.unwrap_or_else(|| present_networks(&old, context.clock.now())),
    };
    let (issued, hash) = super::issue::prepare(context, &tenant, &directory, new).await?;
    let now = context.clock.now();
    let (mut ending, mut limited) = (Vec::new(), Vec::new());
    for mut token in old {
        if let Some(end) = new_end(&token, now, overlap) {
            limited.push((token.id, end));
            token.expires_at = Some(end);
        }
        if token.revoked_at.is_none() && token.expires_at.is_some_and(|end| end >= now) {
            ending.push(token);
        }
    }
    let entry = audit(context, Action::TokenRotate, &issued.token)
        .with("expiresAt", json!(issued.token.expires_at))
        .with("ending", names(&limited))
        .with("endsAt", json!(now + overlap));
    let change = Arc::new((issued.token.clone(), hash.clone(), limited));
    let rotated = Rotated { issued, ending };
    context
        .create(&entry, &rotated, move |tx| {
            let change = Arc::clone(&change);
            Box::pin(async move {
                let (token, hash, limited) = &*change;
                tx.insert_token(scope, token, hash).await?;
                for (id, end) in limited {
                    tx.limit_token(scope, *id, *end).await?;
                }
                Ok(())
            })
        })
        .await?;
    context
        .remember(CredentialKind::Token, &rotated.issued.secret, &hash)
        .await;
    Ok(rotated)
}

/// The networks of the newest usable token; any, without one.
fn present_networks(old: &[Token], now: DateTime<Utc>) -> AllowedNetworks {
    let usable = old
        .iter()
        .filter(|token| token.status(now) == CredentialStatus::Active);
    let newest = usable.max_by_key(|token| token.created_at);
    newest
        .map(|token| token.allowed_networks.clone())
        .unwrap_or_default()
}

/// The ids of credentials that get an end.
pub(crate) fn names(limited: &[(TokenId, DateTime<Utc>)]) -> Vec<String> {
    limited.iter().map(|(id, _)| id.to_string()).collect()
}

/// The new end of an old token, if it is usable and has no earlier end.
fn new_end(token: &Token, now: DateTime<Utc>, overlap: TimeDelta) -> Option<DateTime<Utc>> {
    let end = now + overlap;
    let sooner = token.expires_at.is_some_and(|own| own <= end);
    (token.status(now) == CredentialStatus::Active && !sooner).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{DirectoryId, TenantId};

    #[test]
    fn an_old_token_ends_after_the_overlap_and_the_new_one_is_for_its_networks() {
        let now = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(100);
        let days = |days| Some(now + TimeDelta::days(days));
        let uuid = "019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a".parse().unwrap();
        let token = |expires_at, revoked_at| Token {
            id: "000000000000".parse().unwrap(),
            tenant: TenantId::from_uuid(uuid),
            directory: DirectoryId::from_uuid(uuid),
            label: None,
            created_at: now,
            expires_at,
            revoked_at,
            last_used_at: None,
            last_used_from: None,
            last_four: "abcd".to_owned(),
            allowed_networks: AllowedNetworks::default(),
        };
        let end = |token: Token| new_end(&token, now, TimeDelta::days(7));
        assert_eq!(end(token(None, None)), days(7));
        assert_eq!(end(token(days(30), None)), days(7));
        assert_eq!(end(token(days(3), None)), None, "its own end comes sooner");
        assert_eq!(end(token(days(-1), None)), None, "it has ended");
        assert_eq!(end(token(None, days(-1))), None, "it was revoked");
        assert_eq!(new_end(&token(None, None), now, TimeDelta::zero()), Some(now));
        let of = |created: i64, revoked, networks: &str| Token {
            created_at: now - TimeDelta::days(created),
            allowed_networks: networks.parse().unwrap(),
            ..token(None, revoked)
        };
        let old = [
            of(9, None, "192.0.2.0/24"),
            of(5, None, "198.51.100.0/24"),
            of(1, Some(now), ""),
        ];
        assert_eq!(present_networks(&old, now).to_string(), "198.51.100.0/24");
        assert!(present_networks(&[], now).are_any());
    }
}
