//! Identifiers: a UUIDv7 inside, prefixed text outside (`tn_…`, `dir_…`, `idn_…`, `app_…`), so that an id pasted into
//! a ticket says what it is. No client value ever becomes one of these.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of kind {kind}: expected `{prefix}` followed by 32 hexadecimal digits")]
pub struct IdError {
    /// The kind of id that was expected, in words.
    pub kind: &'static str,
    /// The prefix that was expected.
    pub prefix: &'static str,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $prefix:literal, $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, derive_more::Debug, derive_more::Display)]
        #[debug("{self}")]
        #[display("{}{}", $prefix, _0.simple())]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID that this system made.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside, as the database keeps it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.strip_prefix($prefix)
                    .filter(|hex| hex.len() == 32 && !hex.bytes().any(|b| b.is_ascii_uppercase()))
                    .and_then(|hex| Uuid::try_parse(hex).ok())
                    .map(Self)
                    .ok_or(IdError { kind: $kind, prefix: $prefix })
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A customer organisation.
    TenantId, "tn_", "tenant";
    /// A directory: tenant × profile.
    DirectoryId, "dir_", "directory";
    /// One person or room; the `id` of a SCIM User.
    IdentityId, "idn_", "identity";
    /// One group; the `id` of a SCIM Group.
    GroupId, "grp_", "group";
    /// A downstream consumer of events.
    AppId, "app_", "app";
    /// One event, the same on every feed and at every delivery.
    EventId, "evt_", "event";
    /// One SCIM request or operator action; the `txn` of its events and the `request-id` answered to the client.
    RequestId, "req_", "request";
    /// One renewal of a directory's token.
    RenewalId, "ren_", "renewal";
}

/// The id of a SCIM resource: of a member, or of the subject of an event or a row of the provisioning log.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, derive_more::Display, derive_more::From,
)]
pub enum ResourceId {
    /// A SCIM User.
    Identity(IdentityId),
    /// A SCIM Group.
    Group(GroupId),
}

impl ResourceId {
    /// The UUID inside, as the database keeps it.
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Identity(id) => id.uuid(),
            Self::Group(id) => id.uuid(),
        }
    }

    /// The name of its SCIM resource type: `User` or `Group`.
    pub const fn type_name(self) -> &'static str {
        match self {
            Self::Identity(_) => "User",
            Self::Group(_) => "Group",
        }
    }

    /// The id of a resource of that type; `None` for a type there is not.
    pub fn of_type(type_name: &str, uuid: Uuid) -> Option<Self> {
        match type_name {
            "User" => Some(Self::Identity(IdentityId::from_uuid(uuid))),
            "Group" => Some(Self::Group(GroupId::from_uuid(uuid))),
            _ => None,
        }
    }
}

impl FromStr for ResourceId {
    type Err = IdError;

    /// The prefix decides; a text with neither prefix is reported as no identity's id.
    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.starts_with("grp_") {
            text.parse().map(Self::Group)
        } else {
            text.parse().map(Self::Identity)
        }
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_from_its_text() {
        let id = IdentityId::from_uuid(Uuid::from_u128(0x019a_3c5e_7d1a_7c4e_9a2b_0f6f_0d1c_2b3a));
        assert_eq!(id.to_string(), "idn_019a3c5e7d1a7c4e9a2b0f6f0d1c2b3a");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn a_resource_is_told_by_the_prefix_of_its_id() {
        let uuid = Uuid::from_u128(7);
        for id in [
            ResourceId::from(IdentityId::from_uuid(uuid)),
            ResourceId::from(GroupId::from_uuid(uuid)),
        ] {
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(ResourceId::of_type(id.type_name(), uuid), Some(id));
        }
        assert!(
            "tn_00000000000000000000000000000007"
                .parse::<ResourceId>()
                .is_err()
        );
    }

    #[test]
    fn another_kind_of_id_and_every_other_spelling_is_refused() {
        let long = format!("idn_{}", "0".repeat(33));
        let upper = format!("idn_{}", "A".repeat(32));
        let hyphens = "idn_019a3c5e-7d1a-7c4e-9a2b-0f6f0d1c2b3a";
        let tenant = format!("tn_{}", "0".repeat(32));
        for text in ["", "idn_", "1", "admin", hyphens, &tenant, &long, &upper] {
            let error = text.parse::<IdentityId>().expect_err(text);
            assert_eq!(
                error.to_string(),
                "not an id of kind identity: expected `idn_` followed by 32 hexadecimal digits"
            );
        }
    }
}
