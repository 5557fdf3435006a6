//! An address as it may be shown: without its password, and without any part of it.
//!
//! A password that is not percent-encoded makes an address ambiguous, because `@`, `/`, `?` and `#` end parts of it. Of an
//! ambiguous address only the scheme is shown.

/// An address without its password and its query.
pub fn masked(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else {
        return "***".to_owned();
    };
    if !scheme.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return "***".to_owned();
    }
    // A file: only the query may hold a password.
    if scheme == "sqlite" {
        return format!("sqlite://{}", without_query(rest));
    }
    let shown = unambiguous(scheme, rest).unwrap_or_else(|| "***".to_owned());
    format!("{scheme}://{shown}")
}

/// The part behind the scheme, if it is not ambiguous.
fn unambiguous(scheme: &str, rest: &str) -> Option<String> {
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
        // Redis takes it as a user; it may be a password, or the part of one before a colon.
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

    /// Marks that passwords contain, raw and percent-encoded, at each place of an address that may hold one.
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
