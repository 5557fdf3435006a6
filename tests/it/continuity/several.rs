//! Two instances, two tenants, and what may be set.

use serde_json::json;
use support::gateway::Settings;
use support::graph::Call;
use support::http::Scim;

use super::{World, consent, on_both, reaches, sql, usable};
use crate::forge::id;

#[tokio::test(flavor = "multi_thread")]
async fn of_two_instances_one_does_it() {
    for settings in on_both().await {
        let world = World::on(settings, &[]).await;
        let other = world.gateway.twin().await;
        world.start();
        world.until("written").await;
        world.used().await;
        world.until("retired").await;
        world.ended_well().await;
        for call in [Call::Login, Call::Validate, Call::Write] {
            assert_eq!(world.graph.done(call), 1, "{call:?}");
        }
        assert_eq!(world.audit("token.continuity.write").len(), 1);
        assert_eq!(world.audit("token.revoke").len(), 1);
        // What one has ended is ended at the other one.
        let there = support::gateway::Directory {
            tenant_url: world.old.tenant_url.replace(&world.gateway.url(), &other.url()),
            token: world.old.token.clone(),
        };
        Scim::new(&there).get("/Users?count=1").await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_are_renewed_and_neither_gets_what_is_the_others() {
    for settings in on_both().await {
        let world = World::on(settings, &[]).await;
        let theirs = world.gateway.directory("fabrikam", "advisors");
        let app = world.graph.app(2, &theirs);
        consent(&world.gateway, "fabrikam", &app);
        world.start();
        world.gateway.cli(&[
            "token",
            "continuity",
            "start",
            "--tenant",
            "fabrikam",
            "--profile",
            "advisors",
        ]);
        for tenant in ["contoso", "fabrikam"] {
            reaches(&world.gateway, tenant, "written").await;
        }
        let (ours, theirs_now) = (world.graph.directory(&world.app), world.graph.directory(&app));
        assert_eq!(usable(&world.gateway, "contoso").len(), 2);
        for (tenant, new) in [("contoso", &ours), ("fabrikam", &theirs_now)] {
            assert!(usable(&world.gateway, tenant).contains(&id(&new.token).to_owned()));
            Scim::new(new).get("/Users?count=1").await.expect(200);
        }
        let now = chrono::Utc::now().timestamp_millis();
        sql(
            &world.gateway,
            &format!(
                "UPDATE token SET last_used_at = {now} WHERE id = '{}'",
                id(&theirs_now.token)
            ),
        )
        .await;
        reaches(&world.gateway, "fabrikam", "retired").await;
        assert_eq!(
            world.renewal()["step"],
            "written",
            "the other one's use is none of this one"
        );
        Scim::new(&world.old).get("/Users?count=1").await.expect(200);
        Scim::new(&theirs).get("/Users?count=1").await.expect(401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_send_a_token_to_somebody_else_is_refused() {
    let world = World::on(on_both().await[1].clone(), &[]).await;
    world.gateway.directory("fabrikam", "advisors");
    let app = &world.app;
    let set = |tenant: &str, more: &[&str]| {
        let mut words = vec![
            "directory",
            "continuity",
            "set",
            "--tenant",
            tenant,
            "--profile",
            "advisors",
        ];
        for (word, value) in [
            ("--entra-tenant", app.tenant.as_str()),
            ("--service-principal", app.service_principal.as_str()),
            ("--job", app.job.as_str()),
        ] {
            if !more.contains(&word) {
                words.extend([word, value]);
            }
        }
        words.extend(more);
        let output = world.gateway.try_cli(&words);
        assert!(!output.status.success(), "{more:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let said = set("fabrikam", &[]);
    assert!(said.contains("another directory has this Entra app"), "{said}");
    for (more, part) in [
        (
            ["--tenant-url", "https://attacker.example/advisors/scim"],
            "a Tenant URL of this gateway begins with",
        ),
        (["--job", "../../../users"], "the id of a synchronization job is"),
        (["--keep", "SecretToken=x"], "\"SecretToken\" is not kept"),
        (
            ["--keep", "BaseAddress=https://attacker.example"],
            "\"BaseAddress\" is not kept",
        ),
        (["--before", "300d"], "after half of a new token's life"),
        (["--expires-in", "9999d"], "at most 730 days"),
    ] {
        let said = set("contoso", &more);
        assert!(said.contains(part), "{more:?}: {said}");
    }
    world.gateway.cli(&["tenant", "create", "northwind"]);
    world.gateway.cli(&[
        "directory",
        "create",
        "--tenant",
        "northwind",
        "--profile",
        "advisors",
        "--provider",
        "okta",
    ]);
    let said = set("northwind", &[]);
    assert!(said.contains("called by okta"), "{said}");
    let bound = "00000000-0000-4000-8000-0000000000ff";
    sql(
        &world.gateway,
        &format!("UPDATE tenant SET external_tenant_id = '{bound}' WHERE name = 'contoso'"),
    )
    .await;
    let said = set("contoso", &[]);
    assert!(said.contains("another Entra tenant"), "{said}");
    // Nothing of it was kept.
    let shown = world.gateway.cli(&[
        "directory",
        "continuity",
        "show",
        "--tenant",
        "contoso",
        "--profile",
        "advisors",
    ]);
    assert_eq!(
        (&shown["entraTenant"], &shown["job"]),
        (&json!(app.tenant), &json!(app.job))
    );
    let shown = world.gateway.cli(&[
        "directory",
        "continuity",
        "show",
        "--tenant",
        "fabrikam",
        "--profile",
        "advisors",
    ]);
    assert_eq!(shown["on"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_the_consent_gives_up_what_is_not_written_and_brings_to_its_end_what_is() {
    let world = World::on(Settings::default(), &[]).await;
    let off = [
        "directory",
        "continuity",
        "off",
        "--tenant",
        "contoso",
        "--profile",
        "advisors",
    ];
    world.graph.fault(
        Call::Job,
        support::graph::Fault::Answer(404, "Request_ResourceNotFound"),
    );
    world.start();
    world.failed().await;
    assert_eq!(world.gateway.cli(&off)["on"], false);
    assert_eq!(world.gateway.cli(&off)["on"], false);
    assert_eq!(world.renewal()["step"], "stopped");
    assert_eq!(world.audit("directory.continuity.off").len(), 1);
    support::wait::until("the job to go", super::LONG, || async {
        world
            .jobs()
            .iter()
            .all(|job| job["kind"] != "token_continuity")
            .then_some(())
    })
    .await;
    assert_eq!(world.usable(), [id(&world.old.token)]);
    let start = world.gateway.try_cli(&[
        "token",
        "continuity",
        "start",
        "--tenant",
        "contoso",
        "--profile",
        "advisors",
    ]);
    let said = String::from_utf8_lossy(&start.stderr).into_owned();
    assert!(said.contains("the customer consents first"), "{said}");

    consent(&world.gateway, "contoso", &world.app);
    world.start();
    world.until("written").await;
    world.gateway.cli(&off);
    world.used().await;
    world.until("retired").await;
    world.ended_well().await;
}
