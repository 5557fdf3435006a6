//! The program itself: exit status, `--json` on stdout, files.

use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::stub::{Stub, error};

async fn program(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_entra-sim"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn run_arguments<'a>(stub: &'a Stub, more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec![
        "run",
        "--source",
        "source.json",
        "--app",
        "advisors",
        "--token",
        "secret",
    ];
    arguments.extend([
        "--tenant-url",
        stub.url.as_str(),
        "--state",
        "state.json",
        "--log",
        "log.ndjson",
    ]);
    arguments.extend(more);
    arguments
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_story_from_generate_to_incremental() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start().await;
    let (code, _, _) = program(folder.path(), &["generate", "--people", "20", "--rooms", "3"]).await;
    assert_eq!(code, Some(0));
    let (code, out, _) = program(folder.path(), &run_arguments(&stub, &["--json"])).await;
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &summary["created"], &summary["done"]),
        (Some(0), &Value::from(20), &Value::from(true)),
        "{out}"
    );
    let (code, _, _) = program(
        folder.path(),
        &["mutate", "--source", "source.json", "--changes", "15"],
    )
    .await;
    assert_eq!(code, Some(0));
    let (code, out, _) = program(folder.path(), &run_arguments(&stub, &[])).await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("Update  Success"), "{out}");
    let log = std::fs::read_to_string(folder.path().join("log.ndjson")).unwrap();
    let first: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!(first["provisioningAction"], "create");
    assert_eq!(first["provisioningStatusInfo"]["status"], "success");
    assert!(log.lines().count() > 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_exit_status_differs_for_success_failure_and_misuse() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start().await;
    program(folder.path(), &["generate", "--people", "1", "--rooms", "0"]).await;
    stub.script(|seen| (seen.method == "POST").then(|| error(400, "invalidValue", "office is required")));
    let (code, out, _) = program(folder.path(), &run_arguments(&stub, &[])).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("office is required"), "{out}");
    stub.script(|_| Some(error(503, "", "the database is starting")));
    let (code, out, _) = program(folder.path(), &run_arguments(&stub, &["--quiet"])).await;
    assert!(
        code == Some(1) && out.contains("ended early") && out.contains("is starting"),
        "{out}"
    );
    stub.no_script();
    let test = ["test-connection", "--tenant-url", &stub.url, "--token", "s3cr3t"];
    assert_eq!(program(folder.path(), &test).await.0, Some(0));
    stub.script(|_| Some(error(401, "", "wrong token")));
    let (code, out, err) = program(folder.path(), &test).await;
    assert_eq!(code, Some(1));
    assert!(
        out.contains("wrong token") && !out.contains("s3cr3t") && !err.contains("s3cr3t"),
        "{out}{err}"
    );
    for misuse in [&["run"][..], &["fly"], &["mutate", "--source", "nowhere.json"]] {
        assert_eq!(program(folder.path(), misuse).await.0, Some(2), "{misuse:?}");
    }
    let (code, _, err) = program(folder.path(), &["mutate", "--source", "nowhere.json"]).await;
    assert!(code == Some(2) && err.contains("entra-sim generate"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_without_ca_certificates_can_still_use_http() {
    let stub = Stub::start().await;
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_entra-sim"))
        .args(["test-connection", "--tenant-url", &stub.url, "--token", "a"])
        .envs([
            ("SSL_CERT_FILE", "/nonexistent"),
            ("SSL_CERT_DIR", "/nonexistent"),
        ])
        .output()
        .await
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn load_is_bounded_and_counts_failures_by_status() {
    let folder = tempfile::tempdir().unwrap();
    let stub = Stub::start().await;
    let pair = [
        "load",
        "--tenant-url",
        &stub.url,
        "--token",
        "a",
        "--tenant-url",
        &stub.url,
        "--token",
        "b",
        "--json",
    ];
    for (mix, kind) in [
        ("initial", "create"),
        ("incremental", "update"),
        ("query", "query"),
    ] {
        let mut arguments = pair.to_vec();
        arguments.extend([
            "--mix",
            mix,
            "--max-requests",
            "60",
            "--seconds",
            "20",
            "--objects",
            "5",
        ]);
        let (code, out, err) = program(folder.path(), &arguments).await;
        let summary: Value = serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}"));
        assert_eq!((code, &summary["requests"]), (Some(0), &Value::from(60)), "{out}");
        assert!(summary["kinds"][kind]["count"].as_u64() > Some(0), "{out}");
    }
    stub.script(|_| Some(error(503, "", "full")));
    let mut arguments = pair.to_vec();
    arguments.extend(["--mix", "initial", "--max-requests", "10"]);
    let (code, out, _) = program(folder.path(), &arguments).await;
    let summary: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &summary["errors"]["503"]), (Some(1), &Value::from(10)));
}
