//! The server under test: what it offers, and the users and groups created there for the checks.
//!
//! Every created resource is remembered and deleted after the check that needed it, or at the end. Names
//! contain a random word, so that runs at the same time and existing users do not disturb each other. Must
//! not know: which checks there are.

use std::cell::{Cell, RefCell};

use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::check::{Miss, Needs, skipped};
use crate::wire::{Answer, Wire, encoded};

/// The core User schema (RFC 7643 §4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core Group schema (RFC 7643 §4.2).
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The body of a PATCH (RFC 7644 §3.5.2).
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The body of a list (RFC 7644 §3.4.2).
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// The server under test and the resources created there.
#[derive(Debug)]
pub struct Site {
    /// The connection, with the run's token.
    pub wire: Wire,
    /// The body of `/ServiceProviderConfig`; `Null` without a good answer.
    pub config: Value,
    /// The resources of `/ResourceTypes`.
    pub types: Vec<Value>,
    /// The resources of `/Schemas`.
    pub schemas: Vec<Value>,
    guarded: bool,
    run: String,
    numbers: Cell<u32>,
    made: RefCell<Vec<String>>,
    kept: RefCell<Vec<String>>,
    left: RefCell<Vec<String>>,
    people: OnceCell<Result<Vec<Value>, String>>,
}

/// The last letters of the names of [`Site::people`], in the order of creation.
pub const LETTERS: [char; 5] = ['A', 'b', 'C', 'd', 'E'];

impl Site {
    /// Reads what the server offers. `guarded`: a token was given, and the server refuses requests without
    /// it.
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes.
    pub async fn discover(wire: Wire, run: String, config: Answer, guarded: bool) -> Result<Self, Miss> {
        let list = async |path: &str| -> Result<Vec<Value>, Miss> {
            let answer = wire.get(path).await?;
            Ok(answer.resources().map(<[Value]>::to_vec).unwrap_or_default())
        };
        let (types, schemas) = (list("/ResourceTypes").await?, list("/Schemas").await?);
        Ok(Self {
            config: if config.status == 200 {
                config.body
            } else {
                Value::Null
            },
            types,
            schemas,
            wire,
            guarded,
            run,
            numbers: Cell::new(0),
            made: RefCell::default(),
            kept: RefCell::default(),
            left: RefCell::default(),
            people: OnceCell::new(),
        })
    }

    /// Whether the server offers `needs`.
    pub fn offers(&self, needs: Needs) -> bool {
        let flag = |name: &str| self.config[name]["supported"] == true;
        let groups = || self.types.iter().any(|kind| kind["endpoint"] == "/Groups");
        match needs {
            Needs::Users => true,
            Needs::Token => self.guarded,
            Needs::Groups => groups(),
            Needs::Patch => flag("patch"),
            Needs::GroupPatch => flag("patch") && groups(),
            Needs::Filter => flag("filter"),
            Needs::GroupFilter => flag("filter") && groups(),
            Needs::Sort => flag("filter") && flag("sort"),
            Needs::Etag => flag("etag"),
            Needs::EtagPatch => flag("etag") && flag("patch"),
            Needs::Bulk => flag("bulk"),
            Needs::GroupBulk => flag("bulk") && groups(),
            Needs::Cursor => self.config["pagination"]["cursor"] == true,
        }
    }

    /// The core User attribute of this name. If the server publishes no schemas, it has all attributes of the
    /// RFC.
    pub fn user_attribute(&self, name: &str) -> Option<&Value> {
        let user = self.schemas.iter().find(|schema| schema["id"] == USER)?;
        let attributes = user["attributes"].as_array()?;
        attributes.iter().find(|attribute| attribute["name"] == name)
    }

    /// Names of core User attributes that every answer contains, whatever was requested: `id`, `schemas`, and
    /// those that the published schema returns always.
    pub fn always(&self) -> Vec<&str> {
        let user = self.schemas.iter().find(|schema| schema["id"] == USER);
        let attributes = user.and_then(|schema| schema["attributes"].as_array());
        let always = attributes
            .into_iter()
            .flatten()
            .filter(|attribute| attribute["returned"] == "always");
        let named = always.filter_map(|attribute| attribute["name"].as_str());
        ["id", "schemas"].into_iter().chain(named).collect()
    }

    /// Whether users have this attribute, and clients may write it.
    pub fn has(&self, name: &str) -> bool {
        match self.user_attribute(name) {
            Some(attribute) => attribute["mutability"] != "readOnly",
            None => self.schemas.is_empty(),
        }
    }

    /// Skips a check of an attribute that this server's users do not have.
    ///
    /// # Errors
    /// [`Miss::Skipped`] if they do not have it.
    pub fn needs_attribute(&self, name: &str) -> Result<(), Miss> {
        if self.has(name) {
            Ok(())
        } else {
            skipped(format!("users of this server have no {name}"))
        }
    }

    /// A name that is unique on the server.
    pub fn name(&self, word: &str) -> String {
        self.numbers.set(self.numbers.get() + 1);
        format!("scimconf-{}-{}-{word}", self.run, self.numbers.get())
    }

    /// The prefix of every name of [`Site::people`].
    pub fn people_prefix(&self) -> String {
        format!("scimconf-{}-people-", self.run)
    }

    /// A user's body with all required attributes and some usual ones; members of `more` replace them, a null
    /// removes a member.
    pub fn user_body(&self, user_name: &str, more: &Value) -> Value {
        let mut body = Map::new();
        body.insert("schemas".to_owned(), json!([USER]));
        body.insert("userName".to_owned(), json!(user_name));
        let usual = [
            ("displayName", json!(format!("Display {user_name}"))),
            ("active", json!(true)),
            ("name", json!({"givenName": "Given", "familyName": "Family"})),
            (
                "emails",
                json!([{"type": "work", "value": format!("{user_name}@example.com"), "primary": true}]),
            ),
        ];
        for (name, value) in usual {
            if self.has(name) {
                body.insert(name.to_owned(), value);
            }
        }
        for attribute in self.required() {
            let name = attribute["name"].as_str().unwrap_or_default();
            if !body.contains_key(name) {
                body.insert(name.to_owned(), sample(attribute, user_name));
            }
        }
        for (name, value) in more.as_object().cloned().unwrap_or_default() {
            if value.is_null() {
                body.shift_remove(&name);
            } else if self.has(&name) || !has_schema_word(&name) {
                body.insert(name, value);
            }
        }
        Value::Object(body)
    }

    fn required(&self) -> impl Iterator<Item = &Value> {
        let user = self.schemas.iter().find(|schema| schema["id"] == USER);
        let attributes = user.and_then(|schema| schema["attributes"].as_array());
        attributes
            .into_iter()
            .flatten()
            .filter(|attribute| attribute["required"] == true && attribute["mutability"] != "readOnly")
    }

    /// Creates a user with [`Site::user_body`] and `more`.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless it was created.
    pub async fn user(&self, more: Value) -> Result<Answer, Miss> {
        let name = self.name("user");
        self.create("/Users", &self.user_body(&name, &more)).await
    }

    /// Creates a group with these members.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless it was created.
    pub async fn group(&self, members: &[&str]) -> Result<Answer, Miss> {
        let members: Vec<_> = members.iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": [GROUP], "displayName": self.name("group"), "members": members});
        self.create("/Groups", &body).await
    }

    /// Creates a resource, and remembers it. That the status is 201 is a rule of its own, and not checked
    /// here.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless it was created.
    pub async fn create(&self, endpoint: &str, body: &Value) -> Result<Answer, Miss> {
        self.post(endpoint, body).await?.expect(&[201, 200])
    }

    /// Sends a POST, and remembers a created resource.
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes.
    pub async fn post(&self, endpoint: &str, body: &Value) -> Result<Answer, Miss> {
        let answer = self.wire.send(Method::POST, endpoint, body).await?;
        if let (true, Ok(id)) = (answer.is_success(), answer.id()) {
            self.remember(format!("{endpoint}/{id}"));
        }
        Ok(answer)
    }

    /// Remembers a path to delete at the end.
    pub fn remember(&self, path: String) {
        self.made.borrow_mut().push(path);
    }

    /// Applies operations to a resource and reads it again.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless they were applied.
    pub async fn patch(&self, path: &str, operations: Value) -> Result<Value, Miss> {
        self.try_patch(path, operations).await?.expect(&[200, 204])?;
        Ok(self.wire.get(path).await?.expect(&[200])?.body)
    }

    /// Sends operations; a refusal is an answer, too.
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes.
    pub async fn try_patch(&self, path: &str, operations: Value) -> Result<Answer, Miss> {
        let body = json!({"schemas": [PATCH_OP], "Operations": operations});
        self.wire.send(Method::PATCH, path, &body).await
    }

    /// `GET /Users?filter=…`
    ///
    /// # Errors
    /// [`Miss::Broken`] if no answer comes.
    pub async fn find(&self, filter: &str, more: &str) -> Result<Answer, Miss> {
        self.wire
            .get(&format!("/Users?filter={}{more}", encoded(filter)))
            .await
    }

    /// The resources that a filter finds: all pages of `GET /Users?filter=…`.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless the answer is a list; [`Miss::Skipped`] if the list is too long to read.
    pub async fn find_all(&self, filter: &str) -> Result<Vec<Value>, Miss> {
        const LONGEST: usize = 5_000;
        let mut all = Vec::new();
        loop {
            let more = format!("&startIndex={}&count=200", all.len() + 1);
            let page = self.find(filter, &more).await?.expect(&[200])?;
            all.extend_from_slice(page.resources()?);
            let total = page.body["totalResults"].as_u64().unwrap_or_default();
            if page.resources()?.is_empty() || u64::try_from(all.len()).is_ok_and(|many| many >= total) {
                return Ok(all);
            }
            if all.len() > LONGEST {
                return skipped(format!(
                    "{total} resources match this filter; it wants a server with fewer"
                ));
            }
        }
    }

    /// Five users for lists, created at the first call, in the order of [`LETTERS`], which are the last
    /// letters of their user names. A and b are Leads, C is a Clerk; b is inactive; all have work addresses,
    /// A has a second one. Their display names end in a capital letter.
    ///
    /// # Errors
    /// [`Miss::Skipped`] if they could not be created: `create-people-for-lists` reports the reason, once.
    pub async fn people(&self) -> Result<&[Value], Miss> {
        match self.try_people().await {
            Ok(people) => Ok(people),
            Err(_) => skipped("the people for lists could not be made, see create-people-for-lists"),
        }
    }

    /// As [`Site::people`], with the reason why they could not be created.
    ///
    /// # Errors
    /// A description of the server's answer.
    pub async fn try_people(&self) -> Result<&[Value], &str> {
        let people = self.people.get_or_init(|| async {
            let before = self.wire.exchanges();
            let made = self.make_people().await;
            self.kept.borrow_mut().append(&mut self.made.borrow_mut());
            if made.is_ok() {
                // Requests that succeeded are no evidence of a finding.
                self.wire.exchanges();
                self.wire.put_back(before);
            }
            made.map_err(|miss| match miss {
                Miss::Broken(why) | Miss::Skipped(why) => why,
            })
        });
        people.await.as_deref().map_err(String::as_str)
    }

    async fn make_people(&self) -> Result<Vec<Value>, Miss> {
        let mut people = Vec::new();
        for letter in LETTERS {
            let title = match letter {
                'A' | 'b' => Some("Lead"),
                'C' => Some("Clerk"),
                _ => None,
            };
            let name = format!("{}{letter}", self.people_prefix());
            let mut emails =
                vec![json!({"type": "work", "value": format!("{name}@work.example"), "primary": true})];
            if letter == 'A' {
                emails.push(json!({"type": "home", "value": format!("{name}@home.example")}));
            }
            let shown = format!("Person {}", letter.to_ascii_uppercase());
            let more =
                json!({"title": title, "active": letter != 'b', "emails": emails, "displayName": shown});
            people.push(self.create("/Users", &self.user_body(&name, &more)).await?.body);
        }
        Ok(people)
    }

    /// The letters of the resources of a list, in its order. A resource that is not of [`Site::people`] is
    /// `?`.
    ///
    /// # Errors
    /// [`Miss::Skipped`] if [`Site::people`] could not be created.
    pub async fn letters(&self, resources: &[Value]) -> Result<String, Miss> {
        let people = self.people().await?;
        let letter = |user: &Value| {
            let known = people
                .iter()
                .zip(LETTERS)
                .find(|(one, _)| one["id"] == user["id"]);
            known.map_or('?', |(_, letter)| letter)
        };
        Ok(resources.iter().map(letter).collect())
    }

    /// Deletes the created resources but for [`Site::people`], the last one first. So no check meets
    /// resources of another one, and an interrupted run leaves little behind.
    pub async fn clear_made(&self) {
        let made: Vec<_> = self.made.borrow_mut().drain(..).rev().collect();
        for path in made {
            let gone = self.wire.delete(&path).await;
            if !gone.is_ok_and(|answer| answer.is_success() || answer.status == 404) {
                self.left.borrow_mut().push(path);
            }
        }
    }

    /// Deletes all created resources; returns the paths of those that could not be deleted.
    pub async fn clear(&self) -> Vec<String> {
        self.made.borrow_mut().append(&mut self.kept.borrow_mut());
        self.clear_made().await;
        self.left.take()
    }
}

/// `id`, `meta` and odd spellings are no plain optional attributes: such members are sent whatever the
/// schema says.
fn has_schema_word(name: &str) -> bool {
    const OPTIONAL: [&str; 8] = [
        "title",
        "nickName",
        "displayName",
        "name",
        "emails",
        "phoneNumbers",
        "active",
        "externalId",
    ];
    OPTIONAL.contains(&name)
}

/// A value of an attribute's type.
fn sample(attribute: &Value, word: &str) -> Value {
    let one = match attribute["type"].as_str() {
        Some("boolean") => json!(true),
        Some("integer" | "decimal") => json!(1),
        Some("dateTime") => json!("2026-01-18T14:21:26Z"),
        Some("binary") => json!("aGVsbG8="),
        Some("complex") => {
            let parts = attribute["subAttributes"].as_array().into_iter().flatten();
            let parts = parts.filter(|part| part["mutability"] != "readOnly" && part["type"] != "reference");
            let named =
                parts.filter_map(|part| Some((part["name"].as_str()?.to_owned(), sample(part, word))));
            Value::Object(named.collect())
        }
        _ => match attribute["canonicalValues"].get(0) {
            Some(first) => first.clone(),
            None => json!(word),
        },
    };
    if attribute["multiValued"] == true {
        json!([one])
    } else {
        one
    }
}
