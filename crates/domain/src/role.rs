//! Who may do what through the admin API (ADR 0045): rights, the roles that bundle them, and how far a grant reaches.
//!
//! Deny by default: a right that is not listed for a role is not given, and an object outside of a grant's scope is not reached.
//! Must not know: routes, credentials, databases.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;

use crate::id::{AppId, TenantId};
use crate::profile::ProfileName;

/// One thing that may be done. Each route of the admin API demands one of them.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
pub enum Right {
    /// See tenants.
    #[strum(serialize = "tenant:read")]
    TenantRead,
    /// Make tenants.
    #[strum(serialize = "tenant:create")]
    TenantCreate,
    /// See directories and their settings.
    #[strum(serialize = "directory:read")]
    DirectoryRead,
    /// Make directories and change their settings.
    #[strum(serialize = "directory:manage")]
    DirectoryManage,
    /// See tokens, never their secrets.
    #[strum(serialize = "token:read")]
    TokenRead,
    /// Issue a token.
    #[strum(serialize = "token:issue")]
    TokenIssue,
    /// Issue a token and end the others after an overlap.
    #[strum(serialize = "token:rotate")]
    TokenRotate,
    /// End a token at once.
    #[strum(serialize = "token:revoke")]
    TokenRevoke,
    /// See OAuth clients, never their secrets.
    #[strum(serialize = "client:read")]
    ClientRead,
    /// Make and end OAuth clients and their secrets.
    #[strum(serialize = "client:manage")]
    ClientManage,
    /// Search the provisioning log.
    #[strum(serialize = "log:read")]
    LogRead,
    /// See apps and their credentials, never the secrets.
    #[strum(serialize = "app:read")]
    AppRead,
    /// Make apps.
    #[strum(serialize = "app:create")]
    AppCreate,
    /// Give apps credentials and take them back.
    #[strum(serialize = "app:manage")]
    AppManage,
    /// Say what an app may see.
    #[strum(serialize = "app:release")]
    AppRelease,
    /// Delete apps.
    #[strum(serialize = "app:delete")]
    AppDelete,
    /// See how far a feed and its readers are.
    #[strum(serialize = "feed:read")]
    FeedRead,
    /// Begin another epoch of a feed.
    #[strum(serialize = "feed:renew")]
    FeedRenew,
    /// See API keys, never their secrets.
    #[strum(serialize = "api-key:read")]
    ApiKeyRead,
    /// Make and end API keys, with no more rights than one has.
    #[strum(serialize = "api-key:manage")]
    ApiKeyManage,
    /// Freeze tenants and end that.
    #[strum(serialize = "tenant:freeze")]
    TenantFreeze,
    /// Search, export and verify the audit log.
    #[strum(serialize = "audit:read")]
    AuditRead,
    /// See personal data in the provisioning log, with a reason that is kept.
    #[strum(serialize = "log:unmask")]
    LogUnmask,
    /// Look for a person in every tenant; what is found is masked.
    #[strum(serialize = "person:find")]
    PersonFind,
    /// Say into which Entra app a directory's new tokens are written. Whoever may can read that directory: they name who gets the token.
    #[strum(serialize = "continuity:manage")]
    ContinuityManage,
}

impl Right {
    /// All of them, in the order of the documentation.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the API and on the command line: `token:issue`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl fmt::Display for Right {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Rights under one name. `scim:manage` is the name for what manages a customer's SCIM connection without owning the tenant.
pub const SCIM_MANAGE: &str = "scim:manage";

/// What a customer's admin may do in the tenant: what [`SCIM_MANAGE`] stands for, and two more.
const OWNER_RIGHTS: &[Right] = &[
    Right::DirectoryRead,
    Right::DirectoryManage,
    Right::TokenRead,
    Right::TokenIssue,
    Right::TokenRotate,
    Right::TokenRevoke,
    Right::ClientRead,
    Right::ClientManage,
    Right::LogRead,
    Right::TenantFreeze,
    Right::AuditRead,
];

/// What [`SCIM_MANAGE`] stands for.
const SCIM_RIGHTS: &[Right] = OWNER_RIGHTS.split_at(OWNER_RIGHTS.len() - 2).0;

/// A bundle of rights.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Role {
    /// Staff who run the gateway.
    Operator,
    /// A customer's admin.
    Owner,
    /// Reads what the owner reads.
    Viewer,
    /// Reads what the operator reads, and never writes.
    Auditor,
    /// Reads the state of a downstream app and of its feed.
    AppReader,
    /// Runs a downstream app: its credentials and its feed.
    AppManager,
}

impl Role {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the database, in the API and on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The matrix: what each role may do.
    pub const fn rights(self) -> &'static [Right] {
        match self {
            Self::Operator => Right::ALL,
            Self::Owner => OWNER_RIGHTS,
            Self::Viewer => &[
                Right::DirectoryRead,
                Right::TokenRead,
                Right::ClientRead,
                Right::LogRead,
            ],
            Self::Auditor => &[
                Right::TenantRead,
                Right::DirectoryRead,
                Right::TokenRead,
                Right::ClientRead,
                Right::LogRead,
                Right::AppRead,
                Right::FeedRead,
                Right::ApiKeyRead,
                Right::AuditRead,
            ],
            Self::AppReader => &[Right::AppRead, Right::FeedRead],
            Self::AppManager => &[
                Right::AppRead,
                Right::AppManage,
                Right::FeedRead,
                Right::FeedRenew,
            ],
        }
    }

    /// Where the role makes sense: without such a scope a customer's admin would own every tenant.
    pub const fn needs(self) -> ScopeKind {
        match self {
            Self::Operator | Self::Auditor => ScopeKind::Any,
            Self::Owner | Self::Viewer => ScopeKind::Tenant,
            Self::AppReader | Self::AppManager => ScopeKind::App,
        }
    }
}

/// Which scope a role must be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScopeKind {
    /// Any, or none.
    Any,
    /// A tenant, or one of its directories.
    Tenant,
    /// An app.
    App,
}

/// What is granted: a role, or single rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Granted {
    /// Whatever the role has, also what it gets in a later version.
    Role(Role),
    /// These and no others.
    Rights(BTreeSet<Right>),
}

impl Granted {
    /// Reads single rights; [`SCIM_MANAGE`] is taken apart.
    ///
    /// # Errors
    /// The first word that is no right.
    pub fn of_rights<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, String> {
        let mut rights = BTreeSet::new();
        for word in words {
            if word == SCIM_MANAGE {
                rights.extend(SCIM_RIGHTS);
            } else {
                rights.insert(word.parse().map_err(|_| word.to_owned())?);
            }
        }
        Ok(Self::Rights(rights))
    }

    /// Whether a right is among them.
    pub fn has(&self, right: Right) -> bool {
        match self {
            Self::Role(role) => role.rights().contains(&right),
            Self::Rights(rights) => rights.contains(&right),
        }
    }

    /// The rights, in the order of [`Right::ALL`].
    pub fn rights(&self) -> Vec<Right> {
        let has = |right: &&Right| self.has(**right);
        Right::ALL.iter().filter(has).copied().collect()
    }
}

/// How far a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Every tenant and every app.
    All,
    /// One tenant with its directories.
    Tenant(TenantId),
    /// One directory: a tenant's, of this profile.
    Directory(TenantId, ProfileName),
    /// One app with its feed.
    App(AppId),
}

impl Scope {
    /// Whether everything of `other` is inside of it.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::All, _) => true,
            (Self::Tenant(own), Self::Tenant(tenant) | Self::Directory(tenant, _)) => own == tenant,
            (own, other) => own == other,
        }
    }

    /// The tenant that it is in, if it is in one.
    pub const fn tenant(&self) -> Option<TenantId> {
        match self {
            Self::Tenant(tenant) | Self::Directory(tenant, _) => Some(*tenant),
            Self::All | Self::App(_) => None,
        }
    }

    fn is_for(&self, kind: ScopeKind) -> bool {
        match kind {
            ScopeKind::Any => true,
            ScopeKind::Tenant => self.tenant().is_some(),
            ScopeKind::App => matches!(self, Self::App(_)),
        }
    }
}

/// Rights on what a scope holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The rights.
    pub granted: Granted,
    /// Where.
    pub scope: Scope,
}

/// Why something is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotAllowed {
    /// The right is missing, wherever it would be used.
    Right,
    /// The right is there, but only for a part of what is asked for: for one tenant instead of all.
    Wider,
    /// The object is outside of the scope; it must look as if it did not exist.
    Elsewhere,
}

impl Grant {
    /// Whether a right may be used on `target`.
    ///
    /// # Errors
    /// [`NotAllowed`]; the missing right is told first, because that tells nothing of the object.
    pub fn allows(&self, right: Right, target: &Scope) -> Result<(), NotAllowed> {
        if !self.granted.has(right) {
            Err(NotAllowed::Right)
        } else if self.scope.covers(target) {
            Ok(())
        } else if target.covers(&self.scope) {
            Err(NotAllowed::Wider)
        } else {
            Err(NotAllowed::Elsewhere)
        }
    }

    /// Whether personal data is shown masked: to everybody but a customer's own admin.
    pub const fn is_masked(&self) -> bool {
        !matches!(self.granted, Granted::Role(Role::Owner))
    }

    /// Whether another grant gives nothing that this one does not have: nobody makes a key that may do more than its maker.
    pub fn covers(&self, other: &Self) -> bool {
        let has = |right: &Right| self.granted.has(*right);
        self.scope.covers(&other.scope) && other.granted.rights().iter().all(has)
    }

    /// The scope that the role must have and does not; `None` when it fits.
    pub fn lacks(&self) -> Option<ScopeKind> {
        let Granted::Role(role) = self.granted else {
            return None;
        };
        (!self.scope.is_for(role.needs())).then_some(role.needs())
    }
}

#[cfg(test)]
mod tests;
