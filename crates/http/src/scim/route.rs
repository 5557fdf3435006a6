//! Which thing a path names: every spelling of a Tenant URL, brought to one meaning before anything is looked up.
//!
//! Pure. `/{profile}/scim`, `/t/{tenant}/{profile}/scim` and `/scim` are the Tenant URLs; a `/v2` after
//! them, doubled and trailing slashes and any capitalisation are what customers really paste
//! (`docs/background/entra.md`, "Spellings of the Tenant URL"). Must not know: who is calling, or whether what is
//! named exists.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A Tenant URL's path: what it claims about tenant and profile is compared with the
/// credential, never believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Base<'a> {
    /// The tenant of `/t/{tenant}/…`.
    pub tenant: Option<Cow<'a, str>>,
    /// The profile of `/{profile}/scim`.
    pub profile: Option<Cow<'a, str>>,
}

/// What lies below a Tenant URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint<'a> {
    /// The Tenant URL itself.
    Root,
    /// `/Users`.
    Users,
    /// `/Users/{id}`.
    User(Cow<'a, str>),
    /// `/Groups`.
    Groups,
    /// `/Groups/{id}`.
    Group(Cow<'a, str>),
    /// `/ServiceProviderConfig`, also under Microsoft's reference name `/serviceConfiguration`.
    ServiceProviderConfig,
    /// `/Schemas`.
    Schemas,
    /// `/Schemas/{urn}`.
    Schema(Cow<'a, str>),
    /// `/ResourceTypes`.
    ResourceTypes,
    /// `/ResourceTypes/{name}`.
    ResourceType(Cow<'a, str>),
    /// `/.search`: every type.
    Search,
    /// `/Users/.search`.
    UsersSearch,
    /// `/Groups/.search`.
    GroupsSearch,
    /// `/Bulk`.
    Bulk,
    /// `/Me` (RFC 7644 §3.11).
    Me,
    /// Anything else below a Tenant URL.
    Unknown,
}

/// A path below some Tenant URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route<'a> {
    /// The Tenant URL.
    pub base: Base<'a>,
    /// What was asked for below it.
    pub endpoint: Endpoint<'a>,
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
        Some(Self {
            base,
            endpoint: below(rest),
        })
    }

    /// Reads an address that stands in a body (RFC 7644 §3.7, `path`): relative to the Tenant URL, a whole path, or a URL
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
        let relative = || Self {
            base: Base::default(),
            endpoint: below(path.split('/').filter(|segment| !segment.is_empty())),
        };
        Some(Self::of(path).unwrap_or_else(relative))
    }

    /// The route's template, for spans and metrics: never the path itself, which holds ids.
    pub fn template(&self) -> &'static str {
        match self.endpoint {
            Endpoint::Root => "/scim",
            Endpoint::Users => "/scim/Users",
            Endpoint::User(_) => "/scim/Users/{id}",
            Endpoint::Groups => "/scim/Groups",
            Endpoint::Group(_) => "/scim/Groups/{id}",
            Endpoint::ServiceProviderConfig => "/scim/ServiceProviderConfig",
            Endpoint::Schemas => "/scim/Schemas",
            Endpoint::Schema(_) => "/scim/Schemas/{id}",
            Endpoint::ResourceTypes => "/scim/ResourceTypes",
            Endpoint::ResourceType(_) => "/scim/ResourceTypes/{id}",
            Endpoint::Search => "/scim/.search",
            Endpoint::UsersSearch => "/scim/Users/.search",
            Endpoint::GroupsSearch => "/scim/Groups/.search",
            Endpoint::Bulk => "/scim/Bulk",
            Endpoint::Me => "/scim/Me",
            Endpoint::Unknown => "/scim/{unknown}",
        }
    }
}

impl Base<'_> {
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

/// What lies below a Tenant URL, past a `/v2` and the `/scim` that jobs from before 2019 append by themselves
/// (`docs/background/entra.md`, "The dialect before 2019").
fn below<'a>(mut rest: impl Iterator<Item = &'a str> + Clone) -> Endpoint<'a> {
    let mut next = rest.clone();
    while next
        .next()
        .is_some_and(|segment| is(segment, "v2") || is(segment, "scim"))
    {
        rest = next.clone();
    }
    endpoint(rest)
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

/// A host without the port that its scheme has anyway.
fn without_port<'a>(host: &'a str, scheme: &str) -> &'a str {
    let usual = if scheme.eq_ignore_ascii_case("https") {
        ":443"
    } else {
        ":80"
    };
    host.strip_suffix(usual).unwrap_or(host)
}

fn endpoint<'a>(mut rest: impl Iterator<Item = &'a str>) -> Endpoint<'a> {
    let Some(kind) = rest.next() else {
        return Endpoint::Root;
    };
    let item = rest.next();
    if rest.next().is_some() {
        return Endpoint::Unknown;
    }
    match (kind, item) {
        (kind, None) if is(kind, "Users") => Endpoint::Users,
        // Somebody pasted `…/scim/Users` as the Tenant URL; no id of ours looks like that.
        (kind, Some(id)) if is(kind, "Users") && (is(id, "Users") || is(id, "Groups")) => Endpoint::Unknown,
        (kind, Some(".search")) if is(kind, "Users") => Endpoint::UsersSearch,
        (kind, Some(".search")) if is(kind, "Groups") => Endpoint::GroupsSearch,
        (".search", None) => Endpoint::Search,
        (kind, None) if is(kind, "Bulk") => Endpoint::Bulk,
        (kind, Some(id)) if is(kind, "Users") => Endpoint::User(decode(id)),
        (kind, None) if is(kind, "Groups") => Endpoint::Groups,
        (kind, Some(id)) if is(kind, "Groups") => Endpoint::Group(decode(id)),
        (kind, None) if is(kind, "ServiceProviderConfig") || is(kind, "serviceConfiguration") => {
            Endpoint::ServiceProviderConfig
        }
        (kind, None) if is(kind, "Me") => Endpoint::Me,
        (kind, None) if is(kind, "Schemas") => Endpoint::Schemas,
        (kind, Some(id)) if is(kind, "Schemas") => Endpoint::Schema(decode(id)),
        (kind, None) if is(kind, "ResourceTypes") => Endpoint::ResourceTypes,
        (kind, Some(name)) if is(kind, "ResourceTypes") => Endpoint::ResourceType(decode(name)),
        _ => Endpoint::Unknown,
    }
}

fn is(segment: &str, word: &str) -> bool {
    segment.eq_ignore_ascii_case(word)
}

/// Names of tenants and profiles are lower-case; people's spelling of them is not.
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

    fn read(path: &str) -> Option<(Option<String>, Option<String>, Endpoint<'_>)> {
        let route = Route::of(path)?;
        Some((
            route.base.tenant.map(Cow::into_owned),
            route.base.profile.map(Cow::into_owned),
            route.endpoint,
        ))
    }

    #[test]
    fn every_spelling_of_a_tenant_url_names_the_same_thing() {
        let user = || Endpoint::User("idn_1".into());
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
            let expected = Some((tenant.map(str::to_owned), profile.map(str::to_owned), user()));
            assert_eq!(read(path), expected, "{path}");
        }
    }

    #[test]
    fn everything_below_a_tenant_url_has_a_meaning() {
        for (below, endpoint) in [
            ("", Endpoint::Root),
            ("/", Endpoint::Root),
            ("/v2", Endpoint::Root),
            ("/Users", Endpoint::Users),
            ("/Users/", Endpoint::Users),
            ("/Groups", Endpoint::Groups),
            ("/Groups/1", Endpoint::Group("1".into())),
            ("/ServiceProviderConfig", Endpoint::ServiceProviderConfig),
            ("/serviceConfiguration", Endpoint::ServiceProviderConfig),
            ("/Schemas", Endpoint::Schemas),
            ("/Schemas/urn:a:b", Endpoint::Schema("urn:a:b".into())),
            ("/ResourceTypes", Endpoint::ResourceTypes),
            ("/ResourceTypes/User", Endpoint::ResourceType("User".into())),
            ("/Me", Endpoint::Me),
            ("/me/", Endpoint::Me),
            ("/Bulk", Endpoint::Bulk),
            ("/.search", Endpoint::Search),
            ("/v2/Users/.search/", Endpoint::UsersSearch),
            ("/groups/.search", Endpoint::GroupsSearch),
            ("/Bulk/1", Endpoint::Unknown),
            ("/Users/1/2", Endpoint::Unknown),
            ("/Users/Users", Endpoint::Unknown),
            ("/v2/v2/Users", Endpoint::Users),
            ("/scim/Users", Endpoint::Users),
            ("/scim/v2/Users", Endpoint::Users),
        ] {
            let path = format!("/rooms/scim{below}");
            assert_eq!(Route::of(&path).expect(&path).endpoint, endpoint, "{path}");
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
            assert_eq!(Route::of(path), None, "{path}");
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
        let user = |base: Base<'static>| {
            Some(Route {
                base,
                endpoint: Endpoint::User("idn_1".into()),
            })
        };
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
                Route::named(text, "https://scim.example.com"),
                user(base.clone()),
                "{text}"
            );
        }
        let below = "https://h.example/usher/scim/Users/idn_1";
        assert_eq!(Route::named(below, "https://h.example/usher"), user(none));
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
            assert_eq!(Route::named(other, "https://scim.example.com"), None, "{other}");
        }
        for nothing in [
            "//evil.example/Users/idn_1",
            "/x/Users/idn_1",
            "../Users/idn_1",
            "",
        ] {
            let read = Route::named(nothing, "https://scim.example.com").map(|route| route.endpoint);
            assert!(
                matches!(read, Some(Endpoint::Unknown | Endpoint::Root)),
                "{nothing}: {read:?}"
            );
        }
    }
}
