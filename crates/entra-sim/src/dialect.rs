//! The two ways Entra writes documents: legacy (the default) and compliant (`aadOptscim062020` in the tenant URL).
//!
//! Pure: from differences to JSON. Shapes: Microsoft's "SCIM 2.0 compliance" page; legacy has capitalised operations,
//! one for each attribute with its path, booleans as strings; compliant has lower-case operations, native booleans, and
//! several plain attributes together in one operation without a path.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::compare::Difference;
use crate::mapping::{Kind, Line, Mapping, Values};

/// The query key a customer appends to the tenant URL to ask for the compliant dialect.
pub const FLAG: &str = "aadOptscim062020";

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE_USER: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// `{"op":"Replace","path":"active","value":"False"}`
    Legacy,
    /// `{"op":"replace","path":"active","value":false}`
    Compliant,
}

/// The document of a POST: mapped values, the member `meta` and the empty `roles` Entra always sends, both user
/// schemas whether used or not.
#[must_use]
pub fn create_document(mapping: &Mapping, values: &Values, dialect: Dialect) -> Value {
    let mut document = Map::new();
    document.insert("schemas".to_owned(), json!([USER, ENTERPRISE_USER]));
    for line in mapping.lines.iter().filter(|line| line.kind != Kind::Reference) {
        if let Some(value) = values.get(&line.name) {
            line.target.write(&mut document, wire_value(line, value, dialect));
        }
    }
    document.entry("roles").or_insert_with(|| json!([]));
    document.insert("meta".to_owned(), json!({"resourceType": "User"}));
    Value::Object(document)
}

/// The document of a PATCH for at least one difference.
#[must_use]
pub fn patch_document(differences: &[Difference<'_>], dialect: Dialect) -> Value {
    let operations = match dialect {
        Dialect::Legacy => differences
            .iter()
            .map(|difference| operation(difference, dialect))
            .collect(),
        Dialect::Compliant => compliant_operations(differences),
    };
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

/// Filtered paths, additions and removals stay separate operations; all other replacements go into one
/// operation without a path, unless it is a single attribute.
fn compliant_operations(differences: &[Difference<'_>]) -> Vec<Value> {
    let (plain, own): (Vec<_>, Vec<_>) = differences.iter().partition(|difference| {
        !difference.line.target.is_filtered() && difference.old.is_some() && difference.new.is_some()
    });
    let mut operations: Vec<Value> = own
        .into_iter()
        .map(|difference| operation(difference, Dialect::Compliant))
        .collect();
    if let [only] = plain[..] {
        operations.push(operation(only, Dialect::Compliant));
    } else if !plain.is_empty() {
        let value: Map<String, Value> = plain
            .iter()
            .filter_map(|difference| {
                let new = difference.new.as_deref()?;
                Some((
                    difference.line.name.clone(),
                    wire_value(difference.line, new, Dialect::Compliant),
                ))
            })
            .collect();
        operations.push(json!({"op": "replace", "value": value}));
    }
    operations
}

fn operation(difference: &Difference<'_>, dialect: Dialect) -> Value {
    let word = match (&difference.new, &difference.old) {
        (None, _) => "Remove",
        (Some(_), None) => "Add",
        (Some(_), Some(_)) => "Replace",
    };
    let op = match dialect {
        Dialect::Legacy => word.to_owned(),
        Dialect::Compliant => word.to_ascii_lowercase(),
    };
    match &difference.new {
        Some(new) => {
            json!({"op": op, "path": difference.line.name, "value": wire_value(difference.line, new, dialect)})
        }
        None => json!({"op": op, "path": difference.line.name}),
    }
}

/// The document of a group's POST. It has no members, they follow by PATCH; it has Microsoft's own second
/// schema, as Entra sends it.
#[must_use]
pub fn group_document(object_id: &str, display_name: &str) -> Value {
    json!({
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": object_id,
        "displayName": display_name,
        "meta": {"resourceType": "Group"},
    })
}

/// The PATCH of a group's name.
#[must_use]
pub fn group_name(display_name: &str, dialect: Dialect) -> Value {
    group_patch(&[match dialect {
        Dialect::Legacy => json!({"op": "Replace", "path": "displayName", "value": display_name}),
        Dialect::Compliant => json!({"op": "replace", "value": {"displayName": display_name}}),
    }])
}

/// The PATCH of a group's `externalId`.
#[must_use]
pub fn group_external_id(object_id: &str, dialect: Dialect) -> Value {
    group_patch(&[match dialect {
        Dialect::Legacy => json!({"op": "Replace", "path": "externalId", "value": object_id}),
        Dialect::Compliant => json!({"op": "replace", "value": {"externalId": object_id}}),
    }])
}

/// The PATCH that adds members, given by their ids in the target: one operation in both dialects.
#[must_use]
pub fn members_join(ids: &[&str], dialect: Dialect) -> Value {
    let op = match dialect {
        Dialect::Legacy => "Add",
        Dialect::Compliant => "add",
    };
    group_patch(&[json!({"op": op, "path": "members", "value": elements(ids)})])
}

/// The PATCH that removes members: one operation with all of them in its value (legacy), or one operation
/// each with the member in its path (compliant).
#[must_use]
pub fn members_leave(ids: &[&str], dialect: Dialect) -> Value {
    match dialect {
        Dialect::Legacy => group_patch(&[json!({"op": "Remove", "path": "members", "value": elements(ids)})]),
        Dialect::Compliant => {
            let one = |id: &&str| json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")});
            group_patch(&ids.iter().map(one).collect::<Vec<_>>())
        }
    }
}

fn elements(ids: &[&str]) -> Value {
    ids.iter().map(|id| json!({"$ref": null, "value": id})).collect()
}

fn group_patch(operations: &[Value]) -> Value {
    json!({"schemas": [PATCH_OP], "Operations": operations})
}

fn wire_value(line: &Line, value: &str, dialect: Dialect) -> Value {
    match (line.kind, dialect) {
        (Kind::Boolean, Dialect::Compliant) if value.eq_ignore_ascii_case("true") => Value::Bool(true),
        (Kind::Boolean, Dialect::Compliant) if value.eq_ignore_ascii_case("false") => Value::Bool(false),
        _ => Value::String(value.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare;
    use crate::directory::App;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn patch(resource: &Value, pairs: &[(&str, &str)], dialect: Dialect) -> Value {
        let mapping = Mapping::shipped(App::Advisors).unwrap();
        let differences = compare::with_resource(&mapping, &values(pairs), resource);
        patch_document(&differences, dialect)["Operations"].clone()
    }

    const OFFICE: &str = "addresses[type eq \"work\"].formatted";

    #[test]
    fn legacy_writes_one_capitalised_operation_for_each_attribute() {
        let resource = json!({"active": true, "displayName": "B", "name": {"givenName": "B"}});
        let new = [
            ("active", "False"),
            ("displayName", "Bob"),
            ("name.givenName", "Bob"),
            (OFFICE, "B5"),
        ];
        assert_eq!(
            patch(&resource, &new, Dialect::Legacy),
            json!([
                {"op": "Replace", "path": "active", "value": "False"},
                {"op": "Replace", "path": "displayName", "value": "Bob"},
                {"op": "Replace", "path": "name.givenName", "value": "Bob"},
                {"op": "Add", "path": OFFICE, "value": "B5"},
            ])
        );
    }

    #[test]
    fn compliant_gathers_plain_attributes_in_one_operation_without_a_path() {
        let resource = json!({"active": true, "displayName": "B", "name": {"givenName": "B"},
            "addresses": [{"type": "work", "formatted": "B4"}]});
        let new = [("displayName", "Bob"), ("name.givenName", "Bob"), (OFFICE, "B5")];
        assert_eq!(
            patch(&resource, &new, Dialect::Compliant),
            json!([
                {"op": "replace", "path": OFFICE, "value": "B5"},
                {"op": "replace", "value": {"displayName": "Bob", "name.givenName": "Bob"}},
            ])
        );
    }

    #[test]
    fn compliant_disables_with_a_native_boolean_and_adds_with_a_path() {
        let disable = patch(
            &json!({"active": true}),
            &[("active", "False")],
            Dialect::Compliant,
        );
        assert_eq!(
            disable,
            json!([{"op": "replace", "path": "active", "value": false}])
        );
        let add = patch(&json!({}), &[("displayName", "Bob")], Dialect::Compliant);
        assert_eq!(add, json!([{"op": "add", "path": "displayName", "value": "Bob"}]));
    }

    #[test]
    fn a_create_document_carries_what_entra_always_sends() {
        let mapping = Mapping::shipped(App::Advisors).unwrap();
        let new = values(&[
            ("active", "True"),
            ("userName", "a@b.c"),
            ("name.givenName", "A"),
            (OFFICE, "B5"),
        ]);
        let legacy = create_document(&mapping, &new, Dialect::Legacy);
        assert_eq!(
            legacy,
            json!({"schemas": [USER, ENTERPRISE_USER], "active": "True", "userName": "a@b.c", "name": {"givenName": "A"},
                "addresses": [{"primary": true, "type": "work", "formatted": "B5"}],
                "roles": [], "meta": {"resourceType": "User"}})
        );
        assert_eq!(
            create_document(&mapping, &new, Dialect::Compliant)["active"],
            json!(true)
        );
    }
}
