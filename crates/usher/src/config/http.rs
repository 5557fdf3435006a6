//! Where and how the gateway listens.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize};
use smart_default::SmartDefault;
use url::{Host, Url};

use super::rules::{number, parsed};

/// The section.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema, SmartDefault)]
#[serde(default, deny_unknown_fields)]
pub struct Http {
    /// address and port to listen on: SCIM, feeds, `/health/live` and `/health/ready` in one word
    #[serde(deserialize_with = "listen")]
    #[default(SocketAddr::from(([127, 0, 0, 1], 8080)))]
    pub listen: SocketAddr,
    /// address and port for operators and for the machines that watch the gateway: the admin API (`/admin/v1`), `/metrics`,
    /// `/health/live`, `/health/ready` with reasons; keep it from strangers; port 0 takes a free one, which the log names
    #[serde(deserialize_with = "admin_listen")]
    #[default(SocketAddr::from(([127, 0, 0, 1], 8081)))]
    pub admin_listen: SocketAddr,
    /// the address customers see, for Tenant URLs and `location`s, e.g. `https://scim.example.com`; required in production;
    /// without it, the address that the connection came to, and behind proxies (`http.proxy_hops`) the one they forward
    #[serde(deserialize_with = "public_url")]
    pub public_url: Option<String>,
    /// threads that serve requests; 0 is one a processor
    #[serde(deserialize_with = "number::<0, 1_024, _, _>")]
    pub workers: usize,
    /// how many proxies stand in front and write `X-Forwarded-For`; 0 takes the connection's address, and does not go with an
    /// `https` address in `http.public_url`: production refuses it
    #[serde(deserialize_with = "number::<0, 16, _, _>")]
    pub proxy_hops: usize,
    /// SCIM requests of one tenant that are worked at at a time; further ones wait in a queue that is fair between tenants, at
    /// most 5 seconds, then they are answered 503 with `Retry-After`
    #[serde(deserialize_with = "number::<1, 1_024, _, _>")]
    #[default(16)]
    pub requests_per_tenant: usize,
    /// open connections of one address (IPv6: of one /64 network); 0 is 512, or no bound when `proxy_hops` says that all come
    /// from a proxy
    #[serde(deserialize_with = "number::<0, 1_000_000, _, _>")]
    connections_per_address: usize,
    /// seconds after which a client is cut off that takes nothing of its answers
    #[serde(deserialize_with = "number::<1, 3_600, _, _>")]
    #[default(30)]
    pub write_timeout_seconds: u64,
    /// seconds that requests in flight get when the gateway is stopped
    #[serde(deserialize_with = "number::<0, 3_600, _, _>")]
    #[default(20)]
    pub drain_seconds: u64,
    /// seconds between `/health/ready` turning 503 and the last new connection: set it to what your load balancer needs to
    /// notice
    #[serde(deserialize_with = "number::<0, 600, _, _>")]
    pub drain_delay_seconds: u64,
}

impl Http {
    /// Open connections of one address at most.
    pub const fn connections_per_address(&self) -> usize {
        match (self.connections_per_address, self.proxy_hops) {
            (0, 0) => 512,
            (0, _) => usize::MAX,
            (number, _) => number,
        }
    }

    /// Whether a proxy must stand in front that is not counted: Usher has no TLS of its own.
    pub fn has_uncounted_proxy(&self) -> bool {
        let https = |url: &String| url.starts_with("https://");
        self.proxy_hops == 0 && self.public_url.as_ref().is_some_and(https)
    }

    /// The address for customers and apps, the local one when no public one is set.
    pub fn base_url(&self) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", self.listen))
    }
}

fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let rule = "must be an IP address and a port, e.g. \"127.0.0.1:8080\" or \"0.0.0.0:8080\"";
    parsed(deserializer, rule)
}

fn admin_listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let rule = "must be an IP address and a port, e.g. \"127.0.0.1:8081\"";
    parsed(deserializer, rule)
}

/// Without a trailing slash.
fn public_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let url = text.trim().trim_end_matches('/');
    let is_http = url.starts_with("https://") || url.starts_with("http://");
    if is_http && !url.contains(['?', '#', '@', '\\', ' ']) && Url::parse(url).is_ok() {
        return Ok(Some(url.to_owned()));
    }
    Err(D::Error::custom(
        "must be an address such as \"https://scim.example.com\", without user, query or fragment",
    ))
}

/// Whether an address is reached without leaving the machine.
pub fn is_loopback(url: &str) -> bool {
    let url = Url::parse(url).ok();
    match url.as_ref().and_then(Url::host) {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_decided_by_the_whole_name() {
        for own in [
            "http://localhost",
            "http://LOCALHOST:8080/x",
            "http://127.0.0.1:8080",
            "http://127.1.2.3",
            "http://[::1]:8080",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(own), "{own}");
        }
        for other in [
            "http://localhost.evil.example",
            "http://localhostevil.example",
            "http://127.0.0.1.evil.example",
            "http://127.evil.example",
            "http://[::2]",
            "http://[2001:db8::1]",
            "http://evil.example/localhost",
            "http://evil.example:80/127.0.0.1",
            "http://0.0.0.0",
            "localhost",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
