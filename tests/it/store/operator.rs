//! Each change of an operator, as a transaction of its own with its row of the audit log.

use chrono::{DateTime, Utc};
use domain::actor::Actor;
use domain::api_key::ApiKey;
use domain::audit::{Action, AuditEntry, Chain, Outcome, Target};
use domain::continuity::{Continuity, Renewal};
use domain::credential::{SecretHash, Token, TokenId};
use domain::feed::Epoch;
use domain::id::{AppId, DirectoryId, RequestId, TenantId};
use domain::release_policy::{ReleasePolicy, Scope};
use domain::scope::TenantScope;
use domain::tenant::{App, Directory, Switch, Tenant};
use store::{AdminTx, BoxFuture, Claim, NewJob, Store, StoreError};

/// Whoever makes the changes.
pub struct Operator(pub Store);

type Outcomes<T> = Result<T, StoreError>;

/// A row of the audit log.
pub fn entry(chain: Chain, action: Action) -> AuditEntry {
    AuditEntry {
        chain,
        at: DateTime::from_timestamp_millis(1_767_225_600_000).unwrap(),
        actor: Actor::CommandLine {
            user: "alice".to_owned(),
            host: "ops1".to_owned(),
        },
        action,
        target: Target::Tenant(TenantId::from_uuid(chain.uuid())),
        outcome: Outcome::Success,
        reason: None,
        ip: None,
        request: RequestId::from_uuid(uuid::Uuid::from_u128(9)),
        details: serde_json::Map::new(),
    }
}

impl Operator {
    pub async fn of_platform<T, F>(&self, action: Action, work: F) -> Outcomes<T>
    where
        F: for<'t> Fn(&'t mut AdminTx) -> BoxFuture<'t, Outcomes<T>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.0.audited(&entry(Chain::Platform, action), work).await
    }

    pub async fn of<T, F>(&self, scope: TenantScope, action: Action, work: F) -> Outcomes<T>
    where
        F: for<'t> Fn(&'t mut AdminTx) -> BoxFuture<'t, Outcomes<T>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.0
            .audited(&entry(Chain::Tenant(scope.tenant()), action), work)
            .await
    }

    pub async fn create_tenant(&self, new: &Tenant) -> Outcomes<()> {
        let new = new.clone();
        self.of_platform(Action::TenantCreate, move |tx| {
            let new = new.clone();
            Box::pin(async move { tx.create_tenant(&new).await })
        })
        .await
    }

    pub async fn create_directory(&self, scope: TenantScope, new: &Directory) -> Outcomes<()> {
        let new = new.clone();
        self.of(scope, Action::DirectoryCreate, move |tx| {
            let new = new.clone();
            Box::pin(async move { tx.create_directory(scope, &new).await })
        })
        .await
    }

    pub async fn change_settings(
        &self,
        scope: TenantScope,
        before: &Directory,
        after: &Directory,
    ) -> Outcomes<bool> {
        let (before, after) = (before.clone(), after.clone());
        self.of(scope, Action::DirectorySet, move |tx| {
            let (before, after) = (before.clone(), after.clone());
            Box::pin(async move { tx.change_settings(scope, &before, &after).await })
        })
        .await
    }

    pub async fn insert_api_key(&self, new: &ApiKey, hash: &SecretHash) -> Outcomes<()> {
        let (new, hash) = (new.clone(), hash.clone());
        self.of_platform(Action::ApiKeyCreate, move |tx| {
            let (new, hash) = (new.clone(), hash.clone());
            Box::pin(async move { tx.insert_api_key(&new, &hash).await })
        })
        .await
    }

    pub async fn revoke_api_key(&self, id: TokenId, at: DateTime<Utc>) -> Outcomes<bool> {
        self.of_platform(Action::ApiKeyRevoke, move |tx| {
            Box::pin(async move { tx.revoke_api_key(id, at).await })
        })
        .await
    }

    pub async fn keep_answer(&self, claim: &Claim, answer: &'static str) -> Outcomes<bool> {
        let claim = claim.clone();
        self.of_platform(Action::TenantCreate, move |tx| {
            let claim = claim.clone();
            Box::pin(async move { tx.keep_answer(&claim, answer).await })
        })
        .await
    }

    pub async fn limit_api_key(&self, id: TokenId, end: DateTime<Utc>) -> Outcomes<bool> {
        self.of_platform(Action::ApiKeyRotate, move |tx| {
            Box::pin(async move { tx.limit_api_key(id, end).await })
        })
        .await
    }

    pub async fn switch_directory(
        &self,
        scope: TenantScope,
        directory: &Directory,
        to: Switch,
    ) -> Outcomes<bool> {
        let after = Directory {
            switch: to,
            ..directory.clone()
        };
        self.change_settings(scope, directory, &after).await
    }

    pub async fn set_continuity(&self, scope: TenantScope, new: &Continuity) -> Outcomes<()> {
        let new = new.clone();
        self.of(scope, Action::ContinuitySet, move |tx| {
            let new = new.clone();
            Box::pin(async move { tx.set_continuity(scope, &new).await })
        })
        .await
    }

    pub async fn clear_continuity(&self, scope: TenantScope, directory: DirectoryId) -> Outcomes<bool> {
        self.of(scope, Action::ContinuityOff, move |tx| {
            Box::pin(async move { tx.clear_continuity(scope, directory).await })
        })
        .await
    }

    pub async fn retry_job(
        &self,
        scope: TenantScope,
        kind: &'static str,
        key: &'static str,
    ) -> Outcomes<bool> {
        self.of(scope, Action::ContinuityOff, move |tx| {
            Box::pin(async move { tx.retry_job(kind, key).await })
        })
        .await
    }

    pub async fn insert_renewal(&self, scope: TenantScope, new: &Renewal) -> Outcomes<()> {
        let new = new.clone();
        self.of(scope, Action::ContinuityStart, move |tx| {
            let new = new.clone();
            Box::pin(async move { tx.insert_renewal(scope, &new).await })
        })
        .await
    }

    pub async fn save_renewal(&self, scope: TenantScope, renewal: &Renewal) -> Outcomes<()> {
        let renewal = renewal.clone();
        self.of(scope, Action::ContinuityWrite, move |tx| {
            let renewal = renewal.clone();
            Box::pin(async move { tx.save_renewal(scope, &renewal).await })
        })
        .await
    }

    pub async fn insert_token(&self, scope: TenantScope, new: &Token, hash: &SecretHash) -> Outcomes<()> {
        let new = (new.clone(), hash.clone());
        self.of(scope, Action::TokenIssue, move |tx| {
            let (token, hash) = new.clone();
            Box::pin(async move { tx.insert_token(scope, &token, &hash).await })
        })
        .await
    }

    pub async fn limit_token(&self, scope: TenantScope, id: TokenId, end: DateTime<Utc>) -> Outcomes<bool> {
        self.of(scope, Action::TokenRotate, move |tx| {
            Box::pin(async move { tx.limit_token(scope, id, end).await })
        })
        .await
    }

    pub async fn revoke_token(&self, scope: TenantScope, id: TokenId, at: DateTime<Utc>) -> Outcomes<bool> {
        self.of(scope, Action::TokenRevoke, move |tx| {
            Box::pin(async move { tx.revoke_token(scope, id, at).await })
        })
        .await
    }

    pub async fn create_app(&self, new: &App, id: TokenId, hash: &SecretHash, redis: &str) -> Outcomes<()> {
        let new = (new.clone(), hash.clone(), redis.to_owned());
        self.of_platform(Action::AppCreate, move |tx| {
            let (app, hash, redis) = new.clone();
            Box::pin(async move { tx.create_app(&app, id, &hash, &redis, None).await })
        })
        .await
    }

    pub async fn create_released_app(
        &self,
        new: &App,
        id: TokenId,
        hash: &SecretHash,
        release: (ReleasePolicy, Vec<DirectoryId>),
    ) -> Outcomes<()> {
        let new = (new.clone(), hash.clone(), release);
        self.of_platform(Action::AppCreate, move |tx| {
            let (app, hash, release) = new.clone();
            Box::pin(async move { tx.create_app(&app, id, &hash, "a2", Some(&release)).await })
        })
        .await
    }

    /// With scopes, and the key of a job: told; without, another epoch.
    pub async fn set_release_policy(
        &self,
        app: AppId,
        before: i64,
        policy: &ReleasePolicy,
        tell: Option<(Vec<Scope>, String)>,
    ) -> Outcomes<bool> {
        let new = (policy.clone(), tell);
        self.of_platform(Action::AppPolicySet, move |tx| {
            let (policy, tell) = new.clone();
            Box::pin(async move {
                let tell = tell.map(|(scopes, key)| {
                    let job = NewJob {
                        kind: "walk",
                        key,
                        payload: serde_json::json!({}),
                        wait: std::time::Duration::from_hours(1),
                    };
                    (scopes, job)
                });
                let tell = tell.as_ref().map(|(scopes, job)| (scopes.as_slice(), job));
                tx.set_release_policy(app, before, Some(&policy), tell).await
            })
        })
        .await
    }

    pub async fn delete_app(&self, app: AppId) -> Outcomes<bool> {
        let entry = entry(Chain::Platform, Action::AppDelete);
        self.0.delete_app(app, &entry).await
    }

    pub async fn insert_app_credential(
        &self,
        app: AppId,
        id: TokenId,
        hash: &SecretHash,
        redis: &str,
        at: DateTime<Utc>,
    ) -> Outcomes<()> {
        let new = (hash.clone(), redis.to_owned());
        self.of_platform(Action::AppCredentialRotate, move |tx| {
            let (hash, redis) = new.clone();
            Box::pin(async move { tx.insert_app_credential(app, id, &hash, &redis, at).await })
        })
        .await
    }

    pub async fn limit_app_credential(&self, id: TokenId, end: DateTime<Utc>) -> Outcomes<bool> {
        self.of_platform(Action::AppCredentialRotate, move |tx| {
            Box::pin(async move { tx.limit_app_credential(id, end).await })
        })
        .await
    }

    pub async fn revoke_app_credential(&self, id: TokenId, at: DateTime<Utc>) -> Outcomes<bool> {
        self.of_platform(Action::AppCredentialRevoke, move |tx| {
            Box::pin(async move { tx.revoke_app_credential(id, at).await })
        })
        .await
    }

    pub async fn renew_feed_by_hand(&self, app: AppId, epoch: &Epoch) -> Outcomes<bool> {
        let epoch = epoch.clone();
        self.of_platform(Action::FeedRenew, move |tx| {
            let epoch = epoch.clone();
            Box::pin(async move { tx.renew_feed_by_hand(app, &epoch).await })
        })
        .await
    }

    pub async fn freeze_tenant(&self, scope: TenantScope, at: DateTime<Utc>) -> Outcomes<bool> {
        self.of(scope, Action::TenantFreeze, move |tx| {
            Box::pin(async move { tx.freeze_tenant(scope, at).await })
        })
        .await
    }

    pub async fn unfreeze_tenant(&self, scope: TenantScope) -> Outcomes<bool> {
        self.of(scope, Action::TenantUnfreeze, move |tx| {
            Box::pin(async move { tx.unfreeze_tenant(scope).await })
        })
        .await
    }

    pub async fn freeze_directory(
        &self,
        scope: TenantScope,
        id: DirectoryId,
        at: DateTime<Utc>,
    ) -> Outcomes<bool> {
        self.of(scope, Action::DirectoryFreeze, move |tx| {
            Box::pin(async move { tx.freeze_directory(scope, id, at).await })
        })
        .await
    }

    pub async fn unfreeze_directory(&self, scope: TenantScope, id: DirectoryId) -> Outcomes<bool> {
        self.of(scope, Action::DirectoryUnfreeze, move |tx| {
            Box::pin(async move { tx.unfreeze_directory(scope, id).await })
        })
        .await
    }

    pub async fn revoke_tokens(&self, scope: TenantScope, at: DateTime<Utc>) -> Outcomes<u64> {
        self.of(scope, Action::TokenRevokeAll, move |tx| {
            Box::pin(async move { tx.revoke_tokens(scope, at).await })
        })
        .await
    }
}
