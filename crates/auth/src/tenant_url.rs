//! Is a token at the right URL? Asked after its secret was found right, so that the answer leaks nothing.
//!
//! Must not know: how URLs are routed.

use domain::tenant::{Directory, Slug, Switch};

use crate::refusal::Refusal;

/// What a Tenant URL named: `/{profile}/scim`, `/t/{tenant}/{profile}/scim` or `/scim`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TenantUrl<'a> {
    /// The tenant in the URL, if any.
    pub tenant: Option<&'a str>,
    /// The profile in the URL, if any.
    pub profile: Option<&'a str>,
}

impl TenantUrl<'_> {
    /// Whether the URL names nothing but this directory of this tenant, and the directory is on.
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
