//! The requirements of a profile on a document. Pure: no reads, no writes.

use scim::error::Error;
use scim::path::{AttrPath, ValuePath};
use scim::resource::{Resource, json_bytes};
use scim::schema::ResourceType;
use serde_json::Value;

use crate::portal::PortalPage;
use crate::profile::Profile;
use crate::tenant::Provider;

/// Refuses a document that lacks what the profile requires. Of a change, with the state `before` it, it refuses only what the
/// change takes away (RFC 7644 §3.5.2.2): a rule that was added later must not keep an account from being disabled (ADR 0026).
///
/// # Errors
/// `invalidValue`, of a change `mutability`, with the SCIM path, the Entra attribute it comes from and the page to change it
/// on: the text shows up in the customer's provisioning log.
pub fn check_required(
    provider: Provider,
    profile: &Profile,
    before: Option<&Resource>,
    after: &Resource,
) -> Result<(), Error> {
    let mut required = profile.attributes.iter().filter(|line| line.required);
    let Some(line) = required.find(|line| is_lost(&line.target, before, after)) else {
        return Ok(());
    };
    let (path, name, page) = (&line.path, &profile.name, provider.at(PortalPage::Users));
    let source = match provider {
        Provider::Entra => &line.entra,
        _ => "a value",
    };
    let detail = format!(
        "{path} is required in the {name} directory and was missing or empty. {page} map {source} to {path}, and check that \
         the person or room has a value for it."
    );
    Err(lost(path, before, detail))
}

/// As [`check_required`], for a group: it needs what its type says is required, which is its `displayName`
/// (RFC 7643 §4.2).
///
/// # Errors
/// As [`check_required`].
pub fn check_group_required(
    provider: Provider,
    group_type: &ResourceType,
    before: Option<&Resource>,
    after: &Resource,
) -> Result<(), Error> {
    let mut required = group_type.core.attributes.iter().filter(|it| it.required);
    let Some(attribute) = required.find(|it| is_lost(&AttrPath::core(&it.name).into(), before, after)) else {
        return Ok(());
    };
    let (name, page) = (&attribute.name, provider.at(PortalPage::Groups));
    let detail = match before {
        None => format!(
            "{name} is required and was missing or empty: a group needs a name that can be read. {page} map {name} to {name}, \
             and check that the group has a name."
        ),
        Some(_) => format!(
            "{name} is required and cannot be removed or emptied. Send a new one to rename the group. {page} check that what is \
             mapped to {name} has a value."
        ),
    };
    Err(lost(name, before, detail))
}

fn is_lost(path: &ValuePath, before: Option<&Resource>, after: &Resource) -> bool {
    after.is_missing(path) && !before.is_some_and(|before| before.is_missing(path))
}

fn lost(path: &str, before: Option<&Resource>, detail: String) -> Error {
    match before {
        None => Error::invalid_value(path, detail),
        Some(_) => Error::mutability(path, detail),
    }
}

/// The most values of one attribute: far beyond any person's addresses. It bounds a document, its event and every comparison
/// of two states.
pub const MOST_VALUES: usize = 1_000;

/// The longest text of one value, in bytes: a certificate or a picture's URL fits, a picture does not.
pub const LONGEST_TEXT: usize = 16 * 1024;

/// The largest document, in bytes of JSON: an event has it whole.
pub const LARGEST_DOCUMENT: usize = 128 * 1024;

/// Refuses a document beyond [`MOST_VALUES`], [`LONGEST_TEXT`] or [`LARGEST_DOCUMENT`].
///
/// # Errors
/// `invalidValue` naming the attribute and both numbers.
pub fn check_size(provider: Provider, page: PortalPage, resource: &Resource) -> Result<(), Error> {
    let document = resource.as_map();
    let refused = |name: &str, what: String, or: &str| {
        let at = provider.at(page);
        let detail = format!("{name} {what}. {at} check what is mapped to {name}{or}.");
        Err(Error::invalid_value(name, detail))
    };
    let extensions = document.values().filter_map(Value::as_object);
    for (name, value) in std::iter::once(document).chain(extensions).flatten() {
        let length = value.as_array().map_or(0, Vec::len);
        if length > MOST_VALUES {
            let what = format!(
                "would have {length} values and an identity keeps at most {MOST_VALUES} of each attribute"
            );
            return refused(name, what, ", or remove old values first");
        }
    }
    for (name, value) in document {
        let longest = longest_text(value);
        if longest > LONGEST_TEXT {
            let what =
                format!("would hold {longest} bytes of text and one value keeps at most {LONGEST_TEXT}");
            return refused(name, what, "");
        }
    }
    let sizes = document.iter().map(|(name, value)| (json_bytes(value), name));
    let all: usize = sizes.clone().map(|(bytes, name)| bytes + name.len()).sum();
    match sizes.max() {
        Some((bytes, name)) if all > LARGEST_DOCUMENT => {
            let what = format!(
                "would take {bytes} bytes of JSON and a whole document keeps at most {LARGEST_DOCUMENT}"
            );
            refused(name, what, "")
        }
        _ => Ok(()),
    }
}

fn longest_text(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(longest_text).max().unwrap_or(0),
        Value::Object(parts) => parts.values().map(longest_text).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::profile::{Profiles, SHIPPED};

    #[test]
    fn a_list_no_person_has_is_refused_by_name() {
        let profiles = Profiles::load(SHIPPED.iter().copied()).expect("what ships loads");
        let advisors = profiles.get("advisors").expect("ships");
        let with = |count: usize| {
            let addresses: Vec<_> = (0..count)
                .map(|n| json!({"type": format!("t{n}"), "formatted": "x"}))
                .collect();
            let body = json!({"userName": "m", "addresses": addresses});
            let resource = Resource::accept(&advisors.resource_type, body)
                .expect("fits")
                .resource;
            check_size(Provider::Entra, PortalPage::Users, &resource).map_err(|error| error.detail)
        };
        assert_eq!(with(MOST_VALUES), Ok(()));
        let refused = with(MOST_VALUES + 1).expect_err("one too many");
        assert!(
            refused.starts_with("addresses would have 1001 values"),
            "{refused}"
        );
    }

    #[test]
    fn a_change_may_not_take_away_what_is_required_but_need_not_bring_what_was_missing() {
        let profiles = Profiles::load(SHIPPED.iter().copied()).expect("what ships loads");
        let members = profiles.get("members").expect("ships");
        let resource = |body| {
            Resource::accept(&members.resource_type, body)
                .expect("fits")
                .resource
        };
        let old = resource(json!({"userName": "m", "displayName": "M", "active": true}));
        let disabled = resource(json!({"userName": "m", "displayName": "M", "active": false}));
        assert_eq!(
            check_required(Provider::Entra, members, Some(&old), &disabled),
            Ok(())
        );
        let nameless = resource(json!({"userName": "m"}));
        let refused = check_required(Provider::Entra, members, Some(&old), &nameless);
        let refused = refused.expect_err("displayName went");
        assert_eq!(refused.scim_type, scim::ScimType::Mutability);
        assert!(
            refused
                .detail
                .starts_with("displayName is required in the members"),
            "{refused}"
        );
    }

    #[test]
    fn a_text_or_a_document_no_person_has_is_refused_by_name() {
        let refused = |document: serde_json::Value| {
            let serde_json::Value::Object(map) = document else {
                return None;
            };
            let checked = check_size(Provider::Entra, PortalPage::Users, &Resource::from_stored(map));
            checked.err().map(|error| error.detail)
        };
        assert_eq!(refused(json!({"title": "x".repeat(LONGEST_TEXT)})), None);
        let long = refused(json!({"title": "x".repeat(LONGEST_TEXT + 1)})).expect("too long");
        assert!(
            long.starts_with("title would hold 16385 bytes of text and one value keeps at most 16384."),
            "{long}"
        );
        let emails: Vec<_> = (0..129).map(|_| json!({"value": "x".repeat(1024)})).collect();
        let much = refused(json!({"userName": "m", "emails": emails})).expect("too much");
        assert!(
            much.starts_with(
                "emails would take 133904 bytes of JSON and a whole document keeps at most 131072."
            ),
            "{much}"
        );
        let parts = json!({"value": "v", "type": "t", "display": "d"});
        let (some, many) = (vec![parts.clone(); 1_000], vec![parts; 1_000]);
        let ims = json!({"userName": "m", "emails": some, "phoneNumbers": many, "ims": some, "photos": some});
        let much = refused(ims).expect("many small values are much, too");
        assert!(much.contains("a whole document keeps at most 131072"), "{much}");
    }

    #[test]
    fn a_missing_required_attribute_is_named_with_its_entra_source_and_the_page_to_change() {
        let profiles = Profiles::load(SHIPPED.iter().copied()).expect("what ships loads");
        let advisors = profiles.get("advisors").expect("ships");
        let refused = |provider, body| {
            let resource = Resource::accept(&advisors.resource_type, body)
                .expect("fits")
                .resource;
            check_required(provider, advisors, None, &resource).map_err(|error| error.detail)
        };
        let name = json!({"givenName": "Mette", "familyName": "Holm"});
        assert_eq!(
            refused(
                Provider::Entra,
                json!({"userName": "m", "displayName": "M", "name": name})
            ),
            Ok(())
        );
        for body in [
            json!({"userName": "m", "displayName": "M"}),
            json!({"userName": "m", "displayName": "M", "name": {"givenName": ""}}),
        ] {
            for (provider, next) in [
                (
                    Provider::Entra,
                    "In Entra, open Provisioning > Mappings > Provision Microsoft Entra ID Users and map givenName to",
                ),
                (Provider::Okta, "In Okta, map a value to"),
                (Provider::Generic, "At the client, map a value to"),
            ] {
                assert_eq!(
                    refused(provider, body.clone()),
                    Err(format!(
                        "name.givenName is required in the advisors directory and was missing or empty. {next} name.givenName, \
                         and check that the person or room has a value for it."
                    ))
                );
            }
        }
    }
}
