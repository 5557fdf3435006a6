//! Attribute mappings, as data: which directory attribute (or expression) becomes which SCIM attribute.
//!
//! The mappings of the advisors and rooms applications are the JSON files in `mappings/`; another file of the
//! same form can be given instead. Pure: no HTTP, no clock. Next: [`target`] and [`expression`], then
//! `crate::compare`.

pub mod expression;
pub mod target;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::directory::{App, SourceObject};
use crate::problem::{ErrorCode, Problem};
use expression::Expression;
use target::Target;

/// Mapped values of one object: SCIM path as written in the mapping → value as Entra holds it (always text).
/// Attributes without a value are absent: Entra never sends null.
pub type Values = BTreeMap<String, String>;

/// The declared type of a target attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Text in both dialects.
    #[default]
    String,
    /// True or false; text in the legacy dialect.
    Boolean,
    /// Another object of the directory (a manager): provisioned after all objects.
    Reference,
}

/// When a mapping line applies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Apply {
    /// On create and on every update.
    #[default]
    Always,
    /// Only during object creation.
    OnCreate,
}

/// One line of the mapping, as in the portal's mapping page.
#[derive(Clone, Debug)]
pub struct Line {
    /// The path as written, also used as the name in logs and state files.
    pub name: String,
    /// The parsed SCIM path.
    pub target: Target,
    /// The expression that gives the value.
    pub source: Expression,
    /// The declared type of the target attribute.
    pub kind: Kind,
    /// When the line applies.
    pub apply: Apply,
    /// Matching precedence, from 1; `None` for an attribute that is not matched on.
    pub matching: Option<u8>,
    /// True if an object without a value is refused before anything is sent.
    pub required: bool,
    /// The value on create if the source has none.
    pub default: Option<String>,
}

/// All lines of a mapping.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// The lines, in the file's order.
    pub lines: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MappingFile {
    attributes: Vec<LineFile>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LineFile {
    target: String,
    source: String,
    #[serde(default, rename = "type", skip_serializing)]
    kind: Kind,
    #[serde(default, skip_serializing)]
    apply: Apply,
    matching: Option<u8>,
    #[serde(default)]
    required: bool,
    default: Option<String>,
}

impl Mapping {
    /// The shipped mapping of an application, as the customer's guide has it.
    ///
    /// # Errors
    /// Never for the shipped files; a test reads them.
    pub fn shipped(app: App) -> anyhow::Result<Self> {
        match app {
            App::Advisors => Self::parse(include_str!("../../mappings/advisors.json")),
            App::Rooms => Self::parse(include_str!("../../mappings/rooms.json")),
            App::People => Self::parse(include_str!("../../mappings/people.json")),
        }
    }

    /// Reads a mapping file.
    ///
    /// # Errors
    /// When it cannot be read, or a line cannot be understood; the message names the file and the line's target.
    pub fn load(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the mapping {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("in the mapping {}", path.display()))
    }

    /// Reads a mapping from JSON text.
    ///
    /// # Errors
    /// When a line cannot be understood, or nothing is matched on.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let file: MappingFile = serde_json::from_str(text)
            .context("a mapping is {\"attributes\": [{\"target\", \"source\", …}]}")?;
        let lines = file
            .attributes
            .into_iter()
            .map(Line::from_file)
            .collect::<anyhow::Result<Vec<_>>>()?;
        let mapping = Self { lines };
        anyhow::ensure!(
            !mapping.matching().is_empty(),
            "no attribute is matched on; give one line \"matching\": 1 (usually userName)"
        );
        Ok(mapping)
    }

    /// The matching lines, in order of precedence; never empty.
    #[must_use]
    pub fn matching(&self) -> Vec<&Line> {
        let mut lines: Vec<&Line> = self.lines.iter().filter(|line| line.matching.is_some()).collect();
        lines.sort_by_key(|line| line.matching);
        lines
    }

    /// The line of a target by its name.
    #[must_use]
    pub fn line(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|line| line.name == name)
    }

    /// Whether the target can be soft-deleted: without a line for `active`, Entra deletes instead.
    #[must_use]
    pub fn maps_active(&self) -> bool {
        self.lines
            .iter()
            .any(|line| line.name.eq_ignore_ascii_case("active"))
    }

    /// The reference lines, provisioned in the later pass.
    pub fn references(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.kind == Kind::Reference)
    }

    /// Evaluates every line that is not a reference.
    ///
    /// # Errors
    /// `MandatoryFieldsMissing` if a required line has no value: Entra refuses by itself, nothing is sent.
    pub fn values(&self, object: &SourceObject) -> Result<Values, Problem> {
        let mut values = Values::new();
        for line in self.lines.iter().filter(|line| line.kind != Kind::Reference) {
            match line.source.evaluate(object) {
                Some(value) => {
                    values.insert(line.name.clone(), value);
                }
                None if line.required => {
                    let reason = format!(
                        "{} is required by the mapping but its source has no value; fill it in Entra",
                        line.name
                    );
                    return Err(Problem::new(ErrorCode::MandatoryFieldsMissing, reason));
                }
                None => {}
            }
        }
        Ok(values)
    }

    /// `values` plus the defaults that apply on create.
    #[must_use]
    pub fn with_defaults(&self, values: &Values) -> Values {
        let mut all = values.clone();
        for line in &self.lines {
            if let Some(default) = &line.default {
                all.entry(line.name.clone()).or_insert_with(|| default.clone());
            }
        }
        all
    }
}

impl Line {
    fn from_file(file: LineFile) -> anyhow::Result<Self> {
        let target =
            Target::parse(&file.target).map_err(|why| anyhow::anyhow!("target {:?}: {why}", file.target))?;
        let source = Expression::parse(&file.source)
            .map_err(|why| anyhow::anyhow!("source {:?} of {}: {why}", file.source, file.target))?;
        Ok(Self {
            name: file.target,
            target,
            source,
            kind: file.kind,
            apply: file.apply,
            matching: file.matching,
            required: file.required,
            default: file.default,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::generate;

    #[test]
    fn the_guide_maps_seven_attributes_for_advisors_and_five_for_rooms() {
        let names = |app| {
            Mapping::shipped(app)
                .unwrap()
                .lines
                .into_iter()
                .map(|line| line.name)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            names(App::Advisors),
            [
                "active",
                "userName",
                "displayName",
                "name.givenName",
                "name.familyName",
                "addresses[type eq \"work\"].formatted",
                "externalId"
            ]
        );
        assert_eq!(
            names(App::Rooms),
            [
                "active",
                "userName",
                "displayName",
                "addresses[type eq \"work\"].formatted",
                "externalId"
            ]
        );
    }

    #[test]
    fn a_value_that_is_not_there_is_not_mapped() {
        let mut object = generate::directory(1, 0, "contoso.example", 1).users.remove(0);
        object
            .attributes
            .insert("physicalDeliveryOfficeName".to_owned(), serde_json::Value::Null);
        let values = Mapping::shipped(App::Advisors).unwrap().values(&object).unwrap();
        assert!(!values.contains_key("addresses[type eq \"work\"].formatted"));
        assert_eq!(values["active"], "True");
        object.is_soft_deleted = true;
        assert_eq!(
            Mapping::shipped(App::Advisors).unwrap().values(&object).unwrap()["active"],
            "False"
        );
    }

    #[test]
    fn an_object_without_a_required_value_is_refused_before_anything_is_sent() {
        let mut object = generate::directory(1, 0, "contoso.example", 1).users.remove(0);
        object.attributes.remove("userPrincipalName");
        let problem = Mapping::shipped(App::Advisors)
            .unwrap()
            .values(&object)
            .unwrap_err();
        assert_eq!(problem.code, ErrorCode::MandatoryFieldsMissing);
        assert!(problem.reason.contains("userName"));
    }

    #[test]
    fn a_mapping_without_a_matching_attribute_says_what_to_add() {
        let error = Mapping::parse(r#"{"attributes":[{"target":"userName","source":"mail"}]}"#).unwrap_err();
        assert!(error.to_string().contains("\"matching\": 1"));
    }
}
