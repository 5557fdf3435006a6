//! Shared by the store's tests: both databases, two tenants with directories, identities and their events.

use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::clock::{Ids, SystemIds};
use domain::credential::{SecretHash, TokenId};
use domain::environment::Environment;
use domain::event::{Cause, Event, Origin, from_change};
use domain::id::{AppId, DirectoryId, EventId, IdentityId, RequestId, TenantId};
use domain::identity::{ExternalId, Identity};
use domain::log::{LogAction, LogEntry, LogStatus};
use domain::position::Position;
use domain::profile::{Profile, Profiles, SHIPPED};
use domain::scope::TenantScope;
use domain::tenant::{App, Directory, Provider, Switch, Tenant};
use scim::etag::Revision;
use scim::resource::Resource;
use serde_json::{Value, json};
use sqlx::Connection;
use store::{BoxFuture, CreateOutcome, Settings, Store, StoreError};
use support::postgres::{BOTH, Database, Postgres};
use tempfile::TempDir;

use super::operator::Operator;

/// A migrated database and the store on it.
pub struct World {
    pub store: Store,
    pub settings: Settings,
    /// PostgreSQL only: the URLs of the other roles.
    pub postgres: Option<Database>,
    /// Held for as long as its file is used.
    folder: Option<TempDir>,
    ids: SystemIds,
    profiles: Profiles,
    second: AtomicU32,
}

/// One tenant's directory.
#[derive(Clone)]
pub struct Home {
    pub tenant: Tenant,
    pub scope: TenantScope,
    pub directory: Directory,
    pub profile: Arc<Profile>,
}

pub fn settings(url: &str) -> Settings {
    Settings {
        url: url.to_owned(),
        max_connections: 16,
        acquire_timeout: Duration::from_secs(5),
    }
}

/// One world for each database. A failing assertion should name `world.name()`.
pub async fn worlds() -> Vec<World> {
    vec![World::sqlite().await, World::postgres().await]
}

impl World {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut world = Self::sqlite_in(folder.path()).await;
        world.folder = Some(folder);
        world
    }

    /// Closes the store and waits until the server has ended its sessions: they report their statistics at
    /// their end.
    pub async fn close(&self) {
        self.store.close().await;
        let Some(database) = &self.postgres else { return };
        let mut admin = sqlx::PgConnection::connect(&database.super_url).await.unwrap();
        let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND usename = $2";
        loop {
            let left: i64 = sqlx::query_scalar(sql)
                .bind(&database.name)
                .bind(BOTH)
                .fetch_one(&mut admin)
                .await
                .unwrap();
            if left == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        admin.close().await.unwrap();
    }

    /// In a folder that the test keeps.
    pub async fn sqlite_in(folder: &std::path::Path) -> Self {
        let url = format!("sqlite://{}", folder.join("data/usher.db").display());
        let settings = settings(&url);
        let store = Store::connect(&settings).await.unwrap();
        store.migrate().await.unwrap();
        store.claim_environment(Environment::Test).await.unwrap();
        Self::new(store, settings, None, None)
    }

    pub async fn postgres() -> Self {
        Self::on(Postgres::shared().await).await
    }

    /// On a cluster of the test's own, which it may kill.
    pub async fn on(cluster: &Postgres) -> Self {
        let database = cluster
            .from_template("store", async |database: &Database| {
                let owner = Store::connect(&settings(&database.owner_url)).await.unwrap();
                owner.migrate().await.unwrap();
                owner.claim_environment(Environment::Test).await.unwrap();
                owner.close().await;
            })
            .await;
        let settings = settings(&database.both_url);
        let store = Store::connect(&settings).await.unwrap();
        Self::new(store, settings, Some(database), None)
    }

    fn new(store: Store, settings: Settings, postgres: Option<Database>, folder: Option<TempDir>) -> Self {
        let profiles = Profiles::load(SHIPPED.iter().copied()).unwrap();
        Self {
            store,
            settings,
            postgres,
            folder,
            ids: SystemIds::default(),
            profiles,
            second: AtomicU32::new(0),
        }
    }

    pub fn name(&self) -> &'static str {
        self.store.backend().as_str()
    }

    /// Who makes tenants, directories, credentials and apps.
    pub fn operator(&self) -> Operator {
        Operator(self.store.clone())
    }

    pub fn uuid(&self) -> uuid::Uuid {
        self.ids.next()
    }

    /// A time later than every one before.
    pub fn now(&self) -> DateTime<Utc> {
        let second = self.second.fetch_add(1, Ordering::Relaxed);
        DateTime::from_timestamp_millis(1_767_225_600_000).unwrap()
            + TimeDelta::milliseconds(i64::from(second))
    }

    pub async fn home(&self, tenant: &str) -> Home {
        let tenant = Tenant {
            id: TenantId::from_uuid(self.uuid()),
            name: tenant.parse().unwrap(),
            external_tenant_id: Some(format!("tid-{tenant}")),
            created_at: self.now(),
            frozen_at: None,
        };
        self.operator().create_tenant(&tenant).await.unwrap();
        self.directory(&tenant, "advisors").await
    }

    pub async fn directory(&self, tenant: &Tenant, profile: &str) -> Home {
        let directory = Directory {
            id: DirectoryId::from_uuid(self.uuid()),
            tenant: tenant.id,
            profile: profile.parse().unwrap(),
            provider: Provider::Entra,
            switch: Switch::On,
            extension: None,
            created_at: self.now(),
            frozen_at: None,
        };
        let scope = TenantScope::mint(tenant.id);
        self.operator().create_directory(scope, &directory).await.unwrap();
        let profile = self.profiles.get(profile).unwrap().clone();
        Home {
            tenant: tenant.clone(),
            scope,
            directory,
            profile,
        }
    }

    pub async fn app(&self, name: &str) -> App {
        let app = App {
            id: AppId::from_uuid(self.uuid()),
            name: name.parse().unwrap(),
            created_at: self.now(),
        };
        let hash = SecretHash {
            phc: "$argon2id$x".to_owned(),
            version: 1,
        };
        self.operator()
            .create_app(&app, token_id(name), &hash, "a0")
            .await
            .unwrap();
        app
    }

    /// A new identity, not yet stored.
    pub fn identity(&self, home: &Home, document: Value) -> Identity {
        let now = self.now();
        Identity {
            id: IdentityId::from_uuid(self.uuid()),
            directory: home.directory.id,
            revision: Revision::FIRST,
            resource: resource(document).with_defaults(),
            created_at: now,
            modified_at: now,
            groups: Some(Vec::new()),
        }
    }

    pub fn person(&self, home: &Home, user_name: &str) -> Identity {
        self.identity(
            home,
            json!({"userName": user_name, "externalId": format!("x-{user_name}"), "displayName": "A B"}),
        )
    }

    /// The next revision, with another document.
    pub fn changed(&self, identity: &Identity, document: Value) -> Identity {
        Identity {
            revision: identity.revision.next(DateTime::default()),
            resource: resource(document).with_defaults(),
            modified_at: self.now(),
            ..identity.clone()
        }
    }

    pub fn event(&self, home: &Home, before: Option<&Identity>, after: Option<&Identity>) -> Event {
        let origin = Origin {
            environment: Environment::Test,
            directory: &home.directory,
            tenant_name: &home.tenant.name,
            external_tenant_id: None,
            profile: &home.profile,
        };
        let cause = Cause {
            request: RequestId::from_uuid(self.uuid()),
            client_request_id: None,
            operation: "POST",
            token_alias: "tka_00000000000000000000000000000000".to_owned(),
            traceparent: None,
        };
        from_change(
            origin,
            &cause,
            EventId::from_uuid(self.uuid()),
            self.now(),
            before,
            after,
        )
        .unwrap()
    }

    pub fn entry(&self, identity: &Identity, action: LogAction, event: Option<&Event>) -> LogEntry {
        LogEntry {
            request: RequestId::from_uuid(self.uuid()),
            at: self.now(),
            directory: identity.directory,
            resource: Some(identity.id.into()),
            external_id: identity.resource.external_id().map(str::to_owned),
            user_name: identity.resource.user_name().map(str::to_owned),
            action,
            status: LogStatus::Success,
            code: None,
            detail: None,
            event: event.map(|event| event.id),
            changed: event.map(|event| event.changed.clone()).unwrap_or_default(),
            token_id: token_id(""),
            trace_id: None,
        }
    }

    /// Stores a new identity.
    pub async fn create(&self, home: &Home, identity: &Identity) -> CreateOutcome {
        let event = self.event(home, None, Some(identity));
        let entry = self.entry(identity, LogAction::Create, Some(&event));
        self.store
            .create(home.scope, identity, ExternalId::IsFree, &event, &entry)
            .await
            .unwrap()
    }

    /// Stores people with these names.
    pub async fn people(&self, home: &Home, names: &[&str]) -> Vec<Identity> {
        let mut made = Vec::new();
        for name in names {
            let identity = self.person(home, name);
            assert_eq!(self.create(home, &identity).await, CreateOutcome::Done);
            made.push(identity);
        }
        made
    }

    /// Stores the next revision.
    pub async fn save(&self, home: &Home, before: &Identity, after: &Identity) -> store::SaveOutcome {
        self.save_as(home, ExternalId::IsFree, before, after).await
    }

    /// As [`World::save`], with `externalId` as the key.
    pub async fn save_keyed(&self, home: &Home, before: &Identity, after: &Identity) -> store::SaveOutcome {
        self.save_as(home, ExternalId::IsKey, before, after).await
    }

    async fn save_as(
        &self,
        home: &Home,
        external_id: ExternalId,
        before: &Identity,
        after: &Identity,
    ) -> store::SaveOutcome {
        let event = self.event(home, Some(before), Some(after));
        let entry = self.entry(after, LogAction::Update, Some(&event));
        let (revision, what) = (before.revision, Arc::new((after.clone(), event, entry)));
        self.write(home, move |tx| {
            let what = Arc::clone(&what);
            Box::pin(async move {
                tx.lock(what.0.directory, what.0.id).await?;
                tx.save(&what.0, revision, external_id, (), from_ref(&what.1), &what.2)
                    .await
            })
        })
        .await
        .unwrap()
    }

    pub async fn write<T, F>(&self, home: &Home, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'t> Fn(&'t mut store::TenantTx) -> BoxFuture<'t, Result<T, StoreError>>
            + Send
            + Sync
            + 'static,
    {
        self.store.write(home.scope, work).await
    }

    pub async fn get(&self, home: &Home, id: IdentityId) -> Option<Identity> {
        let directory = home.directory.id;
        self.store
            .read::<_, StoreError, _>(home.scope, move |tx| {
                Box::pin(async move { tx.get(directory, id).await })
            })
            .await
            .unwrap()
    }

    /// Stamps until no row is left.
    pub async fn stamp_all(&self) {
        while self.store.stamp(500).await.unwrap().stamped > 0 {}
    }

    /// A whole feed, page by page: positions, subjects and sequences.
    pub async fn feed(&self, app: &App) -> Vec<store::FeedEvent> {
        let mut events = Vec::new();
        loop {
            let after = events
                .last()
                .map_or(Position::START, |event: &store::FeedEvent| event.position);
            let page = self.store.feed_page(app.id, after, 100).await.unwrap();
            let page = page.expect("the feed");
            if page.events.is_empty() {
                return events;
            }
            events.extend(page.events);
        }
    }
}

/// A position in a feed.
pub fn position(number: i64) -> Position {
    Position::new(number).unwrap()
}

/// The id of a credential that begins like this.
pub fn token_id(start: &str) -> TokenId {
    format!("{start:0<12}").parse().unwrap()
}

/// A document as it is stored.
pub fn resource(document: Value) -> Resource {
    let Value::Object(map) = document else {
        panic!("a document is an object")
    };
    Resource::from_stored(map)
}
