//! Notes that a customer consented, and where the Entra app is.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use domain::audit::Action;
use domain::continuity::{Continuity, KEPT_KEYS, SyncJob};
use domain::tenant::{Directory, Provider, Tenant};
use serde_json::json;
use store::StoreError;
use uuid::Uuid;

use super::{Setting, audit, found};
use crate::tokens::issue::{LIFE, lives};
use crate::{Context, Error};

/// How long before a token's end a renewal begins, unless it is said otherwise.
pub const BEFORE: TimeDelta = TimeDelta::days(30);
/// The longest value of what is kept, in bytes.
const LONGEST: usize = 4_096;

/// What is to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewContinuity {
    /// The customer's Entra tenant.
    pub entra_tenant: Uuid,
    /// The object id of the Entra app's service principal.
    pub service_principal: Uuid,
    /// Its synchronization job.
    pub job: String,
    /// The Tenant URL as it stands in Entra; the usual one without it.
    pub base_address: Option<String>,
    /// What else stands there, each of [`KEPT_KEYS`].
    pub kept: BTreeMap<String, String>,
    /// How long before the token's end a renewal begins; [`BEFORE`] without it.
    pub before: Option<TimeDelta>,
    /// How long a new token is valid; [`LIFE`] without it.
    pub life: Option<TimeDelta>,
}

/// Lets the gateway write new tokens of a directory into an Entra app, in place of what was set before.
///
/// # Errors
/// [`Error::ContinuityValue`] with the member and the rule, [`Error::ContinuityTaken`] when another directory has that Entra app,
/// [`Error::Life`], [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    profile: &str,
    new: NewContinuity,
) -> Result<Setting, Error> {
    let (tenant, directory) = found(context, tenant, profile).await?;
    let continuity = checked(context, &tenant, &directory, new)?;
    let scope = Context::scope(tenant.id);
    let present = context.store.continuity(scope, directory.id).await?;
    let present = present.filter(|present| {
        let new = Continuity {
            set_at: present.set_at,
            ..continuity.clone()
        };
        *present == new
    });
    if present.is_some() {
        return Ok(Setting {
            tenant: tenant.name,
            directory,
            continuity: present,
        });
    }
    let entry = audit(context, Action::ContinuitySet, &directory)
        .with("entraTenant", continuity.entra_tenant.to_string())
        .with("servicePrincipal", continuity.service_principal.to_string())
        .with("job", continuity.job.as_str())
        .with("tenantUrl", continuity.base_address.as_str())
        // Their values may name people.
        .with("kept", json!(continuity.kept.keys().collect::<Vec<_>>()))
        .with("beforeSeconds", continuity.before.num_seconds())
        .with("ttlSeconds", continuity.life.num_seconds());
    let change = Arc::new(continuity.clone());
    let set = context.store.audited(&entry, move |tx| {
        let change = Arc::clone(&change);
        Box::pin(async move { tx.set_continuity(scope, &change).await })
    });
    match set.await {
        Ok(()) => {}
        Err(StoreError::Conflict(_)) => return Err(Error::ContinuityTaken),
        Err(error) => return Err(error.into()),
    }
    Ok(Setting {
        tenant: tenant.name,
        directory,
        continuity: Some(continuity),
    })
}

fn checked(
    context: &Context,
    tenant: &Tenant,
    directory: &Directory,
    new: NewContinuity,
) -> Result<Continuity, Error> {
    let wrong = |field, rule: String| Err(Error::ContinuityValue { field, rule });
    if directory.provider != Provider::Entra {
        let rule = format!(
            "the directory is called by {}, and only Entra has such apps",
            directory.provider.as_str()
        );
        return wrong("profile", rule);
    }
    let bound = tenant.external_tenant_id.as_deref();
    if bound.is_some_and(|bound| bound.parse() != Ok(new.entra_tenant)) {
        let rule = "the tenant belongs to another Entra tenant (externalTenantId)".to_owned();
        return wrong("entraTenant", rule);
    }
    let Ok(job) = new.job.parse::<SyncJob>() else {
        return wrong("job", domain::continuity::SyncJobError.to_string());
    };
    let base_address = new
        .base_address
        .unwrap_or_else(|| context.tenant_url(&directory.profile));
    // Entra sends the token there.
    if !base_address.starts_with(&format!("{}/", context.public_url)) || base_address.len() > 500 {
        let rule = format!("a Tenant URL of this gateway begins with {}/", context.public_url);
        return wrong("tenantUrl", rule);
    }
    for (key, value) in &new.kept {
        if !KEPT_KEYS.contains(&key.as_str()) {
            return wrong(
                "kept",
                format!("\"{key}\" is not kept: choose among {}", KEPT_KEYS.join(", ")),
            );
        }
        if value.len() > LONGEST {
            return wrong(
                "kept",
                format!("the value of {key} is longer than {LONGEST} bytes"),
            );
        }
    }
    let (before, life) = (new.before.unwrap_or(BEFORE), new.life.unwrap_or(LIFE));
    lives(Some(life))?;
    // Otherwise the new token would be due as soon as it is there.
    if before < TimeDelta::minutes(1) || before > life / 2 {
        let rule = "a renewal begins a minute before the token's end at least, and after half of a new token's life at the earliest";
        return wrong("beforeSeconds", rule.to_owned());
    }
    Ok(Continuity {
        tenant: tenant.id,
        directory: directory.id,
        entra_tenant: new.entra_tenant,
        service_principal: new.service_principal,
        job,
        base_address,
        kept: new.kept,
        before,
        life,
        set_at: context.clock.now(),
    })
}
