//! An address as it may be shown: without its password, nor any part of it.
//!
//! A password that was not percent-encoded makes an address mean something else (`@`, `/`, `?` and `#` end parts of it), so
//! only what can be read in one way is shown; of everything else the scheme alone.

/// An address without its password, and without a query that may hold one.
pub fn masked(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return "***".to_owned();
    };
    if !scheme.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return "***".to_owned();
    }
    // A file: it has no password but in its query.
    if scheme == "sqlite" {
        return format!("sqlite://{}", without_query(rest));
    }
    let shown = readable(scheme, rest).unwrap_or_else(|| "***".to_owned());
    format!("{scheme}://{shown}")
}

/// What follows the scheme, if it can be read in one way only.
fn readable(scheme: &str, rest: &str) -> Option<String> {
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, host) = match authority.split_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    if path.contains('@') || rest.contains('\\') || !is_host(host) {
        return None;
    }
    let user = match user.map(|user| {
        user.split_once(':')
            .map_or((user, None), |(name, word)| (name, Some(word)))
    }) {
        None => String::new(),
        Some(("", Some(_))) => ":***@".to_owned(),
        // Redis calls it a user; it may be a password, or the part of one before a colon.
        Some(_) if scheme.starts_with("redis") => "***@".to_owned(),
        Some((name, Some(_))) => format!("{name}:***@"),
        Some((name, None)) => format!("{name}@"),
    };
    Some(format!("{user}{host}{}", without_query(path)))
}

fn without_query(path: &str) -> String {
    match path.find(['?', '#']) {
        Some(end) => format!("{}?***", &path[..end]),
        None => path.to_owned(),
    }
}

/// A name or an address, and a port that is a number.
fn is_host(host: &str) -> bool {
    let (name, port) = match host.strip_prefix('[').and_then(|inside| inside.split_once(']')) {
        Some((address, port)) => (address, port),
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port_is_fine = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| digits.parse::<u16>().is_ok());
    !name.contains(['@', '[', ']', ' ']) && port_is_fine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (address, shown) in [
            (
                "postgres://usher:hunter2@db/usher",
                "postgres://usher:***@db/usher",
            ),
            (
                "postgresql://usher:hunter2@db.example:5432/usher?sslmode=require",
                "postgresql://usher:***@db.example:5432/usher?***",
            ),
            ("postgres://usher@db/usher", "postgres://usher@db/usher"),
            (
                "postgres://usher:a:b@[::1]:5432/usher",
                "postgres://usher:***@[::1]:5432/usher",
            ),
            ("postgres://db/usher?password=hunter2", "postgres://db/usher?***"),
            ("redis://:hunter2@r:6379/0", "redis://:***@r:6379/0"),
            ("rediss://hunter2@r:6379/", "rediss://***@r:6379/"),
            ("redis://usher:hunter2@r:6379/", "redis://***@r:6379/"),
            (
                "http://user:hunter2@collector:4318",
                "http://user:***@collector:4318",
            ),
            ("https://scim.example.com/usher", "https://scim.example.com/usher"),
            (
                "sqlite:///var/lib/usher@home/u.db?key=hunter2",
                "sqlite:///var/lib/usher@home/u.db?***",
            ),
        ] {
            assert_eq!(masked(address), shown, "{address}");
        }
    }

    /// Everything that people really put into a password, raw and percent-encoded, wherever an address may hold one.
    #[test]
    fn no_part_of_a_password_is_ever_shown() {
        let marks = [
            "@", ":", "/", "?", "#", "%40", "%3A", "%2F", "\\", "[", "]", " ", "&", "=", "//", "@@", "://",
            "%",
        ];
        let (first, last) = ("Hunter1", "Hunter2");
        for mark in marks {
            for (left, right) in [(first, last), ("47110815", last), (first, "47110815")] {
                let password = format!("{left}{mark}{right}");
                for address in [
                    format!("postgres://usher:{password}@db.example:5432/usher"),
                    format!("postgres://usher:{password}@db.example/usher?sslmode=require"),
                    format!("postgres://db.example/usher?user=usher&password={password}"),
                    format!("postgres://db.example?password={password}"),
                    format!("redis://:{password}@r.example:6379/0"),
                    format!("rediss://usher:{password}@r.example"),
                    format!("redis://{password}@r.example:6379/0"),
                    format!("http://user:{password}@collector:4318/v1"),
                    format!("usher:{password}@db.example"),
                    format!("postgres:usher:{password}@db.example"),
                ] {
                    let shown = masked(&address);
                    for part in [left, right] {
                        assert!(!shown.contains(part), "{address} is shown as {shown}");
                    }
                }
            }
        }
    }
}
