//! A directory's own extension of its profile (ADR 0027): show, set, remove. Effective at the next request.

use scim::schema::Schema;

use super::change::{self, Change};
use super::{Named, get};
use crate::{Context, Error};

/// A directory with its extension.
#[derive(Debug, Clone)]
pub struct Extension {
    /// The directory it extends.
    pub named: Named,
    /// The schema of its extension; `None` without one.
    pub schema: Option<Schema>,
}

/// Reads the extension of a directory.
///
/// # Errors
/// [`Error::TenantUnknown`], [`Error::DirectoryUnknown`], [`Error::ProfileUnknown`], [`Error::Extension`] if
/// the profile changed and the text no longer fits it, [`Error::Store`].
pub async fn show(context: &Context, tenant: &str, profile: &str) -> Result<Extension, Error> {
    let named = get::execute(context, tenant, profile).await?;
    let schema = match &named.directory.extension {
        None => None,
        Some(text) => compiled(context, profile, text)?,
    };
    Ok(Extension { named, schema })
}

/// Sets the extension of a directory, in place of an earlier one. Values of attributes that are no longer in
/// it stay in the documents until those are next written whole.
///
/// # Errors
/// [`Error::Extension`] with the part that cannot be used; otherwise as [`show`].
pub async fn set(context: &Context, tenant: &str, profile: &str, text: &str) -> Result<Extension, Error> {
    let schema = compiled(context, profile, text)?;
    let named = change(context, tenant, profile, Some(text)).await?;
    Ok(Extension { named, schema })
}

/// Removes the extension of a directory.
///
/// # Errors
/// As [`show`].
pub async fn remove(context: &Context, tenant: &str, profile: &str) -> Result<Extension, Error> {
    let named = change(context, tenant, profile, None).await?;
    Ok(Extension { named, schema: None })
}

async fn change(
    context: &Context,
    tenant: &str,
    profile: &str,
    extension: Option<&str>,
) -> Result<Named, Error> {
    let change = Change {
        extension: Some(extension.map(str::to_owned)),
        ..Change::default()
    };
    change::execute(context, tenant, profile, &change, None).await
}

/// The schema of an extension.
pub(super) fn compiled(context: &Context, profile: &str, text: &str) -> Result<Option<Schema>, Error> {
    let extended = context.profile(profile)?.with_extension(text);
    let mut extensions = extended.map_err(Error::Extension)?.resource_type.extensions;
    Ok(extensions.pop())
}
