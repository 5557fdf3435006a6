//! Changes settings of a directory: the provider that calls it, whether it is on, its own attributes.

use std::sync::Arc;

use domain::audit::{Action, AuditEntry};
use domain::tenant::{Directory, Provider, Switch};
use scim::etag::Tags;

use super::{Named, audit, extension};
use crate::{Context, Error};

/// The new values; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct Change {
    /// The identity provider that calls the directory; it decides where products and the RFCs disagree.
    pub provider: Option<Provider>,
    /// A directory that is off keeps its data and answers SCIM with a 403 that says so.
    pub switch: Option<Switch>,
    /// Its own attributes as TOML; `Some(None)` takes them away.
    pub extension: Option<Option<String>>,
}

/// How often a change is tried anew when another one was faster.
const ATTEMPTS: usize = 8;

/// Changes settings; effective at the next request, on every instance. With `if_match` only settings of one of these versions
/// ([`Named::version`]) are changed.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::ProfileUnknown`], [`Error::Extension`],
/// [`Error::SettingsChanged`], [`Error::Store`].
pub async fn execute(
    context: &Context,
    tenant: &str,
    profile: &str,
    change: &Change,
    if_match: Option<&Tags>,
) -> Result<Named, Error> {
    if let Some(Some(text)) = &change.extension {
        extension::compiled(context, profile, text)?;
    }
    let tenant = context.tenant(tenant).await?;
    for _ in 0..ATTEMPTS {
        let before = context.directory(&tenant, profile).await?;
        let before = Named::of(context, &tenant, before);
        if if_match.is_some_and(|tags| !tags.contains(&before.version())) {
            return Err(Error::SettingsChanged);
        }
        let after = change.of(&before.directory);
        if after == before.directory {
            return Ok(before);
        }
        let scope = Context::scope(tenant.id);
        let entry = self::entry(context, change, &before.directory, &after);
        let directories = Arc::new((before.directory, after.clone()));
        let done = context
            .store
            .audited(&entry, move |tx| {
                let directories = Arc::clone(&directories);
                Box::pin(async move {
                    let (before, after) = &*directories;
                    tx.change_settings(scope, before, after).await
                })
            })
            .await?;
        if done {
            return Ok(Named::of(context, &tenant, after));
        }
    }
    Err(Error::SettingsChanged)
}

/// The row of the audit log, by the word of what alone was changed.
fn entry(context: &Context, change: &Change, before: &Directory, after: &Directory) -> AuditEntry {
    let action = match (change.provider, change.switch, &change.extension) {
        (None, Some(_), None) => Action::DirectorySwitch,
        (None, None, Some(Some(_))) => Action::ExtensionSet,
        (None, None, Some(None)) => Action::ExtensionRemove,
        _ => Action::DirectorySet,
    };
    let entry = audit(context, action, after)
        .with("providerBefore", before.provider.as_str())
        .with("provider", after.provider.as_str())
        .with("switchBefore", before.switch.as_str())
        .with("switch", after.switch.as_str());
    entry.with("extensionChanged", before.extension != after.extension)
}

impl Change {
    fn of(&self, before: &Directory) -> Directory {
        let extension = match &self.extension {
            Some(extension) => extension.as_deref().map(Arc::from),
            None => before.extension.clone(),
        };
        Directory {
            provider: self.provider.unwrap_or(before.provider),
            switch: self.switch.unwrap_or(before.switch),
            extension,
            ..before.clone()
        }
    }
}
