//! The core User schema (RFC 7643 §4.1, §8.7.1).
//!
//! Must not know: the enterprise extension, or what a directory keeps of it ([`super::restrict`]).

use super::USER;
use super::model::{AttrType, Attribute, Mutability, Returned, Schema, Uniqueness};

/// The User schema, complete.
///
/// `type` of `emails`, `addresses` and `phoneNumbers` carries canonical values, and `roles` none: Entra's onboarding
/// check derives `emails[type eq "work"].value` and `roles[primary eq "True"].value` from exactly that.
pub fn user() -> Schema {
    let mut attributes = singular();
    attributes.extend(plural());
    Schema {
        id: USER.to_owned(),
        name: "User".to_owned(),
        description: "User Account".to_owned(),
        attributes,
    }
}

fn singular() -> Vec<Attribute> {
    let text = Attribute::string;
    vec![
        text(
            "userName",
            "The name the person signs in with; unique in the directory, in any case.",
        )
        .required()
        .uniqueness(Uniqueness::Server),
        Attribute::complex(
            "name",
            "The parts of the person's name.",
            vec![
                text(
                    "formatted",
                    "The full name, with titles and suffixes, for display.",
                ),
                text("familyName", "The family name, or last name."),
                text("givenName", "The given name, or first name."),
                text("middleName", "The middle names."),
                text("honorificPrefix", "The titles, such as 'Ms.'."),
                text("honorificSuffix", "The suffixes, such as 'III'."),
            ],
        ),
        text("displayName", "The name shown to other people."),
        text("nickName", "The casual name, such as 'Bob' for 'Robert'."),
        reference(
            "profileUrl",
            "The URL of the person's on-line profile.",
            &["external"],
        ),
        text("title", "The job title, such as 'Vice President'."),
        text(
            "userType",
            "How the person relates to the organisation, such as 'Contractor'.",
        ),
        text(
            "preferredLanguage",
            "The language the person prefers to read, such as 'da' or 'en-GB'.",
        ),
        text(
            "locale",
            "The locale for currency, dates and numbers, such as 'da-DK'.",
        ),
        text("timezone", "The time zone, such as 'Europe/Copenhagen'."),
        Attribute::new(
            "active",
            AttrType::Boolean,
            "Whether the account may be used; true unless it is said otherwise.",
        ),
        text(
            "password",
            "The clear-text password; never kept and never returned.",
        )
        .mutability(Mutability::WriteOnly)
        .returned(Returned::Never),
    ]
}

fn plural() -> Vec<Attribute> {
    let text = Attribute::string;
    vec![
        listed(
            "emails",
            "The e-mail addresses.",
            text("value", "An e-mail address."),
            &["work", "home", "other"],
        ),
        listed(
            "phoneNumbers",
            "The telephone numbers, kept as they were sent.",
            text("value", "A telephone number."),
            &["work", "mobile", "fax", "pager", "home", "other"],
        ),
        listed(
            "ims",
            "The instant messaging addresses.",
            text("value", "An instant messaging address."),
            &["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"],
        ),
        listed(
            "photos",
            "The URLs of photos.",
            reference("value", "The URL of a photo.", &["external"]),
            &["photo", "thumbnail"],
        ),
        addresses(),
        groups(),
        listed(
            "entitlements",
            "What the person is entitled to.",
            text("value", "An entitlement."),
            &[],
        ),
        listed(
            "roles",
            "The roles the person has.",
            text("value", "A role."),
            &[],
        ),
        listed(
            "x509Certificates",
            "The person's certificates.",
            Attribute::new("value", AttrType::Binary, "A DER certificate, base64.").case_exact(),
            &[],
        ),
    ]
}

/// A multi-valued attribute with the default parts of RFC 7643 §2.4.
fn listed(name: &str, description: &str, value: Attribute, types: &[&str]) -> Attribute {
    Attribute::complex(
        name,
        description,
        vec![
            value,
            Attribute::string("display", "A name for display."),
            Attribute::string("type", "What kind of value this is.").canonical(types),
            primary(),
        ],
    )
    .multi()
}

fn addresses() -> Attribute {
    let text = Attribute::string;
    Attribute::complex(
        "addresses",
        "The postal addresses.",
        vec![
            text(
                "formatted",
                "The whole address, for display; for Entra's rooms and advisors, the office.",
            ),
            text("streetAddress", "The street with house number."),
            text("locality", "The city."),
            text("region", "The state or region."),
            text("postalCode", "The postal code."),
            text("country", "The country."),
            text("type", "What kind of address this is.").canonical(&["work", "home", "other"]),
            primary(),
        ],
    )
    .multi()
}

fn groups() -> Attribute {
    let part = |attribute: Attribute| attribute.mutability(Mutability::ReadOnly);
    Attribute::complex(
        "groups",
        "The groups the person belongs to; changed through the groups themselves.",
        vec![
            part(Attribute::string("value", "The id of the group.").case_exact()),
            part(reference("$ref", "The URI of the group.", &["Group"])),
            part(Attribute::string("display", "The group's name.")),
            part(
                Attribute::string("type", "How the person belongs to it.").canonical(&["direct", "indirect"]),
            ),
        ],
    )
    .multi()
    .mutability(Mutability::ReadOnly)
}

fn primary() -> Attribute {
    Attribute::new(
        "primary",
        AttrType::Boolean,
        "Whether this is the preferred value; true at most once.",
    )
}

fn reference(name: &str, description: &str, types: &[&str]) -> Attribute {
    Attribute::new(name, AttrType::Reference, description)
        .case_exact()
        .references(types)
}
