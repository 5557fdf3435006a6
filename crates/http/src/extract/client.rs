//! Where a request comes from, for counting failed attempts.

use std::net::{IpAddr, Ipv4Addr};

use actix_web::HttpRequest;

/// The client's address: the connection's own, or the entry that the outermost of our `hops` proxies wrote into
/// `X-Forwarded-For`. What a client writes there itself stands further left and is never believed.
pub fn address(request: &HttpRequest, hops: usize) -> IpAddr {
    let own = request
        .peer_addr()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
    if hops == 0 {
        return own;
    }
    let lines = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|line| line.to_str().ok());
    let entries: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
    let entry = entries
        .len()
        .checked_sub(hops)
        .and_then(|index| entries.get(index));
    entry.and_then(|text| text.parse().ok()).unwrap_or(own)
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn only_what_our_own_proxies_wrote_is_believed() {
        let request = TestRequest::default()
            .peer_addr("10.0.0.1:1".parse().expect("an address"))
            .insert_header(("x-forwarded-for", "1.1.1.1, 2.2.2.2, 3.3.3.3"))
            .to_http_request();
        for (hops, expected) in [
            (0, "10.0.0.1"),
            (1, "3.3.3.3"),
            (2, "2.2.2.2"),
            (3, "1.1.1.1"),
            (4, "10.0.0.1"),
        ] {
            assert_eq!(address(&request, hops).to_string(), expected, "{hops}");
        }
    }
}
