//! Operators' records: what a request reads of its token, and the operators' changes of it.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use domain::api_key::ApiKey;
use domain::credential::{
    CredentialKind, CredentialStatus, LastUse, Memory, NETWORKS, SecretCheck, SecretHash, Token, TokenId,
    TokenRecord, Use,
};
use domain::id::AppId;
use domain::role::{Grant, Granted, Role, SCIM_MANAGE, Scope};
use domain::tenant::Switch;
use store::StoreError;

use super::world::{Home, World, token_id, worlds};

pub fn hash() -> SecretHash {
    SecretHash {
        phc: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
        version: 3,
    }
}

/// A key that may do everything, for 90 days.
pub fn api_key(id: TokenId, now: DateTime<Utc>) -> ApiKey {
    ApiKey {
        id,
        label: None,
        grant: Grant {
            granted: Granted::Role(Role::Operator),
            scope: Scope::All,
        },
        scope_name: None,
        networks: domain::network::AllowedNetworks::default(),
        created_at: now,
        expires_at: now + TimeDelta::days(90),
        revoked_at: None,
        last_used_at: None,
        last_four: "wxyz".to_owned(),
    }
}

fn a_use(id: &str, at: DateTime<Utc>) -> Use {
    Use {
        kind: CredentialKind::Token,
        id: token_id(id),
        last: Some(LastUse {
            at,
            from: IpAddr::from([192, 0, 2, 7]),
        }),
        new_values: Memory::default(),
    }
}

pub async fn token(world: &World, home: &Home, id: &str) -> Token {
    let token = Token {
        id: token_id(id),
        tenant: home.tenant.id,
        directory: home.directory.id,
        label: Some("for Entra".to_owned()),
        created_at: world.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_four: "wxyz".to_owned(),
        allowed_networks: domain::network::AllowedNetworks::default(),
    };
    world
        .operator()
        .insert_token(home.scope, &token, &hash())
        .await
        .unwrap();
    token
}

/// The record of the token that most tests here issue.
async fn token_record(world: &World) -> TokenRecord {
    let record = world.store.token_record(token_id("tok000000000")).await;
    record.unwrap().expect("the token was issued")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_read_with_its_directory_and_tenant_as_they_stand_now() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        world.home("fabrikam").await;
        let issued = token(&world, &home, "tok000000000").await;
        assert!(
            world
                .store
                .token_record(token_id("tok000000001"))
                .await
                .unwrap()
                .is_none()
        );
        let record = token_record(&world).await;
        assert_eq!(record.token, issued, "{}", world.name());
        assert!(record.hash == hash());
        assert_eq!(record.directory, home.directory);
        assert_eq!(
            (record.tenant_name.as_str(), record.external_tenant_id.as_deref()),
            ("contoso", Some("tid-contoso"))
        );

        assert!(
            world
                .operator()
                .switch_directory(home.scope, &home.directory, Switch::Off)
                .await
                .unwrap()
        );
        let end = world.now() + TimeDelta::days(7);
        assert!(
            world
                .operator()
                .limit_token(home.scope, issued.id, end)
                .await
                .unwrap()
        );
        assert!(
            !world
                .operator()
                .limit_token(home.scope, issued.id, end + TimeDelta::days(1))
                .await
                .unwrap()
        );
        let used = world.now();
        world
            .store
            .remember_uses(&[a_use("tok000000000", used), a_use("gone", used)])
            .await
            .unwrap();
        let record = token_record(&world).await;
        assert_eq!(record.directory.switch, Switch::Off, "{}", world.name());
        assert_eq!(
            (
                record.token.expires_at,
                record.token.last_used_at,
                record.token.last_used_from
            ),
            (Some(end), Some(used), Some(IpAddr::from([192, 0, 2, 7])))
        );

        let at = world.now();
        assert!(
            world
                .operator()
                .revoke_token(home.scope, issued.id, at)
                .await
                .unwrap()
        );
        let after = a_use("tok000000000", world.now());
        world.store.remember_uses(&[after]).await.unwrap();
        assert!(
            !world
                .operator()
                .revoke_token(home.scope, issued.id, world.now())
                .await
                .unwrap()
        );
        let record = token_record(&world).await;
        assert_eq!(
            (record.token.status(at), record.token.revoked_at),
            (CredentialStatus::Revoked, Some(at))
        );
        assert_eq!(
            world
                .store
                .tokens(home.scope, Some(home.directory.id))
                .await
                .unwrap(),
            std::slice::from_ref(&record.token)
        );
        assert_eq!(
            world.store.token(home.scope, issued.id).await.unwrap(),
            Some(record.token)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_is_read_as_it_was_made_and_with_the_name_of_its_scope() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let (tenant, now) = (home.tenant.id, world.now());
        let scim = Granted::of_rights([SCIM_MANAGE]).unwrap();
        let scopes = [
            (Granted::Role(Role::Operator), Scope::All, None),
            (Granted::Role(Role::Owner), Scope::Tenant(tenant), Some("contoso")),
            (
                scim,
                Scope::Directory(tenant, home.directory.profile.clone()),
                Some("contoso"),
            ),
            (
                Granted::Role(Role::AppReader),
                Scope::App(app.id),
                Some("booking"),
            ),
            // The app was deleted.
            (
                Granted::Role(Role::AppReader),
                Scope::App(AppId::from_uuid(world.uuid())),
                None,
            ),
        ];
        let mut made = Vec::new();
        for (number, (granted, scope, name)) in scopes.into_iter().enumerate() {
            let key = ApiKey {
                label: (number == 1).then(|| "for Terraform".to_owned()),
                grant: Grant { granted, scope },
                scope_name: name.map(str::to_owned),
                networks: "192.0.2.0/24 2001:db8::/32".parse().unwrap(),
                ..api_key(token_id(&format!("key{number}")), now)
            };
            world.operator().insert_api_key(&key, &hash()).await.unwrap();
            let record = world.store.api_key(key.id).await.unwrap().unwrap();
            assert_eq!(record.key, key, "{}", world.name());
            assert!(record.hash == hash());
            made.push(key);
        }
        assert_eq!(world.store.api_keys().await.unwrap(), made);
        assert!(world.store.api_key(token_id("nobody")).await.unwrap().is_none());

        let id = made[0].id;
        let used = Use {
            kind: CredentialKind::ApiKey,
            id,
            ..a_use("", now)
        };
        world.store.remember_uses(&[used]).await.unwrap();
        let end = now + TimeDelta::days(7);
        assert!(world.operator().limit_api_key(id, end).await.unwrap());
        assert!(
            !world
                .operator()
                .limit_api_key(id, end + TimeDelta::days(1))
                .await
                .unwrap()
        );
        assert!(world.operator().revoke_api_key(id, now).await.unwrap());
        assert!(!world.operator().revoke_api_key(id, end).await.unwrap());
        let key = world.store.api_key(id).await.unwrap().unwrap().key;
        assert_eq!(
            (key.last_used_at, key.expires_at, key.revoked_at),
            (Some(now), end, Some(now))
        );
        assert_eq!(key.status(now), CredentialStatus::Revoked);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_remembered_of_a_credential_is_its_own_and_bounded() {
    for world in worlds().await {
        let (store, id) = (&world.store, token_id("tok"));
        let nothing = Memory::default();
        let note = |kind, new_values: &Memory| Use {
            kind,
            id,
            last: None,
            new_values: new_values.clone(),
        };
        let check = |bits| Some(SecretCheck { bits, version: 1 });
        let issued = Memory {
            check: check(u32::MAX),
            networks: Vec::new(),
        };
        store
            .remember_uses(&[note(CredentialKind::Token, &issued)])
            .await
            .unwrap();
        for last in 0..20 {
            let used = Memory {
                check: None,
                networks: vec![IpAddr::from([192, 0, 2, last])],
            };
            store
                .remember_uses(&[note(CredentialKind::Token, &used)])
                .await
                .unwrap();
        }
        let ipv6 = Memory {
            check: check(7),
            networks: vec!["2001:db8:1:2::".parse().unwrap()],
        };
        store
            .remember_uses(&[note(CredentialKind::App, &ipv6)])
            .await
            .unwrap();

        let of_token = store.credential_memory(CredentialKind::Token, id).await.unwrap();
        assert_eq!(of_token.check, check(u32::MAX), "{}", world.name());
        assert_eq!(of_token.networks.len(), NETWORKS);
        assert_eq!(
            of_token.networks[0],
            IpAddr::from([192, 0, 2, 19]),
            "the newest first"
        );
        let of_app = store.credential_memory(CredentialKind::App, id).await.unwrap();
        assert_eq!(of_app, ipv6, "the same id of another kind is another credential");
        let other = store
            .credential_memory(CredentialKind::Token, token_id("tok000000001"))
            .await;
        assert_eq!(other.unwrap(), nothing);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_has_one_key_of_its_own() {
    let mut keys = Vec::new();
    for world in worlds().await.into_iter().chain(worlds().await) {
        let key = world.store.deployment_key("token-alias").await.unwrap();
        assert_eq!(key.len(), 64, "{}", world.name());
        assert_eq!(world.store.deployment_key("token-alias").await.unwrap(), key);
        world.store.deployment_key("another").await.unwrap_err();
        keys.push((world.name(), key));
    }
    // The databases of PostgreSQL are copies of one that was migrated for all tests; a SQLite file is
    // migrated by its own test.
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), 3, "each that is migrated has another");
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_given_once() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let again = domain::tenant::Tenant {
            id: domain::id::TenantId::from_uuid(world.uuid()),
            ..home.tenant.clone()
        };
        assert!(
            matches!(
                world.operator().create_tenant(&again).await,
                Err(StoreError::Conflict(_))
            ),
            "{}",
            world.name()
        );
        let again = domain::tenant::Directory {
            id: domain::id::DirectoryId::from_uuid(world.uuid()),
            ..home.directory.clone()
        };
        let answer = world.operator().create_directory(home.scope, &again).await;
        let Err(error @ StoreError::Conflict(_)) = answer else {
            panic!("{}: {answer:?}", world.name())
        };
        assert!(
            !error.to_string().contains("advisors"),
            "no values of rows: {error}"
        );
        assert_eq!(
            world.store.tenant_by_name("contoso").await.unwrap(),
            Some(home.tenant.clone())
        );
        assert_eq!(world.store.tenant_by_name("nobody").await.unwrap(), None);
        assert_eq!(
            world.store.tenants().await.unwrap(),
            std::slice::from_ref(&home.tenant)
        );
        assert_eq!(
            world.store.directory(home.scope, "advisors").await.unwrap(),
            Some(home.directory.clone())
        );
        assert_eq!(world.store.directory(home.scope, "rooms").await.unwrap(), None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_has_credentials_that_overlap() {
    for world in worlds().await {
        let app = world.app("booking").await;
        let answer = world
            .operator()
            .create_app(&app, token_id("other"), &hash(), "a1")
            .await;
        assert!(matches!(answer, Err(StoreError::Conflict(_))), "{}", world.name());
        assert_eq!(
            world.store.app_by_name("booking").await.unwrap(),
            Some(app.clone())
        );
        assert_eq!(world.store.apps().await.unwrap(), std::slice::from_ref(&app));
        assert!(
            world
                .store
                .app_credential(token_id("other"))
                .await
                .unwrap()
                .is_none(),
            "nothing of it remains"
        );

        world
            .operator()
            .insert_app_credential(app.id, token_id("second"), &hash(), "a2", world.now())
            .await
            .unwrap();
        let end = world.now();
        assert!(
            world
                .operator()
                .limit_app_credential(token_id("booking"), end)
                .await
                .unwrap()
        );
        assert!(
            world
                .operator()
                .revoke_app_credential(token_id("second"), end)
                .await
                .unwrap()
        );
        let first = world
            .store
            .app_credential(token_id("booking"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((first.app, first.expires_at), (app.id, Some(end)));
        let ids: Vec<_> = world
            .store
            .app_credentials(app.id)
            .await
            .unwrap()
            .into_iter()
            .map(|c| c.id)
            .collect();
        assert_eq!(ids, [token_id("booking"), token_id("second")]);
    }
}
