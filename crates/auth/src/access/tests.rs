//! What opens a directory, and what does not although its signature is right.

use chrono::TimeDelta;
use data_encoding::BASE64URL_NOPAD;
use domain::client::{Client, Federation};
use domain::credential::CredentialState;
use domain::tenant::{Directory, Provider, Switch};
use serde_json::{Value, json};

use super::*;
use crate::jwt::tests::now;
use crate::oauth_key::generate;

const ISSUER: &str = "https://scim.example.com";
const ANYWHERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

fn id(text: &str) -> TokenId {
    format!("{text:0>12}").parse().unwrap()
}

fn opens(tenant: &str, profile: &str) -> OpenedDirectory {
    let uuid = |text: &str| format!("019a3c5e-7d1a-7c4e-9a2b-{text:0>12}").parse().unwrap();
    let tenant_id = TenantId::from_uuid(uuid(tenant));
    OpenedDirectory {
        directory: Directory {
            id: DirectoryId::from_uuid(uuid(if profile == "rooms" { "b" } else { "a" })),
            tenant: tenant_id,
            profile: profile.parse().unwrap(),
            provider: Provider::Entra,
            switch: Switch::On,
            extension: None,
            created_at: now(),
            frozen_at: None,
        },
        tenant_name: "contoso".parse().unwrap(),
        external_tenant_id: None,
        tenant_frozen_at: None,
        state: CredentialState::default(),
    }
}

fn record(opens: OpenedDirectory) -> ClientRecord {
    ClientRecord {
        client: Client {
            id: id("c"),
            tenant: opens.directory.tenant,
            directory: opens.directory.id,
            label: None,
            epoch: 1,
            federation: None,
            created_at: now(),
            revoked_at: None,
        },
        secrets: vec![id("s")],
        access_token_seconds: 3_600,
        opens,
    }
}

fn tokens() -> AccessTokens {
    let tokens = AccessTokens::new(ISSUER.to_owned(), Environment::Test);
    tokens.use_keys(&[generate(now(), now()).unwrap()]).unwrap();
    tokens
}

fn sign(tokens: &AccessTokens, opens: &OpenedDirectory) -> String {
    let new = NewAccess {
        directory: &opens.directory,
        id: id("j"),
        client: Some((id("c"), 1, Some(id("s")))),
        seconds: 3_600,
    };
    tokens.sign(&new, now()).unwrap()
}

#[test]
fn a_token_says_what_rfc_9068_demands_and_is_verified_once() {
    let tokens = tokens();
    let text = sign(&tokens, &opens("1", "advisors"));
    let part = |index: usize| -> Value {
        let part = text.split('.').nth(index).unwrap();
        serde_json::from_slice(&BASE64URL_NOPAD.decode(part.as_bytes()).unwrap()).unwrap()
    };
    assert_eq!(
        part(0),
        json!({"typ": "at+jwt", "alg": "ES256", "kid": tokens.keys()[0].id})
    );
    let claims = part(1);
    assert_eq!(claims["iss"], ISSUER);
    assert_eq!(claims["aud"], "https://scim.example.com/advisors/scim");
    assert_eq!(
        (&claims["sub"], &claims["client_id"], &claims["epoch"]),
        (&json!("00000000000c"), &json!("00000000000c"), &json!(1))
    );
    assert_eq!(
        claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(),
        3_600
    );
    assert!(!tokens.was_verified_before(&text));
    let verified = tokens.verify(&text, now()).unwrap();
    assert!(tokens.was_verified_before(&text));
    assert_eq!(tokens.verify(&text, now()), Ok(verified));
    let later = |seconds| tokens.verify(&text, now() + TimeDelta::seconds(seconds));
    assert!(later(3_659).is_ok());
    assert_eq!(
        later(3_660),
        Err(JwtError::Expired),
        "what was verified once still ends"
    );
    assert_eq!(later(-61), Err(JwtError::NotYet));
}

#[test]
fn another_deployments_token_and_a_key_that_is_gone_are_refused() {
    let (tokens, other) = (tokens(), tokens());
    let text = sign(&tokens, &opens("1", "advisors"));
    assert_eq!(other.verify(&text, now()), Err(JwtError::Key));
    assert!(tokens.verify(&text, now()).is_ok());
    tokens.use_keys(&[generate(now(), now()).unwrap()]).unwrap();
    assert_eq!(
        tokens.verify(&text, now()),
        Err(JwtError::Key),
        "verified before, but by a key that leaked"
    );

    let key = generate(now(), now()).unwrap();
    let of = |issuer: &str, environment| {
        let tokens = AccessTokens::new(issuer.to_owned(), environment);
        tokens.use_keys(std::slice::from_ref(&key)).unwrap();
        tokens
    };
    let production = of(ISSUER, Environment::Production);
    let text = sign(&production, &opens("1", "advisors"));
    assert_eq!(
        of(ISSUER, Environment::Test).verify(&text, now()),
        Err(JwtError::Issuer)
    );
    assert_eq!(
        of("https://other.example.com", Environment::Production).verify(&text, now()),
        Err(JwtError::Issuer)
    );
}

#[test]
fn the_next_key_is_known_before_it_signs_and_the_old_one_after() {
    let at = |minutes| now() + TimeDelta::minutes(minutes);
    let (old, new) = (generate(now(), now()).unwrap(), generate(now(), at(10)).unwrap());
    let tokens = AccessTokens::new(ISSUER.to_owned(), Environment::Test);
    let opens = opens("1", "advisors");
    let minted = |minutes| {
        let new = NewAccess {
            directory: &opens.directory,
            id: id("j"),
            client: None,
            seconds: 36_000,
        };
        tokens
            .sign(&new, at(minutes))
            .map(|text| Jwt::read(&text).map(|jwt| jwt.kid))
    };
    assert_eq!(minted(0), Err(NoSigningKey));
    tokens.use_keys(&[old.clone(), new.clone()]).unwrap();
    assert_eq!(minted(9), Ok(Ok(old.key.id)));
    assert_eq!(minted(10), Ok(Ok(new.key.id.clone())));
    let broken = OauthKeyRecord {
        pkcs8: "!".to_owned(),
        ..new
    };
    assert!(tokens.use_keys(&[broken]).is_err());
    assert_eq!(tokens.keys().len(), 2, "the former ones stay");
}

#[test]
fn the_record_decides_whatever_the_token_says() {
    let tokens = tokens();
    let text = sign(&tokens, &opens("1", "advisors"));
    let claims = tokens.verify(&text, now()).unwrap();
    let check = |change: fn(&mut ClientRecord), place: OpenedDirectory| {
        let mut record = record(place);
        change(&mut record);
        AccessRecord::Client(record).check(&claims, now(), ANYWHERE)
    };
    let own = || opens("1", "advisors");
    assert_eq!(check(|_| (), own()), Ok(()));
    assert_eq!(
        check(|record| record.client.revoked_at = Some(now()), own()),
        Err(Reason::AccessEnded)
    );
    assert_eq!(
        check(|record| record.client.epoch = 2, own()),
        Err(Reason::AccessEnded)
    );
    assert_eq!(
        check(|record| record.secrets.clear(), own()),
        Err(Reason::AccessEnded),
        "its secret was revoked"
    );
    assert_eq!(
        check(|record| record.secrets.push(id("t")), own()),
        Ok(()),
        "a rotation refuses nothing"
    );
    let elsewhere = Err(Reason::Jwt(JwtError::Audience));
    for place in [opens("2", "advisors"), opens("1", "rooms"), opens("2", "rooms")] {
        assert_eq!(check(|_| (), place), elsewhere);
    }
}

#[test]
fn a_token_of_a_federated_client_needs_a_federated_client() {
    let tokens = tokens();
    let own = opens("1", "advisors");
    let new = NewAccess {
        directory: &own.directory,
        id: id("j"),
        client: Some((id("c"), 1, None)),
        seconds: 3_600,
    };
    let text = tokens.sign(&new, now()).unwrap();
    let claims = tokens.verify(&text, now()).unwrap();
    let mut record = record(own);
    assert_eq!(
        AccessRecord::Client(record.clone()).check(&claims, now(), ANYWHERE),
        Err(Reason::AccessEnded)
    );
    record.client.federation = Some(Federation {
        issuer: String::new(),
        audiences: Vec::new(),
        subject: String::new(),
        entra_tenant: String::new(),
        keys_url: String::new(),
    });
    assert_eq!(
        AccessRecord::Client(record).check(&claims, now(), ANYWHERE),
        Ok(())
    );
}
