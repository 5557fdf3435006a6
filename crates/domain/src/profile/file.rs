//! The TOML file of a profile, and every way it can be wrong.

use std::collections::BTreeSet;

use scim::path::{AttrPath, ValuePath};
use scim::schema::{AttrType, Attribute, ResourceType, Schema};
use serde::Deserialize;

use super::{Profile, ProfileAttribute, ProfileError, Thing, UnknownAttributes};
use crate::tenant::Slug;

/// Path segments that routes already use.
const RESERVED: &[&str] = &[
    "scim",
    "t",
    "feeds",
    "health",
    "metrics",
    "oauth",
    "admin",
    "console",
    "provisioning",
    "schemas",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    thing: Thing,
    key: String,
    groups: bool,
    unknown_attributes: UnknownAttributes,
    #[serde(default)]
    attribute: Vec<Line>,
    #[serde(default)]
    extension: Option<Extension>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    path: String,
    entra: String,
    record: Option<String>,
    #[serde(default)]
    required: bool,
}

/// A custom extension of this profile (RFC 7643 §3.3).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    urn: String,
    #[serde(default)]
    attribute: Vec<ExtensionAttribute>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExtensionAttribute {
    name: String,
    #[serde(rename = "type")]
    attr_type: String,
    #[serde(default)]
    description: String,
}

pub(super) fn parse(file: &str, text: &str) -> Result<Profile, ProfileError> {
    let wrong = |problem: String| ProfileError {
        file: file.to_owned(),
        problem,
    };
    let read: File = toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
    check_name(&read.name).map_err(wrong)?;
    let full = full_type(&read).map_err(wrong)?;
    let keep = check_lines(&read, &full).map_err(wrong)?;
    let resource_type = ResourceType {
        core: scim::schema::restrict(&full.core, &keep),
        extensions: full
            .extensions
            .iter()
            .filter(|schema| keep.iter().any(|path| path.schema.as_deref() == Some(&schema.id)))
            .map(|schema| scim::schema::restrict(schema, &keep))
            .collect(),
        ..full
    };
    let attributes = read
        .attribute
        .into_iter()
        .map(|line| ProfileAttribute {
            path: line.path,
            entra: line.entra,
            record: line.record,
            required: line.required,
        })
        .collect();
    Ok(Profile {
        name: read.name,
        title: read.title,
        thing: read.thing,
        key: read.key,
        unknown_attributes: read.unknown_attributes,
        attributes,
        resource_type,
        group_type: read.groups.then(group_type),
    })
}

/// The core Group, whole: what a profile narrows are its identities.
fn group_type() -> ResourceType {
    ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Group".to_owned(),
        core: scim::schema::group(),
        extensions: Vec::new(),
    }
}

fn check_name(name: &str) -> Result<(), String> {
    name.parse::<Slug>().map_err(|error| format!("name: {error}"))?;
    if RESERVED.contains(&name) {
        return Err(format!(
            "name: {name:?} is a path Usher itself answers; choose another"
        ));
    }
    Ok(())
}

/// User with the enterprise extension and the profile's own.
fn full_type(read: &File) -> Result<ResourceType, String> {
    let mut extensions = vec![scim::schema::enterprise_user()];
    if let Some(extension) = &read.extension {
        extensions.push(own_extension(extension)?);
    }
    Ok(ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: read.title.clone(),
        core: scim::schema::user(),
        extensions,
    })
}

fn own_extension(extension: &Extension) -> Result<Schema, String> {
    let urn = &extension.urn;
    if !urn
        .to_ascii_lowercase()
        .starts_with("urn:ietf:params:scim:schemas:extension:")
        || !urn.ends_with(":2.0:User")
    {
        return Err(format!(
            "extension.urn: {urn:?} does not look like urn:ietf:params:scim:schemas:extension:<Name>:2.0:User, \
             the only form Entra's attribute list handles reliably"
        ));
    }
    let attributes = extension
        .attribute
        .iter()
        .map(own_attribute)
        .collect::<Result<_, _>>()?;
    Ok(Schema {
        id: urn.clone(),
        name: "Custom".to_owned(),
        description: "Custom attributes of this profile".to_owned(),
        attributes,
    })
}

fn own_attribute(read: &ExtensionAttribute) -> Result<Attribute, String> {
    if !scim::name::is_valid(&read.name) {
        return Err(format!(
            "extension.attribute: {:?} is no SCIM attribute name (letters, digits, '-', '_')",
            read.name
        ));
    }
    let attr_type = match read.attr_type.as_str() {
        "string" => AttrType::String,
        "boolean" => AttrType::Boolean,
        "integer" => AttrType::Integer,
        "decimal" => AttrType::Decimal,
        "dateTime" => AttrType::DateTime,
        "reference" => AttrType::Reference,
        other => {
            return Err(format!(
                "extension.attribute {}: type {other:?} is unknown; use string, boolean, integer, decimal, dateTime or reference",
                read.name
            ));
        }
    };
    Ok(Attribute::new(&read.name, attr_type, &read.description))
}

/// Checks each line against the schemas and answers the paths to keep.
fn check_lines(read: &File, full: &ResourceType) -> Result<Vec<AttrPath>, String> {
    let mut keep = Vec::new();
    let mut paths = BTreeSet::new();
    let mut records = BTreeSet::from(["id".to_owned()]);
    for (index, line) in read.attribute.iter().enumerate() {
        let place = format!("attribute {} ({})", index + 1, line.path);
        let path = ValuePath::parse(&line.path, &full.urns())
            .map_err(|error| format!("{place}: {}", error.detail))?
            .attr;
        if full.find(&path).is_none() {
            return Err(format!(
                "{place}: neither the User schema, the enterprise extension nor this profile's extension has it; \
                 mind the spelling, or add it under [extension]"
            ));
        }
        if !paths.insert(line.path.to_ascii_lowercase()) {
            return Err(format!("{place}: listed twice; keep one line"));
        }
        if let Some(record) = &line.record
            && !records.insert(record.clone())
        {
            return Err(format!(
                "{place}: record name {record:?} is taken by an earlier line; choose another"
            ));
        }
        keep.push(path);
    }
    for needed in ["userName", read.key.as_str()] {
        if !paths.contains(&needed.to_ascii_lowercase()) {
            return Err(format!(
                "attribute: {needed:?} has no [[attribute]] line; add one (userName and the key are always needed)"
            ));
        }
    }
    Ok(keep)
}
