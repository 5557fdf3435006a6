//! Comparison of a token with the URL of its request, after its secret was verified, so that the result leaks nothing.
//!
//! Must not know: how URLs are routed.

use domain::tenant::{Directory, Serving, Slug};

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
    /// Whether the URL names this directory, and no other.
    pub fn names(self, tenant: &Slug, directory: &Directory) -> bool {
        let own = |named: Option<&str>, own: &str| named.is_none_or(|named| named == own);
        own(self.tenant, tenant.as_str()) && own(self.profile, directory.profile.as_str())
    }

    /// Checks that the URL names no other tenant or profile than the token's, and that the directory is served.
    ///
    /// # Errors
    /// [`Refusal::WrongDirectory`] (401, like every other), [`Refusal::Frozen`] (503) and [`Refusal::DirectoryOff`] (403).
    pub fn check(self, tenant: &Slug, directory: &Directory, serving: Serving) -> Result<(), Refusal> {
        let named = || (tenant.clone(), directory.profile.clone());
        if !self.names(tenant, directory) {
            let (tenant, profile) = named();
            return Err(Refusal::WrongDirectory { tenant, profile });
        }
        match serving {
            Serving::Yes => Ok(()),
            Serving::Frozen => {
                let (tenant, profile) = named();
                Err(Refusal::Frozen { tenant, profile })
            }
            Serving::Off => {
                let (tenant, profile) = named();
                Err(Refusal::DirectoryOff { tenant, profile })
            }
        }
    }
}
