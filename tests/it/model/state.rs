//! The map: who is there and what they say. Knows names of fields, not how they are sent.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Everything the map knows.
#[derive(Debug, Default)]
pub struct World {
    /// By id.
    pub people: BTreeMap<String, Person>,
    /// By id.
    pub teams: BTreeMap<String, Team>,
    /// What was deleted, and how often each had changed until then, the deletion counted.
    pub gone: Vec<(String, u64)>,
    /// Numbers given out, for names that nobody else has.
    pub numbers: u64,
}

/// A text of a person.
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
    /// What may be absent.
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

/// A person.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Person {
    /// What is not there is absent.
    pub texts: BTreeMap<Field, String>,
    /// `active`
    pub active: Option<bool>,
    /// How often it changed, its creation counted.
    pub changes: u64,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Team {
    /// `displayName`
    pub name: String,
    /// `externalId`
    pub external_id: Option<String>,
    /// Ids of people and of groups.
    pub members: BTreeSet<String>,
    /// How often it changed, its creation counted.
    pub changes: u64,
}

/// The extension that `department` and `manager` live in.
pub const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

impl Person {
    /// What a document says, be it an answer's or an event's. The number of changes is not in it.
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

    /// The text of a field.
    pub fn text(&self, field: Field) -> Option<&str> {
        self.texts.get(&field).map(String::as_str)
    }

    /// Sets or clears; true when that changed something.
    pub fn set(&mut self, field: Field, text: Option<&str>) -> bool {
        let before = match text {
            Some(text) => self.texts.insert(field, text.to_owned()),
            None => self.texts.remove(&field),
        };
        before.as_deref() != text
    }

    /// The same, whatever its history.
    pub fn says_the_same(&self, other: &Self) -> bool {
        self.texts == other.texts && self.active == other.active
    }
}

impl World {
    /// A number that was not given out before.
    pub fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// The groups somebody is directly in.
    pub fn groups_of(&self, id: &str) -> BTreeSet<String> {
        let of = self.teams.iter().filter(|(_, team)| team.members.contains(id));
        of.map(|(id, _)| id.clone()).collect()
    }

    /// Takes a resource out: it is nobody's member any more.
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

    /// Ids that may be members: people and groups.
    pub fn member_ids(&self) -> Vec<String> {
        self.people.keys().chain(self.teams.keys()).cloned().collect()
    }
}
