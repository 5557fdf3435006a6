//! What a profile demands of a document. Pure: no reads, no writes.

use scim::error::Error;
use scim::resource::Resource;

use crate::profile::Profile;

/// Refuses a document that lacks what the profile requires.
///
/// # Errors
/// `invalidValue` naming the SCIM path, the Entra attribute it comes from and the page to change it on: the text shows
/// up in the customer's provisioning log.
pub fn check_required(profile: &Profile, resource: &Resource) -> Result<(), Error> {
    let missing = profile
        .attributes
        .iter()
        .find(|attribute| attribute.required && resource.missing(&profile.resource_type, &attribute.path));
    match missing {
        None => Ok(()),
        Some(attribute) => Err(Error::invalid_value(
            &attribute.path,
            format!(
                "{path} is required in the {profile} directory and was missing or empty. In Entra, open Provisioning > Edit \
                 attribute mappings > Provision Microsoft Entra ID Users, map {entra} to {path}, and check that the person \
                 or room has a value for it.",
                path = attribute.path,
                profile = profile.name,
                entra = attribute.entra,
            ),
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::profile::{Profiles, SHIPPED};

    #[test]
    fn a_missing_required_attribute_is_named_with_its_entra_source_and_the_page_to_change() {
        let profiles = Profiles::load(SHIPPED.iter().copied()).expect("what ships loads");
        let advisors = profiles.get("advisors").expect("ships");
        let refused = |body| {
            let resource = Resource::accept(&advisors.resource_type, body)
                .expect("fits")
                .resource;
            check_required(advisors, &resource).map_err(|error| error.detail)
        };
        let name = json!({"givenName": "Mette", "familyName": "Holm"});
        assert_eq!(
            refused(json!({"userName": "m", "displayName": "M", "name": name})),
            Ok(())
        );
        for body in [
            json!({"userName": "m", "displayName": "M"}),
            json!({"userName": "m", "displayName": "M", "name": {"givenName": ""}}),
        ] {
            assert_eq!(
                refused(body),
                Err("name.givenName is required in the advisors directory and was missing or empty. In Entra, open Provisioning > \
                     Edit attribute mappings > Provision Microsoft Entra ID Users, map givenName to name.givenName, and check that \
                     the person or room has a value for it."
                    .to_owned())
            );
        }
    }
}
