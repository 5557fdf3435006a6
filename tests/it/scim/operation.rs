//! An operator's actions: start, check, stop.

use std::time::Duration;

use support::gateway::{Gateway, Settings};
use support::http::{Feed, Scim};
use support::postgres::Postgres;
use support::wait::until;

use super::{advisor, advisors, on_both};

#[tokio::test]
async fn a_term_signal_ends_with_0_and_every_answered_change_is_kept() {
    on_both(async |mut gateway| {
        let scim = advisors(&gateway, "contoso");
        scim.post("/Users", &advisor(0)).await.expect(201);
        let load: Vec<_> = (0..8)
            .map(|worker: usize| {
                let scim = scim.clone();
                tokio::spawn(async move {
                    let mut answered = Vec::new();
                    for number in (1 + worker..100_000).step_by(8) {
                        let request = scim
                            .request(reqwest::Method::POST, "/Users")
                            .header("content-type", "application/json");
                        match support::http::try_send(request.body(advisor(number).to_string())).await {
                            Ok(answer) => answered.push(answer.expect(201).id()),
                            Err(error) => {
                                assert!(
                                    error.is_connect() || error.is_request(),
                                    "an accepted request is not cut: {error:?}"
                                );
                                break;
                            }
                        }
                    }
                    answered
                })
            })
            .collect();
        until("some load", Duration::from_secs(30), || async {
            (scim.get("/Users?count=0").await.total() > 20).then_some(())
        })
        .await;
        let (status, mut gateway) = tokio::task::spawn_blocking(move || (gateway.terminate(), gateway))
            .await
            .unwrap();
        assert_eq!(status.code(), Some(0), "{}", gateway.log());
        assert!(gateway.log().contains("stopped"), "{}", gateway.log());
        let mut answered = Vec::new();
        for worker in load {
            answered.extend(worker.await.unwrap());
        }
        gateway.restart().await;
        for id in answered {
            scim.get(&format!("/Users/{id}?attributes=id")).await.expect(200);
        }
    })
    .await;
}

#[tokio::test]
async fn an_app_that_waits_for_events_gets_its_answer_when_the_gateway_stops() {
    let more = vec![("http.drain_delay_seconds".to_owned(), "3".to_owned())];
    let mut gateway = Gateway::start(Settings {
        more,
        ..Settings::default()
    })
    .await;
    let feed = Feed::new(&gateway.app("booking"));
    let poll = tokio::spawn(async move { feed.page(0, 1, 25).await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let status = tokio::task::spawn_blocking(move || gateway.terminate())
        .await
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let answer = poll.await.unwrap().expect(200);
    assert_eq!(answer.body["events"], serde_json::json!([]));
}

#[tokio::test]
async fn readiness_ends_before_the_listener_closes_and_a_second_signal_ends_at_once() {
    let settings = Settings {
        more: vec![("http.drain_delay_seconds".to_owned(), "600".to_owned())],
        ..Settings::default()
    };
    let mut gateway = Gateway::start(settings).await;
    let scim = advisors(&gateway, "contoso");
    let client = support::http_client();
    let ready = format!("{}/health/ready", gateway.url());
    let live = format!("{}/health/live", gateway.url());
    let reasons = format!("{}/health/ready", gateway.admin_url());
    assert_eq!(client.get(&ready).send().await.unwrap().status(), 200);
    gateway.process().signal("TERM");
    let answer = until("readiness to turn off", Duration::from_secs(30), || async {
        let answer = client.get(&ready).send().await.unwrap();
        (answer.status() == 503).then_some(answer)
    })
    .await;
    assert_eq!(answer.text().await.unwrap(), "unready");
    let told = support::http::send(client.get(&reasons)).await.expect(503);
    assert!(told.text.contains("shutting down"), "{}", told.text);
    assert_eq!(client.get(&live).send().await.unwrap().status(), 200);
    scim.post("/Users", &advisor(1)).await.expect(201);
    gateway.process().signal("TERM");
    let status = gateway.process().wait(Duration::from_secs(30));
    assert_eq!(status.code(), Some(1));
    gateway.restart().await;
    assert_eq!(scim.get("/Users").await.expect(200).total(), 1);
}

#[tokio::test]
async fn without_its_database_the_gateway_says_503_with_a_time_and_never_blames_the_token() {
    let cluster = Postgres::start().await;
    let database = Some(cluster.database().await);
    let more = vec![("database.acquire_timeout_seconds".to_owned(), "1".to_owned())];
    let gateway = Gateway::start(Settings {
        database,
        more,
        ..Settings::default()
    })
    .await;
    let scim = advisors(&gateway, "contoso");
    scim.post("/Users", &advisor(1)).await.expect(201);
    cluster.kill9();
    let refused = scim.find("userName eq \"x\"").await.expect(503);
    assert_eq!(refused.header("retry-after"), "5");
    assert_eq!(refused.header("content-type"), "application/scim+json");
    let ready =
        support::http::send(support::http_client().get(format!("{}/health/ready", gateway.admin_url())))
            .await
            .expect(503);
    assert!(
        ready.body["missing"][0]
            .as_str()
            .unwrap()
            .contains("the database"),
        "{}",
        ready.text
    );
    cluster.restart().await;
    until("the gateway to serve again", Duration::from_mins(1), || async {
        (scim.get("/Users").await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn postgresql_that_is_not_migrated_is_refused_with_the_command_to_run() {
    let database = Postgres::shared().await.database().await;
    let gateway = Gateway::prepared(Settings::default());
    let url = format!("database.url = \"{}\"\n", database.owner_url);
    std::fs::write(gateway.folder().join("bare.toml"), url).unwrap();
    for command in [
        &["--config", "bare.toml", "serve"][..],
        &["--config", "bare.toml", "tenant", "list"],
    ] {
        let output = gateway.try_cli(command);
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("usher migrate"), "{said}");
    }
    let migrated = gateway.try_cli(&["--config", "bare.toml", "migrate"]);
    assert!(
        migrated.status.success() && String::from_utf8_lossy(&migrated.stdout).starts_with("applied m0001"),
        "{migrated:?}"
    );
    let again = gateway.try_cli(&["--config", "bare.toml", "migrate"]);
    assert!(
        String::from_utf8_lossy(&again.stdout).contains("nothing to do"),
        "{again:?}"
    );
    assert!(
        gateway
            .try_cli(&["--config", "bare.toml", "tenant", "list"])
            .status
            .success()
    );
}

#[tokio::test]
async fn check_config_shows_the_effective_settings_and_hides_secrets() {
    let mut settings = Settings::default();
    settings
        .env
        .push(("USHER__HTTP__WORKERS".to_owned(), "3".to_owned()));
    let gateway = Gateway::prepared(settings);
    let lines = String::from_utf8(gateway.try_cli(&["check-config"]).stdout).unwrap();
    let line = |key: &str| {
        lines
            .lines()
            .find(|line| line.starts_with(&format!("{key} = ")))
            .unwrap_or_else(|| panic!("{key}: {lines}"))
    };
    assert!(
        line("http.workers").starts_with("http.workers = 3 ")
            && line("http.workers").ends_with("# environment")
    );
    assert!(line("http.listen").ends_with("# configuration file"));
    assert!(line("events.poll_ms").ends_with("# default"));

    let file = "database.url = \"postgres://usher:hunter2@127.0.0.1/usher\"\nredis.url = \"redis://:hunter2@127.0.0.1/\"\n";
    std::fs::write(gateway.folder().join("secret.toml"), file).unwrap();
    let shown = gateway.try_cli(&["--config", "secret.toml", "check-config"]);
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("usher:***@127.0.0.1/usher") && !shown.contains("hunter2"),
        "{shown}"
    );

    for (file, words) in [
        ("http.lisen = \"x\"", "did you mean http.listen?"),
        (
            "redis.keep_entries = 1",
            "redis.keep_entries and redis.url contradict each other",
        ),
        ("http.listen = ", "wrong.toml"),
    ] {
        std::fs::write(gateway.folder().join("wrong.toml"), file).unwrap();
        for command in ["check-config", "serve"] {
            let output = gateway.try_cli(&["--config", "wrong.toml", command]);
            assert_eq!(output.status.code(), Some(1), "{file}");
            assert!(
                String::from_utf8_lossy(&output.stderr).contains(words),
                "{file}: {output:?}"
            );
        }
    }
    assert_eq!(gateway.try_cli(&["nonsense"]).status.code(), Some(2));
}

#[tokio::test]
async fn a_profile_that_is_gone_is_our_fault_at_every_address() {
    let mut gateway = Gateway::prepared(Settings {
        more: vec![("profiles_dir".to_owned(), "\"profiles\"".to_owned())],
        ..Settings::default()
    });
    let file = gateway.folder().join("profiles/staff.toml");
    std::fs::create_dir(gateway.folder().join("profiles")).expect("a folder");
    let people = include_str!("../../../crates/domain/profiles/people.toml");
    std::fs::write(&file, people.replacen("\"people\"", "\"staff\"", 1)).expect("a profile");
    gateway.restart().await;
    let scim = Scim::new(&gateway.directory("contoso", "staff"));
    let nobody = "00000000000000000000000000000000";
    scim.get(&format!("/Groups/grp_{nobody}")).await.expect(404);
    std::fs::remove_file(&file).expect("a file");
    gateway.restart().await;
    for path in [
        "/Users".to_owned(),
        format!("/Users/idn_{nobody}"),
        "/Groups".to_owned(),
        format!("/Groups/grp_{nobody}"),
    ] {
        let refused = scim.get(&path).await.expect(503);
        assert!(
            refused.text.contains("profile of this directory is not loaded"),
            "{path}: {}",
            refused.text
        );
    }
}
