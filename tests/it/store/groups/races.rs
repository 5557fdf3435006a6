//! Members are added and removed while the people are created and deleted: no dangling row, no wrong count.

use std::sync::Arc;
use std::time::Duration;

use domain::group::Group;
use domain::id::{GroupId, ResourceId};
use domain::identity::ExternalId;
use futures_util::future::{join, join_all};
use sqlx::Connection;
use store::{MemberChange, SaveOutcome, StoreError, TenantTx};
use tokio::sync::Notify;

use super::{ids, sorted};
use crate::store::world::{Home, World, worlds};

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_one_group_follow_one_another() {
    for world in worlds().await {
        let world = Arc::new(world);
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let names: Vec<String> = (0..24).map(|number| format!("p{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let people = world.people(&home, &names).await;
        let all = ids(&people);
        let group = world.made(&home, "Sales", &[]).await;
        // Each adds one of its own and one that another one adds, too.
        let patches = all.iter().enumerate().map(|(number, id)| {
            let (world, home) = (Arc::clone(&world), home.clone());
            let add = [*id, all[number / 2]];
            async move { world.patch(&home, group.id, &add, &[]).await }
        });
        let changes = join_all(patches).await;
        let added: usize = changes.iter().map(|(added, _)| added.len()).sum();
        assert_eq!(added, all.len(), "{}: each was new once", world.name());
        let group = world.get_group(&home, group.id).await.unwrap();
        assert_eq!(group.member_count, 24, "{}", world.name());
        assert_eq!(world.member_ids(&home, group.id).await, all);
        world.stamp_all().await;
        let sequences: Vec<_> = world.feed(&app).await;
        let of_group: Vec<_> = sequences
            .iter()
            .filter(|event| event.source.ends_with(&group.id.to_string()))
            .map(|event| event.sequence.clone())
            .collect();
        let expected: Vec<_> = (1..=group.revision.number())
            .map(|number| format!("{number:020}"))
            .collect();
        assert_eq!(of_group, expected, "{}", world.name());
    }
}

/// A person who is deleted while being added is no member afterwards, and the count equals the rows.
#[tokio::test(flavor = "multi_thread")]
async fn adding_a_person_who_is_being_deleted_leaves_no_dangling_row() {
    for world in worlds().await {
        let world = Arc::new(world);
        let home = world.home("contoso").await;
        let groups = [
            world.made(&home, "A", &[]).await.id,
            world.made(&home, "B", &[]).await.id,
        ];
        for round in 0..60 {
            let names = [format!("a{round}"), format!("b{round}")];
            let people = world.people(&home, &[&names[0], &names[1]]).await;
            let all = ids(&people);
            let adds = groups.iter().map(|group| world.patch(&home, *group, &all, &[]));
            let deletes = people.iter().map(|person| world.delete(&home, person));
            join(join_all(adds), join_all(deletes)).await;
        }
        for group in groups {
            assert_eq!(
                world.member_ids(&home, group).await,
                Vec::new(),
                "{}: everybody is gone",
                world.name()
            );
            let group = world.get_group(&home, group).await.unwrap();
            assert_eq!(group.member_count, 0, "{}", world.name());
        }
    }
}

/// Concurrent deletions of members of the same groups, while members are removed by request: each reduces
/// each count once.
#[tokio::test(flavor = "multi_thread")]
async fn leavers_and_removals_at_once_are_counted_once() {
    for world in worlds().await {
        let world = Arc::new(world);
        let home = world.home("contoso").await;
        let names: Vec<String> = (0..12).map(|number| format!("p{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let people = world.people(&home, &names).await;
        let all = ids(&people);
        let mut groups = Vec::new();
        for name in ["A", "B", "C", "D"] {
            groups.push(world.made(&home, name, &all).await.id);
        }
        let deletes = people[..8].iter().map(|person| world.delete(&home, person));
        let removals = groups
            .iter()
            .map(|group| world.patch(&home, *group, &[], &all[4..6]));
        join(join_all(deletes), join_all(removals)).await;
        let left: Vec<ResourceId> = sorted(people[8..].iter().map(|person| person.id.into()));
        for group in groups {
            assert_eq!(world.member_ids(&home, group).await, left, "{}", world.name());
            let group = world.get_group(&home, group).await.unwrap();
            assert_eq!(group.member_count, 4, "{}", world.name());
        }
    }
}

/// A transaction that has made `member` a member of `group` and is not committed before `may_commit`.
async fn add_slowly(
    world: &Arc<World>,
    home: &Home,
    (group, member): (GroupId, ResourceId),
    [has_added, may_commit]: [&Arc<Notify>; 2],
) -> Result<(), StoreError> {
    let (world_of, directory) = (Arc::clone(world), home.directory.id);
    let (has_added, may_commit) = (Arc::clone(has_added), Arc::clone(may_commit));
    let done = world.store.write(home.scope, move |tx| {
        let (world, has_added, may_commit) = (
            Arc::clone(&world_of),
            Arc::clone(&has_added),
            Arc::clone(&may_commit),
        );
        Box::pin(async move {
            let before = tx.lock(directory, group).await?.expect("the group");
            assert_eq!(tx.known_members(directory, group, &[member]).await?.len(), 1);
            let (saved, _) = save_with(tx, &world, before, member).await?;
            assert_eq!(saved, SaveOutcome::Done);
            has_added.notify_one();
            may_commit.notified().await;
            Ok(())
        })
    });
    done.await
}

/// Saves the group with one member more; answers the number of members, too.
async fn save_with(
    tx: &mut TenantTx,
    world: &World,
    before: Group,
    joining: ResourceId,
) -> Result<(SaveOutcome, i64), StoreError> {
    let members = MemberChange {
        count_before: before.member_count,
        joining: vec![joining],
        leaving: Vec::new(),
    };
    let after = Group {
        revision: before.revision.next(chrono::DateTime::default()),
        member_count: before.member_count + 1,
        ..before
    };
    let events = world.group_events(&after, 1);
    let entry = world.group_entry(&after, &events);
    let saved = tx.save(
        &after,
        before.revision,
        ExternalId::IsFree,
        members,
        &events,
        &entry,
    );
    Ok((saved.await?, after.member_count))
}

/// Ends when a session of the database waits for a lock.
async fn somebody_waits(world: &World) {
    let url = &world.postgres.as_ref().unwrap().super_url;
    let mut admin = sqlx::PgConnection::connect(url).await.unwrap();
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(sql)
        .fetch_one(&mut admin)
        .await
        .unwrap()
        == 0
    {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The deletion is a statement that began before the membership was committed, and so does not see it (ADR 0038).
#[tokio::test(flavor = "multi_thread")]
async fn a_membership_that_a_deletion_has_waited_for_ends_with_the_member() {
    let world = Arc::new(World::postgres().await);
    let home = world.home("contoso").await;
    let app = world.app("booking").await;
    let amy = world.people(&home, &["amy"]).await.remove(0);
    let inner = world.made(&home, "Inner", &[]).await;
    let group = world.made(&home, "Sales", &[]).await.id;
    let [has_added, may_commit] = [(); 2].map(|()| Arc::new(Notify::new()));
    for member in [ResourceId::from(amy.id), ResourceId::from(inner.id)] {
        let adding = add_slowly(&world, &home, (group, member), [&has_added, &may_commit]);
        let deleting = async {
            has_added.notified().await;
            match member {
                ResourceId::Identity(_) => world.delete(&home, &amy).await,
                ResourceId::Group(_) => world.delete_group(&home, &inner).await,
            }
        };
        let releasing = async {
            somebody_waits(&world).await;
            may_commit.notify_one();
        };
        let (added, (), ()) = tokio::join!(adding, deleting, releasing);
        added.unwrap();
        assert_eq!(world.member_ids(&home, group).await, [], "{member}");
        assert_eq!(
            world.get_group(&home, group).await.unwrap().member_count,
            0,
            "{member}"
        );
    }
    assert_eq!(world.get(&home, amy.id).await, None);
    assert_eq!(world.get_group(&home, inner.id).await, None);
    world.stamp_all().await;
    let told = world.feed(&app).await;
    for id in [amy.id.to_string(), inner.id.to_string()] {
        let of_it = told.iter().filter(|event| event.source.ends_with(&id));
        assert_eq!(of_it.count(), 2, "{id}: its creation and one deletion");
    }
}

/// Nothing keeps the groups that a save without a lock has read.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_members_is_decided_again_when_the_group_or_a_member_has_changed_since() {
    let world = Arc::new(World::postgres().await);
    let home = world.home("contoso").await;
    let people = world.people(&home, &["amy", "bob", "eve", "joe", "kim"]).await;
    let all = ids(&people);
    let person = |id: ResourceId| people.iter().find(|one| ResourceId::from(one.id) == id).unwrap();
    let group = world.made(&home, "Sales", &all[..2]).await.id;
    // What happens between the read and the write: another change, the deletion of a member, the deletion of one who joins.
    for (number, joining) in [all[2], all[3], all[4]].into_iter().enumerate() {
        let directory = home.directory.id;
        let (world_of, home_of, other) = (Arc::clone(&world), home.clone(), person(all[1]).clone());
        let joiner = person(joining).clone();
        let (first, attempts) = ([all[0]], Arc::new(std::sync::atomic::AtomicUsize::new(0)));
        let counted = Arc::clone(&attempts);
        let done = world.store.write_once::<_, StoreError, _>(home.scope, move |tx| {
            let attempt = counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let (world, home) = (Arc::clone(&world_of), home_of.clone());
            let (other, joiner) = (other.clone(), joiner.clone());
            Box::pin(async move {
                let before = tx.lock(directory, group).await?.expect("the group");
                let known = tx.known_members(directory, group, &[joining]).await?;
                if attempt == 0 {
                    match number {
                        0 => drop(world.patch(&home, group, &[], &first).await),
                        1 => world.delete(&home, &other).await,
                        _ => world.delete(&home, &joiner).await,
                    }
                }
                if known.is_empty() {
                    return Ok(before.member_count);
                }
                let (_, count) = save_with(tx, &world, before, joining).await?;
                Ok(count)
            })
        });
        let count = done.await.unwrap();
        assert_eq!(attempts.load(std::sync::atomic::Ordering::Relaxed), 2, "{number}");
        let members = world.member_ids(&home, group).await;
        assert_eq!(i64::try_from(members.len()).unwrap(), count, "{number}");
        assert_eq!(members.contains(&joining), number < 2, "{number}");
        assert_eq!(
            world.get_group(&home, group).await.unwrap().member_count,
            count,
            "{number}"
        );
    }
}
