//! The requirements of each customer's guide, as data (`docs/background/customer-guides.md`).

pub struct Guide {
    /// The shipped profile.
    pub profile: &'static str,
    /// The kind of its objects: people (`users`) or rooms.
    pub objects: &'static str,
    /// The mapping of the guide (`tests/fixtures/customers`).
    pub mapping: &'static str,
    /// The change of a mover: the source attribute, and the path of the value.
    pub mover: (&'static str, &'static str),
    /// An extension of this directory alone.
    pub extension: Option<&'static str>,
    /// Whether the profile keeps managers.
    pub manager: bool,
    /// Whether groups are provisioned, too.
    pub groups: bool,
    /// The guide's own rule: a source attribute that every person needs, and what the refusal must name.
    pub required: Option<(&'static str, &'static [&'static str])>,
    /// A path that the profile does not have, refused by name.
    pub refused: Option<&'static str>,
}

const DEFAULT: &str = include_str!("../../fixtures/customers/default.mapping.json");

/// Entra's whole default mapping.
pub const PEOPLE: Guide = Guide {
    profile: "people",
    objects: "users",
    mapping: DEFAULT,
    mover: ("jobTitle", "/title"),
    extension: None,
    manager: true,
    groups: true,
    required: None,
    refused: None,
};

/// ovice: the default mapping, five attributes required.
pub const MEMBERS: Guide = Guide {
    profile: "members",
    mover: (
        "department",
        "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
    ),
    manager: false,
    required: Some(("jobTitle", &["title", "jobTitle"])),
    ..PEOPLE
};

/// JCV: the employee number is the user name, everything else is forbidden.
pub const EMPLOYEES: Guide = Guide {
    profile: "employees",
    mapping: include_str!("../../fixtures/customers/employees.mapping.json"),
    mover: ("userPrincipalName", "/emails/0/value"),
    manager: false,
    refused: Some("title"),
    ..PEOPLE
};

/// ServiceOps: custom fields of this customer.
pub const AGENTS: Guide = Guide {
    profile: "agents",
    mapping: include_str!("../../fixtures/customers/agents.mapping.json"),
    mover: (
        "extensionAttribute2",
        "/urn:ietf:params:scim:schemas:extension:serviceops:2.0:User/floor",
    ),
    extension: Some(include_str!("../../fixtures/customers/agents.extension.toml")),
    ..PEOPLE
};

/// Keepnet: mail is mandatory.
pub const LEARNERS: Guide = Guide {
    profile: "learners",
    mover: ("displayName", "/displayName"),
    required: Some(("mail", &["emails[type eq \"work\"].value", "mail"])),
    ..PEOPLE
};

/// &Money's advisors: seven lines, objectId as the key.
pub const ADVISORS: Guide = Guide {
    profile: "advisors",
    mapping: include_str!("../../fixtures/customers/advisors.mapping.json"),
    mover: ("physicalDeliveryOfficeName", "/addresses/0/formatted"),
    manager: false,
    groups: false,
    required: Some(("surname", &["name.familyName", "surname"])),
    ..PEOPLE
};

/// &Money's rooms: the same minus `name`.
pub const ROOMS: Guide = Guide {
    profile: "rooms",
    objects: "rooms",
    mapping: include_str!("../../fixtures/customers/rooms.mapping.json"),
    required: Some(("displayName", &["displayName"])),
    ..ADVISORS
};
