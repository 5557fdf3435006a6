//! Comparison of a token with the URL of its request, after its secret was verified, so that the result leaks nothing.
//!
//! Must not know: how URLs are routed.

use domain::tenant::{Directory, Slug, Switch};

use crate::refusal::Refusal;

/// The tenant and profile of a Tenant URL: `/{profile}/scim`, `/t/{tenant}/{profile}/scim` or `/scim`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TenantUrl<'a> {
    /// The tenant in the URL, if any.
    pub tenant: Option<&'a str>,
    /// The profile in the URL, if any.
    pub profile: Option<&'a str>,
}

impl TenantUrl<'_> {
    /// Checks that the URL names no other tenant or profile, and that the directory is on.
    ///
    /// # Errors
    /// [`Refusal::WrongDirectory`] (401, like every other) and [`Refusal::DirectoryOff`] (403).
    pub fn check(self, tenant: &Slug, directory: &Directory) -> Result<(), Refusal> {
        let own = |named: Option<&str>, own: &str| named.is_none_or(|named| named == own);
        let named = || (tenant.clone(), directory.profile.clone());
        if !own(self.tenant, tenant.as_str()) || !own(self.profile, directory.profile.as_str()) {
            let (tenant, profile) = named();
            return Err(Refusal::WrongDirectory { tenant, profile });
        }
        match directory.switch {
            Switch::On => Ok(()),
            Switch::Off => {
                let (tenant, profile) = named();
                Err(Refusal::DirectoryOff { tenant, profile })
            }
        }
    }
}
