//! Where and how the gateway listens.

use std::net::SocketAddr;
use std::time::Duration;

use url::{Host, Url};

use super::values::{ConfigError, Key, Values, contradiction};

/// The keys of this section.
pub const KEYS: &[Key] = &[
    Key {
        name: "http.listen",
        default: "\"127.0.0.1:8080\"",
        meaning: "address and port to listen on: SCIM, feeds, `/health/live` and `/health/ready` in one word",
    },
    Key {
        name: "http.admin_listen",
        default: "\"127.0.0.1:8081\"",
        meaning: "address and port for the machines that watch the gateway: `/metrics`, `/health/live`, `/health/ready` with reasons; keep it from strangers; port 0 takes a free one, which the log names",
    },
    Key {
        name: "http.public_url",
        default: "",
        meaning: "the address customers see, for Tenant URLs and `location`s, e.g. `https://scim.example.com`; required in production; without it, the address that the connection came to, and behind proxies (`http.proxy_hops`) the one they forward",
    },
    Key {
        name: "http.workers",
        default: "0",
        meaning: "threads that serve requests; 0 is one a processor",
    },
    Key {
        name: "http.proxy_hops",
        default: "0",
        meaning: "how many proxies stand in front and write `X-Forwarded-For`; 0 takes the connection's address, and does not go with an `https` address in `http.public_url`: production refuses it",
    },
    Key {
        name: "http.requests_per_tenant",
        default: "16",
        meaning: "SCIM requests of one tenant that are worked at at a time; further ones wait in a queue that is fair between tenants, at most 5 seconds, then they are answered 503 with `Retry-After`",
    },
    Key {
        name: "http.connections_per_address",
        default: "0",
        meaning: "open connections of one address (IPv6: of one /64 network); 0 is 512, or no bound when `proxy_hops` says that all come from a proxy",
    },
    Key {
        name: "http.write_timeout_seconds",
        default: "30",
        meaning: "seconds after which a client is cut off that takes nothing of its answers",
    },
    Key {
        name: "http.drain_seconds",
        default: "20",
        meaning: "seconds that requests in flight get when the gateway is stopped",
    },
    Key {
        name: "http.drain_delay_seconds",
        default: "0",
        meaning: "seconds between `/health/ready` turning 503 and the last new connection: set it to what your load balancer needs to notice",
    },
];

/// The settings.
#[derive(Debug, Clone)]
pub struct Http {
    /// Address and port.
    pub listen: SocketAddr,
    /// Address and port of metrics and reasons.
    pub admin_listen: SocketAddr,
    /// Without a trailing slash.
    pub public_url: Option<String>,
    /// At least one.
    pub workers: usize,
    /// Proxies in front.
    pub proxy_hops: usize,
    /// Requests of one tenant at work.
    pub requests_per_tenant: usize,
    /// Open connections of one address.
    pub connections_per_address: usize,
    /// Time for a client to take something of its answers.
    pub write_timeout: Duration,
    /// Time for requests in flight.
    pub drain: Duration,
    /// Time for a load balancer to notice.
    pub drain_delay: Duration,
}

impl Http {
    /// Reads the section.
    ///
    /// # Errors
    /// A value that is none; says what would be.
    pub fn read(values: &Values) -> Result<Self, ConfigError> {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let rule = "must be an IP address and a port, e.g. \"127.0.0.1:8080\" or \"0.0.0.0:8080\"";
        let listen = values.parse("http.listen", loopback(8080), rule)?;
        let rule = "must be an IP address and a port, e.g. \"127.0.0.1:8081\"";
        let admin_listen = values.parse("http.admin_listen", loopback(8081), rule)?;
        if listen == admin_listen && listen.port() != 0 {
            return Err(contradiction(
                "http.listen",
                "http.admin_listen",
                "each needs an address of its own; give one of them another port",
            ));
        }
        let workers = match values.number("http.workers", 0, (0, 1_024))? {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            number => usize::try_from(number).unwrap_or(1),
        };
        let proxy_hops = usize::try_from(values.number("http.proxy_hops", 0, (0, 16))?).unwrap_or(0);
        Ok(Self {
            listen,
            admin_listen,
            public_url: public_url(values)?,
            workers,
            proxy_hops,
            requests_per_tenant: usize::try_from(values.number(
                "http.requests_per_tenant",
                16,
                (1, 1_024),
            )?)
            .unwrap_or(1),
            connections_per_address: connections_per_address(values, proxy_hops)?,
            write_timeout: Duration::from_secs(values.number(
                "http.write_timeout_seconds",
                30,
                (1, 3_600),
            )?),
            drain: Duration::from_secs(values.number("http.drain_seconds", 20, (0, 3_600))?),
            drain_delay: Duration::from_secs(values.number("http.drain_delay_seconds", 0, (0, 600))?),
        })
    }

    /// Whether a proxy must stand in front that is not counted: Usher has no TLS of its own.
    pub fn has_uncounted_proxy(&self) -> bool {
        let https = |url: &String| url.starts_with("https://");
        self.proxy_hops == 0 && self.public_url.as_ref().is_some_and(https)
    }

    /// The address to tell people when no public one is set.
    pub fn base_url(&self) -> String {
        self.public_url
            .clone()
            .unwrap_or_else(|| format!("http://{}", self.listen))
    }
}

fn connections_per_address(values: &Values, proxy_hops: usize) -> Result<usize, ConfigError> {
    let said = values.number("http.connections_per_address", 0, (0, 1_000_000))?;
    Ok(match usize::try_from(said).unwrap_or(usize::MAX) {
        0 if proxy_hops == 0 => 512,
        0 => usize::MAX,
        number => number,
    })
}

fn public_url(values: &Values) -> Result<Option<String>, ConfigError> {
    let Some(text) = values.text("http.public_url") else {
        return Ok(None);
    };
    let url = text.trim().trim_end_matches('/');
    let begins = ["https://", "http://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    let plain = !url.contains(['?', '#', '@', '\\', ' ']);
    if !(begins && plain && Url::parse(url).is_ok()) {
        return Err(values.wrong(
            "http.public_url",
            "must be an address such as \"https://scim.example.com\", without user, query or fragment",
        ));
    }
    Ok(Some(url.to_owned()))
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
    fn loopback_is_told_by_the_whole_name() {
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
