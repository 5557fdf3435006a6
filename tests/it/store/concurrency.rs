//! Concurrent calls: uniqueness, group commit, order.

use std::sync::{Arc, Mutex};

use domain::log::LogAction;
use futures_util::future::join_all;
use serde_json::json;
use store::{CreateOutcome, SaveOutcome, StoreError};

use super::world::{World, worlds};

#[tokio::test(flavor = "multi_thread")]
async fn of_many_concurrent_creates_of_one_name_exactly_one_is_done() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let people: Vec<_> = (0..20).map(|_| world.person(&home, "amy")).collect();
        let made = join_all(people.iter().map(|amy| world.create(&home, amy))).await;
        let done = made
            .iter()
            .filter(|created| **created == CreateOutcome::Done)
            .count();
        assert_eq!(done, 1, "{}", world.name());
        world.stamp_all().await;
        assert_eq!(world.feed(&app).await.len(), 1, "{}", world.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_create_the_same_names_at_once_and_each_has_its_own() {
    for world in worlds().await {
        let homes = [world.home("contoso").await, world.home("fabrikam").await];
        let people: Vec<_> = (0..200)
            .flat_map(|number| homes.iter().map(move |home| (home, number)))
            .map(|(home, number)| (home, world.person(home, &format!("p{number}"))))
            .collect();
        let made = join_all(people.iter().map(|(home, person)| world.create(home, person))).await;
        assert!(
            made.iter().all(|created| *created == CreateOutcome::Done),
            "{}",
            world.name()
        );
        for home in &homes {
            let total = super::filters::list(&world, home, None, 1, 0).await.total;
            assert_eq!(total, Some(200), "{}", world.name());
        }
    }
}

/// The classic lost update: all read, all add one.
#[tokio::test(flavor = "multi_thread")]
async fn locked_changes_of_one_identity_follow_one_another() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let made = world.people(&home, &["amy"]).await;
        let world = Arc::new(world);
        join_all((0..20).map(|_| step(Arc::clone(&world), home.clone(), made[0].id))).await;
        let amy = world.get(&home, made[0].id).await.unwrap();
        assert_eq!(amy.revision.number(), 21, "{}", world.name());
        world.stamp_all().await;
        let sequences: Vec<_> = world
            .feed(&app)
            .await
            .iter()
            .map(|event| event.sequence.clone())
            .collect();
        let expected: Vec<_> = (1..=21).map(|number| format!("{number:020}")).collect();
        assert_eq!(sequences, expected, "{}", world.name());
    }
}

async fn step(world: Arc<World>, home: super::world::Home, id: domain::id::IdentityId) {
    let (store, scope) = (world.store.clone(), home.scope);
    let saved = store
        .write::<_, StoreError, _>(scope, move |tx| {
            let (world, home) = (Arc::clone(&world), home.clone());
            Box::pin(async move {
                let before = tx.lock(home.directory.id, id).await?.unwrap();
                let document =
                    json!({"userName": "amy", "nickName": before.revision.to_string(), "title": "x"});
                let after = world.changed(
                    &before,
                    json!({"userName": "amy", "displayName": document.to_string()}),
                );
                let event = world.event(&home, Some(&before), Some(&after));
                let entry = world.entry(&after, LogAction::Update, Some(&event));
                tx.save(
                    &after,
                    before.revision,
                    domain::identity::ExternalId::IsFree,
                    (),
                    std::slice::from_ref(&event),
                    &entry,
                )
                .await
            })
        })
        .await
        .unwrap();
    assert_eq!(saved, SaveOutcome::Done);
}

/// Two renames to one name both pass the check; the loser must get a conflict, not a failure.
#[tokio::test(flavor = "multi_thread")]
async fn of_concurrent_renames_to_one_name_exactly_one_is_done() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let names: Vec<String> = (0..8).map(|number| format!("p{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let people = world.people(&home, &names).await;
        let renames = people.iter().map(|person| {
            let after = world.changed(person, json!({"userName": "winner"}));
            let (world, home) = (&world, &home);
            async move { world.save(home, person, &after).await }
        });
        let saved = join_all(renames).await;
        assert_eq!(
            saved.iter().filter(|saved| **saved == SaveOutcome::Done).count(),
            1,
            "{}: {saved:?}",
            world.name()
        );
        assert_eq!(
            saved
                .iter()
                .filter(|saved| **saved == SaveOutcome::NameTaken)
                .count(),
            7,
            "{}",
            world.name()
        );
    }
}

/// Half of the jobs of a group commit fail after they have written; the other half is committed with its
/// events.
#[tokio::test(flavor = "multi_thread")]
async fn failing_neighbours_take_nothing_with_them() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let people: Vec<_> = (0..60)
            .map(|number| world.person(&home, &format!("p{number}")))
            .collect();
        let jobs = people.iter().enumerate().map(|(number, person)| {
            let event = world.event(&home, None, Some(person));
            let what = Arc::new((
                person.clone(),
                event.clone(),
                world.entry(person, LogAction::Create, Some(&event)),
            ));
            world.write(&home, move |tx| {
                let what = Arc::clone(&what);
                Box::pin(async move {
                    tx.create(
                        &what.0,
                        domain::identity::ExternalId::IsFree,
                        std::slice::from_ref(&what.1),
                        &what.2,
                    )
                    .await?;
                    match number % 3 {
                        0 => Err(StoreError::Corrupt("on purpose".into())),
                        _ => Ok(()),
                    }
                })
            })
        });
        let answers = join_all(jobs).await;
        world.stamp_all().await;
        let told: Vec<_> = world
            .feed(&app)
            .await
            .into_iter()
            .map(|event| event.source)
            .collect();
        for (number, (person, answer)) in people.iter().zip(&answers).enumerate() {
            assert_eq!(answer.is_ok(), number % 3 != 0, "{}", world.name());
            assert_eq!(
                world.get(&home, person.id).await.is_some(),
                number % 3 != 0,
                "{}",
                world.name()
            );
            let events = told
                .iter()
                .filter(|source| source.ends_with(&person.id.to_string()))
                .count();
            assert_eq!(events, usize::from(number % 3 != 0), "{}", world.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_panics_or_lost_its_caller_harms_no_other() {
    let world = World::sqlite().await;
    let home = world.home("contoso").await;
    let panicked = world
        .write(&home, |_| {
            Box::pin(async { if true { panic!("on purpose") } else { Ok(()) } })
        })
        .await;
    assert!(panicked.is_err());

    let amy = world.person(&home, "amy");
    let event = world.event(&home, None, Some(&amy));
    let entry = world.entry(&amy, LogAction::Create, Some(&event));
    let asked = world.store.create(
        home.scope,
        &amy,
        domain::identity::ExternalId::IsFree,
        &event,
        &entry,
    );
    // Polled once, so that the job is queued; then its caller is gone.
    let answered = futures_util::FutureExt::now_or_never(asked);
    world.people(&home, &["bob"]).await;
    assert!(answered.is_none());
    assert!(world.get(&home, amy.id).await.is_some(), "the job ran to its end");
}

/// A deletion tells of the revision after the one that it deletes.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_is_decided_again_when_the_row_has_changed_since() {
    let world = Arc::new(World::postgres().await);
    let home = world.home("contoso").await;
    let amy = world.people(&home, &["amy"]).await.remove(0);
    let (world_of, home_of, id) = (Arc::clone(&world), home.clone(), amy.id);
    let (renamed, revisions) = (
        world.changed(&amy, json!({"userName": "ann"})),
        Arc::new(Mutex::new(Vec::new())),
    );
    let seen = Arc::clone(&revisions);
    let done = world.store.write_once::<_, StoreError, _>(home.scope, move |tx| {
        let (world, home, seen) = (Arc::clone(&world_of), home_of.clone(), Arc::clone(&seen));
        let (amy, renamed) = (amy.clone(), renamed.clone());
        Box::pin(async move {
            let before = tx.lock(home.directory.id, id).await?.expect("a person");
            seen.lock().unwrap().push(before.revision.number());
            if before.revision == amy.revision {
                assert_eq!(world.save(&home, &amy, &renamed).await, SaveOutcome::Done);
            }
            let event = world.event(&home, Some(&before), None);
            let entry = world.entry(&before, LogAction::Delete, Some(&event));
            tx.delete(&before, std::slice::from_ref(&event), &entry).await
        })
    });
    done.await.unwrap();
    assert_eq!(*revisions.lock().unwrap(), [1, 2]);
    assert_eq!(world.get(&home, id).await, None);
}
