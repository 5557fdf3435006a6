//! No secret of a renewal is anywhere but at Entra: not in the log, the audit log, answers, metrics or the database.

use support::graph::{CLIENT_SECRET, Call, Fault};
use support::http::send;

use super::{World, on_both};
use crate::admin_api::Api;

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_renewal_is_kept_or_shown() {
    for settings in on_both().await {
        let world = World::on(settings, &[("log.level", "\"debug\"")]).await;
        // Every kind of failure, whose answers repeat what was sent.
        world.graph.consent(&world.app, false);
        world.start();
        let job = world.failed().await;
        world.graph.consent(&world.app, true);
        world
            .graph
            .fault(Call::Validate, Fault::Answer(400, "canary code with a text"));
        world.graph.fault(Call::Write, Fault::Answer(503, "x"));
        world.graph.fault(Call::Write, Fault::LoseAnswer);
        let key = job["key"].as_str().expect("a key");
        world.gateway.cli(&["job", "retry", "token_continuity", key]);
        world.until("written").await;
        world.used().await;
        world.until("retired").await;

        let mut secrets = world.graph.seen();
        assert!(secrets.len() >= 3, "{}", secrets.len());
        secrets.push(world.old.token.clone());
        let secrets: Vec<String> = secrets
            .iter()
            .map(|text| text.split('_').nth(3).unwrap_or(text).to_owned())
            .chain([
                CLIENT_SECRET.to_owned(),
                "canary code".to_owned(),
                "canary text".to_owned(),
            ])
            .collect();
        let holds_none = |text: &str, place: &str| {
            for secret in &secrets {
                assert!(!text.contains(secret.as_str()), "{place} has {secret}");
            }
        };
        holds_none(&world.gateway.log(), "the log");
        let export = world.gateway.try_cli(&["audit", "export"]);
        let export = String::from_utf8_lossy(&export.stdout).into_owned();
        assert!(export.contains("token.continuity.write"));
        holds_none(&export, "the audit log");
        assert!(
            !export.contains("canary-ops@"),
            "whom Entra notifies is personal data"
        );
        for words in [
            "token continuity show --tenant contoso --profile advisors",
            "token continuity list --tenant contoso --profile advisors",
            "directory continuity show --tenant contoso --profile advisors",
            "job list",
            "check-config",
        ] {
            let output = world.gateway.try_cli(&words.split(' ').collect::<Vec<_>>());
            assert!(output.status.success(), "{words}");
            holds_none(&String::from_utf8_lossy(&output.stdout), words);
        }
        let key = world.gateway.cli(&["api-key", "create", "--role", "operator"]);
        let operator = Api::new(&world.gateway.admin_url(), key["key"].as_str().expect("a key"));
        let continuity = "/tenants/contoso/directories/advisors/continuity";
        for path in [continuity.to_owned(), format!("{continuity}/renewals")] {
            let answer = operator.get(&path).await.expect(200);
            assert!(answer.text.contains("contoso"));
            holds_none(&answer.text, &path);
        }
        for page in ["/metrics", "/health/ready"] {
            let url = format!("{}{page}", world.gateway.admin_url());
            holds_none(&send(support::http_client().get(url)).await.text, page);
        }
        if world.gateway.database().is_none() {
            let file = world.gateway.folder().join("usher-data/usher.db");
            for name in [file.clone(), file.with_extension("db-wal")] {
                let bytes = std::fs::read(&name).unwrap_or_default();
                holds_none(&String::from_utf8_lossy(&bytes), "the database");
            }
        }
    }
}
