//! The attributes every resource has without any schema listing them (RFC 7643 §3.1).
//!
//! Must not know: User or Group.

use std::sync::LazyLock;

use super::model::{AttrType, Attribute, Mutability, Returned, Uniqueness};

/// `schemas`, `id`, `externalId` and `meta`.
pub(super) static COMMON: LazyLock<Vec<Attribute>> = LazyLock::new(|| {
    let read_only = |attribute: Attribute| attribute.mutability(Mutability::ReadOnly);
    vec![
        Attribute::new(
            "schemas",
            AttrType::Reference,
            "The URNs of the schemas present in the resource.",
        )
        .multi()
        .required()
        .returned(Returned::Always),
        read_only(Attribute::string(
            "id",
            "The server's identifier of the resource; never changes.",
        ))
        .case_exact()
        .returned(Returned::Always)
        .uniqueness(Uniqueness::Server),
        Attribute::string("externalId", "The client's identifier of the resource.").case_exact(),
        read_only(Attribute::complex(
            "meta",
            "What the server knows about the resource.",
            vec![
                read_only(Attribute::string(
                    "resourceType",
                    "The name of the resource type.",
                ))
                .case_exact(),
                read_only(Attribute::new(
                    "created",
                    AttrType::DateTime,
                    "When the resource was created.",
                )),
                read_only(Attribute::new(
                    "lastModified",
                    AttrType::DateTime,
                    "When the resource last changed.",
                )),
                read_only(Attribute::new(
                    "location",
                    AttrType::Reference,
                    "The URI of the resource.",
                ))
                .case_exact()
                .references(&["uri"]),
                read_only(Attribute::string("version", "The resource's weak entity tag.")).case_exact(),
            ],
        )),
    ]
});
