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
