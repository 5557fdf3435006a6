//! The TOML file of a profile and its errors.

use std::collections::BTreeSet;

use scim::path::{AttrPath, ValuePath};
use scim::schema::{ResourceType, Schema};
use serde::Deserialize;

use super::extension::{Extension, LONGEST_TEXT};
use super::{
    Profile, ProfileAttribute, ProfileError, ProfileNameError, ResourceKind, UnknownAttributes, required,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    title: String,
    thing: ResourceKind,
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
    #[serde(default = "yes")]
    managed: bool,
}

const fn yes() -> bool {
    true
}

impl Profile {
    /// Reads a profile from the text of its TOML file.
    ///
    /// # Errors
    /// [`ProfileError`] naming the file, the line and the rule.
    pub fn parse(file: &str, text: &str) -> Result<Self, ProfileError> {
        let wrong = |problem: String| ProfileError {
            file: file.to_owned(),
            problem,
        };
        let read: File =
            toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        let name = read
            .name
            .parse()
            .map_err(|error: ProfileNameError| wrong(format!("name: {error}")))?;
        let full = full_type(&read).map_err(wrong)?;
        let mut keep = check_lines(&read, &full).map_err(wrong)?;
        // Events need it, so every identity has it, even if no mapping names it (ADR 0035).
        keep.push(AttrPath::core("active"));
        if read.groups {
            // Computed, so no mapping names it; but it can be requested and filtered by.
            keep.push(AttrPath::core("groups"));
        }
        let named = |schema: &&Schema| keep.iter().any(|path| path.schema.as_deref() == Some(&schema.id));
        let extensions = full.extensions.iter().filter(named);
        let extensions = extensions.map(|schema| scim::schema::restrict(schema, &keep));
        let mut resource_type = ResourceType {
            core: scim::schema::restrict(&full.core, &keep),
            extensions: extensions.collect(),
            ..full
        };
        let attribute = |line: Line| {
            let target = resource_type.parse_value_path(&line.path)?;
            Ok(ProfileAttribute {
                is_list: is_list(&resource_type, &target),
                target,
                path: line.path,
                entra: line.entra,
                record: line.record,
                required: line.required,
                managed: line.managed,
            })
        };
        let attributes = read.attribute.into_iter().map(attribute);
        let attributes: Result<Vec<_>, scim::Error> = attributes.collect();
        let attributes = attributes.map_err(|error| wrong(error.detail))?;
        required::mark(&mut resource_type, &attributes);
        Ok(Self {
            name,
            title: read.title,
            thing: read.thing,
            key: read.key,
            unknown_attributes: read.unknown_attributes,
            attributes,
            resource_type,
            group_type: read.groups.then(group_type),
        })
    }

    /// This profile with a directory's own extension on top, from the text of its TOML: `urn`, `description` and
    /// `[[attribute]]` lines of `name`, `type` and, as wanted, `multi_valued`, `required`, `case_exact`,
    /// `canonical_values`, `mutability`, `returned`, `description`, `entra`, `record`.
    ///
    /// # Errors
    /// [`ProfileError`] naming the line and the rule.
    pub fn with_extension(&self, text: &str) -> Result<Self, ProfileError> {
        let wrong = |problem: String| ProfileError {
            file: "extension".to_owned(),
            problem,
        };
        if text.len() > LONGEST_TEXT {
            return Err(wrong(format!(
                "{} bytes are more than the {LONGEST_TEXT} an extension may have",
                text.len()
            )));
        }
        let read: Extension =
            toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
        let schema = read.schema().map_err(wrong)?;
        if schema.attributes.is_empty() {
            return Err(wrong(
                "attribute: there is none; add [[attribute]] with name and type".to_owned(),
            ));
        }
        let mut extended = self.clone();
        if extended.resource_type.extension(&schema.id).is_some() {
            return Err(wrong(format!(
                "urn: {:?} is an extension of the profile {} already; choose another name",
                schema.id, self.name
            )));
        }
        let records = self.attributes.iter().filter_map(|line| line.record.as_deref());
        let mut records: BTreeSet<&str> = records.chain(["id"]).collect();
        let lines = read.lines();
        for line in &lines {
            if let Some(record) = &line.record
                && !records.insert(record)
            {
                return Err(wrong(format!(
                    "attribute {}: record name {record:?} is taken; choose another",
                    line.path
                )));
            }
        }
        extended.resource_type.extensions.push(schema);
        extended.attributes.extend(lines);
        Ok(extended)
    }
}

/// Whether a path names a whole list.
fn is_list(rt: &ResourceType, ValuePath { attr, selector }: &ValuePath) -> bool {
    let attribute = rt.attribute(attr);
    selector.is_none() && attr.sub.is_none() && attribute.is_some_and(|attribute| attribute.multi_valued)
}

/// The whole core Group: a profile narrows the attributes of identities only.
fn group_type() -> ResourceType {
    ResourceType {
        name: "Group".to_owned(),
        endpoint: "/Groups".to_owned(),
        description: "Group".to_owned(),
        core: scim::schema::group(),
        extensions: Vec::new(),
    }
}

/// User with the enterprise extension and the profile's own.
fn full_type(read: &File) -> Result<ResourceType, String> {
    let mut extensions = vec![scim::schema::enterprise_user()];
    if let Some(extension) = &read.extension {
        extensions.push(extension.schema()?);
    }
    Ok(ResourceType {
        name: "User".to_owned(),
        endpoint: "/Users".to_owned(),
        description: read.title.clone(),
        core: scim::schema::user(),
        extensions,
    })
}

/// Checks each line against the schemas and returns the paths to keep.
fn check_lines(read: &File, full: &ResourceType) -> Result<Vec<AttrPath>, String> {
    let mut keep = Vec::new();
    let mut paths = BTreeSet::new();
    let mut records = BTreeSet::from(["id".to_owned()]);
    for (index, line) in read.attribute.iter().enumerate() {
        let subject = format!("attribute {} ({})", index + 1, line.path);
        let path = ValuePath::parse(&line.path, &full.urns())
            .map_err(|error| format!("{subject}: {}", error.detail))?
            .attr;
        if full.find(&path).is_none() {
            return Err(format!(
                "{subject}: neither the User schema, the enterprise extension nor this profile's extension has it; \
                 mind the spelling, or add it under [extension]"
            ));
        }
        if !paths.insert(line.path.to_ascii_lowercase()) {
            return Err(format!("{subject}: listed twice; keep one line"));
        }
        if let Some(record) = &line.record
            && !records.insert(record.clone())
        {
            return Err(format!(
                "{subject}: record name {record:?} is taken by an earlier line; choose another"
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
