//! Decides what must be sent: compares mapped values with the body of the list answer, or with the values
//! sent last.
//!
//! Pure. A source attribute without a value never counts as a difference, because Entra sends no nulls. Next:
//! `crate::dialect`.

use serde_json::Value;

use crate::mapping::{Apply, Kind, Line, Mapping, Values};

/// One attribute whose value in the target must change.
#[derive(Clone, Debug)]
pub struct Difference<'a> {
    /// The line of the mapping that the attribute comes from.
    pub line: &'a Line,
    /// The target's present value as text; `None` when it has none, which makes the operation an Add.
    pub old: Option<String>,
    /// The value to set; `None` removes a reference (only references are ever removed).
    pub new: Option<String>,
}

/// Differences between mapped values and a resource of the target.
#[must_use]
pub fn with_resource<'a>(mapping: &'a Mapping, values: &Values, resource: &Value) -> Vec<Difference<'a>> {
    differences(mapping, values, |line| line.target.read(resource).and_then(text))
}

/// Differences between mapped values and those exported last.
#[must_use]
pub fn with_exported<'a>(mapping: &'a Mapping, values: &Values, exported: &Values) -> Vec<Difference<'a>> {
    differences(mapping, values, |line| exported.get(&line.name).cloned())
}

fn differences<'a>(
    mapping: &'a Mapping,
    values: &Values,
    old: impl Fn(&Line) -> Option<String>,
) -> Vec<Difference<'a>> {
    let lines = mapping
        .lines
        .iter()
        .filter(|line| line.kind != Kind::Reference && line.apply == Apply::Always);
    lines
        .filter_map(|line| {
            let new = values.get(&line.name)?;
            let old = old(line);
            let same = old.as_deref().is_some_and(|old| same(line.kind, old, new));
            if same {
                None
            } else {
                Some(Difference {
                    line,
                    old,
                    new: Some(new.clone()),
                })
            }
        })
        .collect()
}

fn same(kind: Kind, old: &str, new: &str) -> bool {
    match kind {
        Kind::Boolean => old.eq_ignore_ascii_case(new),
        Kind::String | Kind::Reference => old == new,
    }
}

/// A target value as Entra holds it: text; `{"value": …}` of a reference counts as that value.
#[must_use]
pub fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Bool(true) => Some("True".to_owned()),
        Value::Bool(false) => Some("False".to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => object.get("value").and_then(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::App;
    use serde_json::json;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn native_and_string_booleans_are_the_same() {
        let mapping = Mapping::shipped(App::Rooms).unwrap();
        for active in [json!(true), json!("True"), json!("true")] {
            let resource = json!({"active": active});
            assert!(with_resource(&mapping, &values(&[("active", "True")]), &resource).is_empty());
            assert_eq!(
                with_resource(&mapping, &values(&[("active", "False")]), &resource).len(),
                1
            );
        }
    }

    #[test]
    fn text_differs_by_a_single_letters_case() {
        let mapping = Mapping::shipped(App::Rooms).unwrap();
        let resource = json!({"displayName": "mars"});
        let found = with_resource(&mapping, &values(&[("displayName", "Mars")]), &resource);
        assert_eq!(found[0].old.as_deref(), Some("mars"));
    }

    #[test]
    fn a_source_without_a_value_changes_nothing() {
        let mapping = Mapping::shipped(App::Rooms).unwrap();
        let resource = json!({"displayName": "Mars", "addresses": [{"type": "work", "formatted": "B5"}]});
        assert!(with_resource(&mapping, &values(&[("displayName", "Mars")]), &resource).is_empty());
    }

    #[test]
    fn lines_applied_on_create_only_never_differ() {
        let mapping = Mapping::parse(
            r#"{"attributes":[{"target":"userName","source":"mail","matching":1},
                {"target":"title","source":"jobTitle","apply":"onCreate"}]}"#,
        )
        .unwrap();
        let resource = json!({"userName": "a", "title": "old"});
        assert!(
            with_resource(
                &mapping,
                &values(&[("userName", "a"), ("title", "new")]),
                &resource
            )
            .is_empty()
        );
    }
}
