//! The model: the resources and their values. Knows names of fields, not how they are sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The whole model.
#[derive(Debug, Default)]
pub struct World {
    /// People by id.
    pub people: BTreeMap<String, Person>,
    /// Groups by id.
    pub teams: BTreeMap<String, Team>,
    /// Deleted ids with their number of changes, deletion included.
    pub gone: Vec<(String, u64)>,
    /// The last used number, for unique names.
    pub numbers: u64,
}

/// A text attribute of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    UserName,
    ExternalId,
    DisplayName,
    Title,
    GivenName,
    FamilyName,
    WorkMail,
    HomeMail,
    Department,
    Manager,
}

impl Field {
    /// Fields that may be absent.
    pub const OPTIONAL: [Self; 8] = [
        Self::DisplayName,
        Self::Title,
        Self::GivenName,
        Self::FamilyName,
        Self::WorkMail,
        Self::HomeMail,
        Self::Department,
        Self::Manager,
    ];
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// Absent fields have no entry.
    pub texts: BTreeMap<Field, String>,
    /// `active`
    pub active: Option<bool>,
    /// The number of changes, creation included.
    pub changes: u64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Team {
    /// `displayName`
    pub name: String,
    /// `externalId`
    pub external_id: Option<String>,
    /// Ids of people and of groups.
    pub members: BTreeSet<String>,
    /// The number of changes, creation included.
    pub changes: u64,
}

/// The extension with `department` and `manager`.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

impl Person {
    /// The person of a document, be it of an answer or an event. It has no number of changes.
    pub fn of(body: &Value) -> Self {
        let mail = |kind: &str| {
            let mails = body["emails"].as_array().into_iter().flatten();
            let of_kind: Vec<_> = mails.filter(|mail| mail["type"] == kind).collect();
            assert!(of_kind.len() <= 1, "two {kind} addresses in {body}");
            of_kind.first().map_or(Value::Null, |mail| mail["value"].clone())
        };
        let found = [
            (Field::UserName, body["userName"].clone()),
            (Field::ExternalId, body["externalId"].clone()),
            (Field::DisplayName, body["displayName"].clone()),
            (Field::Title, body["title"].clone()),
            (Field::GivenName, body["name"]["givenName"].clone()),
            (Field::FamilyName, body["name"]["familyName"].clone()),
            (Field::WorkMail, mail("work")),
            (Field::HomeMail, mail("home")),
            (Field::Department, body[ENTERPRISE]["department"].clone()),
            (Field::Manager, body[ENTERPRISE]["manager"]["value"].clone()),
        ];
        let texts = found
            .into_iter()
            .filter_map(|(field, value)| Some((field, value.as_str()?.to_owned())));
        Self {
            texts: texts.collect(),
            active: body["active"].as_bool(),
            changes: 0,
        }
    }

    pub fn text(&self, field: Field) -> Option<&str> {
        self.texts.get(&field).map(String::as_str)
    }

    /// Sets or removes; true if that changed something.
    pub fn set(&mut self, field: Field, text: Option<&str>) -> bool {
        let before = match text {
            Some(text) => self.texts.insert(field, text.to_owned()),
            None => self.texts.remove(&field),
        };
        before.as_deref() != text
    }

    /// Equal, but for the number of changes.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.texts == other.texts && self.active == other.active
    }
}

impl World {
    /// An unused number.
    pub fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The groups with this direct member.
    pub fn groups_of(&self, id: &str) -> BTreeSet<String> {
        let of = self.teams.iter().filter(|(_, team)| team.members.contains(id));
        of.map(|(id, _)| id.clone()).collect()
    }

    /// Deletes a resource and its memberships.
    pub fn remove(&mut self, id: &str) {
        let changes = match (self.people.remove(id), self.teams.remove(id)) {
            (Some(person), _) => person.changes,
            (_, Some(team)) => team.changes,
            (None, None) => panic!("{id} is not in the map"),
        };
        self.gone.push((id.to_owned(), changes + 1));
        for team in self.teams.values_mut() {
            team.members.remove(id);
        }
    }

    /// Ids of people and groups, which can be members.
    pub fn member_ids(&self) -> Vec<String> {
        self.people.keys().chain(self.teams.keys()).cloned().collect()
    }
}
