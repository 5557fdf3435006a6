//! Groups and their members: every method, on both databases.
//!
//! This file: one group at a time. `world`: the helpers. [`races`]: concurrent calls. [`cost`]: the cost of a
//! big group. [`meaning`]: filters.

pub mod cost;
mod meaning;
mod races;
mod world;

use std::sync::Arc;

use chrono::DateTime;
use domain::group::Group;
use domain::id::{GroupId, IdentityId, ResourceId};
use domain::identity::ExternalId;
use domain::log::LogStatus;
use scim::etag::Revision;
use serde_json::{Value, json};
use store::{CreateOutcome, LogQuery, MemberChange, SaveOutcome, StoreError};

use super::world::worlds;
pub use world::{ids, sorted};

#[tokio::test(flavor = "multi_thread")]
async fn a_group_reads_back_with_its_members_page_by_page() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let people = world.people(&home, &["amy", "bob", "eve", "joe", "kim"]).await;
        let inner = world.made(&home, "Inner", &[]).await;
        let mut wanted = ids(&people);
        wanted.push(inner.id.into());
        let made = world.group(&home, "Sales ÄÖ");
        assert_eq!(
            world.create_group(&home, &made, &wanted).await,
            CreateOutcome::Done
        );
        let read = world.get_group(&home, made.id).await.unwrap();
        let expected = Group {
            member_count: 6,
            ..made.clone()
        };
        assert_eq!(read, expected, "{}", world.name());
        for limit in [1, 2, 6, 100] {
            let members = world.members(&home, made.id, limit).await;
            let got: Vec<_> = members.iter().map(|member| member.id).collect();
            assert_eq!(got, sorted(wanted.clone()), "{}: pages of {limit}", world.name());
        }
        let members = world.members(&home, made.id, 100).await;
        let member = |id: ResourceId| members.iter().find(|member| member.id == id).unwrap();
        let amy = member(people[0].id.into());
        assert_eq!(
            (amy.external_id.as_deref(), amy.display.as_deref()),
            (Some("x-amy"), Some("A B"))
        );
        assert_eq!(member(inner.id.into()).display.as_deref(), Some("Inner"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_display_name_writes_nothing_and_any_case_of_it_is_taken() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let sales = world.made(&home, "Sales", &[]).await;
        let twin = world.group(&home, "sALES");
        assert_eq!(world.create_group(&home, &twin, &[]).await, CreateOutcome::Taken);
        assert_eq!(world.get_group(&home, twin.id).await, None, "{}", world.name());
        let other = world.made(&home, "Other", &[]).await;
        assert_eq!(world.rename(&home, &other, "SALES").await, SaveOutcome::NameTaken);
        assert_eq!(world.rename(&home, &sales, "SALES").await, SaveOutcome::Done);
        assert_eq!(
            world.rename(&home, &sales, "Old").await,
            SaveOutcome::NotFoundOrChanged,
            "an old revision"
        );
        assert_eq!(
            world.rename(&home, &twin, "New").await,
            SaveOutcome::NotFoundOrChanged
        );
        let directory = home.directory.id;
        let find = |name: &'static str| {
            world.write(&home, move |tx| {
                Box::pin(async move { tx.find_by_name::<Group>(directory, name).await })
            })
        };
        assert_eq!(find("sales").await.unwrap().map(|group| group.id), Some(sales.id));
        assert_eq!(find("old").await.unwrap(), None);
        world.stamp_all().await;
        assert_eq!(
            world.feed(&app).await.len(),
            3,
            "{}: two created, one renamed",
            world.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn adding_present_and_removing_absent_members_changes_nothing() {
    for world in worlds().await {
        let world = Arc::new(world);
        let home = world.home("contoso").await;
        let people = world.people(&home, &["amy", "bob", "eve"]).await;
        let all = ids(&people);
        let group = world.made(&home, "Sales", &all[..1]).await;
        let (added, removed) = world.patch(&home, group.id, &all, &[]).await;
        assert_eq!(
            (sorted(added), removed.len()),
            (all[1..].to_vec(), 0),
            "{}",
            world.name()
        );
        assert_eq!(
            world.patch(&home, group.id, &all, &[]).await,
            (Vec::new(), Vec::new())
        );
        // One id twice in a set is one member.
        let twice = [all[0], all[0], all[2]];
        let (_, removed) = world.patch(&home, group.id, &[], &twice).await;
        assert_eq!(sorted(removed), vec![all[0], all[2]]);
        assert_eq!(
            world.patch(&home, group.id, &[], &twice).await,
            (Vec::new(), Vec::new())
        );
        let group = world.get_group(&home, group.id).await.unwrap();
        assert_eq!(
            (group.revision.number(), group.member_count),
            (3, 1),
            "{}",
            world.name()
        );
        let directory = home.directory.id;
        let id = group.id;
        let cleared = world
            .write(&home, move |tx| {
                Box::pin(async move {
                    tx.lock(directory, id).await?;
                    Ok((
                        tx.clear_members(directory, id).await?,
                        tx.clear_members(directory, id).await?,
                    ))
                })
            })
            .await
            .unwrap();
        assert_eq!(cleared, (1, 0));
        assert_eq!(world.member_ids(&home, group.id).await, Vec::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_identity_is_gone_from_its_groups_and_their_counts() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let people = world.people(&home, &["amy", "bob"]).await;
        let all = ids(&people);
        let groups = [
            world.made(&home, "A", &all).await,
            world.made(&home, "B", &all[..1]).await,
            world.made(&home, "C", &all[1..]).await,
        ];
        world.delete(&home, &people[0]).await;
        for (group, left) in groups.iter().zip([&all[1..], &[], &all[1..]]) {
            let read = world.get_group(&home, group.id).await.unwrap();
            assert_eq!(
                (read.member_count, read.revision.number()),
                (i64::try_from(left.len()).unwrap(), 1),
                "{}",
                world.name()
            );
            assert_eq!(world.member_ids(&home, group.id).await, left, "{}", world.name());
        }
        assert_eq!(world.get(&home, people[0].id).await, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_group_leaves_its_members_alone_and_the_groups_it_was_in() {
    for world in worlds().await {
        let world = Arc::new(world);
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let people = world.people(&home, &["amy"]).await;
        let inner = world.made(&home, "Inner", &ids(&people)).await;
        let outer = world
            .made(&home, "Outer", &[inner.id.into(), people[0].id.into()])
            .await;
        // A group in itself is stored as any other member; its deletion is one deletion.
        world.patch(&home, inner.id, &[inner.id.into()], &[]).await;
        let inner = world.get_group(&home, inner.id).await.unwrap();
        assert_eq!(inner.member_count, 2);
        world.delete_group(&home, &inner).await;
        world.delete_group(&home, &inner).await;
        assert_eq!(world.get_group(&home, inner.id).await, None, "{}", world.name());
        assert_eq!(world.member_ids(&home, inner.id).await, Vec::new());
        let outer = world.get_group(&home, outer.id).await.unwrap();
        assert_eq!(outer.member_count, 1, "{}", world.name());
        assert_eq!(world.member_ids(&home, outer.id).await, ids(&people));
        assert!(world.get(&home, people[0].id).await.is_some());
        world.stamp_all().await;
        let told = world.feed(&app).await;
        let of_inner = told
            .iter()
            .filter(|event| event.source.ends_with(&inner.id.to_string()));
        assert_eq!(of_inner.count(), 3, "{}: created, changed, deleted", world.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_groups_are_those_it_is_directly_in() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let people = world.people(&home, &["amy", "bob", "eve"]).await;
        let all = ids(&people);
        let a = world.made(&home, "A", &all[..2]).await;
        let b = world.made(&home, "B", &[all[0], a.id.into()]).await;
        let asked: Vec<IdentityId> = people.iter().map(|person| person.id).collect();
        let directory = home.directory.id;
        let groups = world
            .store
            .read::<_, StoreError, _>(home.scope, move |tx| {
                Box::pin(async move { tx.groups_of(directory, &asked).await })
            })
            .await
            .unwrap();
        let of = |id: IdentityId| -> Vec<(GroupId, Option<&str>)> {
            let of = groups.1.get(&id).map(Vec::as_slice).unwrap_or_default();
            of.iter()
                .map(|group| (group.id, group.display.as_deref()))
                .collect()
        };
        let mut both = vec![(a.id, Some("A")), (b.id, Some("B"))];
        both.sort_unstable();
        assert_eq!(of(people[0].id), both, "{}", world.name());
        assert_eq!(of(people[1].id), vec![(a.id, Some("A"))]);
        assert_eq!(of(people[2].id), Vec::new());
    }
}

/// The parts of one membership change have one sequence; the log row follows the last of them.
#[tokio::test(flavor = "multi_thread")]
async fn the_parts_of_a_change_have_events_in_order_and_its_log_row_waits_for_the_last() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let group = world.made(&home, "Sales", &[]).await;
        let after = Group {
            revision: Revision::FIRST.next(DateTime::default()),
            ..group.clone()
        };
        let events = world.group_events(&after, 3);
        let entry = world.group_entry(&after, &events);
        let what = Arc::new((after, events, entry.clone()));
        let saved = world
            .write(&home, move |tx| {
                let what = Arc::clone(&what);
                Box::pin(async move {
                    let members = MemberChange::default();
                    tx.save(
                        &what.0,
                        Revision::FIRST,
                        ExternalId::IsFree,
                        members,
                        &what.1,
                        &what.2,
                    )
                    .await
                })
            })
            .await
            .unwrap();
        assert_eq!(saved, SaveOutcome::Done);
        world.stamp_all().await;
        let feed = world.feed(&app).await;
        let parts: Vec<(String, Value, Value)> = feed
            .iter()
            .map(|event| {
                let body: Value = serde_json::from_str(&event.body).unwrap();
                (event.sequence.clone(), body["part"].clone(), body["odd"].clone())
            })
            .collect();
        let second = |part: &str| (format!("{:020}", 2), json!(part), json!("\u{0} \" \\ \u{1F600}"));
        assert_eq!(
            parts[1..],
            [second("1/3"), second("2/3"), second("3/3")],
            "{}",
            world.name()
        );
        let query = LogQuery {
            resource: Some(group.id.into()),
            limit: 10,
            ..LogQuery::default()
        };
        let rows = world
            .store
            .read::<_, StoreError, _>(home.scope, move |tx| {
                Box::pin(async move { tx.search_log(&query).await })
            })
            .await
            .unwrap();
        assert_eq!(
            (rows[0].entry.clone(), rows[0].entry.status),
            (entry, LogStatus::Success)
        );
        assert_eq!(rows[0].deliveries[0].position.number(), 4, "{}", world.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_of_several_thousand_members_is_added_and_removed_whole() {
    for world in worlds().await {
        let world = Arc::new(world);
        let home = world.home("contoso").await;
        let people: Vec<_> = (0..2345)
            .map(|number| world.person(&home, &format!("p{number}")))
            .collect();
        futures_util::future::join_all(people.iter().map(|person| world.create(&home, person))).await;
        let all = ids(&people);
        let group = world.made(&home, "All", &[]).await;
        let mut asked = all.clone();
        asked.push(ResourceId::Identity(IdentityId::from_uuid(world.uuid())));
        let (added, _) = world.patch(&home, group.id, &asked, &[]).await;
        assert_eq!(
            sorted(added),
            all,
            "{}: the unknown one is left out",
            world.name()
        );
        assert_eq!(world.member_ids(&home, group.id).await, all);
        let (_, removed) = world.patch(&home, group.id, &[], &all[..2000]).await;
        assert_eq!(removed.len(), 2000);
        assert_eq!(world.member_ids(&home, group.id).await, all[2000..]);
        let group = world.get_group(&home, group.id).await.unwrap();
        assert_eq!(group.member_count, 345, "{}", world.name());
    }
}

/// Ids of another directory, of another tenant and invented ones are unknown to every method.
#[tokio::test(flavor = "multi_thread")]
async fn another_directorys_groups_and_members_are_not_there() {
    for world in worlds().await {
        let world = Arc::new(world);
        let ours = world.home("contoso").await;
        let rooms = world.directory(&ours.tenant, "rooms").await;
        let theirs = world.home("fabrikam").await;
        let amy = world.people(&ours, &["amy"]).await.remove(0);
        let group = world.made(&ours, "Sales", &[amy.id.into()]).await;
        for foreign in [&rooms, &theirs] {
            assert_eq!(world.get_group(foreign, group.id).await, None);
            assert_eq!(world.member_ids(foreign, group.id).await, Vec::new());
            let bob = world.people(foreign, &["bob"]).await.remove(0);
            let outside = world
                .made(foreign, "Sales", &[amy.id.into(), group.id.into(), bob.id.into()])
                .await;
            assert_eq!(
                outside.member_count,
                1,
                "{}: only its own are known",
                world.name()
            );
            // A caller without a check first adds no foreign member either, and removes none there.
            let (directory, theirs, own, mine) = (
                foreign.directory.id,
                outside.id,
                bob.id,
                [ResourceId::from(amy.id)],
            );
            let (group_id, foreign_scope) = (group.id, foreign.clone());
            let done = world
                .write(&foreign_scope, move |tx| {
                    Box::pin(async move {
                        Ok((
                            tx.add_members(directory, theirs, &mine).await?,
                            tx.add_members(directory, group_id, &[own.into()]).await?,
                            tx.remove_members(directory, group_id, &mine).await?,
                            tx.clear_members(directory, group_id).await?,
                            tx.groups_of(directory, &[IdentityId::from_uuid(mine[0].uuid())])
                                .await?
                                .1
                                .len(),
                        ))
                    })
                })
                .await
                .unwrap();
            assert_eq!(
                done,
                (Vec::new(), Vec::new(), Vec::new(), 0, 0),
                "{}",
                world.name()
            );
            world
                .delete_group(
                    foreign,
                    &Group {
                        directory,
                        ..group.clone()
                    },
                )
                .await;
        }
        assert_eq!(world.get_group(&ours, group.id).await, Some(group.clone()));
        assert_eq!(
            world.member_ids(&ours, group.id).await,
            vec![ResourceId::from(amy.id)]
        );
    }
}
