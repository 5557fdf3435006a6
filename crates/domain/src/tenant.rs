//! Tenants, directories and apps as records.

use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use scim::quirk::rules::{self, Rules};
use serde::{Deserialize, Serialize};

use crate::id::{AppId, DirectoryId, TenantId};
use crate::profile::ProfileName;

/// A short name that may be part of a URL and a stream name: 1 to 63 of `a-z`, `0-9`, `-`, starting with a letter or
/// digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, derive_more::Display)]
pub struct Slug(String);

/// A text that is no [`Slug`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a usable name: use 1 to 63 of a-z, 0-9 and '-', starting with a letter or a digit")]
pub struct SlugError(pub String);

impl Slug {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = SlugError;

    fn from_str(text: &str) -> Result<Self, SlugError> {
        let fits = (1..=63).contains(&text.len())
            && !text.starts_with('-')
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(SlugError(text.to_owned()))
        }
    }
}

impl<'de> Deserialize<'de> for Slug {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// A customer organisation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, unique in the deployment; part of `/t/{tenant}/…` URLs.
    pub name: Slug,
    /// The Entra tenant (`tid`) it is bound to, when known.
    pub external_tenant_id: Option<String>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Since when its directories are frozen ([`Serving::Frozen`]).
    pub frozen_at: Option<DateTime<Utc>>,
}

/// On or off: a directory that is off answers SCIM requests with 403.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Switch {
    /// SCIM requests are served.
    On,
    /// SCIM requests are refused; the data stays.
    Off,
}

impl Switch {
    /// Both states.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The identity provider of a directory: it decides where Entra and RFC 7644 disagree.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Default,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Provider {
    /// Microsoft Entra ID.
    #[default]
    Entra,
    /// Okta.
    Okta,
    /// OneLogin.
    OneLogin,
    /// JumpCloud.
    JumpCloud,
    /// PingFederate and PingOne.
    Ping,
    /// A client that follows the RFC.
    Generic,
}

impl Provider {
    /// All of them, as `docs/reference/providers.md` lists them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word in the database and on the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The rules of its directories where products and the RFCs disagree.
    pub const fn rules(self) -> &'static Rules {
        match self {
            Self::Entra => &rules::ENTRA,
            Self::Okta => &rules::OKTA,
            Self::OneLogin => &rules::ONELOGIN,
            Self::JumpCloud => &rules::JUMPCLOUD,
            Self::Ping => &rules::PING,
            Self::Generic => &rules::GENERIC,
        }
    }
}

/// Tenant × profile: one Tenant URL with its own tokens and identities.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Directory {
    /// Its id.
    pub id: DirectoryId,
    /// The tenant it belongs to.
    pub tenant: TenantId,
    /// The name of its profile, which is also the path segment: `advisors`.
    pub profile: ProfileName,
    /// The identity provider that calls this directory.
    pub provider: Provider,
    /// On or off.
    pub switch: Switch,
    /// The text of its own extension of the profile, which was valid when it was set (ADR 0027).
    #[serde(skip)]
    pub extension: Option<Arc<str>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Since when it is frozen ([`Serving::Frozen`]).
    pub frozen_at: Option<DateTime<Utc>>,
}

/// Whether the SCIM requests of a directory are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// They are.
    Yes,
    /// It, or its whole tenant, is frozen: each is answered 503, which an identity provider tries again, so nothing is lost (ADR
    /// 0048).
    Frozen,
    /// It is switched off: each is answered 403.
    Off,
}

impl Directory {
    /// Whether its requests are served, given since when its tenant is frozen. Frozen wins over off: what is frozen is to lose
    /// nothing.
    pub const fn serving(&self, tenant_frozen_at: Option<DateTime<Utc>>) -> Serving {
        match (self.frozen_at, tenant_frozen_at, self.switch) {
            (None, None, Switch::On) => Serving::Yes,
            (None, None, Switch::Off) => Serving::Off,
            _ => Serving::Frozen,
        }
    }
}

/// A downstream consumer; its feed carries the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Its id.
    pub id: AppId,
    /// Its name, unique in the deployment; part of `/feeds/{app}/…` and in the stream's key.
    pub name: Slug,
    /// When it was created.
    pub created_at: DateTime<Utc>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_lower_case_and_short() {
        for good in ["contoso", "a", "7-eleven", &"x".repeat(63)] {
            assert_eq!(
                good.parse::<Slug>().map(|slug| slug.to_string()),
                Ok(good.to_owned())
            );
        }
        for bad in ["", "-a", "Contoso", "a b", "a/b", "a:b", "ä", &"x".repeat(64)] {
            let error = bad.parse::<Slug>().expect_err(bad);
            assert!(
                error
                    .to_string()
                    .ends_with("use 1 to 63 of a-z, 0-9 and '-', starting with a letter or a digit")
            );
        }
    }
}
