//! Telemetry: logs, metrics, traces; never a person's data.

use std::time::Duration;

use serde_json::json;
use support::gateway::{Gateway, Settings};
use support::http::Feed;
use support::otlp::Collector;
use support::wait::until;

use super::{advisor_with, advisors};

/// A value sent in every attribute and parameter that can hold a person's data.
const CANARY: &str = "canary-7f3a";

async fn one_of_everything(gateway: &Gateway) {
    let scim = advisors(gateway, "contoso");
    let person = advisor_with(
        1,
        json!({
            "userName": format!("{CANARY}@contoso.com"),
            "externalId": format!("{CANARY}-external"),
            "displayName": format!("{CANARY} Person"),
            "name": {"givenName": CANARY, "familyName": CANARY},
        }),
    );
    let id = scim.post("/Users", &person).await.expect(201).id();
    scim.find(&format!("userName eq \"{CANARY}@contoso.com\""))
        .await
        .expect(200);
    scim.find(&format!("userName zz \"{CANARY}@contoso.com\""))
        .await
        .expect(400);
    scim.patch_ops(
        &id,
        json!([{"op": "Replace", "path": "displayName", "value": format!("{CANARY} B")}]),
    )
    .await
    .expect(200);
    scim.patch_ops(
        &id,
        json!([{"op": "Replace", "path": "active", "value": format!("{CANARY}")}]),
    )
    .await
    .expect(400);
    scim.post("/Users", &json!({"userName": CANARY}))
        .await
        .expect(400);
    let other = advisor_with(2, json!({"userName": format!("{CANARY}@contoso.com")}));
    scim.post("/Users", &other).await.expect(409);
    scim.get(&format!("/Users/{CANARY}")).await.expect(404);
    scim.delete(&format!("/Users/{id}")).await.expect(204);
}

#[tokio::test]
async fn traces_metrics_and_logs_reach_a_collector_without_personal_data() {
    let collector = Collector::start().await;
    let env = vec![("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector.endpoint())];
    let mut gateway = Gateway::start(Settings {
        env,
        ..Settings::default()
    })
    .await;
    let feed = Feed::new(&gateway.app("booking"));
    one_of_everything(&gateway).await;
    let traceparent = until("the first event", Duration::from_secs(20), || async {
        let page = feed.page(0, 1, 0).await.expect(200);
        page.body["events"][0]["event"]["traceparent"]
            .as_str()
            .map(str::to_owned)
    })
    .await;
    // The end flushes the remaining telemetry, and then the process exits by itself.
    let (status, gateway) = tokio::task::spawn_blocking(move || (gateway.terminate(), gateway))
        .await
        .unwrap();
    assert_eq!(status.code(), Some(0), "{}", gateway.log());
    for signal in ["traces", "metrics", "logs"] {
        let exports = collector.of(signal);
        assert!(!exports.is_empty(), "no {signal}");
        assert!(
            exports.iter().all(|export| !export.holds(CANARY)),
            "personal data in {signal}"
        );
    }
    let held = |signal: &str, text: &str| collector.of(signal).iter().any(|export| export.holds(text));
    assert!(held("traces", "POST /scim/Users"));
    assert!(held("traces", "/scim/Users/{id}"));
    let trace: Vec<u8> = (3..35)
        .step_by(2)
        .map(|at| u8::from_str_radix(&traceparent[at..at + 2], 16).unwrap())
        .collect();
    let traced = collector
        .of("traces")
        .iter()
        .any(|export| export.bytes.windows(16).any(|window| window == trace));
    assert!(traced, "the event's trace {traceparent} is the request's");
    assert!(held("metrics", "http.server.request.duration"));
    assert!(held("metrics", "usher.scim.requests"));
    assert!(held("logs", "usher is ready"));
    assert!(!gateway.log().contains(CANARY), "{}", gateway.log());
}

#[tokio::test]
async fn rows_of_the_provisioning_log_reach_a_collector_when_they_are_asked_for() {
    let collector = Collector::start().await;
    let env = vec![("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), collector.endpoint())];
    let more = vec![("telemetry.provisioning_log".to_owned(), "true".to_owned())];
    let mut gateway = Gateway::start(Settings {
        env,
        more,
        ..Settings::default()
    })
    .await;
    one_of_everything(&gateway).await;
    let rows = gateway.cli(&["log", "list", "--tenant", "contoso"]);
    let (status, gateway) = tokio::task::spawn_blocking(move || (gateway.terminate(), gateway))
        .await
        .unwrap();
    assert_eq!(status.code(), Some(0), "{}", gateway.log());
    let held = |text: &str| collector.of("logs").iter().any(|export| export.holds(text));
    let rows = rows.as_array().unwrap();
    assert!(rows.len() >= 5, "{rows:?}");
    for row in rows {
        let request = row["requestId"].as_str().unwrap();
        assert!(held(request), "{row} was not sent");
    }
    for text in [
        "usher.provisioning",
        "externalId",
        "uniqueness",
        "c***@contoso.com",
        &format!("{CANARY}-external"),
    ] {
        assert!(held(text), "{text}");
    }
    assert!(
        !held(&format!("{CANARY}@")) && !held(&format!("{CANARY} ")),
        "other personal data is masked"
    );
    assert!(
        !gateway.log().contains(CANARY),
        "the log lines stay without: {}",
        gateway.log()
    );
    let traces = collector.of("traces");
    assert!(
        traces.iter().all(|export| !export.holds(CANARY)),
        "and the traces"
    );
}

#[tokio::test]
async fn log_lines_are_json_with_a_request_id_and_no_personal_data_even_at_debug() {
    let more = vec![
        ("log.level".to_owned(), "\"debug\"".to_owned()),
        ("log.format".to_owned(), "\"json\"".to_owned()),
    ];
    let gateway = Gateway::start(Settings {
        more,
        ..Settings::default()
    })
    .await;
    one_of_everything(&gateway).await;
    let log = until("the last line", Duration::from_secs(10), || async {
        let log = gateway.log();
        log.contains("\"DELETE\"").then_some(log)
    })
    .await;
    assert!(
        !log.contains(CANARY),
        "{}",
        log.lines().find(|line| line.contains(CANARY)).unwrap_or_default()
    );
    let requests: Vec<serde_json::Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .filter(|line: &serde_json::Value| line["event.name"] == "http.request")
        .collect();
    let post = requests
        .iter()
        .find(|line| line["http.request.method"] == "POST")
        .unwrap();
    assert_eq!(post["http.route"], "/scim/Users");
    assert_eq!(post["http.response.status_code"], 201);
    assert!(post["request.id"].as_str().unwrap().starts_with("req_"));
    assert!(post["usher.directory.id"].as_str().unwrap().starts_with("dir_"));
    let refused = requests
        .iter()
        .find(|line| line["http.response.status_code"] == 409)
        .unwrap();
    assert_eq!(refused["code"], "uniqueness");
}

#[tokio::test]
async fn the_metrics_page_counts_requests_refusals_and_feeds() {
    let gateway = Gateway::embedded().await;
    gateway.app("booking");
    one_of_everything(&gateway).await;
    support::http::Scim::at(&format!("{}/scim", gateway.url()), None)
        .get("/Users")
        .await
        .expect(401);
    let url = format!("{}/metrics", gateway.admin_url());
    let page = until("the feed's head on the page", Duration::from_secs(20), || async {
        let page = support::http_client()
            .get(&url)
            .send()
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        page.contains("usher_feed_head_pos{feed=\"booking\"}")
            .then_some(page)
    })
    .await;
    for series in [
        "http_server_request_duration_seconds_count{http_request_method=\"POST\",http_response_status_code=\"201\",http_route=\"/scim/Users\"} 1",
        "usher_scim_requests_total{directory=\"dir_",
        "operation=\"create\",outcome=\"conflict\"} 1",
        "usher_auth_failures_total{reason=\"missing\"} 1",
        "usher_auth_cache_hits_total",
        "usher_outbox_unstamped",
    ] {
        assert!(page.contains(series), "{series} is not on the page:\n{page}");
    }
    assert!(!page.contains(CANARY));
}
