//! Is a verified token at the right URL? Asked after the secret was found right, so that the answer leaks nothing.
//!
//! Must not know: how URLs are routed; it is told what the URL named.

use domain::credential::Caller;
use domain::tenant::Switch;

use crate::refusal::Refusal;

/// What a Tenant URL named: `/{profile}/scim`, `/t/{tenant}/{profile}/scim` or `/scim`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TenantUrl<'a> {
    /// The tenant in the URL, if any.
    pub tenant: Option<&'a str>,
    /// The profile in the URL, if any.
    pub profile: Option<&'a str>,
}

/// Lets the caller through if the URL names nothing but its own directory, and that directory is on.
///
/// # Errors
/// [`Refusal::WrongDirectory`] (401, like every other) and [`Refusal::DirectoryOff`] (403).
pub fn check(caller: &Caller, place: TenantUrl<'_>) -> Result<(), Refusal> {
    let own = |named: Option<&str>, own: &str| named.is_none_or(|named| named == own);
    let (tenant, profile) = (caller.tenant_name.clone(), caller.directory.profile.clone());
    if !own(place.tenant, tenant.as_str()) || !own(place.profile, &profile) {
        return Err(Refusal::WrongDirectory { tenant, profile });
    }
    match caller.directory.switch {
        Switch::On => Ok(()),
        Switch::Off => Err(Refusal::DirectoryOff { tenant, profile }),
    }
}
