//! The server under test: what it says it offers, and the users and groups made there for the checks.
//!
//! Everything made is written down and deleted at the end. Names carry a random word, so that two runs, or a server with
//! people in it, do not get in each other's way. Must not know: which checks there are.

use std::cell::{Cell, RefCell};

use reqwest::Method;
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::check::{Miss, Needs, broken, skipped};
use crate::wire::{Answer, Wire, encoded};

/// The core User schema (RFC 7643 §4.1).
pub const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The core Group schema (RFC 7643 §4.2).
pub const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The body of a PATCH (RFC 7644 §3.5.2).
pub const PATCH_OP: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/// The body of a list (RFC 7644 §3.4.2).
pub const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// A server and what was made there.
#[derive(Debug)]
pub struct Site {
    /// The connection.
    pub wire: Wire,
    /// `/ServiceProviderConfig`; `Null` when it was not answered.
    pub config: Value,
    /// `/ResourceTypes`
    pub types: Vec<Value>,
    /// `/Schemas`
    pub schemas: Vec<Value>,
    run: String,
    numbers: Cell<u32>,
    made: RefCell<Vec<String>>,
    people: OnceCell<Vec<Value>>,
}

impl Site {
    /// Asks what there is.
    ///
    /// # Errors
    /// The reason when the server cannot be reached at all or refuses the token.
    pub async fn discover(wire: Wire, run: String) -> Result<Self, String> {
        let words = |miss: Miss| match miss {
            Miss::Broken(words) | Miss::Skipped(words) => words,
        };
        let config = wire.get("/ServiceProviderConfig").await.map_err(words)?;
        if matches!(config.status, 401 | 403) {
            return Err(format!("the server refuses the token: {}", config.brief()));
        }
        let list = async |path: &str| -> Result<Vec<Value>, String> {
            let answer = wire.get(path).await.map_err(words)?;
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
            run,
            numbers: Cell::new(0),
            made: RefCell::default(),
            people: OnceCell::new(),
        })
    }

    /// Whether the server offers this.
    pub fn offers(&self, needs: Needs) -> bool {
        let flag = |name: &str| self.config[name]["supported"] == true;
        let groups = || self.types.iter().any(|kind| kind["endpoint"] == "/Groups");
        match needs {
            Needs::Users => true,
            Needs::Groups => groups(),
            Needs::Patch => flag("patch"),
            Needs::GroupPatch => flag("patch") && groups(),
            Needs::Filter => flag("filter"),
            Needs::Sort => flag("filter") && flag("sort"),
            Needs::Etag => flag("etag"),
            Needs::Bulk => flag("bulk"),
            Needs::GroupBulk => flag("bulk") && groups(),
            Needs::Cursor => self.config["pagination"]["cursor"] == true,
        }
    }

    /// The core User attribute of this name; all of the RFC's when the server publishes no schemas.
    pub fn user_attribute(&self, name: &str) -> Option<&Value> {
        let user = self.schemas.iter().find(|schema| schema["id"] == USER)?;
        let attributes = user["attributes"].as_array()?;
        attributes.iter().find(|attribute| attribute["name"] == name)
    }

    /// Whether users here have this attribute, and clients may write it.
    pub fn has(&self, name: &str) -> bool {
        match self.user_attribute(name) {
            Some(attribute) => attribute["mutability"] != "readOnly",
            None => self.schemas.is_empty(),
        }
    }

    /// Skips a check of an attribute that users here do not have.
    ///
    /// # Errors
    /// [`Miss::Skipped`] when they do not.
    pub fn needs_attribute(&self, name: &str) -> Result<(), Miss> {
        if self.has(name) {
            Ok(())
        } else {
            skipped(format!("users of this server have no {name}"))
        }
    }

    /// A name that nobody else has.
    pub fn name(&self, word: &str) -> String {
        self.numbers.set(self.numbers.get() + 1);
        format!("scimconf-{}-{}-{word}", self.run, self.numbers.get())
    }

    /// The start of every name of the people of [`Site::people`].
    pub fn people_prefix(&self) -> String {
        format!("scimconf-{}-people-", self.run)
    }

    /// A user's body with all that is required here, and what else is commonly there; `more` is put over it, a null
    /// takes a member out.
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
            } else if self.has(&name) || !self.has_schema_word(&name) {
                body.insert(name, value);
            }
        }
        Value::Object(body)
    }

    /// Members that are no plain optional attribute are put in whatever the schema says: `id`, `meta`, odd spellings.
    fn has_schema_word(&self, name: &str) -> bool {
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

    fn required(&self) -> impl Iterator<Item = &Value> {
        let user = self.schemas.iter().find(|schema| schema["id"] == USER);
        let attributes = user.and_then(|schema| schema["attributes"].as_array());
        attributes
            .into_iter()
            .flatten()
            .filter(|attribute| attribute["required"] == true && attribute["mutability"] != "readOnly")
    }

    /// Makes a user.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless it was made.
    pub async fn user(&self, more: Value) -> Result<Answer, Miss> {
        let name = self.name("user");
        self.create("/Users", &self.user_body(&name, &more)).await
    }

    /// Makes a group with these members.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless it was made.
    pub async fn group(&self, members: &[&str]) -> Result<Answer, Miss> {
        let members: Vec<_> = members.iter().map(|id| json!({"value": id})).collect();
        let body = json!({"schemas": [GROUP], "displayName": self.name("group"), "members": members});
        self.create("/Groups", &body).await
    }

    /// Makes a resource, and writes it down.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless it was made.
    pub async fn create(&self, endpoint: &str, body: &Value) -> Result<Answer, Miss> {
        self.post(endpoint, body).await?.expect(&[201])
    }

    /// POSTs; what it makes is written down.
    ///
    /// # Errors
    /// [`Miss::Broken`] when no answer comes.
    pub async fn post(&self, endpoint: &str, body: &Value) -> Result<Answer, Miss> {
        let answer = self.wire.send(Method::POST, endpoint, body).await?;
        if let (201, Ok(id)) = (answer.status, answer.id()) {
            self.remember(format!("{endpoint}/{id}"));
        }
        Ok(answer)
    }

    /// Writes down what is to be deleted at the end.
    pub fn remember(&self, path: String) {
        self.made.borrow_mut().push(path);
    }

    /// Does operations on a resource and reads it again.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless they were done.
    pub async fn patch(&self, path: &str, operations: Value) -> Result<Value, Miss> {
        self.try_patch(path, operations).await?.expect(&[200, 204])?;
        Ok(self.wire.get(path).await?.expect(&[200])?.body)
    }

    /// Sends operations.
    ///
    /// # Errors
    /// [`Miss::Broken`] when no answer comes.
    pub async fn try_patch(&self, path: &str, operations: Value) -> Result<Answer, Miss> {
        let body = json!({"schemas": [PATCH_OP], "Operations": operations});
        self.wire.send(Method::PATCH, path, &body).await
    }

    /// `GET /Users?filter=…`
    ///
    /// # Errors
    /// [`Miss::Broken`] when no answer comes.
    pub async fn find(&self, filter: &str, more: &str) -> Result<Answer, Miss> {
        self.wire
            .get(&format!("/Users?filter={}{more}", encoded(filter)))
            .await
    }

    /// Five people for lists, made when first asked for, in this order: `A`, `b`, `C`, `d`, `E` are the last letters of
    /// their user names. A and b are Leads, C is a Clerk; b is inactive; all have work addresses, A has a second one.
    ///
    /// # Errors
    /// [`Miss::Broken`] unless they could be made.
    pub async fn people(&self) -> Result<&[Value], Miss> {
        let people = self.people.get_or_try_init(async || {
            let mut people = Vec::new();
            for (letter, title, active) in [
                ("A", Some("Lead"), true),
                ("b", Some("Lead"), false),
                ("C", Some("Clerk"), true),
                ("d", None, true),
                ("E", None, true),
            ] {
                let name = format!("{}{letter}", self.people_prefix());
                let mut emails = vec![json!({"type": "work", "value": format!("{name}@work.example"), "primary": true})];
                if letter == "A" {
                    emails.push(json!({"type": "home", "value": format!("{name}@home.example")}));
                }
                let more = json!({"title": title, "active": active, "emails": emails, "displayName": format!("Person {letter}")});
                people.push(self.create("/Users", &self.user_body(&name, &more)).await?.body);
            }
            Ok::<_, Miss>(people)
        });
        Ok(people.await?)
    }

    /// The last letters of the people of a list, in its order.
    ///
    /// # Errors
    /// [`Miss::Broken`] when a resource has no `userName`.
    pub fn letters(&self, resources: &[Value]) -> Result<String, Miss> {
        let prefix = self.people_prefix();
        let letter = |user: &Value| match user["userName"].as_str() {
            Some(name) => Ok(name.strip_prefix(&prefix).unwrap_or("?").to_owned()),
            None => broken(format!("a resource without userName: {user}")),
        };
        resources.iter().map(letter).collect()
    }

    /// Deletes everything that was made, the last first; how many would not go.
    pub async fn clear(&self) -> usize {
        let made: Vec<_> = self.made.borrow_mut().drain(..).rev().collect();
        let mut left = 0;
        for path in made {
            let gone = crate::wire::send(self.wire.request(Method::DELETE, &path)).await;
            let gone = gone.is_ok_and(|answer| matches!(answer.status, 204 | 200 | 404));
            left += usize::from(!gone);
        }
        left
    }
}

/// Some value of an attribute's type.
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
