//! The way that all should go.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;
use support::graph::Call;
use support::http::Scim;
use support::sim::Source;

use super::{LONG, NOTIFICATION, WHOSE, World, minute, on_both};
use crate::forge::id;
use support::wait::until;

/// Twenty days are left.
async fn ends_soon(world: &World) {
    let now = chrono::Utc::now().timestamp_millis();
    let day = 86_400_000;
    world
        .sql(&format!(
            "UPDATE token SET created_at = {}, expires_at = {}",
            now - 345 * day,
            now + 20 * day
        ))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_ends_soon_is_replaced_in_entra_while_requests_run_and_none_is_refused() {
    for settings in on_both().await {
        let world = Arc::new(World::on(settings, &[]).await);
        let source = Source::generate(20, 0, 7).await;
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients: Vec<_> = (0..3)
            .map(|_| {
                let (world, stop, served) = (Arc::clone(&world), Arc::clone(&stop), Arc::clone(&served));
                tokio::spawn(async move {
                    while !stop.load(Ordering::SeqCst) {
                        let answer = world.entra().get("/Users?count=5").await;
                        assert_eq!(answer.status, 200, "{}", answer.text);
                        served.fetch_add(1, Ordering::SeqCst);
                    }
                })
            })
            .collect();
        let cycle = async || {
            let (status, summary) = source
                .cycle("advisors", &world.graph.directory(&world.app), &[])
                .await;
            assert_eq!(status, 0, "{summary}");
        };
        cycle().await;
        // The gateway has noted that the token is in use.
        until("the use to be noted", LONG, || async {
            let tokens = world.gateway.cli(&["token", "list", "--tenant", "contoso"]);
            (!tokens[0]["lastUsedAt"].is_null()).then_some(())
        })
        .await;
        minute(&world.gateway).await;
        assert_eq!(
            world
                .gateway
                .cli(&[&["token", "continuity", "list"], &WHOSE[..]].concat()),
            json!([]),
            "a year is left"
        );
        ends_soon(&world).await;

        let written = world.until("written").await;
        assert_eq!(written["retiring"], json!([id(&world.old.token)]));
        assert_ne!(world.graph.directory(&world.app).token, world.old.token);
        source.mutate(10, 8).await;
        cycle().await;
        let done = world.until("retired").await;
        for step in [
            "plannedAt",
            "issuedAt",
            "validatedAt",
            "writtenAt",
            "usedAt",
            "endedAt",
        ] {
            assert!(done[step].is_string(), "{step} in {done}");
        }
        assert_eq!((&done["attempts"], &done["lastError"]), (&json!(0), &json!(null)));
        cycle().await;
        stop.store(true, Ordering::SeqCst);
        for client in clients {
            client.await.expect("every request was served");
        }
        assert!(served.load(Ordering::SeqCst) > 20);

        world.ended_well().await;
        for call in [Call::Login, Call::Job, Call::Validate, Call::Write] {
            assert_eq!(world.graph.done(call), 1, "{call:?}");
        }
        // The whole collection was replaced: what stood beside the token stands there again.
        let secrets = world.graph.secrets(&world.app);
        assert_eq!(secrets["BaseAddress"], world.old.tenant_url);
        assert_eq!(secrets["SyncNotificationSettings"], NOTIFICATION);
        assert_eq!((secrets["SyncAll"].as_str(), secrets.len()), ("false", 4));
        for (action, rows) in [
            ("token.continuity.start", 1),
            ("token.issue", 2),
            ("token.continuity.write", 1),
            ("token.revoke", 1),
        ] {
            let found = world.audit(action);
            assert_eq!(found.len(), rows, "{action}");
            assert!(rows == 2 || found[0]["actor"] == "system", "{}", found[0]);
        }
        // It is not begun again.
        minute(&world.gateway).await;
        until("the look at tokens", LONG, || async {
            let jobs = world.jobs();
            let plan = jobs.iter().find(|job| job["kind"] == "token_continuity_plan")?;
            (plan["status"] == "waiting" && !plan["dueAt"].as_str()?.starts_with("1970")).then_some(())
        })
        .await;
        assert_eq!(world.renewal()["id"], done["id"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_networks_of_the_old_token_and_the_settings_of_the_directory_hold_for_the_new_one() {
    let world = World::sqlite().await;
    let issue = [
        "token",
        "issue",
        "--tenant",
        "contoso",
        "--profile",
        "advisors",
        "--ip",
        "127.0.0.0/8",
    ];
    let limited = world.gateway.cli(&issue);
    let token = limited["token"].as_str().expect("a token");
    world.graph.paste(&world.app, token);
    world.used().await;
    let begun = world.start();
    assert_eq!(begun["retiring"], json!([id(token)]), "the token that is in use");
    world.until("written").await;
    let new = world.graph.directory(&world.app).token;
    let tokens = world.gateway.cli(&["token", "list", "--tenant", "contoso"]);
    let tokens = tokens.as_array().expect("a list");
    let new = tokens
        .iter()
        .find(|one| one["id"] == id(&new))
        .expect("the new one");
    assert_eq!(new["allowedNetworks"], json!(["127.0.0.0/8"]));
    world.used().await;
    world.until("retired").await;
    // A token that is not in use is left alone.
    Scim::new(&world.old).get("/Users?count=1").await.expect(200);
}
