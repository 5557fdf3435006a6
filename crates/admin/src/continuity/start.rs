//! Begins a renewal.

use std::sync::Arc;

use domain::audit::Action;
use domain::continuity::{Renewal, Step, in_use};
use domain::credential::{CredentialStatus, Token, TokenId};
use domain::id::RenewalId;
use store::StoreError;

use super::{NamedRenewal, audit, found};
use crate::{Context, Error};

/// Begins a renewal of a directory's token; the jobs of a server do the rest. It replaces the token that is in use, or the newest one
/// when none was used; and what earlier renewals that did not succeed have left.
///
/// A renewal that people were told about, because its new token is not used, is given up for the new one. Any other one that has not
/// ended is gone on with.
///
/// # Errors
/// [`Error::ContinuityOff`], [`Error::RenewalUnended`], [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(context: &Context, tenant: &str, profile: &str) -> Result<NamedRenewal, Error> {
    let (tenant, directory) = found(context, tenant, profile).await?;
    let scope = Context::scope(tenant.id);
    if context.store.continuity(scope, directory.id).await?.is_none() {
        return Err(Error::ContinuityOff {
            tenant: tenant.name.to_string(),
            profile: profile.to_owned(),
        });
    }
    let (now, newest) = (
        context.clock.now(),
        context
            .store
            .renewals(scope, directory.id, 1)
            .await?
            .into_iter()
            .next(),
    );
    let unended = || Error::RenewalUnended {
        tenant: tenant.name.to_string(),
        profile: profile.to_owned(),
    };
    if newest
        .as_ref()
        .is_some_and(|newest| newest.ended_at.is_none() && newest.told_at.is_none())
    {
        return Err(unended());
    }
    let tokens = context.store.tokens(scope, Some(directory.id)).await?;
    let usable: Vec<Token> = tokens
        .into_iter()
        .filter(|token| token.status(now) == CredentialStatus::Active)
        .collect();
    let old = in_use(&usable, now).or_else(|| usable.iter().max_by_key(|token| token.created_at));
    let mut retiring: Vec<TokenId> = old.map(|token| token.id).into_iter().collect();
    for left in left_over(newest.as_ref()) {
        if !retiring.contains(&left) && usable.iter().any(|token| token.id == left) {
            retiring.push(left);
        }
    }
    let id = RenewalId::from_uuid(context.ids.next());
    let renewal = Renewal::new(id, (tenant.id, directory.id), retiring, now);
    let given_up = newest
        .filter(|newest| newest.ended_at.is_none())
        .map(|newest| newest.stopped(now, "another renewal was begun"));
    let begun = NamedRenewal::of(&tenant, &directory, renewal);
    match added(context, &begun, given_up).await {
        Ok(()) => Ok(begun),
        Err(Error::Store(StoreError::Conflict(_))) => Err(unended()),
        Err(error) => Err(error),
    }
}

/// The tokens of a renewal that did not come to its end.
fn left_over(newest: Option<&Renewal>) -> Vec<TokenId> {
    let unfinished = newest.filter(|newest| newest.step != Step::Retired);
    unfinished.map_or_else(Vec::new, |renewal| {
        renewal
            .retiring
            .iter()
            .copied()
            .chain(renewal.new_token)
            .collect()
    })
}

async fn added(context: &Context, begun: &NamedRenewal, given_up: Option<Renewal>) -> Result<(), Error> {
    let renewal = &begun.renewal;
    let retiring = renewal.retiring.iter().map(ToString::to_string);
    let entry = audit(context, Action::ContinuityStart, &begun.directory)
        .with("renewal", renewal.id.to_string())
        .with("retiring", retiring.collect::<Vec<_>>());
    let scope = Context::scope(begun.directory.tenant);
    let change = Arc::new((renewal.clone(), given_up));
    let added = context.create(&entry, begun, move |tx| {
        let change = Arc::clone(&change);
        Box::pin(async move {
            let (renewal, given_up) = &*change;
            if let Some(given_up) = given_up {
                tx.save_renewal(scope, given_up).await?;
            }
            tx.insert_renewal(scope, renewal).await
        })
    });
    added.await
}
