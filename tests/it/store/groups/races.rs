//! Members are added and removed while the people are created and deleted: no dangling row, no wrong count.

use std::sync::Arc;

use domain::id::ResourceId;
use futures_util::future::{join, join_all};

use super::{ids, sorted};
use crate::store::world::worlds;

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
        for round in 0..15 {
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
