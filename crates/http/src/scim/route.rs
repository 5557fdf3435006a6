//! Routing: reads every spelling of a Tenant URL and what is below it, before anything is looked up.
//!
//! Pure. `/{profile}/scim`, `/t/{tenant}/{profile}/scim` and `/scim` are the Tenant URLs; a `/v2` after
//! them, doubled and trailing slashes and any capitalisation are what customers paste
//! (`docs/background/entra.md`, "Spellings of the Tenant URL"). Must not know: the caller, or whether the resource exists.

use std::borrow::Cow;

use auth::tenant_url::TenantUrl;
use percent_encoding::percent_decode_str;

use super::routes::Endpoint;

/// The path of a Tenant URL. Its tenant and profile are compared with the credential.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base<'a> {
    /// The tenant of `/t/{tenant}/…`.
    pub tenant: Option<Cow<'a, str>>,
    /// The profile of `/{profile}/scim`.
    pub profile: Option<Cow<'a, str>>,
}

/// A path below some Tenant URL.
#[derive(Debug)]
pub struct Route<'a> {
    /// The Tenant URL.
    pub base: Base<'a>,
    /// The endpoint below it.
    pub endpoint: &'static Endpoint,
    /// The segment that stands for `{id}` there; empty where the address has none.
    pub id: Cow<'a, str>,
}

impl<'a> Route<'a> {
    /// Reads the path of a request (without its query). `None`: not below any Tenant URL.
    pub fn of(path: &'a str) -> Option<Self> {
        let mut rest = path.split('/').filter(|segment| !segment.is_empty());
        let base = match (rest.next()?, rest.clone().next()) {
            (scim, _) if is(scim, "scim") => Base::default(),
            (profile, Some(scim)) if is(scim, "scim") => {
                rest.next();
                Base {
                    tenant: None,
                    profile: Some(slug(profile)),
                }
            }
            (t, Some(tenant)) if is(t, "t") => {
                rest.next();
                let profile = rest.next()?;
                let named = !is(profile, "scim");
                if named && !is(rest.next()?, "scim") {
                    return None;
                }
                Base {
                    tenant: Some(slug(tenant)),
                    profile: named.then(|| slug(profile)),
                }
            }
            _ => return None,
        };
        Some(Self::below(base, rest))
    }

    /// Reads an address in a body (RFC 7644 §3.7, `path`): relative to the Tenant URL, a whole path, or a URL
    /// that begins with `origin`. `None`: another server's, or one with a query.
    pub fn named(text: &'a str, origin: &str) -> Option<Self> {
        let path = if text.contains("://") {
            below_origin(text, origin)?
        } else {
            text
        };
        if path.contains(['?', '#', '\\']) {
            return None;
        }
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        let relative = || Self::below(Base::default(), segments);
        Some(Self::of(path).unwrap_or_else(relative))
    }

    /// The route below a Tenant URL, after a `/v2` and the `/scim` that jobs from before 2019 append by themselves
    /// (`docs/background/entra.md`, "The dialect before 2019").
    fn below(base: Base<'a>, mut rest: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut next = rest.clone();
        while next
            .next()
            .is_some_and(|segment| is(segment, "v2") || is(segment, "scim"))
        {
            rest = next.clone();
        }
        let (endpoint, id) = Endpoint::of(&rest);
        Self {
            base,
            endpoint,
            id: decode(id),
        }
    }
}

impl Base<'_> {
    /// The form that a credential is compared with.
    pub fn tenant_url(&self) -> TenantUrl<'_> {
        TenantUrl {
            tenant: self.tenant.as_deref(),
            profile: self.profile.as_deref(),
        }
    }

    /// The Tenant URL's path in its canonical spelling; answers' `location`s start with it.
    pub fn path(&self) -> String {
        let mut path = String::with_capacity(48);
        let tenant = self
            .tenant
            .as_deref()
            .map_or([None, None], |tenant| [Some("t"), Some(tenant)]);
        for part in tenant
            .into_iter()
            .chain([self.profile.as_deref(), Some("scim")])
            .flatten()
        {
            path.push('/');
            path.push_str(part);
        }
        path
    }
}

/// The path of a URL that begins with `origin`: the same scheme, host and port, and the path that the origin may have.
fn below_origin<'a>(url: &'a str, origin: &str) -> Option<&'a str> {
    let (scheme, host, path) = parts(url)?;
    let (own_scheme, own_host, own_path) = parts(origin)?;
    let same = scheme.eq_ignore_ascii_case(own_scheme)
        && without_port(host, scheme).eq_ignore_ascii_case(without_port(own_host, own_scheme));
    let below = path.strip_prefix(own_path)?;
    (same && (below.is_empty() || below.starts_with('/'))).then_some(below)
}

/// Scheme, host with port, path.
fn parts(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
    Some((scheme, host, path))
}

/// A host without the default port of its scheme.
fn without_port<'a>(host: &'a str, scheme: &str) -> &'a str {
    let usual = if scheme.eq_ignore_ascii_case("https") {
        ":443"
    } else {
        ":80"
    };
    host.strip_suffix(usual).unwrap_or(host)
}

fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

/// The name of a tenant or profile, which is lower-case, from any spelling.
fn slug(segment: &str) -> Cow<'_, str> {
    let decoded = decode(segment);
    if decoded.bytes().any(|byte| byte.is_ascii_uppercase()) {
        decoded.to_ascii_lowercase().into()
    } else {
        decoded
    }
}

fn decode(segment: &str) -> Cow<'_, str> {
    percent_decode_str(segment).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Option<(Option<String>, Option<String>, &'static str, String)> {
        let route = Route::of(path)?;
        Some((
            route.base.tenant.map(Cow::into_owned),
            route.base.profile.map(Cow::into_owned),
            route.endpoint.template,
            route.id.into_owned(),
        ))
    }

    #[test]
    fn every_spelling_of_a_tenant_url_names_the_same_thing() {
        for (path, tenant, profile) in [
            ("/scim/Users/idn_1", None, None),
            ("/scim/v2/Users/idn_1/", None, None),
            ("//scim//Users//idn_1", None, None),
            ("/advisors/scim/Users/idn_1", None, Some("advisors")),
            ("/advisors/scim/v2//Users/idn_1//", None, Some("advisors")),
            ("/Advisors/SCIM/V2/users/idn_1", None, Some("advisors")),
            (
                "/t/contoso/advisors/scim/Users/idn_1",
                Some("contoso"),
                Some("advisors"),
            ),
            (
                "//t/contoso//advisors/scim/v2/Users/idn%5F1",
                Some("contoso"),
                Some("advisors"),
            ),
            ("/t/contoso/scim/Users/idn_1", Some("contoso"), None),
            ("/t/scim/Users/idn_1", None, Some("t")),
        ] {
            let expected = (
                tenant.map(str::to_owned),
                profile.map(str::to_owned),
                "/scim/Users/{id}",
                "idn_1".to_owned(),
            );
            assert_eq!(read(path), Some(expected), "{path}");
        }
    }

    #[test]
    fn everything_below_a_tenant_url_has_a_meaning() {
        for (below, template, id) in [
            ("", "/scim", ""),
            ("/", "/scim", ""),
            ("/v2", "/scim", ""),
            ("/Users", "/scim/Users", ""),
            ("/Users/", "/scim/Users", ""),
            ("/Groups", "/scim/Groups", ""),
            ("/Groups/1", "/scim/Groups/{id}", "1"),
            ("/ServiceProviderConfig", "/scim/ServiceProviderConfig", ""),
            ("/serviceConfiguration", "/scim/ServiceProviderConfig", ""),
            ("/Schemas", "/scim/Schemas", ""),
            ("/Schemas/urn:a:b", "/scim/Schemas/{id}", "urn:a:b"),
            ("/ResourceTypes", "/scim/ResourceTypes", ""),
            ("/ResourceTypes/User", "/scim/ResourceTypes/{id}", "User"),
            ("/Me", "/scim/Me", ""),
            ("/me/", "/scim/Me", ""),
            ("/Bulk", "/scim/Bulk", ""),
            ("/.search", "/scim/.search", ""),
            ("/v2/Users/.search/", "/scim/Users/.search", ""),
            ("/groups/.search", "/scim/Groups/.search", ""),
            ("/Users/.SEARCH", "/scim/Users/{id}", ".SEARCH"),
            ("/Bulk/1", "/scim/{unknown}", ""),
            ("/Users/1/2", "/scim/{unknown}", ""),
            ("/Users/Users", "/scim/{unknown}", ""),
            ("/v2/v2/Users", "/scim/Users", ""),
            ("/scim/Users", "/scim/Users", ""),
            ("/scim/v2/Users", "/scim/Users", ""),
        ] {
            let path = format!("/rooms/scim{below}");
            let route = Route::of(&path).expect(&path);
            assert_eq!((route.endpoint.template, &*route.id), (template, id), "{path}");
        }
    }

    #[test]
    fn what_lies_below_no_tenant_url_is_none() {
        for path in [
            "",
            "/",
            "/Users",
            "/advisors/Users",
            "/t",
            "/t/contoso",
            "/t/contoso/advisors",
            "/a/b/scim",
        ] {
            assert!(Route::of(path).is_none(), "{path}");
        }
    }

    #[test]
    fn a_base_is_answered_in_its_canonical_spelling() {
        for (path, canonical) in [
            ("//scim/v2/Users", "/scim"),
            ("/advisors/scim/v2", "/advisors/scim"),
            ("/t/contoso//advisors/scim/", "/t/contoso/advisors/scim"),
        ] {
            assert_eq!(Route::of(path).expect(path).base.path(), canonical);
        }
    }

    #[test]
    fn an_address_in_a_body_is_read_as_a_requests_is() {
        let named = |text, origin| {
            let route = Route::named(text, origin)?;
            Some((route.base, route.endpoint.template, route.id))
        };
        let user = |base: Base<'static>| Some((base, "/scim/Users/{id}", "idn_1".into()));
        let (none, advisors) = (
            Base::default(),
            Base {
                tenant: None,
                profile: Some("advisors".into()),
            },
        );
        for (text, base) in [
            ("/Users/idn_1", &none),
            ("Users/idn_1", &none),
            ("/v2/users/idn%5F1/", &none),
            ("/scim/Users/idn_1", &none),
            ("/advisors/scim/v2/Users/idn_1", &advisors),
            ("https://scim.example.com/advisors/scim/Users/idn_1", &advisors),
            (
                "HTTPS://SCIM.example.com:443/Advisors/scim/Users/idn_1",
                &advisors,
            ),
        ] {
            assert_eq!(
                named(text, "https://scim.example.com"),
                user(base.clone()),
                "{text}"
            );
        }
        let below = "https://h.example/usher/scim/Users/idn_1";
        assert_eq!(named(below, "https://h.example/usher"), user(none));
        for other in [
            "https://evil.example/advisors/scim/Users/idn_1",
            "http://scim.example.com/advisors/scim/Users/idn_1",
            "https://scim.example.com:8443/scim/Users/idn_1",
            "https://scim.example.com.evil.example/scim/Users/idn_1",
            "https://scim.example.com@evil.example/scim/Users/idn_1",
            "https://evil@scim.example.com/scim/Users/idn_1",
            "https:/scim.example.com/scim/Users/idn_1?x=://",
            "ftp://scim.example.com/scim/Users/idn_1",
            "/Users/idn_1?filter=x",
            "/Users/idn_1#x",
            "\\\\evil.example\\Users\\idn_1",
        ] {
            assert_eq!(named(other, "https://scim.example.com"), None, "{other}");
        }
        for nothing in [
            "//evil.example/Users/idn_1",
            "/x/Users/idn_1",
            "../Users/idn_1",
            "",
        ] {
            let read = named(nothing, "https://scim.example.com").map(|(_, template, _)| template);
            assert!(
                matches!(read, Some("/scim/{unknown}" | "/scim")),
                "{nothing}: {read:?}"
            );
        }
    }
}
