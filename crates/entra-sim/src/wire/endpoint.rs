//! URLs as Entra joins them: the path goes before the tenant URL's own query, which stays in front of every
//! other parameter; values are form-encoded (`+` for a blank, `%22` for a quote).

use std::fmt::Write as _;

use crate::dialect::{Dialect, FLAG};

/// A parsed tenant URL, split into base and query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    base: String,
    query: String,
}

impl Endpoint {
    /// Reads a tenant URL as pasted. A trailing slash is kept, which gives `//Users`, as it does in Entra.
    ///
    /// # Errors
    /// When it is not an http or https URL.
    pub fn parse(tenant_url: &str) -> Result<Self, String> {
        let trimmed = tenant_url.trim();
        let parsed =
            reqwest::Url::parse(trimmed).map_err(|why| format!("{trimmed:?} is not a URL: {why}"))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(format!(
                "a tenant URL begins with https:// (or http:// to this machine), not {}://",
                parsed.scheme()
            ));
        }
        let without_fragment = trimmed.split('#').next().unwrap_or_default();
        let (base, query) = without_fragment.split_once('?').unwrap_or((without_fragment, ""));
        Ok(Self {
            base: base.to_owned(),
            query: query.to_owned(),
        })
    }

    /// The dialect the customer asked for by the flag in the tenant URL.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        let flagged = self
            .query
            .split('&')
            .any(|pair| pair.split('=').next().is_some_and(|key| key == FLAG));
        if flagged {
            Dialect::Compliant
        } else {
            Dialect::Legacy
        }
    }

    /// The same endpoint with the flag of the compliant dialect in front of its query.
    #[must_use]
    pub fn flagged(mut self) -> Self {
        if self.dialect() == Dialect::Legacy {
            self.query = if self.query.is_empty() {
                FLAG.to_owned()
            } else {
                format!("{FLAG}&{}", self.query)
            };
        }
        self
    }

    /// The URL of a collection or of one resource; `id` is percent-encoded.
    #[must_use]
    pub fn resource(&self, collection: &str, id: Option<&str>) -> String {
        let mut url = format!("{}/{collection}", self.base);
        if let Some(id) = id {
            url.push('/');
            url.push_str(&encode(id, "%20"));
        }
        self.with_query(url, "")
    }

    /// The URL of a query with `eq`.
    #[must_use]
    pub fn query(&self, collection: &str, attribute: &str, value: &str) -> String {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        let filter = format!("{attribute} eq \"{escaped}\"");
        self.with_query(
            format!("{}/{collection}", self.base),
            &format!("filter={}", encode(&filter, "+")),
        )
    }

    /// The URL of a query with `eq` that excludes an attribute from the answer, as Entra does for groups.
    #[must_use]
    pub fn query_without(&self, collection: &str, excluded: &str, attribute: &str, value: &str) -> String {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        let filter = format!("{attribute} eq \"{escaped}\"");
        let query = format!("excludedAttributes={excluded}&filter={}", encode(&filter, "+"));
        self.with_query(format!("{}/{collection}", self.base), &query)
    }

    fn with_query(&self, mut url: String, more: &str) -> String {
        let parts: Vec<&str> = [self.query.as_str(), more]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect();
        if !parts.is_empty() {
            url.push('?');
            url.push_str(&parts.join("&"));
        }
        url
    }
}

/// Form encoding; `blank` is how a space is written.
fn encode(text: &str, blank: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => out.push(char::from(byte)),
            b' ' => out.push_str(blank),
            other => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{other:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_form_encoded() {
        let endpoint = Endpoint::parse("https://h/advisors/scim").unwrap();
        assert_eq!(
            endpoint.query("Users", "userName", "o'brien_x#EXT#@a.b"),
            "https://h/advisors/scim/Users?filter=userName+eq+%22o%27brien_x%23EXT%23%40a.b%22"
        );
        assert_eq!(
            endpoint.query("Users", "displayName", "a \"b\" \\ ø"),
            "https://h/advisors/scim/Users?filter=displayName+eq+%22a+%5C%22b%5C%22+%5C%5C+%C3%B8%22"
        );
    }

    #[test]
    fn the_flag_stays_in_front_of_every_other_parameter() {
        let pasted = Endpoint::parse("https://h/scim?aadOptscim062020").unwrap();
        assert_eq!(pasted.dialect(), Dialect::Compliant);
        assert_eq!(
            pasted.resource("Users", Some("1")),
            "https://h/scim/Users/1?aadOptscim062020"
        );
        assert_eq!(
            pasted.query("Users", "id", "1"),
            "https://h/scim/Users?aadOptscim062020&filter=id+eq+%221%22"
        );
        let added = Endpoint::parse("https://h/scim?x=1").unwrap().flagged();
        assert_eq!(
            added.resource("Users", None),
            "https://h/scim/Users?aadOptscim062020&x=1"
        );
        assert_eq!(added.clone().flagged(), added);
    }

    #[test]
    fn a_trailing_slash_is_kept_as_entra_keeps_it() {
        assert_eq!(
            Endpoint::parse("https://h/scim/")
                .unwrap()
                .resource("Users", None),
            "https://h/scim//Users"
        );
    }

    #[test]
    fn something_else_than_http_is_refused() {
        assert!(Endpoint::parse("ftp://h/scim").unwrap_err().contains("https://"));
        assert!(Endpoint::parse("advisors/scim").is_err());
    }
}
