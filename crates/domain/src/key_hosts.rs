//! The hosts that keys of other issuers may be read from.

use std::fmt;

/// Microsoft's hosts for the public cloud, for that of the US government, and for China's.
pub const USUAL: [&str; 3] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.chinacloudapi.cn",
];

/// Hosts, each with its port if it is not the usual one. An address at another host is never asked, whoever wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyHosts(Vec<String>);

impl Default for KeyHosts {
    fn default() -> Self {
        Self(USUAL.map(str::to_owned).to_vec())
    }
}

impl KeyHosts {
    /// Of these.
    pub fn of(hosts: impl IntoIterator<Item = String>) -> Self {
        Self(hosts.into_iter().map(|host| host.to_ascii_lowercase()).collect())
    }

    /// Whether an address may be asked: `https://` and one of the hosts, or `http://` and one of them on this machine.
    pub fn allow(&self, url: &str) -> bool {
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\@\"<>#".contains(&byte);
        let (is_encrypted, rest) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (_, Some(rest)) => (false, rest),
            _ => return false,
        };
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        let is_here = host.starts_with("127.0.0.1:") || host.starts_with("[::1]:");
        url.bytes().all(is_plain) && (is_encrypted || is_here) && self.0.iter().any(|known| known == host)
    }
}

/// With commas between them.
impl fmt::Display for KeyHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_listed_hosts_are_asked_and_by_tls_unless_they_are_here() {
        let hosts = KeyHosts::of([
            "login.microsoftonline.com".to_owned(),
            "127.0.0.1:9000".to_owned(),
        ]);
        for (url, expected) in [
            ("https://login.microsoftonline.com/t/discovery/v2.0/keys", true),
            ("http://127.0.0.1:9000/keys", true),
            ("http://login.microsoftonline.com/keys", false),
            ("https://login.microsoftonline.com:8443/keys", false),
            ("https://login.microsoftonline.com.evil.example/keys", false),
            ("https://evil.example/login.microsoftonline.com", false),
            ("https://evil.example\\@login.microsoftonline.com/", false),
            ("https://user@login.microsoftonline.com/keys", false),
            ("https://login.microsoftonline.com#.evil.example/", false),
            ("http://127.0.0.1:9001/keys", false),
            ("http://169.254.169.254/", false),
            ("file:///etc/passwd", false),
            ("https://login.microsoftonline.com /", false),
            ("", false),
        ] {
            assert_eq!(hosts.allow(url), expected, "{url}");
        }
        let usual = KeyHosts::default();
        assert!(usual.allow("https://login.chinacloudapi.cn/x") && !usual.allow("http://127.0.0.1:1/"));
    }
}
