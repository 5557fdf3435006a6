//! The enterprise extension of User (RFC 7643 §4.3, §8.7.1).
//!
//! Must not know: the core schema.

use super::ENTERPRISE_USER;
use super::model::{AttrType, Attribute, Mutability, Schema};

/// The enterprise extension, complete.
///
/// `manager.$ref` and `manager.displayName` are read-only here (the RFC lets a client write `$ref`, but it cannot know our
/// URLs) and never returned: the manager's id is stored as it was sent and may not exist here, so a link or a name could be
/// false. A request that sends them is accepted, and they are ignored.
pub fn enterprise_user() -> Schema {
    Schema {
        id: ENTERPRISE_USER.to_owned(),
        name: "EnterpriseUser".to_owned(),
        description: "Enterprise User".to_owned(),
        attributes: vec![
            Attribute::string(
                "employeeNumber",
                "A number or code the organisation knows the person by.",
            ),
            Attribute::string("costCenter", "The name of a cost centre."),
            Attribute::string("organization", "The name of an organisation."),
            Attribute::string("division", "The name of a division."),
            Attribute::string("department", "The name of a department."),
            Attribute::complex(
                "manager",
                "The person's manager.",
                vec![
                    Attribute::string("value", "The id of the manager's resource.").case_exact(),
                    Attribute::new("$ref", AttrType::Reference, "The URI of the manager's resource.")
                        .case_exact()
                        .references(&["User"])
                        .mutability(Mutability::ReadOnly),
                    Attribute::string("displayName", "The manager's display name.")
                        .mutability(Mutability::ReadOnly),
                ],
            ),
        ],
    }
}
