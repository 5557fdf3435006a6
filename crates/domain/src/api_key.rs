//! API keys as records: what automation calls the admin API with (ADR 0045).
//!
//! Must not know: how secrets are compared, HTTP, databases.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use ipnet::IpNet;

use crate::credential::{CredentialStatus, SecretHash, TokenId, status};
use crate::role::Grant;

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// Its public part.
    pub id: TokenId,
    /// The operator's label.
    pub label: Option<String>,
    /// What it may do, and where.
    pub grant: Grant,
    /// The name of the tenant or app that it is limited to, while there is one.
    pub scope_name: Option<String>,
    /// The networks it may be used from; empty for any.
    pub networks: Vec<IpNet>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When a request last used it; written at most once a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The last four characters of its secret, to distinguish two keys.
    pub last_four: String,
}

impl ApiKey {
    /// Its status at `now`; revocation wins over expiry.
    pub fn status(&self, now: DateTime<Utc>) -> CredentialStatus {
        status(self.revoked_at, Some(self.expires_at), now)
    }

    /// Whether it may be used from an address.
    pub fn is_for(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&address))
    }
}

/// A text that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither an address nor a network: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32")]
pub struct NetworkError(pub String);

/// Reads a network, or a single address.
///
/// # Errors
/// Both forms.
pub fn network(text: &str) -> Result<IpNet, NetworkError> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    let network = text.parse().or_else(|_| address());
    network.map_err(|_| NetworkError(text.to_owned()))
}

/// What a request needs to know about its API key.
#[derive(Debug, Clone)]
pub struct ApiKeyRecord {
    /// The key.
    pub key: ApiKey,
    /// Its hash.
    pub hash: SecretHash,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::{Granted, Role, Scope};

    #[test]
    fn a_network_is_an_address_or_a_prefix() {
        for (text, read) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("2001:db8::7", "2001:db8::7/128"),
        ] {
            assert_eq!(
                network(text).map(|network| network.to_string()),
                Ok(read.to_owned())
            );
        }
        for text in ["", "192.0.2.0/33", "192.0.2", "everywhere"] {
            assert_eq!(network(text), Err(NetworkError(text.to_owned())));
        }
    }

    #[test]
    fn a_key_is_for_its_networks_or_for_any() {
        let key = |networks: &[&str]| ApiKey {
            id: "000000000000".parse().expect("an id"),
            label: None,
            grant: Grant {
                granted: Granted::Role(Role::Operator),
                scope: Scope::All,
            },
            scope_name: None,
            networks: networks
                .iter()
                .map(|text| text.parse().expect("a network"))
                .collect(),
            created_at: DateTime::UNIX_EPOCH,
            expires_at: DateTime::UNIX_EPOCH,
            revoked_at: None,
            last_used_at: None,
            last_four: String::new(),
        };
        let table: &[(&[&str], &str, bool)] = &[
            (&[], "203.0.113.9", true),
            (&["192.0.2.0/24"], "192.0.2.7", true),
            (&["192.0.2.0/24"], "::ffff:192.0.2.7", true),
            (&["192.0.2.0/24"], "192.0.3.7", false),
            (&["192.0.2.0/24", "2001:db8::/32"], "2001:db8::7", true),
            (&["192.0.2.0/24"], "2001:db8::7", false),
            (&["192.0.2.7/32"], "192.0.2.8", false),
        ];
        for (networks, address, expected) in table {
            let address = address.parse().expect("an address");
            assert_eq!(key(networks).is_for(address), *expected, "{networks:?} {address}");
        }
    }
}
