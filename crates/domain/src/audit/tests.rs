//! The hash of a row.

use std::net::IpAddr;

use super::*;

pub(super) fn entry(nth: i64) -> AuditEntry {
    AuditEntry {
        chain: Chain::Tenant(TenantId::from_uuid(Uuid::from_u128(7))),
        at: DateTime::from_timestamp_millis(1_767_225_600_000 + nth).unwrap(),
        actor: Actor::CommandLine {
            user: "alice".to_owned(),
            host: "ops1".to_owned(),
        },
        action: Action::TokenIssue,
        target: Target::Token("3pX9Kd2Qa7Lm".parse().unwrap()),
        outcome: Outcome::Success,
        reason: None,
        ip: Some(IpAddr::from([192, 0, 2, 7])),
        request: RequestId::from_uuid(Uuid::from_u128(9)),
        details: Map::new(),
    }
    .with("profile", "advisors")
    .because(Some("ticket 7"))
}

/// A chain of `length` rows.
pub(super) fn rows(length: i64) -> Vec<AuditRow> {
    let mut head = ChainHead::of_new(entry(0).chain);
    let mut rows = Vec::new();
    for nth in 1..=length {
        let row = entry(nth).after(&head);
        head.seq = row.seq;
        head.hash.clone_from(&row.hash);
        rows.push(row);
    }
    rows
}

#[test]
fn the_hash_is_the_one_that_was_published() {
    // Rows of years ago must verify: this value never changes.
    let row = entry(1).after(&ChainHead::of_new(Chain::Platform));
    assert_eq!(row.previous, GENESIS);
    assert_eq!(row.hash, row.computed_hash());
    assert_eq!(row.hash.len(), 64);
    assert_eq!(row.hash, PUBLISHED);
}

/// SHA-256 of the values of the first row, computed apart from this code, by the rule in ADR 0042.
const PUBLISHED: &str = "b4c0f4452298951194bf59f965d5203f6591d89da22ca0e681b91164b3303b9d";

#[test]
fn each_value_changes_the_hash() {
    let row = rows(2).pop().unwrap();
    type Change = fn(&mut AuditRow);
    let changes: [(&str, Change); 14] = [
        ("chain", |row| row.chain = Chain::Platform),
        ("seq", |row| row.seq += 1),
        ("at", |row| row.at += 1),
        ("actor", |row| row.actor.push('x')),
        ("action", |row| row.action.push('x')),
        ("target", |row| row.target.push('x')),
        ("outcome", |row| row.outcome.push('x')),
        ("reason", |row| row.reason = Some(String::new())),
        ("no reason", |row| row.reason = None),
        ("ip", |row| row.ip = Some("192.0.2.8".to_owned())),
        ("no ip", |row| row.ip = None),
        ("request", |row| row.request.push('x')),
        ("details", |row| row.details = "{}".to_owned()),
        ("previous", |row| row.previous = GENESIS.to_owned()),
    ];
    let mut hashes = vec![row.hash.clone()];
    for (name, change) in changes {
        let mut changed = row.clone();
        change(&mut changed);
        let hash = changed.computed_hash();
        assert!(!hashes.contains(&hash), "{name}");
        hashes.push(hash);
    }
}

#[test]
fn no_letter_moves_from_one_value_to_the_next() {
    let row = rows(1).pop().unwrap();
    let shifted = |row: &AuditRow| AuditRow {
        actor: format!("{}{}", row.actor, row.action),
        action: String::new(),
        ..row.clone()
    };
    assert_ne!(shifted(&row).computed_hash(), row.computed_hash());
    let (mut one, mut other) = (row.clone(), row);
    (one.reason, one.ip) = (Some(String::new()), None);
    (other.reason, other.ip) = (None, Some(String::new()));
    assert_ne!(one.computed_hash(), other.computed_hash());
}

#[test]
fn the_words_of_actions_are_stable_and_differ() {
    let words: Vec<&str> = Action::ALL.iter().map(|action| action.as_str()).collect();
    for (nth, word) in words.iter().enumerate() {
        assert_eq!(words.iter().position(|other| other == word), Some(nth));
        assert!(
            word.contains('.')
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || b".-".contains(&byte)),
            "{word}"
        );
        assert_eq!(word.parse::<Action>().unwrap().as_str(), *word);
    }
    assert!(words.contains(&"token.issue") && words.contains(&"directory.extension.set"));
}

#[test]
fn a_chain_reads_back_from_its_id() {
    for chain in [Chain::Platform, entry(0).chain] {
        assert_eq!(Chain::from_uuid(chain.uuid()), chain);
    }
    assert_eq!(Chain::Platform.to_string(), "platform");
}
