//! What goes wrong at Microsoft, and what the gateway makes of it.

use serde_json::{Value, json};
use support::gateway::Settings;
use support::graph::{Call, Fault};
use support::http::Scim;
use support::otlp::Collector;
use support::postgres::Postgres;
use support::wait::until;

use super::{LONG, WHOSE, World, minute, on_both};
use crate::forge::id;

impl World {
    fn issued(&self) -> usize {
        self.audit("token.issue").len()
    }

    fn retry(&self, job: &Value) {
        let key = job["key"].as_str().expect("a key");
        self.gateway.cli(&["job", "retry", "token_continuity", key]);
    }

    async fn ends_after_all(&self) {
        self.until("written").await;
        self.used().await;
        self.until("retired").await;
        self.ended_well().await;
    }
}

fn error(job: &Value) -> &str {
    job["lastError"].as_str().expect("a text")
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_calls_and_no_answers_pass_by_themselves_with_one_and_the_same_token() {
    let world = World::sqlite().await;
    for call in [Call::Login, Call::Job, Call::Validate, Call::Write] {
        world.graph.fault(call, Fault::Throttle(1));
        world.graph.fault(call, Fault::Answer(503, "ServiceUnavailable"));
    }
    // The write is done, and its answer is lost: it is written once more, and nothing is changed by it.
    world.graph.fault(Call::Write, Fault::LoseAnswer);
    world.start();
    world.ends_after_all().await;
    assert_eq!(world.issued(), 2, "the customer's and one more");
    let writes: Vec<u16> = world
        .graph
        .calls()
        .iter()
        .filter(|(call, _)| *call == Call::Write)
        .map(|(_, status)| *status)
        .collect();
    assert_eq!(writes, [429, 503, 0, 204]);
    let tokens = world.graph.seen();
    let tokens: Vec<_> = tokens
        .iter()
        .filter(|text| text.starts_with("usher_t_"))
        .collect();
    assert_eq!(tokens.len(), 1, "one secret was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_wait_is_kept_and_costs_no_attempt_at_once() {
    let world = World::sqlite().await;
    world.graph.fault(Call::Job, Fault::Throttle(1_800));
    world.start();
    let job = world.failed().await;
    assert_eq!(
        (error(&job), &job["status"]),
        ("Microsoft Graph has had too many calls (429)", &json!("waiting"))
    );
    let due: chrono::DateTime<chrono::Utc> = job["dueAt"].as_str().expect("a time").parse().expect("a time");
    assert!(due > chrono::Utc::now() + chrono::TimeDelta::minutes(25), "{job}");
    assert_eq!(world.issued(), 1, "no token was issued for nothing");
    world.ends_after_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_was_withdrawn_stops_it_at_once_and_says_what_to_do() {
    let world = World::sqlite().await;
    world.graph.consent(&world.app, false);
    world.start();
    let job = world.failed().await;
    assert_eq!(job["status"], "dead");
    let consent = format!("/{}/adminconsent?client_id=", world.app.tenant);
    assert!(
        error(&job).contains("AADSTS700016") && error(&job).contains(&consent),
        "{job}"
    );
    // It is told as every job that needs a person, and beside the renewal.
    until("readiness to tell it", LONG, || async {
        let ready = world.gateway.readiness().await.expect(200);
        ready.body["degraded"]
            .to_string()
            .contains(&consent)
            .then_some(())
    })
    .await;
    let renewal = world.renewal();
    assert_eq!(
        (&renewal["step"], &renewal["attempts"]),
        (&json!("planned"), &json!(1)),
        "{renewal}"
    );
    assert_eq!(renewal["lastError"], job["lastError"]);
    assert_eq!(world.issued(), 1);
    let again = world
        .gateway
        .try_cli(&[&["token", "continuity", "start"], &WHOSE[..]].concat());
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(
        !again.status.success() && said.contains("`usher job retry token_continuity RENEWAL`"),
        "{said}"
    );

    // The permission was taken away: the login goes on, Graph refuses.
    world.graph.consent(&world.app, true);
    world
        .graph
        .fault(Call::Job, Fault::Answer(403, "Authorization_RequestDenied"));
    world.retry(&job);
    let job = until("the second refusal", LONG, || async {
        let job = world.failed().await;
        error(&job).contains("Authorization_RequestDenied").then_some(job)
    })
    .await;
    assert_eq!(job["status"], "dead");
    assert!(
        error(&job).contains("Synchronization.ReadWrite.All") && error(&job).contains(&consent),
        "{job}"
    );
    // Between the validation and the write: Entra cannot have the token, so it ends at once.
    world
        .graph
        .fault(Call::Write, Fault::Answer(403, "Authorization_RequestDenied"));
    world.retry(&job);
    until("the write to be refused", LONG, || async {
        world.graph.calls().contains(&(Call::Write, 403)).then_some(())
    })
    .await;
    until("the job to give up", LONG, || async {
        (world.failed().await["status"] == "dead").then_some(())
    })
    .await;
    assert_eq!(world.usable(), [id(&world.old.token)], "no orphan is live");
    world.entra().get("/Users?count=1").await.expect(200);
    world.retry(&job);
    world.ends_after_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_goes_when_the_consent_is_switched_off() {
    for settings in on_both().await {
        let world = World::on(settings, &[]).await;
        world.graph.consent(&world.app, false);
        world.start();
        let job = world.failed().await;
        assert_eq!(job["status"], "dead");
        let degraded = || async {
            let ready = world.gateway.readiness().await.expect(200);
            ready.body["degraded"].to_string().contains("AADSTS700016")
        };
        until("readiness to tell it", LONG, || async {
            degraded().await.then_some(())
        })
        .await;
        world
            .gateway
            .cli(&[&["directory", "continuity", "off"], &WHOSE[..]].concat());
        until("the job to go", LONG, || async {
            let jobs = world.jobs();
            jobs.iter()
                .all(|job| job["kind"] != "token_continuity")
                .then_some(())
        })
        .await;
        until("readiness to tell it no more", LONG, || async {
            (!degraded().await).then_some(())
        })
        .await;
        let renewal = world.until("stopped").await;
        assert_eq!(renewal["lastError"], "the consent was ended", "{renewal}");
        assert_eq!(world.issued(), 1, "no token was issued by the last attempt");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_that_is_not_there_stops_it_and_other_ids_mend_it() {
    let mut world = World::sqlite().await;
    let right = world.app.clone();
    world.app.job = "scim.of.nobody".to_owned();
    super::consent(&world.gateway, "contoso", &world.app);
    world.start();
    let job = world.failed().await;
    assert_eq!(job["status"], "dead");
    for part in [
        "has no service principal",
        "scim.of.nobody",
        "`usher directory continuity set`",
    ] {
        assert!(error(&job).contains(part), "{job}");
    }
    assert_eq!(world.issued(), 1);
    super::consent(&world.gateway, "contoso", &right);
    world.app = right;
    world.retry(&job);
    world.ends_after_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_entra_tries_in_vain_is_never_written() {
    let world = World::sqlite().await;
    let freeze = |verb: &str| world.gateway.cli(&[&["directory", verb], &WHOSE[..]].concat());
    freeze("freeze");
    world.start();
    let job = world.failed().await;
    assert_eq!(job["status"], "waiting", "it is tried again");
    for part in [
        "tried the new token in vain",
        "CredentialValidationUnavailable",
        "reached from the internet",
    ] {
        assert!(error(&job).contains(part), "{job}");
    }
    assert_eq!(world.graph.directory(&world.app), world.old);
    assert!(world.graph.calls().iter().all(|(call, _)| *call != Call::Write));
    assert_eq!(world.usable(), [id(&world.old.token)], "no orphan is live");
    freeze("unfreeze");
    world.ends_after_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_somebody_elses_token_stands_in_entra_the_old_one_stays_and_people_are_told_once() {
    let webhook = Collector::start().await;
    let hook = format!("\"{}/hook\"", webhook.endpoint());
    let world = World::on(
        Settings::default(),
        &[("notices.webhook_url", &hook), ("graph.use_limit_hours", "1")],
    )
    .await;
    world.start();
    let written = world.until("written").await;
    // Their admin has pasted the old one again.
    world.graph.paste(&world.app, &world.old.token);
    world.used().await;
    minute(&world.gateway).await;
    let hour = chrono::Utc::now().timestamp_millis() - 3_700_000;
    // The validation used it, before it was written.
    let new = written["newToken"].as_str().expect("an id");
    world
        .sql(&format!(
            "UPDATE token SET last_used_at = {} WHERE id = '{new}'",
            hour - 1_000
        ))
        .await;
    world
        .sql(&format!("UPDATE token_renewal SET written_at = {hour}"))
        .await;
    let told = until("people to be told", LONG, || async {
        minute(&world.gateway).await;
        webhook.exports().first().cloned()
    })
    .await;
    let post: Value = serde_json::from_slice(&told.bytes).expect("JSON");
    assert_eq!(
        (&post["type"], &post["tenant"], &post["renewal"]),
        (
            &json!("usher.token.renewal.stuck.v1"),
            &json!("contoso"),
            &written["id"]
        )
    );
    assert!(
        post["text"]
            .as_str()
            .expect("a text")
            .contains("has not been used since: the old one stays"),
        "{post}"
    );
    until("the line of the log", LONG, || async {
        minute(&world.gateway).await;
        world
            .gateway
            .log()
            .contains("\"token.continuity.stuck\"")
            .then_some(())
    })
    .await;
    let renewal = world.renewal();
    assert_eq!(renewal["step"], "written");
    assert!(
        renewal["toldAt"].is_string() && renewal["lastError"].is_string(),
        "{renewal}"
    );
    world.entra().get("/Users?count=1").await.expect(200);

    // A new one: it gives the other up, and both old tokens end when it is used.
    world.start();
    let second = world.until("written").await;
    assert_eq!(
        second["retiring"].as_array().expect("a list").len(),
        2,
        "{second}"
    );
    world.used().await;
    world.until("retired").await;
    world.ended_well().await;
    assert_eq!(webhook.exports().len(), 1, "told once");
    let list = world
        .gateway
        .cli(&[&["token", "continuity", "list"], &WHOSE[..]].concat());
    assert_eq!(
        (&list[0]["step"], &list[1]["step"]),
        (&json!("retired"), &json!("stopped"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_token_that_was_revoked_meanwhile_gives_it_up_and_the_old_one_stays() {
    let world = World::sqlite().await;
    world.start();
    let written = world.until("written").await;
    let new = written["newToken"].as_str().expect("an id");
    world
        .gateway
        .cli(&["token", "revoke", "--tenant", "contoso", new]);
    let stopped = world.until("stopped").await;
    assert!(
        stopped["lastError"]
            .as_str()
            .expect("a text")
            .contains("was revoked or has ended"),
        "{stopped}"
    );
    Scim::new(&world.old).get("/Users?count=1").await.expect(200);
    world.start();
    world.ends_after_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_app_registration_or_the_operators_role_the_job_says_which_setting_is_missing() {
    let database = Some(Postgres::shared().await.database().await);
    let settings = Settings {
        database,
        ..Settings::default()
    };
    let world = World::on(settings, &[]).await;
    world.start();
    let job = world.failed().await;
    assert_eq!(job["status"], "dead");
    assert!(error(&job).contains("set admin.database_url"), "{job}");
    assert_eq!(world.renewal()["lastError"], job["lastError"]);
    assert_eq!(world.issued(), 1);

    let unset = [
        "graph.client_id",
        "graph.client_secret",
        "graph.login_url",
        "graph.url",
    ]
    .map(|key| (key, ""));
    let world = World::on(Settings::default(), &unset).await;
    world.start();
    let job = world.failed().await;
    assert_eq!(job["status"], "dead");
    assert!(error(&job).contains("set graph.client_id"), "{job}");
}
