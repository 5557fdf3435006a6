//! Our own conformance client (`crates/conformance`) against our own server, and against one that is wrong on purpose.
//!
//! A directory of the provider `generic` gets what the RFCs say; there no MUST and no SHOULD may be broken.

mod stub;

use std::process::Output;

use serde_json::Value;
use support::gateway::{Directory, Gateway, Settings};
use support::http::Scim;
use support::postgres::Postgres;
use support::programs;

/// Runs the client; what it printed, as JSON, and its exit status.
async fn conformance(url: &str, token: &str) -> (Value, Option<i32>) {
    let args = ["--url", url, "--token", token, "--json"].map(str::to_owned);
    let output: Output = tokio::task::spawn_blocking(move || {
        std::process::Command::new(programs::conformance())
            .args(args)
            .output()
            .expect("run scim-conformance")
    })
    .await
    .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text)
        .unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (report, output.status.code())
}

/// Names of the checks with this verdict, and what each saw.
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
    assert_eq!(status, Some(0));
    // A feature that is not offered would count as one that is held.
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

#[tokio::test]
async fn a_server_that_is_not_there_ends_with_2() {
    let output = tokio::task::spawn_blocking(|| {
        std::process::Command::new(programs::conformance())
            .args(["--url", "http://127.0.0.1:1/scim", "--token", "x"])
            .output()
            .expect("run scim-conformance")
    })
    .await
    .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no answer"));
}
