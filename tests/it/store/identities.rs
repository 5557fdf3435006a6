//! Creating, changing, deleting: what one commit stores, events and log included.

use std::slice::from_ref;
use std::sync::Arc;

use domain::identity::ExternalId;
use domain::log::LogAction;
use serde_json::json;
use store::{CreateOutcome, SaveOutcome, StoreError};

use super::world::{resource, worlds};

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_reads_back_byte_for_byte() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let document = json!({
            "userName": "Zoë.O'Neil@contoso.com", "zeta": 1, "alpha": {"z": " two  blanks ", "a": "\u{0}nul and \u{1F600}"},
            "externalId": "E-1", "emails": [{"type": "work", "value": "Z@contoso.com"}],
        });
        let identity = world.identity(&home, document.clone());
        assert_eq!(world.create(&home, &identity).await, CreateOutcome::Done);
        let read = world.get(&home, identity.id).await.unwrap();
        assert_eq!(read, identity, "{}", world.name());
        assert_eq!(
            serde_json::to_string(read.resource.as_map()).unwrap(),
            serde_json::to_string(resource(document).with_defaults().as_map()).unwrap(),
            "the order of keys is kept"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_user_name_writes_nothing_and_any_case_of_it_is_taken() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        world.people(&home, &["Amy@contoso.com"]).await;
        let twin = world.person(&home, "aMY@contoso.com");
        assert_eq!(world.create(&home, &twin).await, CreateOutcome::Taken);
        assert_eq!(world.get(&home, twin.id).await, None);
        world.stamp_all().await;
        assert_eq!(
            world.feed(&app).await.len(),
            1,
            "{}: no event of what was refused",
            world.name()
        );

        // The transaction continues after a refusal, so that the caller can read the holder of the name.
        let (event, directory) = (world.event(&home, None, Some(&twin)), home.directory.id);
        let what = Arc::new((
            twin.clone(),
            event.clone(),
            world.entry(&twin, LogAction::Create, Some(&event)),
        ));
        let holder = world
            .write(&home, move |tx| {
                let what = Arc::clone(&what);
                Box::pin(async move {
                    assert_eq!(
                        tx.create(&what.0, ExternalId::IsFree, from_ref(&what.1), &what.2)
                            .await?,
                        CreateOutcome::Taken
                    );
                    tx.find_by_name::<domain::identity::Identity>(directory, "amy@contoso.com")
                        .await
                })
            })
            .await
            .unwrap();
        assert_eq!(
            holder.unwrap().resource.user_name(),
            Some("Amy@contoso.com"),
            "{}",
            world.name()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_user_name_lives_in_two_directories_and_two_tenants() {
    for world in worlds().await {
        let advisors = world.home("contoso").await;
        let rooms = world.directory(&advisors.tenant, "rooms").await;
        let other = world.home("fabrikam").await;
        for home in [&advisors, &rooms, &other] {
            world.people(home, &["amy@contoso.com"]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn saving_needs_the_revision_before_and_a_free_user_name() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let made = world.people(&home, &["amy", "bob"]).await;
        let [amy, bob] = [&made[0], &made[1]];
        let renamed = world.changed(amy, json!({"userName": "amy2", "externalId": "x-amy"}));
        assert_eq!(world.save(&home, amy, &renamed).await, SaveOutcome::Done);
        assert_eq!(
            world.get(&home, amy.id).await,
            Some(renamed.clone()),
            "{}",
            world.name()
        );
        assert_eq!(
            world.save(&home, amy, &renamed).await,
            SaveOutcome::NotFoundOrChanged,
            "{}: an old revision",
            world.name()
        );

        let clash = world.changed(bob, json!({"userName": "AMY2"}));
        assert_eq!(
            world.save(&home, bob, &clash).await,
            SaveOutcome::NameTaken,
            "{}",
            world.name()
        );
        assert_eq!(world.get(&home, bob.id).await.as_ref(), Some(bob));

        // A change of its own name's case is no conflict with itself; the old name is free again.
        let cased = world.changed(&renamed, json!({"userName": "Amy2"}));
        assert_eq!(world.save(&home, &renamed, &cased).await, SaveOutcome::Done);
        world.people(&home, &["amy"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_has_one_event() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let made = world.people(&home, &["amy"]).await;
        let amy = &made[0];
        for _ in 0..2 {
            let event = world.event(&home, Some(amy), None);
            let what = Arc::new((
                amy.clone(),
                event.clone(),
                world.entry(amy, LogAction::Delete, Some(&event)),
            ));
            world
                .write(&home, move |tx| {
                    let what = Arc::clone(&what);
                    Box::pin(async move { tx.delete(&what.0, from_ref(&what.1), &what.2).await })
                })
                .await
                .unwrap();
            assert_eq!(world.get(&home, amy.id).await, None);
        }
        world.stamp_all().await;
        let types: Vec<_> = world
            .feed(&app)
            .await
            .into_iter()
            .map(|event| event.event_type)
            .collect();
        assert_eq!(
            types,
            ["usher.identity.created.v1", "usher.identity.deleted.v1"],
            "{}",
            world.name()
        );
        world.people(&home, &["amy"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_of_the_work_takes_everything_back() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let app = world.app("booking").await;
        let amy = world.person(&home, "amy");
        let event = world.event(&home, None, Some(&amy));
        let what = Arc::new((
            amy.clone(),
            event.clone(),
            world.entry(&amy, LogAction::Create, Some(&event)),
        ));
        let answer = world
            .write(&home, move |tx| {
                let what = Arc::clone(&what);
                Box::pin(async move {
                    assert_eq!(
                        tx.create(&what.0, ExternalId::IsFree, from_ref(&what.1), &what.2)
                            .await?,
                        CreateOutcome::Done
                    );
                    assert!(
                        tx.get(what.0.directory, what.0.id).await?.is_some(),
                        "it sees what it wrote"
                    );
                    Err::<(), _>(StoreError::Corrupt("on purpose".into()))
                })
            })
            .await;
        assert!(matches!(answer, Err(StoreError::Corrupt(_))), "{}", world.name());
        assert_eq!(world.get(&home, amy.id).await, None);
        world.stamp_all().await;
        assert_eq!(world.feed(&app).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn very_long_and_odd_values_are_stored_and_found() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let long = format!("{}@contoso.com", "Ä".repeat(20_000));
        for name in [
            long.as_str(),
            "nul\u{0}inside",
            "",
            " ",
            "'; DROP TABLE identity; --",
        ] {
            let identity = world.identity(
                &home,
                json!({"userName": name, "externalId": name, "displayName": name}),
            );
            assert_eq!(
                world.create(&home, &identity).await,
                CreateOutcome::Done,
                "{}",
                world.name()
            );
            let (directory, folded) = (home.directory.id, scim::resource::fold(name));
            let found = world
                .store
                .read::<_, StoreError, _>(home.scope, |tx| {
                    Box::pin(async move {
                        tx.find_by_name::<domain::identity::Identity>(directory, &folded)
                            .await
                    })
                })
                .await
                .unwrap();
            assert_eq!(found.map(|found| found.id), Some(identity.id), "{}", world.name());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_of_a_directory_that_is_not_there_is_refused() {
    for world in worlds().await {
        let home = world.home("contoso").await;
        let other = world.home("fabrikam").await;
        let stray = world.person(&other, "amy");
        let event = world.event(&home, None, Some(&stray));
        let entry = world.entry(&stray, LogAction::Create, Some(&event));
        let answer = world
            .store
            .create(home.scope, &stray, ExternalId::IsFree, &event, &entry)
            .await;
        assert!(
            matches!(answer, Err(StoreError::Conflict(_))),
            "{}: {answer:?}",
            world.name()
        );
    }
}
