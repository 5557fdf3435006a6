//! The client's address, by which failed attempts and log lines are counted.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;
use actix_web::http::header::HeaderValue;

/// The client's address: the connection's own, or the entry that the outermost of our `hops` proxies wrote into
/// `X-Forwarded-For`. Entries further left are the client's own and are ignored. An entry that is no
/// address, or fewer entries than proxies, gives the connection's own.
pub fn address(request: &HttpRequest, hops: usize) -> IpAddr {
    let own = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    let lines = request.headers().get_all("x-forwarded-for");
    let lines: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    forwarded(&lines, hops).unwrap_or(own)
}

/// The `hops`-th entry from the right. Several lines are one list, and empty entries are none (RFC 9110 §5.3, §5.6.1).
fn forwarded(lines: &[&[u8]], hops: usize) -> Option<IpAddr> {
    let entries = lines.iter().flat_map(|line| line.split(|byte| *byte == b','));
    let entries: Vec<&[u8]> = entries
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty())
        .collect();
    let index = entries.len().checked_sub(hops)?;
    entries.get(index).and_then(|entry| parse(entry))
}

/// One entry, in any of the spellings that proxies use: with a port, in brackets, in quotes, with a zone.
fn parse(entry: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(entry).ok()?.trim_matches(['"', ' ', '\t']);
    let host = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        // An IPv4 address with its port. An IPv6 address has more colons, and no port without brackets.
        None => match text.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            _ => text,
        },
    };
    let address = host.split('%').next().unwrap_or_default();
    address.trim().parse().ok().map(|ip: IpAddr| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::{HeaderName, HeaderValue};
    use actix_web::test::TestRequest;

    const PROXY: &str = "10.0.0.1";

    fn of(lines: &[&[u8]], hops: usize) -> String {
        let mut request = TestRequest::default().peer_addr(format!("{PROXY}:1").parse().expect("an address"));
        for line in lines {
            let name = HeaderName::from_static("x-forwarded-for");
            request = request.append_header((name, HeaderValue::from_bytes(line).expect("a field value")));
        }
        address(&request.to_http_request(), hops).to_string()
    }

    #[test]
    fn only_what_our_own_proxies_wrote_is_believed() {
        for (hops, expected) in [
            (0, PROXY),
            (1, "3.3.3.3"),
            (2, "2.2.2.2"),
            (3, "1.1.1.1"),
            (4, PROXY),
        ] {
            assert_eq!(of(&[b"1.1.1.1, 2.2.2.2, 3.3.3.3"], hops), expected, "{hops}");
        }
        assert_eq!(of(&[], 1), PROXY, "no such field");
    }

    #[test]
    fn every_usual_spelling_of_an_entry_is_read() {
        let spellings: &[(&[u8], &str)] = &[
            (b"192.0.2.7", "192.0.2.7"),
            (b"192.0.2.7:51234", "192.0.2.7"),
            (b" \t192.0.2.7 ", "192.0.2.7"),
            (b"\"192.0.2.7\"", "192.0.2.7"),
            (b"\"192.0.2.7:51234\"", "192.0.2.7"),
            (b"2001:db8::7", "2001:db8::7"),
            (b"2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
            (b"[2001:db8::7]", "2001:db8::7"),
            (b"[2001:db8::7]:51234", "2001:db8::7"),
            (b"\"[2001:db8::7]:51234\"", "2001:db8::7"),
            (b"\"[2001:db8::7]\"", "2001:db8::7"),
            (b"fe80::1%eth0", "fe80::1"),
            (b"[fe80::1%eth0]:51234", "fe80::1"),
            (b"[fe80::1%25eth0]", "fe80::1"),
            (b"::ffff:192.0.2.7", "192.0.2.7"),
            (b"[::ffff:192.0.2.7]:51234", "192.0.2.7"),
            // No address at all: the connection's own.
            (b"unknown", PROXY),
            (b"_hidden", PROXY),
            (b"caf\xc3\xa9", PROXY),
            (b"\xff", PROXY),
            (b"[2001:db8::7", PROXY),
            (b"999.0.2.7", PROXY),
        ];
        for (entry, expected) in spellings {
            let shown = String::from_utf8_lossy(entry).into_owned();
            assert_eq!(of(&[entry], 1), *expected, "{shown}");
            let behind = [b"198.51.100.1, ", *entry].concat();
            assert_eq!(of(&[&behind], 1), *expected, "{shown} after another entry");
        }
    }

    #[test]
    fn an_odd_entry_or_an_empty_one_does_not_spoil_the_others() {
        for lines in [
            &[&b"192.0.2.7,"[..]][..],
            &[b"192.0.2.7, ,\t,"],
            &[b",,192.0.2.7"],
            &[b"\xff\xfe, 192.0.2.7"],
            &[b"caf\xc3\xa9, 192.0.2.7:80"],
            &[b"unknown,192.0.2.7"],
            &[b"198.51.100.1", b"192.0.2.7"],
            &[b"198.51.100.1, 203.0.113.9", b"", b"192.0.2.7,"],
            &[b"\xff", b"192.0.2.7"],
        ] {
            assert_eq!(of(lines, 1), "192.0.2.7", "{lines:?}");
        }
        assert_eq!(of(&[b"192.0.2.7, \xff"], 2), "192.0.2.7");
        assert_eq!(of(&[b"192.0.2.7", b"[2001:db8::7]:1"], 2), "192.0.2.7");
    }
}
