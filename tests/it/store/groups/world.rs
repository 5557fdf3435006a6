//! How the store's tests create and change groups.

use std::sync::Arc;

use chrono::DateTime;
use domain::event::Event;
use domain::group::{Group, Member};
use domain::id::{EventId, GroupId, IdentityId, ResourceId};
use domain::identity::ExternalId;
use domain::log::{LogAction, LogEntry};
use scim::etag::Revision;
use serde_json::json;
use store::{CreateOutcome, MemberChange, SaveOutcome, StoreError};

use crate::store::world::{Home, World, resource};

impl World {
    /// A new group, not yet stored.
    pub fn group(&self, home: &Home, name: &str) -> Group {
        let now = self.now();
        Group {
            id: GroupId::from_uuid(self.uuid()),
            directory: home.directory.id,
            revision: Revision::FIRST,
            resource: resource(json!({"displayName": name, "externalId": format!("x-{name}")})),
            member_count: 0,
            created_at: now,
            modified_at: now,
        }
    }

    /// As many events of a group's revision as there are `parts`.
    pub fn group_events(&self, group: &Group, parts: usize) -> Vec<Event> {
        let event = |part: usize| Event {
            id: EventId::from_uuid(self.uuid()),
            subject: group.id.into(),
            sequence: group.revision,
            event_type: "usher.group.members_changed.v1".to_owned(),
            action: LogAction::Update,
            source: format!("urn:test:{}", group.id),
            body: json!({"source": format!("urn:test:{}", group.id), "part": format!("{part}/{parts}"),
                         "odd": "\u{0} \" \\ \u{1F600}"})
            .to_string(),
            changed: vec!["members".to_owned()],
        };
        (1..=parts).map(event).collect()
    }

    pub fn group_entry(&self, group: &Group, events: &[Event]) -> LogEntry {
        let identity = identity_like(group);
        LogEntry {
            resource: Some(group.id.into()),
            user_name: group.resource.display_name().map(str::to_owned),
            event: events.first().map(|event| event.id),
            ..self.entry(&identity, LogAction::Update, None)
        }
    }

    /// Stores a new group with members, as a POST does; returns which of them are known.
    pub async fn create_group(&self, home: &Home, group: &Group, members: &[ResourceId]) -> CreateOutcome {
        let events = self.group_events(group, 1);
        let entry = self.group_entry(group, &events);
        let what = Arc::new((group.clone(), events, entry, members.to_vec()));
        self.write(home, move |tx| {
            let what = Arc::clone(&what);
            Box::pin(async move {
                let known = tx.known_members(what.0.directory, what.0.id, &what.3).await?;
                let known: Vec<_> = known.into_iter().map(|(member, _)| member.id).collect();
                let group = Group {
                    member_count: i64::try_from(known.len()).unwrap(),
                    ..what.0.clone()
                };
                let created = tx.create(&group, ExternalId::IsFree, &what.1, &what.2).await?;
                if created == CreateOutcome::Done {
                    let added = tx.add_members(group.directory, group.id, &known).await?;
                    assert_eq!(added.len(), known.len());
                }
                Ok(created)
            })
        })
        .await
        .unwrap()
    }

    /// A stored group of these members.
    pub async fn made(&self, home: &Home, name: &str, members: &[ResourceId]) -> Group {
        let group = self.group(home, name);
        assert_eq!(
            self.create_group(home, &group, members).await,
            CreateOutcome::Done
        );
        self.get_group(home, group.id).await.unwrap()
    }

    pub async fn get_group(&self, home: &Home, id: GroupId) -> Option<Group> {
        let directory = home.directory.id;
        self.store
            .read::<_, StoreError, _>(home.scope, move |tx| {
                Box::pin(async move { tx.get(directory, id).await })
            })
            .await
            .unwrap()
    }

    /// All members of a group, read in pages of `limit`.
    pub async fn members(&self, home: &Home, group: GroupId, limit: usize) -> Vec<Member> {
        let directory = home.directory.id;
        let mut all: Vec<Member> = Vec::new();
        loop {
            let after = all.last().map(|member| member.id);
            let page = self
                .store
                .read::<_, StoreError, _>(home.scope, move |tx| {
                    Box::pin(async move { tx.members(directory, group, after, limit).await })
                })
                .await
                .unwrap();
            let full = page.len() == limit;
            all.extend(page);
            if !full {
                return all;
            }
        }
    }

    pub async fn member_ids(&self, home: &Home, group: GroupId) -> Vec<ResourceId> {
        let members = self.members(home, group, 1000).await;
        members.into_iter().map(|member| member.id).collect()
    }

    /// Adds and removes members as a PATCH does; returns the effective changes. A change of nothing writes
    /// nothing.
    pub async fn patch(
        self: &Arc<Self>,
        home: &Home,
        group: GroupId,
        add: &[ResourceId],
        remove: &[ResourceId],
    ) -> (Vec<ResourceId>, Vec<ResourceId>) {
        let (world, home_of) = (Arc::clone(self), home.clone());
        let what = Arc::new((add.to_vec(), remove.to_vec()));
        let done = self.store.write_once(home.scope, move |tx| {
            let (world, home, what) = (Arc::clone(&world), home_of.clone(), Arc::clone(&what));
            Box::pin(async move {
                let directory = home.directory.id;
                let Some(before) = tx.lock(directory, group).await? else {
                    return Ok((Vec::new(), Vec::new()));
                };
                let known = |known: Vec<(Member, bool)>, inside: bool| -> Vec<ResourceId> {
                    let known = known.into_iter().filter(|(_, is_member)| *is_member == inside);
                    known.map(|(member, _)| member.id).collect()
                };
                let added = known(tx.known_members(directory, group, &what.0).await?, false);
                let removed = known(tx.known_members(directory, group, &what.1).await?, true);
                let mut members = MemberChange {
                    count_before: before.member_count,
                    ..MemberChange::default()
                };
                if added.len() + removed.len() > MemberChange::MOST {
                    tx.require_transaction()?;
                    assert_eq!(
                        sorted(tx.add_members(directory, group, &added).await?),
                        sorted(added.clone())
                    );
                    assert_eq!(
                        sorted(tx.remove_members(directory, group, &removed).await?),
                        sorted(removed.clone())
                    );
                } else {
                    (members.joining, members.leaving) = (added.clone(), removed.clone());
                }
                let delta = i64::try_from(added.len()).unwrap() - i64::try_from(removed.len()).unwrap();
                if added.is_empty() && removed.is_empty() {
                    return Ok((added, removed));
                }
                let after = Group {
                    revision: before.revision.next(DateTime::default()),
                    member_count: before.member_count + delta,
                    ..before
                };
                let events = world.group_events(&after, 1 + (added.len() + removed.len()) / 500);
                let entry = world.group_entry(&after, &events);
                match tx
                    .save(
                        &after,
                        before.revision,
                        ExternalId::IsFree,
                        members,
                        &events,
                        &entry,
                    )
                    .await?
                {
                    SaveOutcome::Done => Ok((added, removed)),
                    other => Err(StoreError::Refused(format!("{other:?}"))),
                }
            })
        });
        done.await.unwrap()
    }

    pub async fn delete(&self, home: &Home, identity: &domain::identity::Identity) {
        let event = self.event(home, Some(identity), None);
        let entry = self.entry(identity, LogAction::Delete, Some(&event));
        let what = Arc::new((identity.clone(), event, entry));
        let done = self.store.write_once::<_, StoreError, _>(home.scope, move |tx| {
            let what = Arc::clone(&what);
            Box::pin(async move {
                match tx.lock(what.0.directory, what.0.id).await? {
                    Some(_) => tx.delete(&what.0, std::slice::from_ref(&what.1), &what.2).await,
                    None => Ok(()),
                }
            })
        });
        done.await.unwrap();
    }

    pub async fn delete_group(&self, home: &Home, group: &Group) {
        let events = self.group_events(
            &Group {
                revision: group.revision.next(DateTime::default()),
                ..group.clone()
            },
            1,
        );
        let entry = self.group_entry(group, &events);
        let what = Arc::new((group.clone(), events, entry));
        let done = self.store.write_once::<_, StoreError, _>(home.scope, move |tx| {
            let what = Arc::clone(&what);
            Box::pin(async move {
                tx.lock(what.0.directory, what.0.id).await?;
                tx.delete(&what.0, &what.1, &what.2).await
            })
        });
        done.await.unwrap();
    }

    /// Stores the next revision of a group under another name.
    pub async fn rename(&self, home: &Home, group: &Group, name: &str) -> SaveOutcome {
        let after = Group {
            revision: group.revision.next(DateTime::default()),
            resource: resource(json!({"displayName": name})),
            modified_at: self.now(),
            ..group.clone()
        };
        let events = self.group_events(&after, 1);
        let entry = self.group_entry(&after, &events);
        let (before, what) = (group.revision, Arc::new((after, events, entry)));
        self.write(home, move |tx| {
            let what = Arc::clone(&what);
            Box::pin(async move {
                let members = MemberChange {
                    count_before: what.0.member_count,
                    ..MemberChange::default()
                };
                tx.save(&what.0, before, ExternalId::IsFree, members, &what.1, &what.2)
                    .await
            })
        })
        .await
        .unwrap()
    }
}

/// The ids, ascending, as they are read back.
pub fn ids<'i>(of: impl IntoIterator<Item = &'i domain::identity::Identity>) -> Vec<ResourceId> {
    sorted(of.into_iter().map(|identity| ResourceId::from(identity.id)))
}

pub fn sorted(ids: impl IntoIterator<Item = ResourceId>) -> Vec<ResourceId> {
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_by_key(|id| id.uuid());
    ids
}

fn identity_like(group: &Group) -> domain::identity::Identity {
    domain::identity::Identity {
        id: IdentityId::from_uuid(group.id.uuid()),
        directory: group.directory,
        revision: group.revision,
        resource: group.resource.clone(),
        created_at: group.created_at,
        modified_at: group.modified_at,
        groups: None,
    }
}
