//! The networks that a credential may be used from.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use serde::{Serialize, Serializer};

/// The most networks of one credential: enough for the published ranges of an identity provider's service.
pub const MOST: usize = 256;

/// The networks that a credential may be used from; empty: any. As text, networks with blanks between them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AllowedNetworks(Vec<IpNet>);

/// A text that is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Neither an address nor a network.
    #[error(
        "\"{0}\" is no network: write an address and the length of its prefix, such as 203.0.113.0/24 or 2001:db8::/32, or one address"
    )]
    NoNetwork(String),
    /// An address with bits behind its prefix: a typing error, or another network than was meant.
    #[error("\"{written}\" is an address in a network: write {network} for the whole network")]
    BitsBehindPrefix {
        /// As it was written.
        written: String,
        /// The network that it is in.
        network: IpNet,
    },
    /// An IPv4 network in the form of IPv6. Addresses are compared as IPv4, so it would allow nothing.
    #[error("\"{0}\" is an IPv4 network written as IPv6: write it as IPv4, such as 203.0.113.0/24")]
    Mapped(String),
    /// More than [`MOST`].
    #[error("a credential may have at most {MOST} networks: name larger ones")]
    TooMany,
}

impl AllowedNetworks {
    /// Reads networks (RFC 4632 §3.1) and single addresses.
    ///
    /// # Errors
    /// The first that is none, with the form that is expected.
    pub fn of<T: AsRef<str>>(texts: &[T]) -> Result<Self, NetworkError> {
        if texts.len() > MOST {
            return Err(NetworkError::TooMany);
        }
        let networks = texts.iter().map(|text| network(text.as_ref()));
        networks.collect::<Result<_, _>>().map(Self)
    }

    /// Whether a client of this address may use the credential.
    pub fn allow(&self, client: IpAddr) -> bool {
        let client = client.to_canonical();
        self.0.is_empty() || self.0.iter().any(|network| network.contains(&client))
    }

    /// Each as text.
    pub fn texts(&self) -> Vec<String> {
        self.0.iter().map(ToString::to_string).collect()
    }

    /// Whether any address may.
    pub fn are_any(&self) -> bool {
        self.0.is_empty()
    }
}

fn network(text: &str) -> Result<IpNet, NetworkError> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    let network: IpNet = text
        .parse()
        .ok()
        .or_else(address)
        .ok_or_else(|| NetworkError::NoNetwork(text.to_owned()))?;
    if network.addr() != network.network() {
        return Err(NetworkError::BitsBehindPrefix {
            written: text.to_owned(),
            network: network.trunc(),
        });
    }
    match network {
        IpNet::V6(network) if network.prefix_len() > 0 && network.addr().to_ipv4_mapped().is_some() => {
            Err(NetworkError::Mapped(text.to_owned()))
        }
        network => Ok(network),
    }
}

impl fmt::Display for AllowedNetworks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts().join(" "))
    }
}

impl FromStr for AllowedNetworks {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        Self::of(&text.split_whitespace().collect::<Vec<_>>())
    }
}

/// A list of texts.
impl Serialize for AllowedNetworks {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.texts().serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(networks: &str, client: &str) -> bool {
        let networks: AllowedNetworks = networks.parse().expect(networks);
        networks.allow(client.parse().expect(client))
    }

    #[test]
    fn a_client_is_allowed_by_any_of_the_networks_and_by_none_when_there_are_none() {
        for (networks, client, expected) in [
            ("", "192.0.2.7", true),
            ("", "2001:db8::7", true),
            ("192.0.2.0/24", "192.0.2.255", true),
            ("192.0.2.0/24", "192.0.3.0", false),
            ("192.0.2.0/24", "::ffff:192.0.2.7", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("198.51.100.0/25 2001:db8:1::/48", "2001:db8:1:ffff::7", true),
            ("198.51.100.0/25 2001:db8:1::/48", "2001:db8:2::7", false),
            ("198.51.100.0/25 2001:db8:1::/48", "198.51.100.127", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "203.0.113.9", false),
            ("::/0", "2001:db8::1", true),
        ] {
            assert_eq!(allowed(networks, client), expected, "{networks}: {client}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_form() {
        for (text, part) in [
            (
                "office",
                "\"office\" is no network: write an address and the length of its prefix, such as 203.0.113.0/24",
            ),
            ("192.0.2.0/33", "is no network"),
            ("192.0.2/24", "is no network"),
            ("192.0.2.0/", "is no network"),
            (
                "192.0.2.7/24",
                "\"192.0.2.7/24\" is an address in a network: write 192.0.2.0/24 for the whole network",
            ),
            ("2001:db8::1/32", "write 2001:db8::/32"),
            ("::ffff:192.0.2.0/120", "write it as IPv4"),
        ] {
            let error = AllowedNetworks::of(&[text]).expect_err(text).to_string();
            assert!(error.contains(part), "{error}");
        }
        let many = vec!["192.0.2.7"; MOST + 1];
        assert_eq!(AllowedNetworks::of(&many), Err(NetworkError::TooMany));
    }

    #[test]
    fn the_text_is_read_again_as_it_was() {
        let networks =
            AllowedNetworks::of(&["192.0.2.7", "198.51.100.0/25", "2001:DB8::/32"]).expect("networks");
        assert_eq!(networks.to_string(), "192.0.2.7/32 198.51.100.0/25 2001:db8::/32");
        assert_eq!(networks.to_string().parse(), Ok(networks));
        assert_eq!(AllowedNetworks::default().to_string(), "");
    }
}
