//! Sessions of people who logged in: begun, found, used, ended and pruned.

use chrono::TimeDelta;
use store::Session;

use super::world::{World, worlds};

fn session(world: &World, hash: &str, person: &str) -> Session {
    let now = world.now();
    Session {
        hash: hash.to_owned(),
        person: person.to_owned(),
        created_at: now,
        seen_at: now,
        ends_at: now + TimeDelta::hours(10),
        address: "192.0.2.1".to_owned(),
        agent: "Firefox; \u{e4} '".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_found_by_its_hash_until_it_is_ended() {
    for world in worlds().await {
        let (name, store) = (world.name(), &world.store);
        let begun = session(&world, "aa", "person:1/2");
        store.begin_session(&begun).await.unwrap();
        assert_eq!(store.session("aa").await.unwrap(), Some(begun.clone()), "{name}");
        for other in ["ab", "AA", "a%", ""] {
            assert_eq!(store.session(other).await.unwrap(), None, "{name}: {other}");
        }
        assert!(
            store.begin_session(&begun).await.is_err(),
            "{name}: a hash is one session's"
        );
        assert!(!store.end_session("ab").await.unwrap(), "{name}");
        assert!(store.end_session("aa").await.unwrap(), "{name}");
        assert!(!store.end_session("aa").await.unwrap(), "{name}: once");
        assert_eq!(store.session("aa").await.unwrap(), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_use_of_a_session_never_goes_back_and_no_use_begins_one() {
    for world in worlds().await {
        let (name, store) = (world.name(), &world.store);
        let begun = session(&world, "aa", "person:1/2");
        store.begin_session(&begun).await.unwrap();
        let later = begun.seen_at + TimeDelta::minutes(5);
        for at in [later, begun.seen_at + TimeDelta::minutes(1)] {
            store.note_session_use("aa", at).await.unwrap();
        }
        let used = Session {
            seen_at: later,
            ..begun
        };
        assert_eq!(store.session("aa").await.unwrap(), Some(used), "{name}");
        store.note_session_use("ab", later).await.unwrap();
        assert_eq!(store.session("ab").await.unwrap(), None, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_sessions_of_one_person_end_and_those_of_others_stay() {
    for world in worlds().await {
        let (name, store) = (world.name(), &world.store);
        for (hash, person) in [("aa", "person:1/2"), ("ab", "person:1/2"), ("ac", "person:1/20")] {
            store.begin_session(&session(&world, hash, person)).await.unwrap();
        }
        assert_eq!(store.end_sessions_of("person:1/2").await.unwrap(), 2, "{name}");
        let left = [
            store.session("aa").await.unwrap(),
            store.session("ab").await.unwrap(),
            store.session("ac").await.unwrap(),
        ];
        assert_eq!(left.map(|one| one.is_some()), [false, false, true], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_are_over_are_pruned() {
    for world in worlds().await {
        let (name, store) = (world.name(), &world.store);
        let (old, new) = (
            session(&world, "aa", "person:1/2"),
            session(&world, "ab", "person:1/2"),
        );
        for one in [&old, &new] {
            store.begin_session(one).await.unwrap();
        }
        assert_eq!(store.prune_sessions(old.ends_at).await.unwrap(), 0, "{name}");
        assert_eq!(store.prune_sessions(new.ends_at).await.unwrap(), 1, "{name}");
        assert_eq!(store.session("aa").await.unwrap(), None, "{name}");
        assert_eq!(store.session("ab").await.unwrap(), Some(new), "{name}");
    }
}
