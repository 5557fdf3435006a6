//! The address that the gateway was called by: the beginning of each `location`, `$ref` and `path` of Bulk.
//!
//! Any client may send `Host` and the forwarded fields. They count only behind trusted proxies (`http.proxy_hops`), and only
//! when they are a host. Otherwise the address is `http.public_url`, or the one that the connection arrived at.

use std::net::{Ipv6Addr, SocketAddr};

use actix_web::HttpRequest;
use actix_web::http::header::{HOST, HeaderName};

use crate::state::State;

/// The longest host: a name of 253 characters and a port.
const LONGEST: usize = 260;

/// The local address of a connection; stored with it when it is accepted.
#[derive(Debug, Clone, Copy)]
pub struct ArrivedAt(pub SocketAddr);

/// `https://scim.example.com`: scheme and host, and a path if the public address has one; no trailing slash.
pub fn of(request: &HttpRequest, state: &State) -> String {
    match &state.public_url {
        Some(url) => url.clone(),
        None => forwarded(request, state.proxy_hops).unwrap_or_else(|| own(request)),
    }
}

/// The local address of the connection. The gateway has no TLS, so the scheme is `http`.
fn own(request: &HttpRequest) -> String {
    let arrived = request.conn_data::<ArrivedAt>().map(|arrived| arrived.0);
    let mut address = arrived.unwrap_or_else(|| request.app_config().local_addr());
    // For an IPv4 client of a socket that listens on IPv6 too.
    address.set_ip(address.ip().to_canonical());
    format!("http://{address}")
}

/// The address that the outermost of the `hops` proxies was called by.
fn forwarded(request: &HttpRequest, hops: usize) -> Option<String> {
    if hops == 0 {
        return None;
    }
    let standard = entry(request, "forwarded", hops).unwrap_or_default();
    let direct = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let hosts = [
        entry(request, "x-forwarded-host", hops),
        parameter(&standard, "host"),
        direct.map(str::to_owned),
    ];
    let host = hosts.into_iter().flatten().find(|host| is_host(host))?;
    let scheme = entry(request, "x-forwarded-proto", hops).or_else(|| parameter(&standard, "proto"));
    let https = scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let scheme = if https { "https" } else { "http" };
    Some(format!("{scheme}://{}", host.to_ascii_lowercase()))
}

/// The entry of a field that the outermost of the `hops` proxies wrote. Proxies that overwrite instead of append leave
/// fewer entries; then it is the first.
fn entry(request: &HttpRequest, name: &'static str, hops: usize) -> Option<String> {
    let lines = request.headers().get_all(HeaderName::from_static(name));
    let entries: Vec<&str> = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .collect();
    let written = entries.get(entries.len().saturating_sub(hops));
    written.map(|entry| (*entry).to_owned())
}

/// A parameter of an entry of `Forwarded` (RFC 7239 §4), without its quotes.
fn parameter(entry: &str, wanted: &str) -> Option<String> {
    let mut pairs = entry.split(';').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.trim().trim_matches('"').to_owned())
}

/// Whether a text is a host with or without a port, and has nothing else that would change the target of a link (RFC 3986
/// §3.2.2, without percent-encoding).
fn is_host(text: &str) -> bool {
    let (host_is_fine, rest) = if let Some(inside) = text.strip_prefix('[') {
        match inside.split_once(']') {
            Some((address, rest)) => (address.parse::<Ipv6Addr>().is_ok(), rest),
            None => (false, ""),
        }
    } else {
        let (name, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        let begins = name
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        (begins && name.bytes().all(letter), rest)
    };
    let port_is_fine = match rest.strip_prefix(':') {
        Some(port) => port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok(),
        None => rest.is_empty(),
    };
    text.len() <= LONGEST && host_is_fine && port_is_fine
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in [
            "scim.example.com",
            "scim.example.com:8443",
            "localhost",
            "10.0.0.1:80",
            "[::1]",
            "[2001:db8::1]:443",
            "a_b.internal",
        ] {
            assert!(is_host(host), "{host}");
        }
        for other in [
            "",
            ":80",
            "a:",
            "a:b",
            "a:80:80",
            "a:99999",
            "a:+80",
            "user@host",
            "host/path",
            "host?query",
            "host#fragment",
            "host name",
            "host\\name",
            "host%2f",
            "müller.example",
            "[::1",
            "[::1]80",
            "[10.0.0.1]",
            "[::1%25eth0]",
            "-a.example",
            ".example",
            "\"a\"",
            "<script>",
            &"a".repeat(300),
        ] {
            assert!(!is_host(other), "{other}");
        }
    }

    #[test]
    fn forwarded_fields_are_believed_behind_proxies_only_and_only_when_they_are_a_host() {
        type Fields<'a> = &'a [(&'static str, &'a str)];
        let table: &[(Fields<'_>, usize, Option<&str>)] = &[
            (&[("host", "a.example")], 0, None),
            (&[("x-forwarded-host", "a.example")], 0, None),
            (&[("forwarded", "host=a.example;proto=https")], 0, None),
            (&[("host", "A.example:8443")], 1, Some("http://a.example:8443")),
            (&[("host", "evil/..")], 1, None),
            (&[("host", "evil@a.example")], 1, None),
            (
                &[
                    ("host", "in"),
                    ("x-forwarded-host", "a.example"),
                    ("x-forwarded-proto", "HTTPS"),
                ],
                1,
                Some("https://a.example"),
            ),
            (
                &[("host", "in"), ("x-forwarded-host", "evil.example, a.example")],
                1,
                Some("http://a.example"),
            ),
            (
                &[
                    ("host", "in"),
                    ("x-forwarded-host", "evil.example, a.example, b.example"),
                ],
                2,
                Some("http://a.example"),
            ),
            (
                &[("host", "in"), ("x-forwarded-host", "a.example")],
                2,
                Some("http://a.example"),
            ),
            (
                &[("host", "in"), ("x-forwarded-host", "not a host")],
                1,
                Some("http://in"),
            ),
            (
                &[("host", "in"), ("x-forwarded-proto", "javascript")],
                1,
                Some("http://in"),
            ),
            (
                &[("forwarded", "for=1.1.1.1;Host=\"a.example:443\";proto=https")],
                1,
                Some("https://a.example:443"),
            ),
            (
                &[("forwarded", "host=[2001:db8::1]"), ("host", "in")],
                1,
                Some("http://[2001:db8::1]"),
            ),
            (&[], 1, None),
        ];
        for (fields, hops, expected) in table {
            let mut request = TestRequest::default();
            for field in *fields {
                request = request.append_header(*field);
            }
            let request = request.to_http_request();
            assert_eq!(
                forwarded(&request, *hops).as_deref(),
                *expected,
                "{fields:?} {hops}"
            );
        }
    }
}
