//! The match keys of an identity or a group as the columns keep them: [`domain::identity::MatchKeys`] fitted to what an index can hold.
//!
//! A key only narrows the rows that are read; the evaluator always decides ([`crate::list`]). So a key
//! may stand for several values, but an identity that matches must never be missed.

use scim::resource::{Resource, fold, nfc};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Longer keys are kept as their beginning and a hash: PostgreSQL's indexes hold at most 2,704 bytes a row.
const LONGEST: usize = 600;

/// The `work_email` of an identity that has several work e-mails: it is among the candidates of every such query.
pub(crate) const SEVERAL: &str = "*";

/// The key of a `userName` or a `displayName`.
pub(crate) fn name(name: Option<&str>) -> String {
    fit(&fold(name.unwrap_or_default()))
}

/// The key of a resource's `externalId`.
pub(crate) fn external_id(resource: &Resource) -> Option<String> {
    resource.external_id().map(nfc).as_deref().map(fit)
}

/// The key of a row whose name equals another row's after NFC, which older versions allowed (ADR 0036). Found by its id and in
/// lists, changed and deleted like any other, and given its own key as soon as the name is free.
pub(crate) fn displaced_key(key: &str, id: Uuid) -> String {
    format!("{key}\u{1}{}", id.simple())
}

/// A key as a column keeps it. PostgreSQL's text holds no NUL.
pub(crate) fn fit(key: &str) -> String {
    let key = if key.contains('\0') {
        key.replace('\0', "\u{fffd}")
    } else {
        key.to_owned()
    };
    if key.len() <= LONGEST {
        return key;
    }
    let beginning: String = key.chars().take(64).collect();
    let hash = Sha256::digest(key.as_bytes());
    hash.iter()
        .fold(format!("{beginning}#"), |text, byte| format!("{text}{byte:02x}"))
}

/// A filter `emails[type eq "work"].value eq` reads every work e-mail, a column holds one.
pub(crate) fn work_email(resource: &Resource) -> Option<String> {
    let emails = resource.as_map().get("emails")?.as_array()?;
    let mut work = emails.iter().filter(|email| {
        email
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| fold(kind) == "work")
    });
    let first = work.next()?;
    if work.next().is_some() {
        return Some(SEVERAL.to_owned());
    }
    first
        .get("value")
        .and_then(Value::as_str)
        .map(|value| fit(&fold(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn resource(value: Value) -> Resource {
        let Value::Object(map) = value else {
            panic!("an object")
        };
        Resource::from_stored(map)
    }

    #[test]
    fn long_keys_stay_apart_and_fit_an_index() {
        let (one, two) = (
            fit(&format!("{}1", "ä".repeat(5000))),
            fit(&format!("{}2", "ä".repeat(5000))),
        );
        assert_ne!(one, two);
        assert!(one.len() <= LONGEST, "{}", one.len());
        assert_eq!(fit("a\0b"), "a\u{fffd}b");
    }

    #[test]
    fn several_work_emails_are_a_candidate_of_every_query() {
        let work = |value: &str| json!({"type": "Work", "value": value});
        assert_eq!(
            work_email(&resource(json!({"emails": [work("A@x")]}))),
            Some("a@x".to_owned())
        );
        let several =
            resource(json!({"emails": [work("a@x"), {"type": "home", "value": "h@x"}, work("b@x")]}));
        assert_eq!(work_email(&several), Some(SEVERAL.to_owned()));
        assert_eq!(work_email(&resource(json!({"emails": [{"value": "a@x"}]}))), None);
    }
}
