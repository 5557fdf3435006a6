//! Tokens as text: every shape that is refused, and why.

use super::*;
use proptest::prelude::*;

fn issued(kind: CredentialKind, environment: Environment) -> Issued {
    issue(
        kind,
        environment,
        &std::array::from_fn(|place| (place * 37 + 11).to_le_bytes()[0]),
    )
}

#[test]
fn a_token_has_the_published_form() {
    let token = issued(CredentialKind::Token, Environment::Production);
    assert_eq!(token.reveal().len(), 71);
    assert!(token.reveal().starts_with("usher_p_"), "{}", token.reveal());
    let app = issued(CredentialKind::App, Environment::Test);
    assert!(app.reveal().starts_with("usherapp_t_"), "{}", app.reveal());
    let key = issued(CredentialKind::ApiKey, Environment::Test);
    assert!(key.reveal().starts_with("usheradm_t_"), "{}", key.reveal());
    assert!(app.reveal().len() < 100);
    assert!(
        token
            .reveal()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    );
}

#[test]
fn the_checksum_is_the_crc32_of_everything_before_it() {
    let token = issued(CredentialKind::Token, Environment::Test);
    let (body, check) = token.reveal().rsplit_once('_').unwrap();
    let number = check.bytes().fold(0_u64, |sum, digit| {
        sum * 62 + ALPHABET.iter().position(|letter| *letter == digit).unwrap() as u64
    });
    assert_eq!(number, u64::from(crc32fast::hash(body.as_bytes())));
    assert_eq!(check.len(), 6);
}

#[test]
fn base62_is_padded_and_covers_256_bits_in_43_digits() {
    assert_eq!(base62(&[0; 32], 43), "0".repeat(43));
    assert_eq!(base62(&[61], 2), "0z");
    assert_eq!(base62(&[62], 2), "10");
    let most = base62(&[0xff; 32], 44);
    assert!(most.starts_with('0'), "2^256 - 1 fits 43 digits: {most}");
}

#[test]
fn every_flaw_has_its_name_and_never_shows_the_text() {
    let good = issued(CredentialKind::Token, Environment::Test)
        .reveal()
        .to_owned();
    let swapped = {
        let mut bytes = good.clone().into_bytes();
        let last = if bytes[30] == b'a' { b'b' } else { b'a' };
        bytes[30] = last;
        String::from_utf8(bytes).unwrap()
    };
    let table = [
        ("x", ParseError::NotOurs),
        ("null", ParseError::NotOurs),
        ("glsoat-123", ParseError::NotOurs),
        ("eyJhbGciOi.e30.x", ParseError::Jwt),
        ("usher", ParseError::Truncated { missing: 66 }),
        ("usher_t_abc", ParseError::Truncated { missing: 60 }),
        (&good[..70], ParseError::Truncated { missing: 1 }),
        (&format!("{good}x"), ParseError::Malformed),
        (&format!("{good}_x"), ParseError::Malformed),
        (&format!("\"{good}\""), ParseError::StrayCharacters),
        (&format!("{good}\u{e4}"), ParseError::StrayCharacters),
        (&good.replace("usher_t_", "usher_p_"), ParseError::Checksum),
        (&good.replace("usher_", "Usher_"), ParseError::NotOurs),
        (&swapped, ParseError::Checksum),
    ];
    for (text, wanted) in table {
        let error = parse(text, CredentialKind::Token, Environment::Test).unwrap_err();
        assert_eq!(error, wanted, "{text}");
        assert!(!error.to_string().contains(&good[8..]), "{error}");
    }
}

#[test]
fn the_other_environment_and_the_other_kind_are_named() {
    let token = issued(CredentialKind::Token, Environment::Test);
    assert_eq!(
        parse(token.reveal(), CredentialKind::Token, Environment::Production)
            .unwrap_err()
            .to_string(),
        "the token belongs to another environment, this gateway is \"production\": use a token issued here"
    );
    assert_eq!(
        parse(token.reveal(), CredentialKind::App, Environment::Test),
        Err(ParseError::WrongKind {
            found: CredentialKind::Token,
            wanted: CredentialKind::App
        })
    );
    let app = issued(CredentialKind::App, Environment::Test);
    assert_eq!(
        parse(app.reveal(), CredentialKind::Token, Environment::Test)
            .unwrap_err()
            .to_string(),
        "this is an app's credential, SCIM wants a directory's token: see `usher token issue`"
    );
    assert_eq!(
        parse(app.reveal(), CredentialKind::ApiKey, Environment::Test)
            .unwrap_err()
            .to_string(),
        "this is an app's credential, the admin API wants an API key: see `usher api-key create`"
    );
}

#[test]
fn debug_shows_the_public_part_only() {
    let token = issued(CredentialKind::Token, Environment::Test);
    let parsed = parse(token.reveal(), CredentialKind::Token, Environment::Test).unwrap();
    for shown in [format!("{token:?}"), format!("{parsed:?}")] {
        assert!(shown.contains(token.id().as_str()));
        assert!(!shown.contains(token.secret()));
    }
}

proptest! {
    #[test]
    fn what_was_issued_is_read_back(random in any::<[u8; 32]>(), more in any::<[u8; 16]>()) {
        let mut bytes = [0; RANDOM];
        bytes[..16].copy_from_slice(&more);
        bytes[16..].copy_from_slice(&random);
        let token = issue(CredentialKind::Token, Environment::Test, &bytes);
        let read = parse(token.reveal(), CredentialKind::Token, Environment::Test).unwrap();
        prop_assert_eq!(read.id, token.id());
        prop_assert_eq!(read.secret, token.secret());
        prop_assert_eq!(read.last_four(), token.last_four());
    }

    #[test]
    fn any_text_is_answered_without_a_panic(text in ".{0,120}") {
        prop_assert!(parse(&text, CredentialKind::Token, Environment::Test).is_err());
    }

    #[test]
    fn any_one_changed_character_is_noticed(place in 0_usize..71, letter in "[0-9A-Za-z]") {
        let token = issued(CredentialKind::Token, Environment::Test);
        let mut text = token.reveal().to_owned();
        text.replace_range(place..=place, &letter);
        prop_assume!(text != token.reveal());
        prop_assert!(parse(&text, CredentialKind::Token, Environment::Test).is_err());
    }
}
