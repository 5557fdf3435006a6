//! Every method of the store, called once, on a few resources at a time.

use std::net::IpAddr;
use std::slice::from_ref;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::audit::{Action, Chain};
use domain::continuity::{Continuity, Renewal};
use domain::credential::{CredentialKind, LastUse, Memory, Token, Use};
use domain::environment::Environment;
use domain::feed::FeedState;
use domain::group::Group;
use domain::id::{AppId, DirectoryId, GroupId, IdentityId, RenewalId, RequestId, ResourceId, TenantId};
use domain::identity::{ExternalId, Identity};
use domain::log::{LogAction, LogStatus};
use domain::release_policy::{ReleasePolicy, Scope};
use domain::scope::TenantScope;
use domain::tenant::{App, Directory, Provider, Tenant};
use scim::etag::Revision;
use scim::filter::Filter;
use scim::query::{Sort, SortPosition};
use scim::schema::ResourceType;
use serde_json::json;
use store::{
    AuditPlace, AuditQuery, Claim, Claimed, JobEnd, ListRequest, LogPlace, LogQuery, MemberChange, NewJob,
    Page, PageAt, PersonKey, Session, Store, StoreError, TenantTx, TypeRequest,
};
use uuid::Uuid;

use super::Watched;
use crate::store::lists;
use crate::store::operator::entry;
use crate::store::records::{api_key, hash};
use crate::store::world::{World, position, resource, token_id};

/// Who is asked for.
pub struct Target {
    /// At least 40.
    pub people: Vec<ResourceId>,
    /// At least 20.
    pub groups: Vec<GroupId>,
    /// A group that many are in.
    pub big: GroupId,
    /// Whose feed is read.
    pub app: App,
}

impl Target {
    /// Ids that nobody has.
    pub async fn nobody(watched: &Watched, app: &str) -> Self {
        let world = &watched.world;
        let person = |_| ResourceId::Identity(IdentityId::from_uuid(world.uuid()));
        Self {
            people: (0..40).map(person).collect(),
            groups: (0..20).map(|_| GroupId::from_uuid(world.uuid())).collect(),
            big: GroupId::from_uuid(world.uuid()),
            app: world.app(app).await,
        }
    }

    fn identity_ids(&self) -> Vec<IdentityId> {
        let id = |id: &ResourceId| IdentityId::from_uuid(id.uuid());
        self.people[..20].iter().map(id).collect()
    }
}

/// Begins with a ping. `nth` tells walks through one database apart.
pub async fn walk(watched: &Watched, target: &Target, nth: usize) {
    watched.world.store.ping().await.unwrap();
    watched.world.store.ready().await.unwrap();
    records(watched, nth).await;
    sessions(&watched.world, nth).await;
    apps(&watched.world, nth).await;
    identities(watched, target, nth).await;
    groups(watched, target, nth).await;
    list_all(watched, target).await;
    logs(watched, target).await;
    audit(watched).await;
    feeds(&watched.world, target, nth).await;
    jobs(&watched.world.store).await;
    releases(watched, nth).await;
}

fn early(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap()
}

async fn records(watched: &Watched, nth: usize) {
    let world = &watched.world;
    let (store, operator) = (&world.store, world.operator());
    let tenant = Tenant {
        id: TenantId::from_uuid(world.uuid()),
        name: format!("new-{nth}").parse().unwrap(),
        external_tenant_id: None,
        created_at: world.now(),
        frozen_at: None,
    };
    operator.create_tenant(&tenant).await.unwrap();
    store
        .note_audit(&entry(Chain::Platform, Action::AuthRefused))
        .await
        .unwrap();
    store.tenants().await.unwrap();
    store.tenant_from(Uuid::nil()).await.unwrap().unwrap();
    store.tenant_by_name("contoso").await.unwrap().unwrap();
    // Of a tenant of its own: a change of its credentials or settings ends what the other requests were admitted with.
    let home = &world.directory(&tenant, "advisors").await;
    let directory = Directory {
        id: DirectoryId::from_uuid(world.uuid()),
        profile: format!("new-{nth}").parse().unwrap(),
        ..home.directory.clone()
    };
    operator.create_directory(home.scope, &directory).await.unwrap();
    store.directories(home.scope).await.unwrap();
    store.directory(home.scope, "advisors").await.unwrap().unwrap();
    let before = store.directory(home.scope, directory.profile.as_str()).await;
    let before = before.unwrap().unwrap();
    let after = Directory {
        provider: Provider::Generic,
        ..before.clone()
    };
    assert!(
        operator
            .change_settings(home.scope, &before, &after)
            .await
            .unwrap()
    );
    assert!(
        !operator
            .change_settings(home.scope, &before, &after)
            .await
            .unwrap()
    );
    let token = Token {
        id: token_id(&format!("new{nth}")),
        tenant: home.tenant.id,
        directory: home.directory.id,
        label: None,
        created_at: world.now(),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        last_four: "wxyz".to_owned(),
        allowed_networks: domain::network::AllowedNetworks::default(),
    };
    operator.insert_token(home.scope, &token, &hash()).await.unwrap();
    store.tokens(home.scope, None).await.unwrap();
    store.token(home.scope, token.id).await.unwrap().unwrap();
    store.token_record(token.id).await.unwrap().unwrap();
    let used = Use {
        kind: CredentialKind::Token,
        id: token.id,
        last: Some(LastUse {
            at: world.now(),
            from: IpAddr::from([192, 0, 2, 7]),
        }),
        new_values: Memory {
            check: None,
            networks: vec![IpAddr::from([192, 0, 2, 7])],
        },
    };
    store.remember_uses(&[used]).await.unwrap();
    let memory = store
        .credential_memory(CredentialKind::Token, token.id)
        .await
        .unwrap();
    assert_eq!(memory.networks.len(), 1);
    store.deployment_key("token-alias").await.unwrap();
    // The filling has ids that no token has: only the statements count.
    let _ = store.tokens_after(None, 200).await;
    let _ = store.tokens_after(Some(token.id), 200).await;
    let tell = NewJob {
        kind: "walk",
        key: format!("notice-{nth}"),
        payload: json!({}),
        wait: Duration::from_hours(1),
    };
    assert!(store.note_notice(token.id, 7, &[tell]).await.unwrap());
    assert!(
        operator
            .freeze_directory(home.scope, directory.id, world.now())
            .await
            .unwrap()
    );
    assert!(
        operator
            .unfreeze_directory(home.scope, directory.id)
            .await
            .unwrap()
    );
    assert!(operator.freeze_tenant(home.scope, world.now()).await.unwrap());
    assert!(operator.unfreeze_tenant(home.scope).await.unwrap());
    crate::store::oauth::walk(world, home, nth).await;
    api_keys(world, nth).await;
    keys_of_requests(world, nth).await;
    renewals(world, home.scope, &home.directory).await;
    assert!(
        operator
            .limit_token(home.scope, token.id, world.now())
            .await
            .unwrap()
    );
    assert!(
        operator
            .revoke_token(home.scope, token.id, world.now())
            .await
            .unwrap()
    );
    operator.revoke_tokens(home.scope, world.now()).await.unwrap();
}

async fn renewals(world: &World, scope: TenantScope, directory: &Directory) {
    let (store, operator) = (&world.store, world.operator());
    let continuity = Continuity {
        tenant: directory.tenant,
        directory: directory.id,
        entra_tenant: world.uuid(),
        service_principal: world.uuid(),
        job: "scim.walk".parse().unwrap(),
        base_address: "https://usher.example/advisors/scim".to_owned(),
        kept: std::collections::BTreeMap::new(),
        before: chrono::TimeDelta::days(30),
        life: chrono::TimeDelta::days(365),
        set_at: world.now(),
    };
    operator.set_continuity(scope, &continuity).await.unwrap();
    let found = store.continuity(scope, directory.id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&continuity));
    store.continuities_after(None, 10).await.unwrap();
    store.continuities_after(found.as_ref(), 10).await.unwrap();
    let id = RenewalId::from_uuid(world.uuid());
    let renewal = Renewal::new(id, (directory.tenant, directory.id), Vec::new(), world.now());
    operator.insert_renewal(scope, &renewal).await.unwrap();
    operator.save_renewal(scope, &renewal).await.unwrap();
    let renewal = store.renewal(scope, directory.id, id).await.unwrap().unwrap();
    assert_eq!(renewal.version, 1);
    store.open_renewals(None, 10).await.unwrap();
    store
        .note_renewal(scope, &renewal.stopped(world.now(), "x"), &[])
        .await
        .unwrap();
    assert_eq!(store.renewals(scope, directory.id, 10).await.unwrap().len(), 1);
    operator.retry_job(scope, "walk", "none").await.unwrap();
    assert!(operator.clear_continuity(scope, directory.id).await.unwrap());
}

async fn api_keys(world: &World, nth: usize) {
    let (store, operator) = (&world.store, world.operator());
    let key = api_key(token_id(&format!("key{nth}")), world.now());
    operator.insert_api_key(&key, &hash()).await.unwrap();
    store.api_keys().await.unwrap();
    store.api_key(key.id).await.unwrap().unwrap();
    let used = Use {
        kind: CredentialKind::ApiKey,
        id: key.id,
        last: Some(LastUse {
            at: world.now(),
            from: "192.0.2.1".parse().unwrap(),
        }),
        new_values: Memory::default(),
    };
    store.remember_uses(&[used]).await.unwrap();
    assert!(operator.limit_api_key(key.id, world.now()).await.unwrap());
    assert!(operator.revoke_api_key(key.id, world.now()).await.unwrap());
}

async fn keys_of_requests(world: &World, nth: usize) {
    let (store, operator) = (&world.store, world.operator());
    let claim = Claim {
        caller: "api-key:walk".to_owned(),
        key: format!("key{nth}"),
        digest: "x".to_owned(),
        id: world.uuid(),
        at: world.now(),
    };
    assert_eq!(store.claim_key(&claim).await.unwrap(), Claimed::First);
    assert!(operator.keep_answer(&claim, "{}").await.unwrap());
    store.give_back_key(&claim).await.unwrap();
    let other = Claim {
        id: world.uuid(),
        ..claim
    };
    let done = Claimed::Done("{}".to_owned());
    assert_eq!(store.claim_key(&other).await.unwrap(), done);
    store.prune_keys(early(50)).await.unwrap();
}

async fn sessions(world: &World, nth: usize) {
    let store = &world.store;
    let session = Session {
        hash: format!("walk{nth}"),
        person: "person:walk".to_owned(),
        created_at: world.now(),
        seen_at: world.now(),
        ends_at: world.now() + chrono::TimeDelta::hours(10),
        address: "127.0.0.1".to_owned(),
        agent: String::new(),
    };
    store.begin_session(&session).await.unwrap();
    assert!(store.session(&session.hash).await.unwrap().is_some());
    store.note_session_use(&session.hash, world.now()).await.unwrap();
    assert!(store.end_session(&session.hash).await.unwrap());
    store.end_sessions_of(&session.person).await.unwrap();
    store.prune_sessions(early(50)).await.unwrap();
}

async fn apps(world: &World, nth: usize) {
    let (store, operator) = (&world.store, world.operator());
    let app = App {
        id: AppId::from_uuid(world.uuid()),
        name: format!("new-{nth}").parse().unwrap(),
        created_at: world.now(),
    };
    let (first, second) = (
        token_id(&format!("first{nth}")),
        token_id(&format!("second{nth}")),
    );
    operator.create_app(&app, first, &hash(), "a0").await.unwrap();
    store.apps().await.unwrap();
    store.app_by_name(app.name.as_str()).await.unwrap().unwrap();
    store.app_credentials(app.id).await.unwrap();
    store.app_credential(first).await.unwrap().unwrap();
    store.app_passwords(world.now()).await.unwrap();
    operator
        .insert_app_credential(app.id, second, &hash(), "a1", world.now())
        .await
        .unwrap();
    assert!(operator.limit_app_credential(second, world.now()).await.unwrap());
    assert!(operator.revoke_app_credential(second, world.now()).await.unwrap());
    let deleted = world.app(&format!("deleted{nth}")).await;
    assert!(operator.delete_app(deleted.id).await.unwrap());
}

async fn identities(watched: &Watched, target: &Target, nth: usize) {
    let (world, home) = (&watched.world, &watched.home);
    let store = &world.store;
    let first = world.person(home, &format!("first-{nth}"));
    let event = world.event(home, None, Some(&first));
    let entry = world.entry(&first, LogAction::Create, Some(&event));
    store
        .create(home.scope, &first, ExternalId::IsKey, &event, &entry)
        .await
        .unwrap();

    let (directory, id, name) = (home.directory.id, first.id, format!("first-{nth}"));
    let found = store.read::<_, StoreError, _>(home.scope, move |tx| {
        Box::pin(async move {
            let by_id = tx.get(directory, id).await?;
            let by_name: Option<Identity> = tx.find_by_name(directory, &name).await?;
            Ok(by_id.map(|found| found.resource) == by_name.map(|found| found.resource))
        })
    });
    assert!(found.await.unwrap());

    let second = world.person(home, &format!("second-{nth}"));
    let saved = world.changed(&first, json!({"userName": format!("third-{nth}")}));
    let stale = world.changed(&first, json!({"userName": format!("second-{nth}")}));
    let leaving = Identity {
        id: IdentityId::from_uuid(target.people[nth].uuid()),
        ..first.clone()
    };
    let told = |identity: &Identity| {
        let event = world.event(home, None, Some(identity));
        let entry = world.entry(identity, LogAction::Update, Some(&event));
        (identity.clone(), event, entry)
    };
    let work = Arc::new([told(&second), told(&saved), told(&stale), told(&leaving)]);
    store
        .write::<_, StoreError, _>(home.scope, move |tx| {
            let work = Arc::clone(&work);
            Box::pin(async move {
                let [second, saved, stale, leaving] = &*work;
                tx.create(&second.0, ExternalId::IsKey, from_ref(&second.1), &second.2)
                    .await?;
                tx.lock(directory, saved.0.id).await?;
                tx.find_by_name::<Identity>(directory, "nobody").await?;
                tx.find_by_external_id(directory, "nobody").await?;
                tx.save(
                    &saved.0,
                    before(saved.0.revision),
                    ExternalId::IsKey,
                    (),
                    from_ref(&saved.1),
                    &saved.2,
                )
                .await?;
                tx.save(
                    &stale.0,
                    before(stale.0.revision),
                    ExternalId::IsKey,
                    (),
                    from_ref(&stale.1),
                    &stale.2,
                )
                .await?;
                tx.log(&second.2).await?;
                tx.lock(directory, leaving.0.id).await?;
                tx.delete(&leaving.0, from_ref(&leaving.1), &leaving.2).await
            })
        })
        .await
        .unwrap();
}

async fn groups(watched: &Watched, target: &Target, nth: usize) {
    let (world, home) = (&watched.world, &watched.home);
    let store = &world.store;
    let (directory, big) = (home.directory.id, target.big);
    let mut ids = target.people[20..40].to_vec();
    ids.extend(target.groups[10..].iter().map(|id| ResourceId::from(*id)));
    let (asked, people) = (ids.clone(), target.identity_ids());
    let mut joining = target.people[..20].to_vec();
    joining.extend(target.groups[..10].iter().map(|id| ResourceId::from(*id)));
    store
        .read::<_, StoreError, _>(home.scope, move |tx| {
            Box::pin(async move {
                tx.get(directory, big).await?;
                tx.members_position(directory, big).await?;
                tx.find_by_name::<Group>(directory, "g7").await?;
                tx.known_members(directory, big, &asked).await?;
                tx.identities_after(Uuid::nil(), 20, 100_000).await?;
                tx.groups_after(big.uuid(), 20, 100_000).await?;
                tx.members(directory, big, None, 20).await?;
                tx.groups_of(directory, &people[..1]).await?;
                tx.groups_of(directory, &people).await
            })
        })
        .await
        .unwrap();

    let group = world.group(home, &format!("first-{nth}"));
    let saved = Group {
        revision: Revision::FIRST.next(DateTime::default()),
        ..group.clone()
    };
    let stale = Group {
        revision: Revision::new(7).unwrap(),
        resource: resource(json!({"displayName": "g8"})),
        ..group.clone()
    };
    let leaving = Group {
        id: target.groups[nth],
        ..group.clone()
    };
    let told = |group: &Group| {
        let events = world.group_events(group, 2);
        let entry = world.group_entry(group, &events);
        (group.clone(), events, entry)
    };
    let work = Arc::new([told(&group), told(&saved), told(&stale), told(&leaving)]);
    store
        .write::<_, StoreError, _>(home.scope, move |tx| {
            let (work, ids, joining) = (Arc::clone(&work), ids.clone(), joining.clone());
            Box::pin(async move {
                let [group, saved, stale, leaving] = &*work;
                tx.known_members(directory, big, &ids).await?;
                tx.create(&group.0, ExternalId::IsFree, &group.1, &group.2)
                    .await?;
                tx.lock(directory, big).await?;
                tx.find_by_name::<Group>(directory, "g7").await?;
                tx.add_members(directory, group.0.id, &ids).await?;
                tx.remove_members(directory, big, &ids).await?;
                let members = || MemberChange {
                    count_before: 0,
                    joining: joining.clone(),
                    leaving: ids.clone(),
                };
                tx.save(
                    &saved.0,
                    before(saved.0.revision),
                    ExternalId::IsFree,
                    members(),
                    &saved.1,
                    &saved.2,
                )
                .await?;
                tx.save(
                    &stale.0,
                    before(stale.0.revision),
                    ExternalId::IsFree,
                    members(),
                    &stale.1,
                    &stale.2,
                )
                .await?;
                tx.clear_members(directory, group.0.id).await?;
                tx.delete(&leaving.0, &leaving.1, &leaving.2).await
            })
        })
        .await
        .unwrap();
}

/// Filters, sorts and pages: each access path of `store::list` in each of its orders.
async fn list_all(watched: &Watched, target: &Target) {
    let (person, big) = (target.people[30], target.big);
    let keyed = [
        r#"id eq "NOBODY""#.to_owned(),
        format!(r#"id eq "{person}""#),
        r#"userName eq "u7""#.to_owned(),
        r#"externalId eq "x7""#.to_owned(),
        r#"emails[type eq "work"].value eq "w7""#.to_owned(),
        r#"displayName eq "d7""#.to_owned(),
        format!(r#"groups.value eq "{big}""#),
        format!(r#"groups.value eq "{big}" and userName eq "u39""#),
        format!(r#"groups.value eq "{big}" and title pr"#),
        r"title pr".to_owned(),
    ];
    for filter in keyed.iter().map(String::as_str).map(Some).chain([None]) {
        pages(watched, lists::users(), filter, None).await;
    }
    for sort in [("userName", "ascending"), ("meta.created", "descending")] {
        pages(watched, lists::users(), None, Some(sort)).await;
    }
    let group = target.groups[10];
    let keyed = [
        format!(r#"id eq "{group}""#),
        r#"displayName eq "g7""#.to_owned(),
        r#"externalId eq "x7""#.to_owned(),
        format!(r#"members.value eq "{person}""#),
        format!(r#"members.value eq "{person}" and externalId pr"#),
        format!(r#"externalId pr or members.value eq "{person}""#),
    ];
    for filter in keyed.iter().map(String::as_str).map(Some).chain([None]) {
        pages(watched, lists::groups(), filter, None).await;
    }
    for sort in [("displayName", "ascending"), ("meta.created", "descending")] {
        pages(watched, lists::groups(), None, Some(sort)).await;
    }
    merged(watched).await;
}

/// The first page and a later one, by number and by cursor.
async fn pages(watched: &Watched, rt: ResourceType, filter: Option<&str>, sort: Option<(&str, &str)>) {
    let (world, home) = (&watched.world, &watched.home);
    let filter = filter.map(|text| Filter::parse(text, &rt).expect(text));
    let sort = sort.map(|(by, order)| Sort::parse(&rt, by, Some(order)).expect(by));
    let directory = home.directory.id;
    world
        .store
        .read::<_, StoreError, _>(home.scope, move |tx| {
            Box::pin(async move {
                let query = |at| ListRequest {
                    directory,
                    resource_type: &rt,
                    filter: filter.as_ref(),
                    sort: sort.as_ref(),
                    at,
                };
                for start in [1, 101] {
                    list(tx, &query(PageAt::Index { start, count: 20 })).await?;
                }
                let first = query(PageAt::Cursor {
                    after: None,
                    count: 20,
                });
                let Some(mark) = list(tx, &first).await? else {
                    return Ok(());
                };
                let second = query(PageAt::Cursor {
                    after: Some(&mark),
                    count: 20,
                });
                list(tx, &second).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
}

/// The next page's position.
async fn list(tx: &mut TenantTx, query: &ListRequest<'_>) -> Result<Option<SortPosition>, StoreError> {
    if query.resource_type.name == "User" {
        let page: Page<Identity> = tx.list(query).await?;
        return Ok(page.next);
    }
    let page: Page<Group> = tx.list(query).await?;
    Ok(page.next)
}

/// Both types in one list.
async fn merged(watched: &Watched) {
    let (world, home) = (&watched.world, &watched.home);
    let (users, groups) = (lists::users(), lists::groups());
    let sort = Sort::parse(&users, "meta.created", None).unwrap();
    let directory = home.directory.id;
    let listed = world.store.read::<_, StoreError, _>(home.scope, move |tx| {
        Box::pin(async move {
            let of_type = |resource_type| TypeRequest {
                resource_type,
                filter: None,
                sort: &sort,
            };
            let at = PageAt::Index { start: 1, count: 20 };
            tx.list_merged(directory, of_type(&users), Some(of_type(&groups)), at)
                .await
        })
    });
    listed.await.unwrap();
}

async fn logs(watched: &Watched, target: &Target) {
    let (world, home) = (&watched.world, &watched.home);
    let request = RequestId::from_uuid(target.people[30].uuid());
    world.store.log_of_request(request, 20).await.unwrap();
    for key in [PersonKey::ExternalId, PersonKey::UserName, PersonKey::Mail] {
        world.store.people(&key("x7".to_owned()), 20).await.unwrap();
    }
    let any = LogQuery {
        limit: 20,
        ..LogQuery::default()
    };
    let queries = [
        any.clone(),
        LogQuery {
            directory: Some(home.directory.id),
            ..any.clone()
        },
        LogQuery {
            status: Some(LogStatus::Failure),
            ..any.clone()
        },
        LogQuery {
            action: Some(LogAction::Delete),
            ..any.clone()
        },
        LogQuery {
            token: Some(token_id("nobody")),
            ..any.clone()
        },
        LogQuery {
            request: Some(RequestId::from_uuid(target.people[30].uuid())),
            ..any.clone()
        },
        LogQuery {
            directory: Some(home.directory.id),
            status: Some(LogStatus::Failure),
            action: Some(LogAction::Create),
            until: Some(early(4_995)),
            ..any.clone()
        },
        LogQuery {
            since: Some(early(4_995)),
            ..any.clone()
        },
        LogQuery {
            since: Some(early(4_995)),
            status: Some(LogStatus::Failure),
            ..any.clone()
        },
        LogQuery {
            external_id: Some("x7".to_owned()),
            ..any.clone()
        },
        LogQuery {
            user_name: Some("u7".to_owned()),
            ..any.clone()
        },
        LogQuery {
            resource: Some(target.people[30]),
            ..any.clone()
        },
        LogQuery {
            resource: Some(target.people[30]),
            directory: Some(home.directory.id),
            ..any
        },
    ];
    let place = LogPlace {
        at: early(5_000),
        number: 5_000,
    };
    let later = queries.clone().map(|query| LogQuery {
        after: Some(place),
        ..query
    });
    for query in queries.into_iter().chain(later) {
        world
            .store
            .read::<_, StoreError, _>(home.scope, move |tx| {
                Box::pin(async move { tx.search_log(&query).await })
            })
            .await
            .unwrap();
    }
}

async fn audit(watched: &Watched) {
    let (world, home) = (&watched.world, &watched.home);
    let store = &world.store;
    let chain = Chain::Tenant(home.tenant.id);
    store.audit_heads().await.unwrap();
    store.audit_head(chain).await.unwrap();
    store.audit_rows(chain, 0, 20).await.unwrap();
    let any = AuditQuery {
        limit: 20,
        ..AuditQuery::default()
    };
    let keyed = AuditQuery {
        actor: Some("cli:bob@ops2".to_owned()),
        ..any.clone()
    };
    let queries = [
        any.clone(),
        AuditQuery {
            action: Some(Action::AuthRefused),
            ..keyed.clone()
        },
        AuditQuery {
            since: Some(early(4_995)),
            until: Some(early(4_999)),
            ..keyed.clone()
        },
        keyed,
        AuditQuery {
            action: Some(Action::TokenRevoke),
            ..any.clone()
        },
        AuditQuery {
            target: Some("token:t7".to_owned()),
            ..any.clone()
        },
        AuditQuery {
            since: Some(early(4_995)),
            ..any.clone()
        },
        AuditQuery {
            until: Some(early(4)),
            ..any
        },
    ];
    let place = AuditPlace {
        at: 4_990,
        seq: 1_004_990,
    };
    let later = queries.clone().map(|query| AuditQuery {
        after: Some(place),
        ..query
    });
    for query in queries.into_iter().chain(later) {
        store.search_audit(chain, &query).await.unwrap();
    }
}

async fn feeds(world: &World, target: &Target, nth: usize) {
    let (store, operator) = (&world.store, world.operator());
    let app = target.app.id;
    store.stamp(100).await.unwrap();
    store.stamp(100).await.unwrap();
    store.feeds().await.unwrap();
    store.deployment().await.unwrap();
    store.claim_environment(Environment::Test).await.unwrap();
    let feed = store.feed(app).await.unwrap().unwrap();
    assert!(store.renew_feed(app, &feed.epoch, 7).await.unwrap());
    let feed = store.feed(app).await.unwrap().unwrap();
    store.note_snapshot(app, &feed.epoch).await.unwrap();
    assert!(operator.renew_feed_by_hand(app, &feed.epoch).await.unwrap());
    store.end_take_over(app).await.unwrap();
    let epoch = store.feed(app).await.unwrap().unwrap().epoch;
    store.feed_page(app, position(100), 20).await.unwrap();
    store.feed_page(app, position(i64::MAX / 2), 20).await.unwrap();
    store
        .set_published(app, position(30 + i64::try_from(nth).unwrap()))
        .await
        .unwrap();
    store
        .ack(
            app,
            "booking",
            (&epoch, position(200 + i64::try_from(nth).unwrap())),
            world.now(),
        )
        .await
        .unwrap();
    store
        .set_delivered(
            app,
            "booking",
            (&epoch, position(210 + i64::try_from(nth).unwrap())),
            world.now(),
        )
        .await
        .unwrap();
    store.acks(app).await.unwrap();
    store.feed_groups().await.unwrap();
    store
        .set_feed_state(
            app,
            FeedState::Paused,
            Some("a reader is away"),
            "test",
            world.now(),
        )
        .await
        .unwrap();
    assert!(store.lease("walk", "test", Duration::from_mins(1)).await.unwrap());
    store.release_lease("walk", "test").await.unwrap();
    store.outbox_lag().await.unwrap();
    store.prune(early(50)).await.unwrap();
}

async fn jobs(store: &Store) {
    let new = NewJob {
        kind: "walk",
        key: "one".to_owned(),
        payload: json!({}),
        wait: Duration::ZERO,
    };
    assert!(store.add_job(&new).await.unwrap());
    store.due_job_kinds().await.unwrap();
    let why = || "it failed".to_owned();
    for end in [
        JobEnd::Again(Duration::ZERO),
        JobEnd::Retry(Duration::ZERO, why()),
        JobEnd::Failing(Duration::ZERO, why()),
        JobEnd::GivenBack,
        JobEnd::Dead(why()),
        JobEnd::Done,
    ] {
        let claimed = store
            .claim_jobs("walk", "here", Duration::from_mins(1), 1)
            .await
            .unwrap();
        assert!(store.end_job(&claimed[0], &end).await.unwrap());
        store.mend_job_times().await.unwrap();
        store.jobs(20).await.unwrap();
        store.failed_jobs(20).await.unwrap();
        store.retry_job("walk", "one").await.unwrap();
    }
}

/// A release policy: set, told, and replaced by one with other attributes.
async fn releases(watched: &Watched, nth: usize) {
    let (world, home) = (&watched.world, &watched.home);
    let (store, operator) = (&world.store, world.operator());
    let policy = ReleasePolicy {
        scope: Scope {
            tenants: Some([home.tenant.id.to_string()].into()),
            profiles: None,
        },
        ..ReleasePolicy::default()
    };
    let app = App {
        id: AppId::from_uuid(world.uuid()),
        name: format!("released-{nth}").parse().unwrap(),
        created_at: world.now(),
    };
    let seen = (policy.clone(), vec![home.directory.id]);
    let credential = token_id(&format!("released{nth}"));
    operator
        .create_released_app(&app, credential, &hash(), seen)
        .await
        .unwrap();
    let tell = Some((vec![Scope::default()], format!("release-{nth}")));
    assert!(
        operator
            .set_release_policy(app.id, 1, &policy, tell)
            .await
            .unwrap()
    );
    let walk = store.release(app.id).await.unwrap().unwrap();
    assert_eq!((walk.release.revision, walk.place.as_str()), (2, ""));
    assert!(
        store
            .count_identities(home.scope, home.directory.id)
            .await
            .unwrap()
            > 0
    );
    let person = world.person(home, &format!("told-{nth}"));
    let event = (home.directory.id, world.event(home, None, Some(&person)));
    let (told, app_id, now) = (Arc::new([event]), app.id, world.now());
    let moved = store.write::<_, StoreError, _>(home.scope, move |tx| {
        let told = Arc::clone(&told);
        Box::pin(async move {
            tx.lock_identities_after(Uuid::nil(), 20).await?;
            tx.lock_groups_after(Uuid::nil(), 20).await?;
            tx.tell_app((app_id, 2), &*told, now, ("", "a")).await
        })
    });
    assert!(moved.await.unwrap());
    assert!(store.stamp(20).await.unwrap().stamped > 0);
    assert!(store.move_release(app.id, 2, "a", Some("b")).await.unwrap());
    assert!(!store.move_release(app.id, 2, "a", Some("b")).await.unwrap());
    assert!(store.move_release(app.id, 2, "b", None).await.unwrap());
    assert!(
        operator
            .set_release_policy(app.id, 2, &policy, None)
            .await
            .unwrap()
    );
    assert!(operator.delete_app(app.id).await.unwrap());
}

/// The revision before.
fn before(revision: Revision) -> Revision {
    Revision::new(revision.number() - 1).unwrap_or(revision)
}
