//! The core Group schema (RFC 7643 §4.2, §8.7.1).
//!
//! Must not know: how members are kept.

use super::GROUP;
use super::model::{AttrType, Attribute, Mutability, Schema, Uniqueness};

/// The Group schema, complete.
///
/// `displayName` is required and unique at the endpoint: Entra matches groups by it and expects 409 for a second one.
pub fn group() -> Schema {
    Schema {
        id: GROUP.to_owned(),
        name: "Group".to_owned(),
        description: "Group".to_owned(),
        attributes: vec![
            Attribute::string("displayName", "The group's name.")
                .required()
                .uniqueness(Uniqueness::Server),
            Attribute::complex(
                "members",
                "The members of the group.",
                vec![
                    Attribute::string("value", "The id of the member.")
                        .case_exact()
                        .mutability(Mutability::Immutable),
                    Attribute::new("$ref", AttrType::Reference, "The URI of the member.")
                        .case_exact()
                        .references(&["User", "Group"])
                        .mutability(Mutability::ReadOnly),
                    Attribute::string("type", "What the member is.")
                        .canonical(&["User", "Group"])
                        .mutability(Mutability::Immutable),
                    Attribute::string("display", "The member's name.").mutability(Mutability::ReadOnly),
                ],
            )
            .multi(),
        ],
    }
}
