//! The forms in which an edit is sent (`docs/background/entra-shapes.md`): both of Entra's dialects, and
//! those of other clients.

use rand::RngExt as _;
use serde_json::{Map, Value, json};

use super::Talk;
use super::state::{ENTERPRISE, Field, Person};

/// A change of a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Edit {
    /// A new text; `None` removes it.
    Text(Field, Option<String>),
    /// `active`
    Active(bool),
}

impl Edit {
    /// Applies the edit to the model; true if it changed something.
    pub fn apply(&self, person: &mut Person) -> bool {
        match self {
            Self::Text(field, text) => person.set(*field, text.as_deref()),
            Self::Active(flag) => {
                let before = person.active.replace(*flag);
                before != Some(*flag)
            }
        }
    }
}

fn path(field: Field) -> String {
    match field {
        Field::UserName => "userName".to_owned(),
        Field::ExternalId => "externalId".to_owned(),
        Field::DisplayName => "displayName".to_owned(),
        Field::Title => "title".to_owned(),
        Field::GivenName => "name.givenName".to_owned(),
        Field::FamilyName => "name.familyName".to_owned(),
        Field::WorkMail => "emails[type eq \"work\"].value".to_owned(),
        Field::HomeMail => "emails[type eq \"home\"].value".to_owned(),
        Field::Department => format!("{ENTERPRISE}:department"),
        Field::Manager => format!("{ENTERPRISE}:manager"),
    }
}

/// Operations for these edits, in order: one each, or (as in the compliant dialect) those without a filter
/// together in one object.
pub fn operations(talk: &mut Talk, edits: &[Edit], person: &Person) -> Value {
    let together = talk.chance(40);
    let (mut list, mut members) = (Vec::new(), Map::new());
    for edit in edits {
        match (together, edit) {
            (true, Edit::Text(field, text)) if !matches!(field, Field::WorkMail | Field::HomeMail) => {
                member(talk, &mut members, *field, text.as_deref());
            }
            (true, Edit::Active(flag)) => {
                members.insert("active".to_owned(), flag_value(talk, *flag));
            }
            (_, edit) => list.push(operation(talk, edit, person)),
        }
    }
    if !members.is_empty() {
        let verb = *talk.pick(&["replace", "Replace", "add"]);
        list.push(json!({"op": verb, "value": members}));
    }
    Value::Array(list)
}

/// A key of an object without a path: plain, dotted, with its URN, or nested.
fn member(talk: &mut Talk, members: &mut Map<String, Value>, field: Field, text: Option<&str>) {
    let value = match (field, text) {
        (Field::Manager, Some(id)) => talk.pick(&[json!(id), json!({"value": id})]).clone(),
        (Field::Manager, None) => talk.pick(&[json!(""), json!({"value": ""}), json!(null)]).clone(),
        (_, text) => text.map_or(talk.pick(&[json!(""), json!(null)]).clone(), |text| json!(text)),
    };
    let nested = talk.chance(50);
    let (outer, inner) = match field {
        Field::GivenName => ("name", "givenName"),
        Field::FamilyName => ("name", "familyName"),
        Field::Department => (ENTERPRISE, "department"),
        Field::Manager => (ENTERPRISE, "manager"),
        _ => ("", ""),
    };
    if nested && !outer.is_empty() {
        let object = members.entry(outer).or_insert_with(|| json!({}));
        object[inner] = value;
    } else {
        members.insert(path(field), value);
    }
}

fn flag_value(talk: &mut Talk, flag: bool) -> Value {
    let shapes = if flag {
        [json!(true), json!("True"), json!("true")]
    } else {
        [json!(false), json!("False"), json!("false")]
    };
    talk.pick(&shapes).clone()
}

fn operation(talk: &mut Talk, edit: &Edit, person: &Person) -> Value {
    let verb = *talk.pick(&["Add", "Replace", "add", "replace", "REPLACE"]);
    match edit {
        Edit::Active(flag) => json!({"op": verb, "path": "active", "value": flag_value(talk, *flag)}),
        Edit::Text(Field::Manager, Some(id)) => manager(talk, verb, id),
        Edit::Text(Field::Manager, None) => {
            let path = path(Field::Manager);
            let shapes = [
                json!({"op": "replace", "path": path, "value": {"value": ""}}),
                json!({"op": "replace", "path": path, "value": ""}),
                json!({"op": "Remove", "path": path}),
            ];
            talk.pick(&shapes).clone()
        }
        Edit::Text(field, Some(text)) => json!({"op": verb, "path": cased(talk, *field), "value": text}),
        Edit::Text(field, None) => {
            let path = path(*field);
            let old = person.text(*field).unwrap_or_default();
            let shapes = [
                json!({"op": "Remove", "path": path}),
                json!({"op": "remove", "path": path}),
                json!({"op": "Remove", "path": path, "value": old}),
                json!({"op": "Replace", "path": path, "value": ""}),
                json!({"op": "replace", "path": path, "value": null}),
            ];
            talk.pick(&shapes).clone()
        }
    }
}

/// Attribute names have no case.
fn cased(talk: &mut Talk, field: Field) -> String {
    match (field, talk.dice.random_range(0..6)) {
        (Field::DisplayName, 0) => "DisplayName".to_owned(),
        (Field::Title, 0) => "TITLE".to_owned(),
        (Field::GivenName, 0) => "Name.GivenName".to_owned(),
        (field, _) => path(field),
    }
}

fn manager(talk: &mut Talk, verb: &str, id: &str) -> Value {
    let path = path(Field::Manager);
    let shapes = [
        json!({"op": verb, "path": path, "value": id}),
        json!({"op": verb, "path": path, "value": {"value": id}}),
        json!({"op": "Add", "path": "manager", "value": [{"$ref": "http://elsewhere/scim/Users/1", "value": id}]}),
        json!({"op": verb, "path": format!("{path}.value"), "value": id}),
    ];
    talk.pick(&shapes).clone()
}

/// The body of a POST or PUT.
pub fn body(talk: &mut Talk, person: &Person) -> Value {
    let mut body = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]});
    for (field, text) in &person.texts {
        match field {
            Field::GivenName => body["name"]["givenName"] = json!(text),
            Field::FamilyName => body["name"]["familyName"] = json!(text),
            Field::Department => body[ENTERPRISE]["department"] = json!(text),
            Field::Manager => {
                body[ENTERPRISE]["manager"] = talk.pick(&[json!(text), json!({"value": text})]).clone();
            }
            Field::WorkMail | Field::HomeMail => {
                let kind = if *field == Field::WorkMail { "work" } else { "home" };
                let mut mails = body["emails"].as_array().cloned().unwrap_or_default();
                mails.push(json!({"type": kind, "value": text}));
                body["emails"] = json!(mails);
            }
            plain => body[path(*plain)] = json!(text),
        }
    }
    if let Some(flag) = person.active {
        body["active"] = flag_value(talk, flag);
    }
    if talk.chance(20) {
        body["nickName"] = json!(null);
        body["meta"] = json!({"resourceType": "User"});
        body["phoneNumbers"] = json!([]);
    }
    body
}
