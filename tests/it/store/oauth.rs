//! Changes of OAuth clients, of what directories accept, and of signing keys; and what a request reads of them.

use chrono::{DateTime, Utc};
use domain::audit::Action;
use domain::client::{
    Client, ClientSecret, DirectoryOauth, EntraTokens, Federation, OauthKey, OauthKeyRecord,
};
use domain::credential::{CredentialKind, LastUse, Memory, SecretHash, TokenId, Use};
use domain::id::DirectoryId;
use domain::scope::TenantScope;
use store::StoreError;

use super::operator::Operator;
use super::records::hash;
use super::world::{Home, World, token_id, worlds};

type Outcomes<T> = Result<T, StoreError>;

impl Operator {
    pub async fn insert_client(
        &self,
        scope: TenantScope,
        new: &Client,
        secret: Option<(ClientSecret, SecretHash)>,
    ) -> Outcomes<()> {
        let new = (new.clone(), secret);
        self.of(scope, Action::ClientCreate, move |tx| {
            let (client, secret) = new.clone();
            Box::pin(async move {
                let secret = secret.as_ref().map(|(secret, hash)| (secret, hash));
                tx.insert_client(scope, &client, secret).await
            })
        })
        .await
    }

    pub async fn revoke_client(&self, scope: TenantScope, id: TokenId, at: DateTime<Utc>) -> Outcomes<bool> {
        self.of(scope, Action::ClientRevoke, move |tx| {
            Box::pin(async move { tx.revoke_client(scope, id, at).await })
        })
        .await
    }

    pub async fn revoke_clients(&self, scope: TenantScope, at: DateTime<Utc>) -> Outcomes<u64> {
        self.of(scope, Action::TokenRevokeAll, move |tx| {
            Box::pin(async move { tx.revoke_clients(scope, at).await })
        })
        .await
    }

    pub async fn end_client_tokens(&self, scope: TenantScope, id: TokenId) -> Outcomes<bool> {
        self.of(scope, Action::ClientEndTokens, move |tx| {
            Box::pin(async move { tx.end_client_tokens(scope, id).await })
        })
        .await
    }

    pub async fn insert_client_secret(&self, scope: TenantScope, new: &ClientSecret) -> Outcomes<()> {
        let new = new.clone();
        self.of(scope, Action::ClientSecretAdd, move |tx| {
            let new = new.clone();
            Box::pin(async move { tx.insert_client_secret(scope, &new, &hash()).await })
        })
        .await
    }

    pub async fn revoke_client_secret(
        &self,
        scope: TenantScope,
        client: TokenId,
        id: TokenId,
        at: DateTime<Utc>,
    ) -> Outcomes<bool> {
        self.of(scope, Action::ClientSecretRevoke, move |tx| {
            Box::pin(async move { tx.revoke_client_secret(scope, client, id, at).await })
        })
        .await
    }

    pub async fn set_directory_oauth(
        &self,
        scope: TenantScope,
        id: DirectoryId,
        oauth: &DirectoryOauth,
    ) -> Outcomes<()> {
        let new = oauth.clone();
        self.of(scope, Action::DirectoryOauthSet, move |tx| {
            let new = new.clone();
            Box::pin(async move { tx.set_directory_oauth(scope, id, &new).await })
        })
        .await
    }

    pub async fn change_oauth_keys(&self, new: Option<OauthKeyRecord>, remove: Vec<String>) -> Outcomes<()> {
        self.of_platform(Action::OauthKeyRotate, move |tx| {
            let (new, remove) = (new.clone(), remove.clone());
            Box::pin(async move { tx.change_oauth_keys(new.as_ref(), &remove).await })
        })
        .await
    }
}

pub fn client(home: &Home, id: &str, now: DateTime<Utc>) -> Client {
    Client {
        id: token_id(id),
        tenant: home.tenant.id,
        directory: home.directory.id,
        label: Some("Entra".to_owned()),
        epoch: 1,
        federation: None,
        created_at: now,
        revoked_at: None,
    }
}

pub fn secret(client: &Client, id: &str) -> ClientSecret {
    ClientSecret {
        id: token_id(id),
        tenant: client.tenant,
        client: client.id,
        last_four: "wxyz".to_owned(),
        created_at: client.created_at,
        expires_at: client.created_at + chrono::TimeDelta::days(365),
        revoked_at: None,
        last_used_at: None,
    }
}

fn federation() -> Federation {
    Federation {
        issuer: "https://login.microsoftonline.com/t/v2.0".to_owned(),
        audiences: vec!["api://app".to_owned(), "app".to_owned()],
        subject: "subject".to_owned(),
        entra_tenant: "t".to_owned(),
        keys_url: "https://login.microsoftonline.com/t/keys".to_owned(),
    }
}

fn key(id: &str, now: DateTime<Utc>) -> OauthKeyRecord {
    OauthKeyRecord {
        key: OauthKey {
            id: id.to_owned(),
            x: "x".to_owned(),
            y: "y".to_owned(),
            created_at: now,
            signs_from: now,
        },
        pkcs8: "private".to_owned(),
    }
}

/// Every method once, for the walk of the plans.
pub async fn walk(world: &World, home: &Home, nth: usize) {
    let (store, operator) = (&world.store, world.operator());
    let new = client(home, &format!("cli{nth}"), world.now());
    let first = secret(&new, &format!("sec{nth}"));
    let first = (first, hash());
    operator
        .insert_client(home.scope, &new, Some(first.clone()))
        .await
        .unwrap();
    let second = secret(&new, &format!("two{nth}"));
    operator.insert_client_secret(home.scope, &second).await.unwrap();
    store.clients(home.scope, None).await.unwrap();
    store.client_record(new.id).await.unwrap().unwrap();
    store.client_secrets(home.scope, new.id).await.unwrap();
    store.client_secret(second.id).await.unwrap().unwrap();
    let used = Use {
        kind: CredentialKind::ClientSecret,
        id: second.id,
        last: Some(LastUse {
            at: world.now(),
            from: "192.0.2.1".parse().unwrap(),
        }),
        new_values: Memory::default(),
    };
    store.remember_uses(&[used]).await.unwrap();
    let oauth = DirectoryOauth::default();
    operator
        .set_directory_oauth(home.scope, home.directory.id, &oauth)
        .await
        .unwrap();
    store
        .directory_oauth(home.scope, home.directory.id)
        .await
        .unwrap();
    store
        .directory_by_names(home.tenant.name.as_str(), home.directory.profile.as_str())
        .await
        .unwrap()
        .unwrap();
    let made = key(&format!("key-{nth}"), world.now());
    let id = made.key.id.clone();
    operator.change_oauth_keys(Some(made), Vec::new()).await.unwrap();
    store.oauth_keys().await.unwrap();
    store.oauth_signing_keys().await.unwrap();
    operator.change_oauth_keys(None, vec![id]).await.unwrap();
    assert!(operator.end_client_tokens(home.scope, new.id).await.unwrap());
    assert!(
        operator
            .revoke_client_secret(home.scope, new.id, second.id, world.now())
            .await
            .unwrap()
    );
    assert!(
        operator
            .revoke_client(home.scope, new.id, world.now())
            .await
            .unwrap()
    );
    operator.revoke_clients(home.scope, world.now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_is_read_with_its_directory_and_its_secrets_that_were_not_revoked() {
    for world in worlds().await {
        let (home, other) = (world.home("contoso").await, world.home("fabrikam").await);
        let operator = world.operator();
        let new = client(&home, "cli", world.now());
        let first = secret(&new, "one");
        operator
            .insert_client(home.scope, &new, Some((first.clone(), hash())))
            .await
            .unwrap();
        let record = world.store.client_record(new.id).await.unwrap().unwrap();
        assert_eq!((&record.client, &record.secrets), (&new, &vec![first.id]));
        assert_eq!(
            (&record.opens.directory, record.access_token_seconds),
            (&home.directory, 3_600)
        );
        let mut state = record.opens.state;
        // Whatever a request was admitted by draws the state anew.
        let changed = async || {
            let now = world.store.client_record(new.id).await.unwrap().unwrap();
            (now.opens.state, now)
        };
        let second = secret(&new, "two");
        operator.insert_client_secret(home.scope, &second).await.unwrap();
        let (next, record) = changed().await;
        assert!(next != state && record.secrets.len() == 2, "{record:?}");
        state = next;
        assert!(
            operator
                .revoke_client_secret(home.scope, new.id, first.id, world.now())
                .await
                .unwrap()
        );
        let (next, record) = changed().await;
        assert!(next != state && record.secrets == [second.id], "{record:?}");
        state = next;
        let longer = DirectoryOauth {
            access_token_seconds: 7_200,
            entra: None,
        };
        operator
            .set_directory_oauth(home.scope, home.directory.id, &longer)
            .await
            .unwrap();
        let (next, record) = changed().await;
        assert!(next != state && record.access_token_seconds == 7_200);
        state = next;
        assert!(operator.end_client_tokens(home.scope, new.id).await.unwrap());
        let (next, record) = changed().await;
        assert!(next != state && record.client.epoch == 2);
        state = next;
        // Another tenant's scope reaches none of it.
        assert!(
            !operator
                .revoke_client(other.scope, new.id, world.now())
                .await
                .unwrap()
        );
        assert!(!operator.end_client_tokens(other.scope, new.id).await.unwrap());
        assert!(
            !operator
                .revoke_client_secret(other.scope, new.id, second.id, world.now())
                .await
                .unwrap()
        );
        assert_eq!(world.store.clients(other.scope, None).await.unwrap(), []);
        assert_eq!(world.store.client_secrets(other.scope, new.id).await.unwrap(), []);
        assert_eq!(changed().await.0, state);
        assert!(
            operator
                .revoke_client(home.scope, new.id, world.now())
                .await
                .unwrap()
        );
        assert!(
            !operator
                .revoke_client(home.scope, new.id, world.now())
                .await
                .unwrap(),
            "it is final"
        );
        assert!(changed().await.0 != state);
        let federated = Client {
            federation: Some(federation()),
            ..client(&home, "fed", world.now())
        };
        operator
            .insert_client(home.scope, &federated, None)
            .await
            .unwrap();
        let found = world.store.client_record(federated.id).await.unwrap().unwrap();
        assert_eq!((found.client, found.secrets), (federated, Vec::new()));
        assert!(
            world
                .store
                .client_record(token_id("none"))
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_is_found_by_the_names_in_its_url_only_when_it_accepts_something() {
    for world in worlds().await {
        let (home, other) = (world.home("contoso").await, world.home("fabrikam").await);
        let by = async |tenant: &str, profile: &str| {
            world.store.directory_by_names(tenant, profile).await.unwrap()
        };
        assert!(by("contoso", "advisors").await.is_none());
        let accepted = DirectoryOauth {
            access_token_seconds: 3_600,
            entra: Some(EntraTokens {
                entra_tenant: "t".to_owned(),
                keys_url: "https://login.microsoftonline.com/t/keys".to_owned(),
                in_production: true,
            }),
        };
        world
            .operator()
            .set_directory_oauth(home.scope, home.directory.id, &accepted)
            .await
            .unwrap();
        let found = by("contoso", "advisors").await.unwrap();
        assert_eq!((found.oauth, found.opens.directory), (accepted, home.directory));
        assert!(by("fabrikam", "advisors").await.is_none());
        assert!(by("contoso", "rooms").await.is_none());
        let theirs = world
            .store
            .directory_oauth(other.scope, other.directory.id)
            .await
            .unwrap();
        assert_eq!(theirs, DirectoryOauth::default());
    }
}
