//! Who acts: the actor of a row of the audit log.

use std::fmt;

use uuid::Uuid;

use crate::credential::TokenId;

/// Who does something that is written to the audit log. Its text is the value of the log, and what a search compares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    /// A command on a machine that reaches the database: the user of the operating system, and the machine. Whoever can set
    /// the database's address can also choose both; the database role is the limit, not this name.
    CommandLine {
        /// The user's login name.
        user: String,
        /// The machine's name.
        host: String,
    },
    /// An API key, by its public part.
    ApiKey(TokenId),
    /// An OAuth client, by its id.
    Client(TokenId),
    /// A person who logged in.
    Person(Person),
    /// The gateway itself: jobs, and requests whose sender is not known.
    System,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CommandLine { user, host } => write!(f, "cli:{}@{}", plain(user), plain(host)),
            Self::ApiKey(id) => write!(f, "api-key:{id}"),
            Self::Client(id) => write!(f, "client:{id}"),
            Self::Person(person) => person.fmt(f),
            Self::System => f.write_str("system"),
        }
    }
}

/// Who logged in: never by e-mail or name, which other people can choose (ADR 0052).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Person {
    /// Of an Entra tenant.
    Entra {
        /// The Entra tenant (`tid`).
        tenant: Uuid,
        /// The object id in that tenant (`oid`).
        object: Uuid,
    },
    /// Of another OpenID provider.
    Subject {
        /// `iss`
        issuer: String,
        /// `sub`
        subject: String,
    },
}

/// The text that the session and the audit log keep. An Entra tenant's id has no `:`, an issuer always has one, so no text stands for two.
impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entra { tenant, object } => write!(f, "person:{tenant}/{object}"),
            Self::Subject { issuer, subject } => write!(f, "person:{issuer}#{subject}"),
        }
    }
}

/// A name of the operating system without what could be taken for another part of the text.
fn plain(name: &str) -> String {
    name.chars()
        .map(|letter| {
            if letter.is_control() || letter.is_whitespace() || letter == '@' {
                '_'
            } else {
                letter
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_actor_has_a_text_of_its_own() {
        let cli = |user: &str, host: &str| Actor::CommandLine {
            user: user.to_owned(),
            host: host.to_owned(),
        };
        let id = "3pX9Kd2Qa7Lm".parse().unwrap();
        let texts = [
            (cli("alice", "ops1"), "cli:alice@ops1"),
            (cli("a@b c\n", "x"), "cli:a_b_c_@x"),
            (Actor::ApiKey(id), "api-key:3pX9Kd2Qa7Lm"),
            (Actor::Client(id), "client:3pX9Kd2Qa7Lm"),
            (
                Actor::Person(Person::Entra {
                    tenant: Uuid::from_u128(1),
                    object: Uuid::from_u128(2),
                }),
                "person:00000000-0000-0000-0000-000000000001/00000000-0000-0000-0000-000000000002",
            ),
            (Actor::System, "system"),
        ];
        for (actor, text) in texts {
            assert_eq!(actor.to_string(), text);
        }
    }
}
