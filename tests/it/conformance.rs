//! The conformance client (`crates/conformance`) against the gateway, and against a server that is wrong on
//! purpose.
//!
//! A directory of the provider `generic` follows the RFCs; it must break no MUST and no SHOULD.

mod plain;
mod stub;

use std::process::Output;

use serde_json::Value;
use support::gateway::{Directory, Gateway, Settings};
use support::http::Scim;
use support::postgres::Postgres;
use support::programs;

/// Runs the client.
async fn run(args: &[&str]) -> Output {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).collect();
    tokio::task::spawn_blocking(move || {
        std::process::Command::new(programs::conformance())
            .env_remove("SCIM_TOKEN")
            .args(args)
            .output()
            .expect("run scim-conformance")
    })
    .await
    .unwrap()
}

fn report(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Runs the client; returns its JSON output and its exit status.
async fn conformance(url: &str, token: &str) -> (Value, Option<i32>) {
    let output = run(&["--url", url, "--token", token, "--json"]).await;
    (report(&output), output.status.code())
}

/// Names of the checks with this verdict, each with its description.
fn with(report: &Value, verdict: &str) -> Vec<String> {
    let findings = report["findings"].as_array().expect("findings");
    findings
        .iter()
        .filter(|finding| finding["verdict"] == verdict)
        .map(|finding| {
            format!(
                "{}: {}",
                finding["id"].as_str().unwrap(),
                finding["seen"].as_str().unwrap()
            )
        })
        .collect()
}

fn generic(gateway: &Gateway) -> Directory {
    let directory = gateway.directory("contoso", "people");
    gateway.cli(&[
        "directory",
        "set",
        "--tenant",
        "contoso",
        "--profile",
        "people",
        "--provider",
        "generic",
    ]);
    directory
}

async fn holds(gateway: &Gateway) {
    let directory = generic(gateway);
    let (report, status) = conformance(&directory.tenant_url, &directory.token).await;
    assert_eq!(with(&report, "broken"), Vec::<String>::new());
    assert_eq!(with(&report, "differs"), Vec::<String>::new());
    assert_eq!(status, Some(0));
    // A feature that is not offered would count as held.
    assert_eq!(with(&report, "skipped"), Vec::<String>::new());
    assert_eq!(report["leftBehind"], 0);
    let scim = Scim::new(&directory);
    assert_eq!(
        scim.get("/Users").await.expect(200).total(),
        0,
        "it clears away what it made"
    );
    assert_eq!(scim.get("/Groups").await.expect(200).total(), 0);
}

#[tokio::test]
async fn no_must_and_no_should_is_broken_on_sqlite() {
    holds(&Gateway::embedded().await).await;
}

#[tokio::test]
async fn no_must_and_no_should_is_broken_on_postgresql() {
    let database = Some(Postgres::shared().await.database().await);
    let settings = Settings {
        database,
        ..Settings::default()
    };
    holds(&Gateway::start(settings).await).await;
}

#[tokio::test]
async fn a_wrong_server_is_found_out() {
    let stub = stub::start().await;
    let (report, status) = conformance(&stub.url, "any").await;
    assert_eq!(status, Some(1));
    let broken = with(&report, "broken");
    for id in stub::WRONG {
        let found = broken.iter().any(|line| line.starts_with(&format!("{id}: ")));
        assert!(found, "{id} was not noticed; noticed: {broken:#?}");
    }
    let held = with(&report, "held");
    for id in stub::RIGHT {
        let found = held.iter().any(|line| line.starts_with(&format!("{id}: ")));
        assert!(found, "{id} is right; held: {held:#?}, broken: {broken:#?}");
    }
}

fn holds_all(lines: &[String], ids: &[&str]) {
    for id in ids {
        let there = lines.iter().any(|line| line.starts_with(&format!("{id}: ")));
        assert!(there, "{id} is not among {lines:#?}");
    }
}

/// Each of these was once reported wrongly for a real server.
#[tokio::test]
async fn a_bare_server_is_accused_of_its_own_faults_alone_and_of_each_once() {
    let kind = plain::Kind {
        token: Some("a-token-of-its-own"),
        titles: true,
        ..plain::Kind::default()
    };
    let bare = plain::start(kind).await;
    let (report, status) = conformance(&bare.url, "a-token-of-its-own").await;
    assert_eq!(status, Some(1));
    holds_all(&with(&report, "held"), plain::HELD);
    holds_all(
        &with(&report, "held"),
        &["auth-no-token-is-401", "auth-wrong-token-is-401"],
    );
    holds_all(&with(&report, "differs"), plain::DIFFERS);
    let broken = with(&report, "broken");
    holds_all(&broken, plain::BROKEN);
    // It compares with case, which is one fault; it has no URNs and no error keywords, which are faults, too.
    let compared: Vec<_> = broken
        .iter()
        .filter(|line| line.starts_with("filter-"))
        .map(|line| line.split(": ").next().unwrap_or_default())
        .collect();
    let own = [
        "filter-username-without-case",
        "filter-urn",
        "filter-unknown-operator-is-400",
        "filter-boolean-has-no-order",
    ];
    assert_eq!(compared, own, "{broken:#?}");
    let schemes = broken
        .iter()
        .find(|line| line.starts_with("discovery-config-schemes"));
    assert!(
        schemes
            .unwrap()
            .contains("an empty list, which counts as missing"),
        "{schemes:?}"
    );
}

#[tokio::test]
async fn a_filter_on_an_attribute_that_users_do_not_have_is_not_sent() {
    let bare = plain::start(plain::Kind::default()).await;
    let (report, _) = conformance(&bare.url, "any").await;
    let skipped = with(&report, "skipped");
    holds_all(
        &skipped,
        &[
            "filter-pr",
            "filter-and",
            "filter-not",
            "filter-elements-and-more",
        ],
    );
    let accused: Vec<_> = with(&report, "broken")
        .into_iter()
        .filter(|line| line.contains("title"))
        .collect();
    assert_eq!(accused, Vec::<String>::new());
    holds_all(
        &with(&report, "held"),
        &["filter-names-have-no-case", "filter-operators-have-no-case"],
    );
}

#[tokio::test]
async fn a_server_that_asks_for_no_token_is_not_blamed_for_it() {
    let bare = plain::start(plain::Kind::default()).await;
    for token in [&["--token", "some-token"][..], &[]] {
        let output = run(&[&["--url", bare.url.as_str(), "--json"], token].concat()).await;
        let skipped = with(&report(&output), "skipped");
        let names = [
            "auth-no-token-is-401",
            "auth-401-says-how",
            "auth-wrong-token-is-401",
        ];
        holds_all(&skipped, &names);
        let why = if token.is_empty() {
            "no token was given"
        } else {
            "takes requests without a token"
        };
        for name in names {
            let line = skipped.iter().find(|line| line.starts_with(name)).unwrap();
            assert!(line.ends_with(why), "{line}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_checked_is_one_sentence_and_status_2() {
    let guarded = plain::Kind {
        token: Some("the-right-token"),
        ..plain::Kind::default()
    };
    let copy = plain::Kind {
        read_only: true,
        ..plain::Kind::default()
    };
    let (guarded, copy, page) = (
        plain::start(guarded).await,
        plain::start(copy).await,
        stub::page().await,
    );
    // A URL below the server's: its 404s are SCIM errors.
    let below = format!("{}/Users", guarded.url);
    for (url, token, sentence) in [
        (
            "http://127.0.0.1:1/scim",
            "x",
            "the server cannot be reached: no answer: ",
        ),
        (
            &page.url,
            "x",
            "there is no SCIM server at this address: GET /Users answered 200 text/html",
        ),
        (
            &guarded.url,
            "a-wrong-token",
            "the server does not accept this token: GET /Users answered 401",
        ),
        (
            &guarded.url,
            "",
            "the server asks for a token (--token or SCIM_TOKEN): GET /Users answered 401",
        ),
        (
            &below,
            "the-right-token",
            "there is no SCIM server at this address: GET /Users answered 404",
        ),
        (
            &copy.url,
            "x",
            "users cannot be created here, and nearly every rule needs one: POST /Users answered 403",
        ),
    ] {
        let with_token = ["--url", url, "--token", token];
        let args = if token.is_empty() {
            &with_token[..2]
        } else {
            &with_token[..]
        };
        let output = run(args).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{url}: {said}");
        assert!(
            said.starts_with(&format!("scim-conformance: {sentence}")),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            output.stdout.is_empty(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[tokio::test]
async fn what_was_not_held_is_shown_as_it_was_asked_and_answered_and_the_token_never_is() {
    const TOKEN: &str = "a-secret-that-nobody-may-read";
    let stub = stub::start().await;
    let (report, _) = conformance(&stub.url, TOKEN).await;
    assert!(!report.to_string().contains(TOKEN));
    for finding in report["findings"].as_array().unwrap() {
        let shown = finding["exchanges"].as_array().map_or(0, Vec::len);
        let judged_unfit = ["broken", "differs"]
            .iter()
            .any(|verdict| finding["verdict"] == *verdict);
        // Some rules use requests that were sent once, at the start.
        let of_discovery = finding["id"].as_str().unwrap().starts_with("discovery-");
        assert!(shown > 0 || !judged_unfit || of_discovery, "{finding}");
        assert!(shown == 0 || judged_unfit, "{finding}");
    }
    let of = |id: &str| {
        let findings = report["findings"].as_array().unwrap().iter();
        findings.clone().find(|finding| finding["id"] == id).unwrap()["exchanges"].clone()
    };
    let exchanges = of("create-duplicate-is-409");
    let last = exchanges.as_array().unwrap().last().unwrap();
    assert_eq!(last["request"]["method"], "POST");
    assert_eq!(last["request"]["url"], format!("{}/Users", stub.url));
    assert_eq!(last["request"]["headers"]["authorization"], "Bearer $TOKEN");
    assert!(
        last["request"]["body"].as_str().unwrap().contains("userName"),
        "{last}"
    );
    assert_eq!(last["response"]["status"], 201);
    assert_eq!(last["response"]["headers"]["content-type"], "application/json");
    assert!(
        last["response"]["body"].as_str().unwrap().contains("userName"),
        "{last}"
    );

    let screen = |output: Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let plain = screen(run(&["--url", &stub.url, "--token", TOKEN]).await);
    let loud = screen(run(&["--url", &stub.url, "--token", TOKEN, "-v"]).await);
    assert!(
        !plain.contains("curl") && plain.contains("-v shows what was sent"),
        "{plain}"
    );
    let line = format!(
        "$ curl -i -g -X POST '{}/Users' -H \"Authorization: Bearer $TOKEN\" -H 'content-type: application/scim+json' --data-raw '{{",
        stub.url
    );
    assert!(loud.contains(&line), "{loud}");
    assert!(!plain.contains(TOKEN) && !loud.contains(TOKEN));
}
