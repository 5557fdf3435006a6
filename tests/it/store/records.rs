//! Operators' records: what a request reads of its token, and what operators do to it.

use chrono::TimeDelta;
use domain::credential::{SecretHash, Standing, Token};
use domain::tenant::Switch;
use store::StoreError;

use super::world::{Home, World, worlds};

pub fn hash() -> SecretHash {
    SecretHash {
        phc: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA".to_owned(),
        version: 3,
    }
}

pub async fn token(world: &World, home: &Home, id: &str) -> Token {
    let token = Token {
        id: id.to_owned(),
        tenant: home.tenant.id,
        directory: home.directory.id,
        label: Some("for Entra".to_owned()),
        created_at: world.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        last_four: "wxyz".to_owned(),
    };
    world
        .store
        .insert_token(home.scope, &token, &hash())
        .await
        .unwrap();
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_read_with_its_directory_and_tenant_as_they_stand_now() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        world.home("fabrikam").await;
        let issued = token(&world, &home, "tok000000000").await;
        assert!(world.store.token_record("tok000000001").await.unwrap().is_none());
        let record = world.store.token_record("tok000000000").await.unwrap().unwrap();
        assert_eq!(record.token, issued, "{}", world.name());
        assert!(record.hash == hash());
        assert_eq!(record.directory, home.directory);
        assert_eq!(
            (record.tenant_name.as_str(), record.external_tenant_id.as_deref()),
            ("contoso", Some("tid-contoso"))
        );

        assert!(
            world
                .store
                .switch_directory(home.scope, home.directory.id, Switch::Off)
                .await
                .unwrap()
        );
        let end = world.now() + TimeDelta::days(7);
        assert!(
            world
                .store
                .limit_token(home.scope, &issued.id, end)
                .await
                .unwrap()
        );
        assert!(
            !world
                .store
                .limit_token(home.scope, &issued.id, end + TimeDelta::days(1))
                .await
                .unwrap()
        );
        let used = world.now();
        world
            .store
            .touch_tokens(&[("tok000000000".to_owned(), used), ("gone".to_owned(), used)])
            .await
            .unwrap();
        let record = world.store.token_record("tok000000000").await.unwrap().unwrap();
        assert_eq!(record.directory.switch, Switch::Off, "{}", world.name());
        assert_eq!(
            (record.token.expires_at, record.token.last_used_at),
            (Some(end), Some(used))
        );

        let at = world.now();
        assert!(
            world
                .store
                .revoke_token(home.scope, &issued.id, at)
                .await
                .unwrap()
        );
        assert!(
            !world
                .store
                .revoke_token(home.scope, &issued.id, world.now())
                .await
                .unwrap()
        );
        let record = world.store.token_record("tok000000000").await.unwrap().unwrap();
        assert_eq!(
            (record.token.standing(at), record.token.revoked_at),
            (Standing::Revoked, Some(at))
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
            world.store.token(home.scope, &issued.id).await.unwrap(),
            Some(record.token)
        );
    }
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
                world.store.create_tenant(&again).await,
                Err(StoreError::Conflict(_))
            ),
            "{}",
            world.name()
        );
        let again = domain::tenant::Directory {
            id: domain::id::DirectoryId::from_uuid(world.uuid()),
            ..home.directory.clone()
        };
        let answer = world.store.create_directory(home.scope, &again).await;
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
        let answer = world.store.create_app(&app, "other0000000", &hash()).await;
        assert!(matches!(answer, Err(StoreError::Conflict(_))), "{}", world.name());
        assert_eq!(
            world.store.app_by_name("booking").await.unwrap(),
            Some(app.clone())
        );
        assert_eq!(world.store.apps().await.unwrap(), std::slice::from_ref(&app));
        assert!(
            world
                .store
                .app_credential("other0000000")
                .await
                .unwrap()
                .is_none(),
            "nothing of it remains"
        );

        world
            .store
            .insert_app_credential(app.id, "second000000", &hash(), world.now())
            .await
            .unwrap();
        let end = world.now();
        assert!(
            world
                .store
                .limit_app_credential("booking0000000", end)
                .await
                .unwrap()
        );
        assert!(
            world
                .store
                .revoke_app_credential("second000000", end)
                .await
                .unwrap()
        );
        let first = world
            .store
            .app_credential("booking0000000")
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
        assert_eq!(ids, ["booking0000000", "second000000"]);
    }
}
