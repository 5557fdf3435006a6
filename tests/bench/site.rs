//! A gateway with one directory of advisors, as a load generator needs it: address, credential, bytes of
//! requests.

use crate::load::{Make, Unit};
use crate::wire::{self, Connection};
use serde_json::json;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use support::gateway::{Gateway, Settings, text};

#[derive(Debug)]
pub struct Site {
    pub gateway: Gateway,
    pub address: SocketAddr,
    /// The path of the Tenant URL.
    pub path: String,
    /// The value of `Authorization`.
    pub authorization: String,
    /// The number of the next person to create.
    pub next: Arc<AtomicU64>,
    /// Makes the body of a person from a key.
    body: fn(&str) -> String,
}

/// [`Site::creates`] uses no numbers below this: they are for people created by other means.
const FIRST: u64 = 1_000_000_000;

impl Site {
    /// Starts a gateway and creates tenant, directory of advisors and token.
    pub async fn start(settings: Settings) -> Self {
        Self::of(settings, "advisors").await
    }

    /// As [`Site::start`], with a directory of another profile; that of `people` gets [`whole_person`]s.
    pub async fn of(settings: Settings, profile: &str) -> Self {
        let gateway = Gateway::start(settings).await;
        let directory = gateway.directory("contoso", profile);
        let url = directory
            .tenant_url
            .strip_prefix(&gateway.url())
            .expect("the Tenant URL is ours");
        let mut site = Self {
            address: gateway
                .url()
                .trim_start_matches("http://")
                .parse()
                .expect("an address"),
            path: url.to_owned(),
            authorization: format!("Bearer {}", directory.token),
            gateway,
            next: Arc::new(AtomicU64::new(FIRST)),
            body: if profile == "people" { whole_person } else { person },
        };
        site.warm().await;
        site
    }

    /// After a restart: the first request pays for argon2, the measured ones do not.
    pub async fn warm(&mut self) {
        let mut connection = Connection::open(self.address).await.expect("connect");
        crate::load::expect(&mut connection, &self.find(&user_name("nobody")), 200).await;
    }

    /// The public part of the token.
    pub fn token_id(&self) -> &str {
        self.authorization.split('_').nth(2).expect("a token has parts")
    }

    /// The match query of a `userName`, as Entra encodes it.
    pub fn find(&self, user_name: &str) -> Vec<u8> {
        let path = format!(
            "{}/Users?filter=userName+eq+%22{}%22",
            self.path,
            user_name.replace('@', "%40")
        );
        wire::get(&path, &self.authorization)
    }

    /// The POST of a person.
    pub fn create(&self, key: &str) -> Vec<u8> {
        wire::post(
            &format!("{}/Users", self.path),
            &self.authorization,
            &(self.body)(key),
        )
    }

    /// Units of one match query without a result and the creation of that person, as an initial cycle sends
    /// them.
    pub fn creates(self: &Arc<Self>) -> Make {
        let site = Arc::clone(self);
        Arc::new(move |number| -> Unit {
            let key = format!("{number}");
            vec![(site.find(&user_name(&key)), 200), (site.create(&key), 201)]
        })
    }

    /// Units of one match query that finds one of `count` seeded people.
    pub fn finds(self: &Arc<Self>, count: u32) -> Make {
        let site = Arc::clone(self);
        Arc::new(move |number| -> Unit {
            // All of them in no order: 7,919 is prime, so it shares no factor with the counts used.
            let which = number.wrapping_mul(7_919) % u64::from(count);
            vec![(site.find(&user_name(&crate::seed::key(which))), 200)]
        })
    }

    /// The request for an access token, of a new client of a directory.
    pub fn token_request(&self, tenant: &str, profile: &str) -> Vec<u8> {
        let words = ["client", "create", "--tenant", tenant, "--profile", profile];
        let client = self.gateway.cli(&words);
        let (id, secret) = (text(&client, "clientId"), text(&client, "clientSecret"));
        wire::form(
            "/oauth/token",
            &format!("grant_type=client_credentials&client_id={id}&client_secret={secret}"),
        )
    }

    /// The path of the SQLite file.
    pub fn sqlite_file(&self) -> PathBuf {
        sqlite_file(self.gateway.folder().path())
    }
}

/// The database file below a gateway's folder.
pub fn sqlite_file(folder: &Path) -> PathBuf {
    folder.join("usher-data").join("usher.db")
}

/// The `userName` of a key.
pub fn user_name(key: &str) -> String {
    format!("person.{key}@contoso.example")
}

/// The `externalId` of a key.
pub fn external_id(key: &str) -> String {
    format!("object-{key}-7c41-4d0a-9a53")
}

/// A filter, encoded for a URL.
pub fn encoded(filter: &str) -> String {
    let one = |letter: char| match letter {
        ' ' => "+".to_owned(),
        '"' => "%22".to_owned(),
        '@' => "%40".to_owned(),
        '[' => "%5B".to_owned(),
        ']' => "%5D".to_owned(),
        other => other.to_string(),
    };
    filter.chars().map(one).collect()
}

/// A person with every attribute of the match queries.
pub fn whole_person(key: &str) -> String {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": external_id(key),
        "userName": user_name(key),
        "active": true,
        "displayName": format!("Person {key} Beispiel"),
        "name": {"givenName": "Person", "familyName": "Beispiel"},
        "emails": [{"type": "work", "primary": true, "value": user_name(key)}],
        "addresses": [{"type": "work", "formatted": "Zürich, Bahnhofstrasse 1"}],
    })
    .to_string()
}

/// A person as the advisors' guide maps one.
pub fn person(key: &str) -> String {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "externalId": external_id(key),
        "userName": user_name(key),
        "active": true,
        "displayName": format!("Person {key} Beispiel"),
        "name": {"givenName": "Person", "familyName": "Beispiel"},
        "addresses": [{"type": "work", "formatted": "Zürich, Bahnhofstrasse 1"}],
    })
    .to_string()
}
